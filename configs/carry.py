"""What `hold` left out: the last centimetres before a grasp, and how far off a carried thing is.

python train.py --config=configs/carry.py --workdir=runs/carry

It goes on from the shipped checkpoint `small128`, or, as the last stage of `make pretrain`, from
what `hold` made (`--config.train.init_from`). In most pictures of `hold` gripper and thing touch,
so that it reads a gripper that is near as one that has grasped. Here more pictures are of any
moment of its work, near ones are asked about, too, and what is held is asked for its distance from
the camera more often. Scenes of the kinds taught before are mixed in, so that nothing is forgotten,
and the learning rate falls to nothing. Each kind of scene is held out, and evaluated before the
first step, too.

It can be stopped and started again by the same command.
"""

import dataclasses
from typing import Any

from ml_collections import ConfigDict

from configs import common, hold, teach

STEPS = 2_000
DENSE_WEIGHT = 0.5  # of where things are, which is what carried things are told worst


def _again(worlds: common.Worlds, images: int, seed: int, share: float) -> common.Worlds:
    """New scenes of a kind that was taught before."""
    recipe = dataclasses.replace(worlds.recipe, images=images, seed=seed)
    return common.Worlds(worlds.name, f"runs/data/carry_{worlds.name}", recipe, share)


def _asking(worlds: common.Worlds, **fields: Any) -> common.Worlds:
    """The same scenes, asked about in another way."""
    questions = dataclasses.replace(worlds.recipe.questions, **fields)
    recipe = dataclasses.replace(worlds.recipe, questions=questions)
    return dataclasses.replace(worlds, recipe=recipe)


CLEAR = _again(hold.CLEAR, 4_000, 9400, share=0.18)
GALLERY = _again(hold.GALLERY, 3_000, 9500, share=0.12)
MANIPULATION = _asking(
    _again(hold.MANIPULATION, 6_000, 9600, share=0.28),
    weights={**hold.HOLDING.recipe.questions.weights, "camera_distance": 2.0},
    max_per_type=12,
    min_gap=0.0,
    min_gap_metres=0.0,
)
HOLDING = _asking(
    _again(hold.HOLDING, 8_000, 9700, share=0.42),
    weights={**hold.HOLDING.recipe.questions.weights, "camera_distance": 3.0},
)


def get_config() -> ConfigDict:
    config = teach.get_stage("carry", (CLEAR, GALLERY, MANIPULATION, HOLDING), STEPS)
    config.dense.weight = DENSE_WEIGHT
    config.eval.images = 64
    return config

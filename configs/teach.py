"""What the small checkpoint was not taught: depths, floor areas, and a gripper at work on a table.

python train.py --config=configs/teach.py --workdir=runs/teach

A stage of `make pretrain`: it goes on from what `settle` made. Depth and floor area are what some
composed questions come down to (`spatialvlm reason`), and stills of the preset `manipulation` are
what rewards are read from (`spatialvlm reward`). New clear scenes and galleries are mixed in, so
that nothing is forgotten, and the learning rate falls to nothing. Each kind of scene is held out,
and evaluated before the first step, too.

It can be stopped and started again by the same command.
"""

import dataclasses
from collections.abc import Sequence

from ml_collections import ConfigDict

from configs import common
from spatialvlm_jax.experiment import WorldsRecipe

STEPS = 1_500
PEAK_LR = 1e-3
NEW_TYPES = ("depth", "footprint")

_QUESTIONS = dataclasses.replace(
    common.SMALL_QUESTIONS,
    types=(*common.SMALL_TYPES, *NEW_TYPES),
    weights=dict.fromkeys(NEW_TYPES, 2.0),
)
CLEAR = common.Worlds(
    "clear",
    "runs/data/teach_clear",
    WorldsRecipe(
        preset="clear",
        images=8_000,
        validation_images=400,
        seed=6000,
        image_size=128,
        questions=_QUESTIONS,
    ),
    share=0.4,
)
GALLERY = common.Worlds(
    "gallery",
    "runs/data/teach_gallery",
    dataclasses.replace(CLEAR.recipe, preset="gallery", images=4_000, seed=7000),
    share=0.25,
)
# Things on a table are smaller in the picture and closer together than furniture, and what a reward
# asks for is mostly how far two centers are apart.
MANIPULATION = common.Worlds(
    "manipulation",
    "runs/data/teach_manipulation",
    dataclasses.replace(
        CLEAR.recipe,
        preset="manipulation",
        images=8_000,
        seed=8000,
        questions=dataclasses.replace(
            _QUESTIONS,
            weights={**_QUESTIONS.weights, "centre_distance": 3.0},
            max_per_type=6,
            min_pixel_fraction=0.002,
            min_gap_metres=0.05,
        ),
    ),
    share=0.35,
)


def get_config() -> ConfigDict:
    config = get_stage("teach", (CLEAR, GALLERY, MANIPULATION), STEPS, before="settle")
    config.eval.every = 750
    config.eval.images = 192
    return config


def get_stage(
    name: str,
    worlds: Sequence[common.Worlds],
    steps: int,
    *,
    before: str,
    model: str = "small128_coarse",
) -> ConfigDict:
    """What a stage has that goes on from the one `before` it, whatever it teaches."""
    config = common.experiment(name, model=model)
    common.use_several_worlds(config, worlds)
    common.use_small_recipe(config)
    config.data.block_length = 64

    config.optim.peak_lr = PEAK_LR
    config.optim.schedule = "wsd"
    config.optim.warmup_steps = 50
    config.optim.decay_steps = steps - config.optim.warmup_steps
    config.train.init_from = f"runs/pretrain_{before}/model.safetensors"
    config.train.steps = steps
    config.train.average_decay = 0.998

    config.checkpoint.every = 250
    config.eval.at_start = True
    return config

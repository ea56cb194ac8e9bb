"""Which of the auxiliary losses, and which way to tell the camera, does a small model need?

spatialvlm sweep --config=configs/sweeps/auxiliary.py --seeds=3 --jobs=2 --out=runs/sweeps/auxiliary

Each arm goes on from the checkpoint of 64-pixel pictures, which was never told a camera and had
none of these losses but a plain dense one, with equal steps on the same new scenes. The first arm
has everything; each other takes one thing away, or tells the camera otherwise. Evaluated are 300
scenes that no arm has seen, by what models say and by the distribution of their answers.

Cost: 30 trials of 260 steps with 16 pictures each, and 300 pictures answered about by each; 5,300
pictures are rendered once. 85 minutes on two cores beside other work.
`docs/ablations.md` has what came out.
"""

import dataclasses

from ml_collections import ConfigDict

from configs import common, quick
from spatialvlm_jax.sweeps.arms import Arms, arm, vary

RECIPE = dataclasses.replace(
    quick.RECIPE, validation_images=300, seed=6000, streams=common.WorldsRecipe().streams
)


def get_config() -> ConfigDict:
    config = common.experiment("auxiliary", model="small")
    common.use_worlds(config, "runs/data/sweep_auxiliary", RECIPE)
    common.use_small_recipe(config)
    config.data.tokenizer = "small"
    # So short a run moves a map that begins at zero at ten times the rate, or hardly.
    config.optim.lr_multipliers = {"embeddings": 0.3, "camera": 10.0}
    config.data.length = 128
    config.data.pairs_per_image = 8
    config.data.block_length = 32
    config.train.init_from = "small"
    config.train.steps = 260
    config.optim.peak_lr = 1e-3
    config.optim.schedule = "wsd"
    config.optim.warmup_steps = 30
    config.optim.decay_steps = 230
    config.checkpoint.every = 130
    config.eval.images = 300
    config.eval.pairs_per_image = 16
    config.eval.scored_values = 64
    return config


def get_sweep() -> Arms:
    return arm("all, camera as rays").chain(
        vary(
            "data.camera",
            ["none", "words", "canonical"],
            names=["camera not told", "camera in words", "camera made canonical"],
        ),
        arm("no dense targets", {"dense.weight": 0.0}),
        arm("no pointer", {"dense.pointer_weight": 0.0}),
        arm("no copy", {"dense.copy_weight": 0.0}),
        arm("no colors apart", {"dense.colors": 0}),
        arm("no camera targets", {"dense.camera": False}),
        arm("no plurals", {"dense.plurals": False, "dense.words": 4}),
    )

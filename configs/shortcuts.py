"""Questions for which it is known whether a shortcut gives the answer, to ask any model.

python eval.py --config=configs/shortcuts.py --model=small128 --workdir=runs/shortcuts

Scenes that nothing here was trained on, few clear objects each; asked is what cues of depth would
answer (nearer, in front, behind, how far away), and which of two, where the first named may be
taken. `python -m benchmarks.shortcuts` makes the tables of it.
"""

import dataclasses

from ml_collections import ConfigDict

from configs import common
from spatialvlm_jax.experiment import WorldsRecipe

CLEAR = common.Worlds(
    "clear",
    "runs/data/shortcuts_clear",
    WorldsRecipe(
        preset="clear",
        images=1,
        validation_images=400,
        seed=9000,
        image_size=128,
        questions=dataclasses.replace(
            common.SMALL_QUESTIONS,
            types=(
                *("in_front_of", "behind", "nearer", "camera_distance"),
                *("which_left", "which_nearer", "which_taller", "which_wider"),
            ),
        ),
    ),
)


def get_config() -> ConfigDict:
    config = common.experiment("shortcuts", model="small128")
    common.use_several_worlds(config, [CLEAR])
    common.use_small_recipe(config)
    config.eval.images = 400
    return config

"""Everything, in seconds: a tiny model on a few rendered worlds. It learns next to nothing.

python train.py --config=configs/debug.py --workdir=runs/debug
"""

from ml_collections import ConfigDict

from configs import common
from spatialvlm_jax.experiment import WorldsRecipe
from spatialvlm_jax.questions import QAConfig


def get_config() -> ConfigDict:
    config = common.experiment("debug", model="debug")
    recipe = WorldsRecipe(
        preset="simple",
        images=64,
        validation_images=16,
        image_size=32,
        questions=QAConfig(pairs_per_image=8),
    )
    common.use_worlds(config, "runs/data/debug", recipe)
    common.use_dense_targets(config, weight=0.1)
    config.data.batch_size = 8
    config.data.length = 128
    config.data.pairs_per_image = 4
    config.optim.warmup_steps = 5
    config.train.steps = 40
    config.train.log_every_steps = 10
    config.checkpoint.every = 10
    config.eval.images = 16
    config.eval.batch_size = 8
    config.eval.pairs_per_image = 4
    return config

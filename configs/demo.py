"""The main experiment at a size for two CPU cores: questions about rendered worlds, minutes.

python train.py --config=configs/demo.py --workdir=runs/demo
python eval.py --config=configs/demo.py --workdir=runs/demo

Half of the training tokens are about space, half are general questions on the same pictures.
"""

from ml_collections import ConfigDict

from configs import common
from spatialvlm_jax.experiment import WorldsRecipe

RECIPE = WorldsRecipe(
    preset="rich", images=6_000, validation_images=300, image_size=64, pairs_per_image=16
)


def get_config() -> ConfigDict:
    config = common.experiment("demo", model="small")
    common.use_worlds(config, "runs/data/demo", RECIPE)
    common.use_dense_targets(config, weight=0.1)
    config.data.unit = "loss_tokens"
    config.data.batch_size = 16
    config.data.length = 224
    config.data.pairs_per_image = 8

    config.optim.optimizer = "muon"
    config.optim.peak_lr = 2e-3
    config.optim.schedule = "cosine"
    config.optim.warmup_steps = 50
    config.train.steps = 1_000

    config.checkpoint.every = 200
    config.eval.at_start = True
    config.eval.pairs_per_image = 8
    return config

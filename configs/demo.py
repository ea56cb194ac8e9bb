"""The main experiment at a size for two CPU cores: questions about rendered worlds, minutes.

python train.py --config=configs/demo.py --workdir=runs/demo
python eval.py --config=configs/demo.py --workdir=runs/demo

It goes on from the shipped small checkpoint (`configs/pretrain.py`) on scenes that it has not seen,
and lets the learning rate fall to nothing, which is where much of the accuracy comes from. Half of
the images come with questions about space, half with general ones.
"""

from ml_collections import ConfigDict

from configs import common
from spatialvlm_jax.experiment import WorldsRecipe
from spatialvlm_jax.questions import QAConfig

RECIPE = WorldsRecipe(
    preset="clear",
    images=5_000,
    validation_images=400,
    seed=3,
    streams=1,  # as of the scenes that the shipped checkpoint learned from
    image_size=64,
    questions=QAConfig(
        pairs_per_image=40, question_phrasings=3, answer_phrasings=1, types=common.SMALL_TYPES
    ),
)


def get_config() -> ConfigDict:
    config = common.experiment("demo", model="small")
    common.use_worlds(config, "runs/data/demo", RECIPE)
    common.use_dense_targets(config, weight=0.1)
    config.data.batch_size = 16
    config.data.length = 256
    config.data.block_length = 32
    config.data.pairs_per_image = 16

    config.optim.optimizer = "muon"
    config.optim.peak_lr = 1e-3
    config.optim.lr_multipliers = {"embeddings": 0.3}
    config.optim.schedule = "wsd"
    config.optim.warmup_steps = 50
    config.optim.decay_steps = 750
    config.train.init_from = "small"
    config.train.steps = 800

    config.checkpoint.every = 200
    config.eval.at_start = True
    config.eval.images = 400
    config.eval.pairs_per_image = 16
    return config

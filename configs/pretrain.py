"""How the shipped small checkpoint is made, in three stages: see, speak, then look closely.

python train.py --config=configs/pretrain.py:dense --workdir=runs/pretrain_dense
python train.py --config=configs/pretrain.py:words --workdir=runs/pretrain_words
python train.py --config=configs/pretrain.py:clear --workdir=runs/pretrain_clear

"dense" trains encoder, connector and embeddings to name what each patch shows and to say how far
and how large it is; "words" goes on from there with questions and answers, keeping the dense loss
as a small auxiliary; "clear" moves on to scenes of fewer, larger objects, and stops while its
learning rate is still high, for `configs/demo.py` to go on from.
"""

import dataclasses

from ml_collections import ConfigDict

from configs import common
from spatialvlm_jax.experiment import WorldsRecipe
from spatialvlm_jax.questions import QAConfig

RECIPE = WorldsRecipe(
    preset="rich",
    images=24_000,
    validation_images=512,
    seed=1000,
    image_size=64,
    questions=QAConfig(
        pairs_per_image=40, question_phrasings=3, answer_phrasings=1, types=common.SMALL_TYPES
    ),
)

CLEAR = dataclasses.replace(RECIPE, preset="clear", images=12_000, validation_images=256, seed=2000)


def get_config(stage: str = "words") -> ConfigDict:
    config = common.experiment(f"pretrain_{stage}", model="small")
    common.use_worlds(config, "runs/data/pretrain", RECIPE)
    config.optim.optimizer = "muon"
    config.optim.peak_lr = 1.5e-3
    config.optim.lr_multipliers = {"embeddings": 0.3}
    config.eval.images = 128
    if stage == "dense":
        config.optim.schedule = "constant"
        common.use_dense_targets(config, weight=1.0)
        config.optim.freeze = ("decoder",)
        config.train.text_weight = 0.0
        config.train.steps = 1_000
        config.data.batch_size = 32
        config.data.pairs_per_image = 1
        config.data.length = 64
    elif stage in ("words", "clear"):
        common.use_dense_targets(config, weight=0.3)
        config.train.init_from = "runs/pretrain_dense/model.safetensors"
        config.optim.end_lr = 7e-4
        config.train.steps = 6_000
        config.data.batch_size = 16
        config.data.pairs_per_image = 16
        config.data.length = 256
        config.data.block_length = 32
        config.checkpoint.every = 250
    else:
        raise ValueError(f'no stage "{stage}"; there are dense, words and clear')
    if stage == "clear":
        common.use_worlds(config, "runs/data/pretrain_clear", CLEAR)
        config.data.pairs_per_image = 16
        config.train.init_from = "runs/pretrain_words/model.safetensors"
        config.optim.schedule = "constant"
        config.optim.peak_lr = 1e-3
        config.train.steps = 2_000
    return config

"""How the shipped small checkpoint is made, in two stages: first see, then speak.

python train.py --config=configs/pretrain.py:dense --workdir=runs/pretrain_dense
python train.py --config=configs/pretrain.py:words --workdir=runs/pretrain_words

"dense" trains the encoder alone to say what each patch shows, how far and how large it is; "words"
goes on from its weights with questions and answers, keeping the dense loss as a small auxiliary.
"""

from ml_collections import ConfigDict

from configs import common, demo
from spatialvlm_jax.experiment import WorldsRecipe

RECIPE = WorldsRecipe(
    preset="rich",
    images=60_000,
    validation_images=1_000,
    seed=1,
    image_size=64,
    pairs_per_image=32,
)


def get_config(stage: str = "words") -> ConfigDict:
    config = demo.get_config()
    config.name = f"pretrain_{stage}"
    common.use_worlds(config, "runs/data/pretrain", RECIPE)
    config.data.pairs_per_image = 8
    config.train.init_from = ""
    config.checkpoint.every = 500
    if stage == "dense":
        config.optim.freeze = ("connector", "decoder", "embeddings")
        config.train.text_weight = 0.0
        config.train.dense_weight = 1.0
        config.train.steps = 2_000
        config.eval.at_start = False
    elif stage == "words":
        config.train.init_from = "runs/pretrain_dense/model.safetensors"
        config.train.steps = 10_000
        config.eval.every = 2_000
    else:
        raise ValueError(f'no stage "{stage}"; there are dense and words')
    return config

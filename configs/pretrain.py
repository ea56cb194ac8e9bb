"""How a small model is taught from nothing, in three stages: see, speak, settle.

python train.py --config=configs/pretrain.py:see --workdir=runs/pretrain_see
python train.py --config=configs/pretrain.py:speak --workdir=runs/pretrain_speak
python train.py --config=configs/pretrain.py:settle --workdir=runs/pretrain_settle

"see" trains encoder, connector and embeddings to name what each patch shows and to say how far and
how large it is, and where the camera is; "speak" goes on from there with questions and answers,
keeping what was learned by small auxiliary losses, and with heads that look at the objects which a
question names; "settle" mixes in scenes of many objects, where the others have few and large ones,
and lets the learning rate fall to nothing. The camera is told as rays, facts left out at random, so
that the model answers with any of them or none.

`configs/teach.py` goes on from there with what these stages leave out.

Any stage can be stopped and started again by the same command.
"""

import dataclasses

from ml_collections import ConfigDict

from configs import common
from spatialvlm_jax.experiment import WorldsRecipe

CLEAR = common.Worlds(
    "clear",
    "runs/data/pretrain_clear",
    WorldsRecipe(
        preset="clear",
        images=32_000,
        validation_images=400,
        seed=4000,
        image_size=128,
        questions=common.SMALL_QUESTIONS,
    ),
    share=0.6,
)
GALLERY = common.Worlds(
    "gallery",
    "runs/data/pretrain_gallery",
    dataclasses.replace(
        CLEAR.recipe, preset="gallery", images=4_000, validation_images=400, seed=5000
    ),
    share=0.4,
)
STAGES = ("see", "speak", "settle")


def get_config(stage: str = "speak") -> ConfigDict:
    """The configuration of a stage.

    Raises:
      ValueError: there is no such stage.
    """
    if stage not in STAGES:
        raise ValueError(f'no stage "{stage}"; there are {", ".join(STAGES)}')
    config = common.experiment(f"pretrain_{stage}", model="small128_coarse")
    common.use_several_worlds(config, [CLEAR])
    common.use_small_recipe(config)
    config.optim.peak_lr = 1.5e-3
    config.optim.schedule = "constant"
    config.checkpoint.every = 250
    if stage == "see":
        common.use_dense_targets(config, weight=1.0, colors=True, camera=True, plurals=True)
        config.optim.freeze = ("decoder",)
        config.train.text_weight = 0.0
        config.train.steps = 600
        config.data.batch_size = 32
        config.data.pairs_per_image = 1
        config.data.length = 64
        return config
    config.data.block_length = 64
    config.train.average_decay = 0.998
    config.eval.images = 64
    config.eval.every = 1_000
    if stage == "speak":
        config.train.init_from = "runs/pretrain_see/model.safetensors"
        config.train.steps = 2_500
    else:
        common.use_several_worlds(config, [CLEAR, GALLERY])
        config.train.init_from = "runs/pretrain_speak/model.safetensors"
        config.optim.peak_lr = 1e-3
        config.optim.schedule = "wsd"
        config.train.steps = 1_800
        config.optim.decay_steps = 1_500
    return config

"""What the paper's findings are run on: the smallest model that learns, and where its arms begin.

python train.py --config=configs/findings.py --workdir=runs/findings/branch_point

makes the branch point: from nothing, on general questions alone. It has seen no question about
space, which the shipped checkpoints have; the losses beside text ask for names of things and
colors, and for where a named thing is in the picture, not for how far or how large it is
(`dense.value_weight`). `make findings` trains it, exports it, and runs the sweeps of
`configs/sweeps/findings_*.py`, whose arms all go on from it with the same losses: `get_trial` is
what they have in common. Without the losses that say where to look, 500 steps of an arm taught it
lengths but no relation: it needs three times as many. Left and right need more still, and are not
asked.

The model has 1.3 million parameters. A trial takes some 55 core-seconds beside its steps: 1,000
pictures with 6 questions each, starts of Python, files; programs are compiled once. So, of one core
at 40 GFLOP a second:

| | trials | steps | core-seconds a step | core-seconds |
|---|---|---|---|---|
| pictures, rendered once | | | | 300 |
| branch point, 16 pictures a step | 1 | 3,000 | .5 | 1,500 |
| (a) four shares of spatial tokens, 5 seeds | 20 | 700 | .45 | 7,400 |
| (b) frozen; unfrozen is of (a) | 5 | 700 | .4 | 1,700 |
| (c) three sizes of noise; none is of (a) | 15 | 700 | .45 | 5,600 |
| (d) 16 pairs and three kinds of error, 3 seeds | 12 | 700 | .6 | 5,700 |
| (d) 1, 4 and 40 pairs, 3 seeds | 9 | 700 | .4, .4, 1.1 | 4,500 |

25,000 core-seconds of sweeps are three hours and a half on two cores.
"""

from ml_collections import ConfigDict

from configs import common
from spatialvlm_jax.experiment import WorldsRecipe
from spatialvlm_jax.questions import QAConfig, QuestionTypeName

SPATIAL_TYPES: tuple[QuestionTypeName, ...] = (
    *("nearer", "taller", "which_nearer", "which_taller"),
    *("camera_distance", "height", "width", "centre_distance"),
)
GENERAL_TYPES: tuple[QuestionTypeName, ...] = ("color", "shape", "category", "count", "existence")

RECIPE = WorldsRecipe(
    preset="simple",
    images=10_000,
    validation_images=1_000,
    seed=8000,
    image_size=64,
    questions=QAConfig(
        pairs_per_image=100,
        spatial_fraction=0.75,
        general_fraction=0.25,
        question_phrasings=1,
        answer_phrasings=1,
        reasons_first=True,
        max_per_type=12,
        max_per_pair=32,
        types=(*SPATIAL_TYPES, *GENERAL_TYPES),
    ),
)
DATA = "runs/data/findings"
BRANCH_POINT = "docs/findings/branch_point.safetensors"


def get_config() -> ConfigDict:
    """The branch point: general questions alone, from nothing."""
    config = _common("findings_branch_point")
    config.data.datasets[0].weight = 0.0
    config.data.batch_size = 16
    config.train.steps = 3_000
    config.optim.peak_lr = 2e-3
    config.optim.warmup_steps = 100
    config.optim.decay_steps = 1_000
    return config


def get_trial(name: str) -> ConfigDict:
    """What all arms have: half of the loss tokens spatial, from the branch point."""
    config = _common(name)
    config.train.init_from = BRANCH_POINT
    config.train.steps = 700
    config.train.log_every_steps = 50
    config.optim.peak_lr = 1.5e-3
    config.optim.warmup_steps = 30
    config.optim.decay_steps = 500
    config.checkpoint.keep = 1
    return config


def _common(name: str) -> ConfigDict:
    config = common.experiment(name, model="small")
    config.model.encoder.depth = 3
    config.model.encoder.mlp_width = 256
    config.model.decoder.mlp_width = 256
    worlds = common.Worlds("", DATA, RECIPE)
    config.data.datasets = worlds.trained_on(spatial=0.5)
    config.eval.datasets = (worlds.held_out("all"),)
    common.use_dense_targets(config, weight=0.3, colors=True, plurals=True, pointer=0.1, copy=0.1)
    config.dense.value_weight = 0.0
    config.data.unit = "loss_tokens"
    config.data.tokenizer = "small128"
    config.data.batch_size = 8
    config.data.length = 256
    config.data.block_length = 128
    config.data.pairs_per_image = 12
    config.optim.optimizer = "muon"
    config.optim.lr_multipliers = {"embeddings": 0.3}
    config.optim.schedule = "wsd"
    config.checkpoint.every = 350
    config.eval.images = RECIPE.validation_images
    config.eval.batch_size = 50
    config.eval.pairs_per_image = 6
    config.eval.max_answer_tokens = 12
    return config

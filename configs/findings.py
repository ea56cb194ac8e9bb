"""What the paper's findings are run on: the smallest model that learns, and where its arms begin.

python train.py --config=configs/findings.py --workdir=runs/findings/branch_point

makes the branch point: from nothing, on general questions alone. It has seen no question about
space, which the shipped checkpoints have; the dense loss beside them asks for names of things and
colors, not for where they are (`dense.value_weight`). `make findings` trains it, exports it, and
runs the sweeps of `configs/sweeps/findings_*.py`, whose arms all go on from it: `get_trial` is
what they have in common.

The model has 1.3 million parameters. Counted, a step of 8 pictures with 6 pairs of 19 tokens each
is 10 GFLOP and 4 of Muon's, .36 seconds of one core at 40 GFLOP a second. A trial takes some 55
core-seconds beside its steps: 1,000 pictures with 6 questions each, starts of Python, files;
programs are compiled once. So, not measured yet:

| | trials | steps | core-seconds a step | core-seconds |
|---|---|---|---|---|
| pictures, rendered once | | | | 300 |
| branch point, 16 pictures a step | 1 | 3,000 | .6 | 1,800 |
| (a) four shares of spatial tokens, 5 seeds | 20 | 500 | .36 | 4,700 |
| (b) frozen; unfrozen is of (a) | 5 | 500 | .33 | 1,100 |
| (c) three sizes of noise; none is of (a) | 15 | 500 | .36 | 3,500 |
| (d) 16 pairs and three kinds of error, 3 seeds | 12 | 500 | .6 | 4,300 |
| (d) 1, 4 and 40 pairs, 3 seeds | 9 | 500 | .36, .36, 1.1 | 3,300 |

16,900 core-seconds of sweeps are two hours and twenty minutes on two cores.
"""

from ml_collections import ConfigDict

from configs import common
from spatialvlm_jax.experiment import WorldsRecipe
from spatialvlm_jax.questions import QAConfig, QuestionTypeName

SPATIAL_TYPES: tuple[QuestionTypeName, ...] = (
    *("left_of", "nearer", "taller", "which_left", "which_nearer", "which_taller"),
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
    common.use_dense_targets(config, weight=0.3, colors=True, plurals=True)
    config.dense.value_weight = 0.0
    config.data.datasets[0].weight = 0.0
    config.data.batch_size = 16
    config.data.pairs_per_image = 10
    config.train.steps = 3_000
    config.optim.peak_lr = 2e-3
    config.optim.warmup_steps = 100
    config.optim.decay_steps = 1_000
    return config


def get_trial(name: str) -> ConfigDict:
    """What all arms have: half of the loss tokens spatial, from the branch point, text alone."""
    config = _common(name)
    config.train.init_from = BRANCH_POINT
    config.train.steps = 500
    config.train.log_every_steps = 50
    config.optim.peak_lr = 1.5e-3
    config.optim.warmup_steps = 30
    config.optim.decay_steps = 350
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
    config.data.unit = "loss_tokens"
    config.data.tokenizer = "small128"
    config.data.batch_size = 8
    config.data.length = 128
    config.data.block_length = 128
    config.data.pairs_per_image = 6
    config.optim.optimizer = "muon"
    config.optim.lr_multipliers = {"embeddings": 0.3}
    config.optim.schedule = "wsd"
    config.checkpoint.every = 250
    config.eval.images = RECIPE.validation_images
    config.eval.batch_size = 50
    config.eval.pairs_per_image = 6
    config.eval.max_answer_tokens = 12
    return config

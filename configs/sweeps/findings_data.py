"""Finding (d): what are more questions an image, true relations and exact depth worth?

spatialvlm sweep --config=configs/sweeps/findings_data.py --seeds=3 --out=runs/data

Half of the rows are spatial, the same pictures in all arms, in less than an epoch, so that so many
pairs packed on a picture are so many that it has: at most 1, 4, 16 and 40, on average 1, 4, 13 and
22, as scenes of few objects have no more to ask about.

Cost: 7 arms, 3 seeds, 700 steps; a step takes .6 core-seconds with 16 pairs, .4 with 1 or 4, and
1.1 with 40: 21 trials, 10,200 core-seconds, 85 minutes of two cores.
"""

from ml_collections import ConfigDict

from configs import findings
from spatialvlm_jax.sweeps.arms import Arms, arm

_PAIRS = "data.datasets[0].pairs_per_image"


def get_config() -> ConfigDict:
    config = findings.get_trial("findings_data")
    config.data.unit = "examples"
    config.data.length, config.data.block_length = 384, 192
    config.data.datasets[0].pairs_per_image = 16
    return config


def get_sweep() -> Arms:
    short = {"data.length": 256, "data.block_length": 128}
    return arm("16 pairs a picture").chain(
        arm("1 pair a picture", {_PAIRS: 1, **short}),
        arm("4 pairs a picture", {_PAIRS: 4, **short}),
        arm("40 pairs a picture", {_PAIRS: 40, "data.length": 960}),
        arm("5 % of relations false", {"data.datasets[0].flipped_relations": 0.05}),
        arm("20 % of relations false", {"data.datasets[0].flipped_relations": 0.2}),
        arm("depth 8 % off", {"data.datasets[0].scale_error_std": 0.08}),
    )

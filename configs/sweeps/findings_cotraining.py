"""Finding (a): is general VQA kept while spatial questions are learned, at which share of tokens?

spatialvlm sweep --config=configs/sweeps/findings_cotraining.py --seeds=5 --out=runs/cotraining

Arms of 0, 5, 20 and 50 % spatial loss tokens go on from a branch point that has seen general
questions alone. `make findings` makes the branch point, runs this and keeps what comes.

Cost: 4 arms, 5 seeds, 700 steps of .45 core-seconds and 55 beside: 20 trials of 370 core-seconds,
an hour of two cores.
"""

from ml_collections import ConfigDict

from configs import findings
from spatialvlm_jax.sweeps.arms import Arms, arm

_SHARES = (0.0, 0.05, 0.2, 0.5)


def get_config() -> ConfigDict:
    return findings.get_trial("findings_cotraining")


def get_sweep() -> Arms:
    return Arms().chain(*map(_arm, _SHARES))


def _arm(share: float) -> Arms:
    weights = {"data.datasets[0].weight": share, "data.datasets[1].weight": 1.0 - share}
    return arm(f"{100 * share:.0f} % spatial", weights)

"""Finding (c): how precise must answers be? Noise of 0, 0.1, 0.2 and 0.3 m on all lengths.

spatialvlm sweep --config=configs/sweeps/findings_noise.py --seeds=5 --out=runs/noise

The first arm is that of (a) with 50 % spatial tokens, and its trials are shared.

Cost: 15 trials more, of 370 core-seconds: 46 minutes of two cores.
"""

from ml_collections import ConfigDict

from configs import findings
from spatialvlm_jax.sweeps.arms import Arms, arm, vary

_METRES = (0.1, 0.2, 0.3)


def get_config() -> ConfigDict:
    return findings.get_trial("findings_noise")


def get_sweep() -> Arms:
    names = [f"{metres:g} m" for metres in _METRES]
    return arm("no noise").chain(vary("data.datasets[0].noise_std_metres", _METRES, names))

"""Finding (b): must the image encoder be trained? From the same branch point as (a).

spatialvlm sweep --config=configs/sweeps/findings_encoder.py --seeds=5 --out=runs/encoder

The first arm is that of (a) with 50 % spatial tokens, and its trials are shared.

Cost: 5 trials more, of 340 core-seconds: 14 minutes of two cores.
"""

from ml_collections import ConfigDict

from configs import findings
from spatialvlm_jax.sweeps.arms import Arms, arm


def get_config() -> ConfigDict:
    return findings.get_trial("findings_encoder")


def get_sweep() -> Arms:
    return arm("unfrozen").chain(arm("frozen", {"optim.freeze": ("encoder",)}))

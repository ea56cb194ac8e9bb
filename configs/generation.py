"""Settings of `spatialvlm generate`, by preset.

spatialvlm generate --config=configs/generation.py:paper --source=photos --photos=DIR --out=data/p
spatialvlm generate --config=configs/generation.py:noisy --images=200 --out=data/noisy

default: what the command does without a file. paper: many pairs an image in people's units, half
qualitative and half quantitative, as SpatialVLM has them. noisy: rendered rooms through stand-in
experts that err as real ones do.
"""

import dataclasses

from ml_collections import ConfigDict

from spatialvlm_jax.config import ConfigError, to_config_dict
from spatialvlm_jax.generation.experts.noise import NoiseConfig
from spatialvlm_jax.generation.settings import GenerationSettings
from spatialvlm_jax.questions import QAConfig

DEFAULT = GenerationSettings()
PAPER = dataclasses.replace(
    DEFAULT,
    questions=QAConfig(
        pairs_per_image=200,
        spatial_fraction=1.0,
        general_fraction=0.0,
        max_per_type=16,
        max_per_pair=32,
        units="human",
    ),
)
NOISY = dataclasses.replace(
    DEFAULT,
    source="rendered_photos",
    experts=dataclasses.replace(
        DEFAULT.experts,
        noise=NoiseConfig(depth_scale_std=0.08, depth_noise_std=0.02, missed_fraction=0.1),
    ),
)
PRESETS = {"default": DEFAULT, "paper": PAPER, "noisy": NOISY}


def get_config(preset: str = "default") -> ConfigDict:
    if preset not in PRESETS:
        raise ConfigError(f"no preset {preset!r} in configs/generation.py but {', '.join(PRESETS)}")
    return to_config_dict(PRESETS[preset])

"""Co-training: a little spatial data among much general data, as the paper does (section 3.3).

python train.py --config=configs/cotrain.py --workdir=runs/cotrain
python train.py --config=configs/cotrain.py:medium,/data --workdir=runs/cotrain
python train.py --config=configs/cotrain.py:So400m/14+gemma_2b,/data --workdir=runs/cotrain

The argument is MODEL,ROOT: a size named in `models.variants` ("small" if it is left out) and the
folder in which the data sets lie ("data"). How they get there is in docs/cotraining.md. SHARES are
percentages of the tokens that bear loss; a set that you do not have is left out by its line, or by
the argument `sets` of `configs/paligemma.py`.
"""

from collections.abc import Mapping
from pathlib import Path

from ml_collections import ConfigDict

from configs import common
from spatialvlm_jax.config import to_config_dict
from spatialvlm_jax.experiment import DatasetConfig
from spatialvlm_jax.models.variants import PALIGEMMA_VOCABULARY

SHARES = {"spatial": 5.0, "vqa_v2": 30.0, "okvqa": 5.0, "gqa": 25.0, "llava": 35.0}


def get_config(argument: str = "") -> ConfigDict:
    model, _, root = argument.partition(",")
    config = common.experiment("cotrain", model or "small")
    data = Path(root or "data")
    use_sets(config, data, SHARES)
    config.data.unit = "loss_tokens"
    config.data.batch_size = 64
    config.data.length = 512
    config.data.pairs_per_image = 16
    config.eval.images = 500
    config.eval.every = 5_000
    config.optim.peak_lr = 2e-4
    config.optim.warmup_steps = 500
    config.train.steps = 20_000
    config.checkpoint.every = 1_000
    if config.model.decoder.vocab_size == PALIGEMMA_VOCABULARY:
        config.data.tokenizer = str(data / "tokenizer.model")
    if model not in ("", "small", "debug"):
        config.model.compute_dtype = "bfloat16"
        config.data.workers = 8
    return config


def use_sets(config: ConfigDict, root: Path, shares: Mapping[str, float]) -> None:
    """Trains on folders of `root` by their shares, and evaluates on the first one's held-out part.

    Args:
      config: to change.
      root: the folder in which the data sets lie.
      shares: of loss tokens, by the name of the folder; need not add up to anything.
    """
    config.data.datasets = tuple(
        to_config_dict(DatasetConfig(name, str(root / name), weight=share))
        for name, share in shares.items()
    )
    first = next(iter(shares))
    config.eval.datasets = (to_config_dict(DatasetConfig(first, str(root / first), "validation")),)

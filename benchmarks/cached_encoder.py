"""What stored features of a frozen encoder save: steps and whole epochs, with them and without.

    python benchmarks/cached_encoder.py --json=cached_encoder.json

The model has PaliGemma's proportions, smaller (`benchmarks/train_step.py`); its encoder is frozen,
other groups are where --freeze names them. Photos are JPEG files of 640 x 480 pixels, made here,
that are asked about in JSON Lines; the loader, the step and the computing of features are those of
`train.py`. A step is timed on a batch that is there already; an epoch shows every photo once, and
reads, decodes and resizes it or reads its features. Rounds alternate; the median counts.
"""

import argparse
import contextlib
import dataclasses
import io
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import numpy as np
from PIL import Image

from benchmarks.train_step import MODEL
from data_loaders.build import train_loader
from data_loaders.feature_cache import FeatureCache
from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.batch import feature_spec
from spatialvlm_jax.experiment import (
    GROUPS,
    DataConfig,
    DatasetConfig,
    Experiment,
    Group,
    OptimConfig,
    TrainConfig,
)
from spatialvlm_jax.training import sharding
from spatialvlm_jax.training.feature_encoder import LocalEncoder, encoder_weights, weights_digest
from spatialvlm_jax.training.initialise import Initialiser
from spatialvlm_jax.training.parameter_report import report_flops
from spatialvlm_jax.training.step import compile_step, step_config

PAIR_TOKENS = 24
PAIRS = 16


def write_photos(folder: Path, count: int) -> DatasetConfig:
    """Smooth random photos, each with `PAIRS` questions."""
    rng, lines = np.random.default_rng(0), []
    for number in range(count):
        coarse = rng.integers(0, 256, (15, 20, 3), np.uint8)
        photo = Image.fromarray(coarse).resize((640, 480), Image.Resampling.BICUBIC)
        buffer = io.BytesIO()
        photo.save(buffer, format="jpeg", quality=90)
        (folder / f"{number}.jpg").write_bytes(buffer.getvalue())
        for pair in range(PAIRS):
            question = f"how far is the red mug from chair {pair}?"
            record = {"image": f"{number}.jpg", "question": question, "answer": f"{pair} meters"}
            lines.append(json.dumps(record))
    records = folder / "photos.jsonl"
    records.write_text("\n".join(lines))
    return DatasetConfig("photos", str(records), format="jsonl", images=str(folder))


def experiment(
    dataset: DatasetConfig, rows: int, pairs: int, freeze: Sequence[Group], features: str
) -> Experiment:
    """Trains what is not frozen."""
    data = DataConfig(
        datasets=(dataset,),
        batch_size=rows,
        length=PAIR_TOKENS * pairs,
        pairs_per_image=pairs,
        features=features,
    )
    model = dataclasses.replace(MODEL, attention="image_prefix")
    frozen = tuple(freeze)
    optim = OptimConfig(peak_lr=1e-4, schedule="constant", warmup_steps=0, freeze=frozen)
    return Experiment(model=model, data=data, optim=optim, train=TrainConfig(steps=1_000_000))


class Side:
    """A run with features or without: its step and its epochs."""

    def __init__(self, experiment: Experiment, images: int) -> None:
        """Of so many images an epoch."""
        self.experiment, self.images = experiment, images
        self.config = step_config(experiment)
        self.mesh = sharding.device_mesh(experiment.mesh, jax.devices()[:1])
        start = Initialiser(self.config.template, self.config.optimizer, experiment, self.mesh)
        self.step = compile_step(self.config, start.abstract(), self.mesh)
        self.state = start.state()
        self.batch: Any = None

    def losses(self, batches: Iterable[Any]) -> list[float]:
        """Trains on batches."""
        found = []
        for batch in batches:
            self.batch = sharding.to_devices(batch, self.mesh)
            self.state, metrics = self.step(self.state, self.batch)
            found.append(float(metrics["loss"]))
        return found

    def epoch(self) -> list[float]:
        """Every photo once, from a loader that has just been started."""
        with contextlib.closing(train_loader(self.experiment)) as loader:
            steps = self.images // self.experiment.data.batch_size
            return self.losses(next(loader) for _ in range(steps))

    def again(self) -> None:
        """A step on the last batch."""
        self.state, metrics = self.step(self.state, self.batch)
        float(metrics["loss"])

    def flops(self) -> int:
        """Of a step."""
        return sum(dataclasses.astuple(report_flops(self.state, self.batch, self.config))[:3])


def timed(work: Callable[[], Any]) -> float:
    """Seconds that it takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def fill(side: Side) -> float:
    """Computes the features that a side reads; returns the seconds without compiling."""
    asked = side.experiment
    weights = encoder_weights(side.state)
    loader = train_loader(asked)
    cache = FeatureCache.of(asked, weights_digest(weights), loader.features)
    encoder = LocalEncoder.of(asked, weights, side.mesh)
    size = asked.model.encoder.image_size
    encoder.apply(np.zeros((encoder.rows, size, size, 3), np.uint8)).block_until_ready()
    with cache.writing() as missing:
        return timed(
            lambda: cache.fill(missing, encoder.apply, rows=encoder.rows, workers=0, quiet=True)
        )


def compare(dataset: DatasetConfig, folder: Path, args: argparse.Namespace, pairs: int) -> Any:
    """Times of both sides with so many pairs an image."""
    rows = args.rows if pairs == 1 else max(1, args.rows // 4)
    features = str(folder / f"features_{pairs}")
    sides = {
        "pictures": Side(experiment(dataset, rows, pairs, args.freeze, ""), args.images),
        "features": Side(experiment(dataset, rows, pairs, args.freeze, features), args.images),
    }
    filling = fill(sides["features"])
    first = {name: side.epoch()[0] for name, side in sides.items()}
    times: dict[str, dict[str, list[float]]] = {name: {"step": [], "epoch": []} for name in sides}
    for _ in range(args.rounds):
        for name, side in sides.items():
            times[name]["step"].append(timed(side.again))
            times[name]["epoch"].append(timed(side.epoch))
    found = {
        name: {
            "step_seconds": statistics.median(times[name]["step"]),
            "epoch_seconds": statistics.median(times[name]["epoch"]),
            "step_flops": side.flops(),
            "first_loss": first[name],
        }
        for name, side in sides.items()
    }
    whole, stored = found["pictures"], found["features"]
    saved = whole["epoch_seconds"] - stored["epoch_seconds"]
    return {
        "pairs": pairs,
        "rows": rows,
        "sides": found,
        "step_ratio": stored["step_seconds"] / whole["step_seconds"],
        "epoch_ratio": stored["epoch_seconds"] / whole["epoch_seconds"],
        "flops_ratio": stored["step_flops"] / whole["step_flops"],
        "fill_seconds": filling,
        "pays_after_epochs": filling / saved if saved > 0 else None,
    }


def main() -> None:
    """Prints a table; with --json also writes it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=8, help="images of an unpacked step")
    parser.add_argument("--images", type=int, default=48, help="photos in an epoch")
    parser.add_argument("--rounds", type=int, default=3, help="timed epochs and steps of each side")
    help_text = "frozen groups, the encoder among them"
    parser.add_argument("--freeze", nargs="+", default=["encoder"], choices=GROUPS, help=help_text)
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        (photos := Path(name) / "photos").mkdir()
        dataset = write_photos(photos, args.images)
        lines = [compare(dataset, Path(name), args, pairs) for pairs in (1, PAIRS)]
    each = feature_spec(MODEL)
    result = {
        "images": args.images,
        "freeze": args.freeze,
        "bytes_an_image": each.size * each.dtype.itemsize,
        "lines": lines,
        "cores": len(os.sched_getaffinity(0)),
        "versions": {
            "python": platform.python_version(),
            **{package: version(package) for package in ("jax", "flax", "grain", "array-record")},
        },
    }
    print("pairs  reads      a step   an epoch   FLOP a step   first loss")
    for line in lines:
        for side, row in line["sides"].items():
            print(
                f"{line['pairs']:5}  {side:8} {row['step_seconds']:6.2f} s "
                f"{row['epoch_seconds']:8.1f} s {row['step_flops']:13.3g} "
                f"{row['first_loss']:12.6f}"
            )
    for line in lines:
        pays = line["pays_after_epochs"]
        print(
            f"{line['pairs']} pairs an image: a step takes {line['step_ratio']:.2f} of what it "
            f"took, an epoch {line['epoch_ratio']:.2f}, at {line['flops_ratio']:.2f} of the FLOP; "
            f"computing the features took {line['fill_seconds']:.1f} s, which "
            + (f"{pays:.1f} epochs earn" if pays else "epochs do not earn")
        )
    print(f"{result['bytes_an_image']:,} bytes an image")
    if args.json:
        write_json(args.json, result)


if __name__ == "__main__":
    main()

"""How fast stored data are read: our reader beside TFDS's, and whole batches.

    python benchmarks/data.py --data=data/worlds

Rates are of one process that does nothing else; use an idle machine.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import tensorflow_datasets as tfds
from absl import logging

from data_loaders.build import train_loader
from data_loaders.dense import dense_labels
from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.experiment import DataConfig, DatasetConfig, DenseConfig, Experiment
from spatialvlm_jax.scene.object_values import OBJECT_VALUES
from spatialvlm_jax.storage.examples import StoredExample
from spatialvlm_jax.storage.shards import open_split


def rate(read: Callable[[int], object], items_per_call: int, seconds: float) -> float:
    """Items a second that `read(i)` handles, for i = 0, 1, ... after one warm-up call."""
    read(0)
    start, calls = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        calls += 1
        read(calls)
    return calls * items_per_call / (time.perf_counter() - start)


def measure(directory: Path, seconds: float) -> dict[str, float]:
    """Images a second by way of reading."""
    records = open_split(directory, "train")
    count = len(records)
    source = tfds.builder_from_directory(directory).as_data_source("train")

    def pairs_and_image(index: int) -> object:
        example = StoredExample(records[index % count])
        return example.image(), example.pairs()

    figures = {
        "TFDS, everything decoded": rate(lambda i: source[i % count], 1, seconds),
        "ours, everything decoded": rate(
            lambda i: StoredExample(records[i % count]).scene(), 1, seconds
        ),
        "ours, image and pairs": rate(pairs_and_image, 1, seconds),
    }
    data = DataConfig(datasets=(DatasetConfig("data", str(directory)),), batch_size=16)
    targets = DenseConfig(1.0, dense_labels(), OBJECT_VALUES)
    for name, dense in (("packed batches", None), ("packed batches, dense targets", targets)):
        loader = train_loader(Experiment(data=data, dense=dense))
        figures[name] = rate(lambda i, loader=loader: next(loader), 16, seconds)  # type: ignore[misc]
        loader.close()
    return figures


def main() -> None:
    """Prints a table; with --json also writes it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="directory of a stored data set")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each figure")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    args = parser.parse_args()
    logging.set_verbosity(logging.ERROR)
    figures = measure(args.data, args.seconds)
    for name, value in figures.items():
        print(f"{name:32s} {value:8.0f} images/s")
    if args.json:
        write_json(args.json, figures)


if __name__ == "__main__":
    main()

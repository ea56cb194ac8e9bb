"""What watching a run costs: training steps with and without all that is written about them.

    python benchmarks/watching.py --json=watching.json

The tiny model of configs/debug.py steps through batches that are in memory already, in rounds that
alternate between two ways: a bare loop over the compiled step, and the training loop with its
progress line, metrics.jsonl and TensorBoard. The fastest round of each counts, as other work on the
machine only adds. The smaller the step, the more its logging weighs: this one is tiny.
"""

import argparse
import dataclasses
import itertools
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
from tqdm import tqdm

from data_loaders.preparation import open_loader
from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.config import load_experiment
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.signals import StopRequest
from spatialvlm_jax.training import sharding
from spatialvlm_jax.training.batches import NumberedBatches
from spatialvlm_jax.training.initialise import Initialiser
from spatialvlm_jax.training.logging.metrics_file import MetricsWriter
from spatialvlm_jax.training.logging.recorder import Recorder
from spatialvlm_jax.training.logging.sinks import open_sinks
from spatialvlm_jax.training.logging.throughput import Meter
from spatialvlm_jax.training.processes.stop import RunStop
from spatialvlm_jax.training.schedules import Evaluations, Saves
from spatialvlm_jax.training.state import TrainState
from spatialvlm_jax.training.step import compile_step, step_config
from train import run_steps

CONFIG = "configs/debug.py"
BATCHES = 16


class NoCheckpoints:
    """Keeps nothing: saving is not what is measured."""

    def save(self, *_: Any) -> None: ...

    def close(self) -> None: ...


class Bench:
    """The experiment, compiled, and batches of it in memory."""

    def __init__(self, experiment: Experiment, folder: Path) -> None:
        self.experiment, self.folder = experiment, folder
        self.mesh = sharding.device_mesh(experiment.mesh)
        config = step_config(experiment)
        initialiser = Initialiser(config.template, config.optimizer, experiment, self.mesh)
        self.step = compile_step(config, initialiser.abstract(), self.mesh)
        self.state = initialiser.state()
        self.batches = list(itertools.islice(open_loader(experiment, self.mesh), BATCHES))
        self.stop = RunStop(StopRequest())

    def place(self, batch: Any) -> Any:
        """A batch on its devices."""
        return sharding.to_devices(batch, self.mesh)

    def bare(self, steps: int) -> float:
        """Seconds of a step in a loop that does nothing else."""
        data, state = itertools.cycle(self.batches), self.state
        begin = time.perf_counter()
        for _ in range(steps):
            state, _ = self.step(state, self.place(next(data)))
        jax.block_until_ready(state)
        self.state = state
        return (time.perf_counter() - begin) / steps

    def loop(self, steps: int) -> float:
        """Seconds of a step in the training loop."""
        done = int(self.state.step)
        train = dataclasses.replace(self.experiment.train, steps=done + steps)
        experiment = dataclasses.replace(self.experiment, train=train)
        checkpoints: Any = NoCheckpoints()
        writer = MetricsWriter(self.folder, done, open_sinks(experiment, self.folder, done))
        log = Recorder(writer, experiment, self.folder, done, Meter())
        data = itertools.cycle(self.batches)
        begin = time.perf_counter()
        state: TrainState = run_steps(
            self.state,
            self.step,
            NumberedBatches.on(self.mesh, data, self.stop, log.meter),
            log,
            Saves(experiment, checkpoints, data, {}, done),
            Evaluations(experiment, writer, lambda state: {}),
        )
        jax.block_until_ready(state)
        seconds = (time.perf_counter() - begin) / steps
        writer.close()
        self.state = state
        return seconds


def measure(bench: Bench, rounds: int, steps: int) -> dict[str, Any]:
    """Rounds that take turns, after one of each that does not count."""
    ways: dict[str, Callable[[int], float]] = {"bare": bench.bare, "logged": bench.loop}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in tqdm(range(rounds + 1), desc="rounds", disable=None):
        for name, run in ways.items():
            seconds = run(steps)
            times[name] += [seconds] if number else []
    bare, logged = (min(each) for each in times.values())
    return {
        "step_seconds": {name: min(each) for name, each in times.items()},
        "logging_seconds": logged - bare,
        "logging_share": logged / bare - 1,
        "rounds": rounds,
        "steps": steps,
        "python": platform.python_version(),
        "jax": jax.__version__,
        "cores": os.cpu_count(),
        "device": jax.devices()[0].device_kind,
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Prints a table; with --json also writes it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=9, help="of each way")
    parser.add_argument("--steps", type=int, default=100, help="of a round")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        places = [f"{part}.datasets[{i}]" for part in ("data", "eval") for i in (0, 1)]
        changes = [f"{place}.path={folder}/data" for place in places]
        changes += ["checkpoint.every=1000000"]
        experiment = load_experiment(CONFIG, [f"config.{change}" for change in changes])
        result = measure(Bench(experiment, Path(folder)), args.rounds, args.steps)
    for name, seconds in result["step_seconds"].items():
        print(f"{name:7} {1e3 * seconds:8.2f} ms a step")
    print(
        f"logging takes {1e3 * result['logging_seconds']:.2f} ms a step, "
        f"{100 * result['logging_share']:.1f} %"
    )
    if args.json:
        write_json(args.json, result)
    return 0


if __name__ == "__main__":
    sys.exit(main())

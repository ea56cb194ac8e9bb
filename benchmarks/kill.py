"""Kills a run of two processes at random moments, and looks whether it ever goes astray.

    python benchmarks/kill.py --moments=20

The tiny model of configs/debug.py trains in two processes of this machine. At each moment one of
them, the other, or both get SIGKILL, every third time while a checkpoint is being written; where
one is left it must end by itself. Then the same command is started again. At the end every loss is
compared, to the bit, with those of a run that nobody killed, one process with two devices.
"""

import argparse
import dataclasses
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.metrics_rows import FILE, read_rows
from spatialvlm_jax.weights.checkpoint_folders import MANIFEST

ROOT = Path(__file__).parent.parent
STEPS_PER_MOMENT = 12
EVERY = 4
SURVIVOR_SECONDS = 150  # JAX gives up on a silent process after 100
_PORTS = 20_000, 32_000  # below what Linux, macOS and Windows hand out
TINY = (
    "model.encoder.depth=1",
    "model.decoder.depth=1",
    "dense.weight=0",
    "data.length=96",
    "optim.warmup_steps=2",
    "optim.schedule=constant",
    f"checkpoint.every={EVERY}",
    "train.log_every_steps=1",
)
# Runs a script whose CPU collectives listen on loopback only, which JAX leaves to the host's name.
ON_LOOPBACK = """
import functools, runpy, sys
from jax._src import xla_bridge

make = xla_bridge._jax.make_gloo_tcp_collectives
xla_bridge._jax.make_gloo_tcp_collectives = functools.partial(make, hostname="127.0.0.1")
sys.argv.pop(0)
runpy.run_path(sys.argv[0], run_name="__main__")
"""
RENDERED = ("images=16", "validation_images=4")


@dataclasses.dataclass(frozen=True)
class Run:
    """A tiny training run: where it is kept, what it reads (rendered if missing), what differs."""

    workdir: Path
    data: Path
    overrides: Sequence[str] = ()

    def arguments(self) -> list[str]:
        """What `train.py` and `eval.py` are told."""
        places = [f"{part}.datasets[{i}]" for part in ("data", "eval") for i in (0, 1)]
        changes = [f"{place}.path={self.data}" for place in places]
        changes += [f"{place}.worlds.{size}" for place in places for size in RENDERED]
        changes += [*TINY, *self.overrides]
        config = f"--config={ROOT / 'configs' / 'debug.py'}"
        return [config, f"--workdir={self.workdir}", *(f"--config.{c}" for c in changes)]

    def start(
        self, processes: int = 2, *, devices: int = 1, script: str = "train.py"
    ) -> list[subprocess.Popen[str]]:
        """Starts its processes, `devices` virtual CPU devices in each; output goes beside it."""
        command = [sys.executable, "-c", ON_LOOPBACK, script, *self.arguments()]
        if processes > 1:
            command += [f"--coordinator=127.0.0.1:{free_port()}", f"--processes={processes}"]
        environment = {
            **os.environ,
            "JAX_PLATFORMS": "cpu",
            "JAX_NUM_CPU_DEVICES": str(devices),
            "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
            "OMP_NUM_THREADS": "1",
        }
        return [
            subprocess.Popen(
                [*command, f"--process={i}"] if processes > 1 else command,
                cwd=ROOT,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=self.log(i).open("a"),
                text=True,
            )
            for i in range(processes)
        ]

    def finish(self, processes: int = 2, **settings: Any) -> None:
        """Runs to the end.

        Raises:
          RuntimeError: a process failed; its last words.
        """
        started = self.start(processes, **settings)
        codes = [process.wait() for process in started]
        if any(codes):
            raise RuntimeError(f"exit codes {codes}: {self.words()}")

    def log(self, process: int) -> Path:
        """What a process said on its error stream."""
        return self.workdir.parent / f"{self.workdir.name}.{process}.log"

    def words(self) -> str:
        """The last words of all processes."""
        logs = sorted(self.workdir.parent.glob(f"{self.workdir.name}.*.log"))
        return "\n".join(f"{log.name}: {log.read_text()[-2000:]}" for log in logs)

    def losses(self) -> dict[int, float]:
        """Every step's loss on record.

        Raises:
          RuntimeError: a step is on record twice.
        """
        path = self.workdir / FILE
        rows = [row for row in read_rows(path) if "loss" in row] if path.exists() else []
        found = {row["step"]: row["loss"] for row in rows}
        if len(found) < len(rows):
            raise RuntimeError(f"{path} has a step twice")
        return found

    def is_saving(self) -> bool:
        """Whether a checkpoint is there that is not yet whole."""
        folders = (self.workdir / "checkpoints").glob("[0-9]*")
        return any(not (f / MANIFEST).exists() for f in folders if not f.name.endswith(".damaged"))


def free_port() -> int:
    """A port of the loopback interface that nobody listens on.

    Of those that no system hands out by itself: another program could be given one of these before
    it is listened on, seconds later.
    """
    while True:
        port = random.SystemRandom().randrange(*_PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def wait_until(condition: Callable[[], bool], run: Run, started: list[Any]) -> None:
    """Polls until it holds.

    Raises:
      RuntimeError: a process ended before; its last words.
    """
    while not condition():
        if any(process.poll() is not None for process in started):
            raise RuntimeError(f"a process ended too early: {run.words()}")
        time.sleep(0.002)


def kill_once(run: Run, number: int, rng: random.Random) -> dict[str, Any]:
    """Starts the run, kills it at a random moment, and waits until all of it has ended."""
    victims = rng.choice([(0,), (1,), (0, 1)])
    target = STEPS_PER_MOMENT * number + rng.randrange(2, STEPS_PER_MOMENT)
    started = run.start()
    wait_until(lambda: max(run.losses(), default=0) >= target, run, started)
    in_save = number % 3 == 1
    if in_save:
        wait_until(run.is_saving, run, started)
    else:
        time.sleep(rng.random() * 0.1)
    saving = run.is_saving()
    for victim in victims:
        started[victim].send_signal(signal.SIGKILL)
    begin, left = time.monotonic(), True
    for process in started:
        try:
            process.wait(SURVIVOR_SECONDS)
        except subprocess.TimeoutExpired:
            left = False
            process.kill()
            process.wait()
    return {
        "step": max(run.losses(), default=0),
        "saving": saving,
        "killed": list(victims),
        "survivor_ended_itself": left,
        "seconds_until_all_ended": time.monotonic() - begin,
    }


def kill_run(moments: int, folder: Path, seed: int, data: Path) -> dict[str, Any]:
    """The whole experiment, as plain JSON; `differing` are steps whose loss is another."""
    steps = f"train.steps={STEPS_PER_MOMENT * (moments + 1)}"
    whole = Run(folder / "whole", data, (steps,))
    whole.finish(1, devices=2)
    killed, rng = Run(folder / "killed", data, (steps,)), random.Random(seed)
    kills = [
        kill_once(killed, number, rng)
        for number in tqdm(range(moments), desc="killing", disable=None)
    ]
    killed.finish()
    expected, found = whole.losses(), killed.losses()
    differing = [step for step in expected if found.get(step) != expected[step]]
    return {"kills": kills, "steps": len(expected), "differing": differing}


def main(argv: Sequence[str] | None = None) -> int:
    """Prints a table; with --json also writes it. Returns 1 if any loss differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--moments", type=int, default=20, help="how often to kill")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        result = kill_run(args.moments, Path(folder), args.seed, Path(folder) / "data")
    print("step   killed  in a save  all ended after")
    for kill in result["kills"]:
        names, saving = "+".join(map(str, kill["killed"])), "yes" if kill["saving"] else "no"
        print(
            f"{kill['step']:4d}   {names:6s}  {saving:9s}  {kill['seconds_until_all_ended']:.1f} s"
        )
    print(f"{len(result['differing'])} of {result['steps']} losses differ from those without kills")
    if args.json:
        write_json(args.json, result)
    return bool(result["differing"])


if __name__ == "__main__":
    sys.exit(main())

"""What it is worth on the CPU that train.py keeps the memory that it frees.

    python benchmarks/freed_memory.py --rounds=3 --json=freed_memory.json

The same short training is started by turns as it is, and with glibc's allocator left at its
defaults (MALLOC_TOP_PAD_ set to what it is anyhow, a choice that train.py respects). Told are CPU
time of all cores, that of the system in it, pages that were had anew, and memory at its most, each
of the whole process, and the step: the least of all rounds, as other work on the machine only adds.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.metrics_rows import FILE, read_rows
from spatialvlm_jax.text_table import align_columns

ROOT = Path(__file__).parent.parent
SIDES: dict[str, dict[str, str]] = {"kept": {}, "given back": {"MALLOC_TOP_PAD_": str(128 * 1024)}}
STEPS = 80
SHORT = (
    f"train.steps={STEPS}",
    "train.log_every_steps=20",
    "optim.warmup_steps=5",
    f"optim.decay_steps={STEPS - 5}",
    "eval.every=0",
    "eval.at_start=False",
)
COLUMNS = {
    "cpu_seconds": "CPU, s",
    "system_seconds": "of it the system's, s",
    "faults": "pages had anew",
    "memory": "memory, MB",
    "step_seconds": "step, s",
}
_JAX_PLATFORMS = {"JAX_PLATFORMS": "cpu"}


def trained(config: str, environment: dict[str, str], workdir: Path) -> dict[str, float]:
    """Trains in a process of its own, and says what that took, by the keys of `COLUMNS`."""
    changes = [f"--config.{change}" for change in SHORT]
    command = [sys.executable, "train.py", f"--config={config}", f"--workdir={workdir}", *changes]
    with open(workdir.with_suffix(".log"), "w") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **_JAX_PLATFORMS, **environment},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"the training failed:\n{workdir.with_suffix('.log').read_text()[-2000:]}")
    steps = [row["step_seconds"] for row in read_rows(workdir / FILE) if "step_seconds" in row]
    return {
        "cpu_seconds": used.ru_utime + used.ru_stime,
        "system_seconds": used.ru_stime,
        "faults": float(used.ru_minflt),
        "memory": used.ru_maxrss / 1e3,
        "step_seconds": min(steps),
    }


def table(found: dict[str, dict[str, float]]) -> list[str]:
    """Lines for people, the last of them the ratio."""
    rows: list[Sequence[str]] = [("memory that was freed is", *COLUMNS.values())]
    rows += [
        (side, *(f"{figures[key]:,.3g}" for key in COLUMNS)) for side, figures in found.items()
    ]
    kept, given = found.values()
    rows.append(("ratio", *(f"{kept[key] / given[key]:.2f}" for key in COLUMNS)))
    return align_columns(rows, rule=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", default="configs/findings.py", help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=3, help="default: %(default)s")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    args = parser.parse_args()
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for turn in tqdm(range(args.rounds + 1), unit="round"):  # the first one compiles
            for side, environment in SIDES.items():
                workdir = Path(folder, f"{turn}-{side.replace(' ', '-')}")
                one = trained(args.config, environment, workdir)
                if turn:
                    least = found.get(side, one)
                    found[side] = {key: min(one[key], least[key]) for key in COLUMNS}
    print("\n".join(table(found)))
    if args.json:
        write_json(args.json, found)


if __name__ == "__main__":
    main()

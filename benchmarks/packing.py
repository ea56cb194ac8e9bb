"""What packing many pairs on one image saves: a step with 1, 4, 8, 16, 32 pairs an image.

    python benchmarks/packing.py --json=packing.json

The model has PaliGemma's proportions, smaller (`benchmarks/train_step.py`). Each line compares a
packed step with an unpacked one, both under the rule "image_prefix", which gives the same losses
and gradients: the packed one computes an image once, the unpacked one once a pair. Rounds
alternate; the median counts.
"""

import argparse
import os
import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks.train_step import Step, our_step, versions
from spatialvlm_jax.atomic_write import write_json


def seconds(steps: dict[int, Step], rounds: int) -> dict[int, float]:
    """Median time of each step, after one that compiles."""
    times: dict[int, list[float]] = {pairs: [] for pairs in steps}
    for step in steps.values():
        step()
    for _ in range(rounds):
        for pairs, step in steps.items():
            start = time.perf_counter()
            step()
            times[pairs].append(time.perf_counter() - start)
    return {pairs: statistics.median(values) for pairs, values in times.items()}


def main() -> None:
    """Prints a table; with --json also writes it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=4, help="images of a step")
    parser.add_argument("--pairs", type=int, nargs="+", default=[1, 4, 8, 16, 32])
    parser.add_argument("--rounds", type=int, default=5, help="timed steps of each kind")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    steps = {n: our_step(args.rows, n, "image_prefix") for n in sorted({1, *args.pairs})}
    found = seconds(steps, args.rounds)
    rows: list[dict[str, Any]] = []
    print("pairs an image   step s   pairs/s   times unpacked")
    for pairs, step in found.items():
        rate = args.rows * pairs / step
        speedup = rate * found[1] / args.rows
        rows.append({"pairs": pairs, "step_seconds": step, "pairs_per_second": rate})
        rows[-1]["speedup"] = speedup
        print(f"{pairs:14} {step:8.3f} {rate:9.1f} {speedup:16.2f}")
    if args.json:
        result = {"rows": rows, "cores": len(os.sched_getaffinity(0)), "versions": versions()}
        write_json(args.json, result)


if __name__ == "__main__":
    main()

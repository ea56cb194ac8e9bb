"""`spatialvlm plan`: what a run needs and takes on a named pod, without the pod."""

import argparse
from pathlib import Path
from typing import Any

from spatialvlm_jax.atomic_write import write_json

TAKES_OVERRIDES = True

_DESCRIPTION = """\
Says, for each device of a pod, how much memory the training step of a configuration needs and
whether it fits; how many operations each tower does forward and backward; how much devices send
each other; and how long a step and the run take at best.

  compiled   a TPU's own compiler says how much memory the real step takes; it needs the extra
             `tpu` (libtpu), no TPU, and some minutes
  analytic   shapes and shardings alone: parameters and slots exactly, the rest estimated
  auto       compiled where it can be, else analytic

Times are a roofline under either method: a bound to compare plans by.
"""
_EPILOG = """\
examples:
  spatialvlm plan --config=configs/paligemma.py --topology=v5e:16x16
  spatialvlm plan --config=configs/paligemma.py:variant=paligemma2_10b --topology=h100:8 \\
    --config.optim.freeze="('encoder',)" --json=plan.json
  spatialvlm plan --config=configs/paligemma.py --topology=v5e:16x16 --sweep

Topologies: v4:4x4x4, v5e:16x16, v5p:4x4x8, v6e:8x8; 2xv5e:16x16 for two slices with the data
centre's network between them; a100:8, h100:8, h200:1. docs/performance.md compares the methods.
"""


def add_parser(subparsers: Any) -> None:
    """Adds the verb `plan`."""
    parser = subparsers.add_parser(
        "plan",
        help="memory, time and cost of a run on a pod, without the pod",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--config", required=True, metavar="FILE.py[:ARG]", help="the run's configuration")
    add("--topology", required=True, metavar="CHIP:SHAPE", help="the devices, such as v5e:16x16")
    add("--method", choices=("auto", "compiled", "analytic"), default="auto", help="(auto)")
    help_text = "try mesh shapes, batch sizes and remat choices; plan the best that fits"
    add("--sweep", action="store_true", help=help_text)
    add("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.set_defaults(overrides=[])


def run(args: argparse.Namespace) -> int:
    """Prints the plan; returns 1 if it does not fit."""
    import jax

    from spatialvlm_jax.config import load_experiment
    from spatialvlm_jax.planning import report
    from spatialvlm_jax.planning.planner import plan_run
    from spatialvlm_jax.planning.sweep import sweep
    from spatialvlm_jax.planning.topology import parse_topology

    # Nothing is computed: a device that is there stays with who uses it.
    jax.config.update("jax_platforms", "cpu")
    topology = parse_topology(args.topology)
    experiment = load_experiment(args.config, args.overrides)
    content: dict[str, Any] = {}
    if args.sweep:
        found = sweep(experiment, topology)
        plans = [plan for plan, _ in found]
        print(report.describe_sweep(plans) + "\n", flush=True)
        content["sweep"] = [report.as_json(plan) for plan in plans]
        experiment = found[0][1]
    plan = plan_run(experiment, topology, args.method)
    print(report.describe(plan))
    if args.json:
        write_json(args.json, {**report.as_json(plan), **content})
    return 0 if plan.fits else 1

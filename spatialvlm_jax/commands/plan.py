"""`spatialvlm plan`: what a run needs and takes on named GPUs or TPUs, without them."""

import argparse
from typing import TYPE_CHECKING, Any

from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.flags import check_suffix, place

if TYPE_CHECKING:
    from spatialvlm_jax.planning.topology import Topology

TAKES_OVERRIDES = True

_DESCRIPTION = """\
Says, for each of the named GPUs or TPUs, how much memory the training step of a configuration needs
and whether it fits; how many operations each tower does forward and backward; how much devices send
each other; and how long a step and the run take at best.

  compiled   a TPU's own compiler says how much memory the real step takes; it needs the extra
             `tpu` (libtpu), no TPU, and some minutes
  analytic   shapes and shardings alone: parameters and slots exactly, the rest estimated
  auto       compiled where it can be, else analytic

Times are a roofline under either method (the slowest of computing, moving memory and sending): a
bound to compare plans by.
"""
_EPILOG = """\
examples:
  spatialvlm plan --config=configs/paligemma.py --topology=v5e:16x16
  spatialvlm plan --config=configs/paligemma.py:variant=paligemma2_10b --topology=h100:8 \\
    --config.optim.freeze="('encoder',)" --json=plan.json
  spatialvlm plan --config=configs/paligemma.py --topology=v5e:16x16 --sweep
  spatialvlm plan --config=configs/paligemma.py --topology=rtx4090:1 --ways

Topologies: v4:4x4x4, v5e:16x16, v5p:4x4x8, v6e:8x8; 2xv5e:16x16 for two slices with the data
centre's network between them; so many GPUs, as in rtx4090:1, of t4, a10, l4, rtx3090, rtx4090,
l40s, rtx6000ada, a100_40gb, a100, h100, h200, b200, mi300x. docs/performance.md compares the
methods. Any field of the configuration is set as --config.FIELD=VALUE; docs/settings.md has them
all.
"""


def add_parser(subparsers: Any) -> None:
    """Adds the verb `plan`."""
    parser = subparsers.add_parser(
        "plan",
        help="memory and time of a run on named GPUs or TPUs, without them",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--config", required=True, metavar="FILE.py[:ARG]", help="the run's configuration")
    add("--topology", required=True, metavar="CHIP:SHAPE", help="the devices, such as v5e:16x16")
    add("--method", choices=("auto", "compiled", "analytic"), default="auto", help="(auto)")
    help_text = (
        "try mesh shapes, batch sizes and what to compute again (remat); plan the best that fits"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--sweep", action="store_true", help=help_text)
    help_text = "full, LoRA, LoRA on int8 and on nf4 kernels: which of them fits, at what batch"
    what.add_argument("--ways", action="store_true", help=help_text)
    add("--json", type=place, metavar="FILE", help="write the figures there, too")
    parser.set_defaults(overrides=[])


def run(args: argparse.Namespace) -> int:
    """Prints the plan; returns 1 if it does not fit, or with `--ways` if none does."""
    from spatialvlm_jax import progress

    progress.begin_importing()
    import jax

    from spatialvlm_jax.config import load_experiment
    from spatialvlm_jax.planning import report
    from spatialvlm_jax.planning.planner import plan_run
    from spatialvlm_jax.planning.sweep import sweep
    from spatialvlm_jax.planning.topology import parse_topology

    progress.end_importing()
    # Nothing is computed: a device that is there stays with who uses it.
    jax.config.update("jax_platforms", "cpu")
    if args.json:
        check_suffix(args.json, "--json", ".json")
    topology = parse_topology(args.topology)
    experiment = load_experiment(args.config, args.overrides)
    if args.ways:
        return _plan_ways(args, topology)
    content: dict[str, Any] = {}
    if args.sweep:
        found = sweep(experiment, topology)
        plans = [plan for plan, _ in found]
        print(report.describe_sweep(plans) + "\n", flush=True)
        content["sweep"] = [report.as_json(plan) for plan in plans]
        experiment = found[0][1]
    with progress.waiting("planning the step", "planned it"):
        plan = plan_run(experiment, topology, args.method)
    print(report.describe(plan))
    if not plan.fits:
        print("--ways says which ways to fine-tune fit, --sweep which meshes and batches")
    if args.json:
        write_json(args.json, {**report.as_json(plan), **content})
    return 0 if plan.fits else 1


def _plan_ways(args: argparse.Namespace, topology: "Topology") -> int:
    from spatialvlm_jax.config import load_experiment
    from spatialvlm_jax.planning import report
    from spatialvlm_jax.planning.ways import plan_ways

    found = plan_ways(
        lambda overrides: load_experiment(args.config, [*args.overrides, *overrides]), topology
    )
    print(report.describe_ways(found))
    if args.json:
        write_json(args.json, {"topology": topology.name, "ways": report.ways_as_json(found)})
    return 0 if any(each.most for each in found) else 1

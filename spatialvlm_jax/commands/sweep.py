"""`spatialvlm sweep`: one configuration in several ways and seeds, and the table of what comes."""

import argparse
import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.flags import number, place, whole_number

if TYPE_CHECKING:
    from spatialvlm_jax.sweeps.plan import SweepPlan
    from spatialvlm_jax.sweeps.record import SweepRecord
    from spatialvlm_jax.sweeps.running import Runner

TAKES_OVERRIDES = True

_DESCRIPTION = """\
Trains and evaluates each arm with each seed, one after the other, by train.py and eval.py of this
checkout. The first arm is what the others are compared with. An arm is told by a digest of its
configuration, data, weights to begin with, and code: what is finished is not repeated. The same
command in several shells, or on several machines with the same folder, shares the work; stopped
and started again, it goes on. A trial that fails is listed, and the rest goes on.
"""
_EPILOG = """\
examples:
  spatialvlm sweep --config=configs/debug.py --grid optim.peak_lr=1e-3,3e-3 --seeds=3 \\
    --out=runs/sweeps/rates
  spatialvlm sweep table runs/sweeps/rates

A sweep file is a configuration file with get_sweep(). Any field of the
configuration is set for all arms as --config.FIELD=VALUE.
"""


def add_parser(subparsers: Any) -> None:
    """Adds the verb `sweep`."""
    parser = subparsers.add_parser(
        "sweep",
        help="train one configuration in several ways and seeds, and compare them",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--config", metavar="FILE.py[:ARG]", help="the configuration, or a sweep file")
    help_text = "values of a field, each with each of other --grid; brackets hold commas together"
    add("--grid", action="append", default=[], metavar="FIELD=A,B", help=help_text)
    help_text = "begin all arms with the weights of a run's checkpoint of that step"
    add("--from", dest="branch_point", metavar="WORKDIR@STEP", help=help_text)
    add("--seeds", type=whole_number(1, 10_000), default=1, metavar="N", help="seeds 1 to N (1)")
    help_text = (
        "add seeds, up to N, until every main figure of every arm can show a difference of this "
        "share"
    )
    add("--until-mde", type=number(1e-6, 1.0), metavar="SHARE", help=help_text)
    add("--out", type=place, metavar="DIR", help="where the sweep is kept")
    help_text = "where its trials are kept, if several sweeps share them (DIR/trials)"
    add("--trials", type=place, metavar="DIR", help=help_text)
    help_text = "trials at a time, each on its own part of this machine's GPUs and cores (1)"
    add("--jobs", type=whole_number(1, 1_024), default=1, metavar="N", help=help_text)
    add("--dry-run", action="store_true", help="print the arms, and run nothing")
    help_text = "run trials on a Ray cluster that shares this folder: HOST:PORT, auto, or local"
    add("--ray-address", "--ray", metavar="ADDRESS", help=help_text)
    help_text = "GPUs of a trial there (1, or 0 where the cluster has none)"
    add("--ray-gpus", type=number(0, 1_024), metavar="N", help=help_text)
    add("--ray-cpus", type=number(0, 1_024), default=1, metavar="N", help="its cores there (1)")
    help_text = "say each arm's memory and least time on the devices of one trial, such as h100:1"
    add("--topology", metavar="CHIP:SHAPE", help=help_text)
    add("--fail-fast", action="store_true", help="stop at the first trial that fails")
    add("--retry-failed", action="store_true", help="run trials again that failed before")
    _add_difference(parser)
    parser.set_defaults(overrides=[], action="run")
    actions = parser.add_subparsers(metavar="table", help="write the tables again, from disk")
    table = actions.add_parser("table", help="write the tables of a sweep again, from disk alone")
    table.add_argument("folder", type=place, metavar="DIR", help="the --out of the sweep")
    _add_difference(table)
    table.set_defaults(action="table")


def _add_difference(parser: argparse.ArgumentParser) -> None:
    help_text = "say how many seeds would show a difference of this share (.02)"
    parser.add_argument(
        "--difference", type=number(1e-6, 1.0), default=0.02, metavar="SHARE", help=help_text
    )


def run(args: argparse.Namespace) -> int:
    """Runs the sweep, or writes its tables; returns 1 if a trial failed."""
    from spatialvlm_jax.sweeps.record import check_folder, load_sweep

    if args.action == "table":
        return _tell(load_sweep(args.folder), args.folder, args.difference)
    if not args.config or not args.out:
        raise UserError("--config and --out say what to run and where to keep it (see --help)")
    check_folder(args.out)
    if args.until_mde and args.seeds < 3:
        raise UserError(
            f"--until-mde adds seeds to the first two, and --seeds={args.seeds} leaves none to "
            "add: name the most that may be run, as in --seeds=10"
        )
    if os.environ.get("SPATIALVLM_PROCESSES", "1") not in ("", "1"):
        raise UserError(
            "a trial of a sweep is one process: unset SPATIALVLM_COORDINATOR, SPATIALVLM_PROCESSES "
            "and SPATIALVLM_PROCESS; the same command on several machines shares the trials"
        )
    plan = _plan(args)
    if args.dry_run:
        return 0
    return _run(args, plan)


def _plan(args: argparse.Namespace) -> "SweepPlan":
    from spatialvlm_jax.sweeps.plan import changed_arms, describe_plan, plan_sweep
    from spatialvlm_jax.sweeps.record import SWEEP_FILE, load_sweep

    overrides = [*args.overrides, *_beginning(args.branch_point)]
    plan = plan_sweep(args.config, overrides, args.grid, args.seeds, args.trials, Path())
    print(describe_plan(plan, args.out, _costs(args.topology, plan)), flush=True)
    if args.until_mde:
        print("with --until-mde these are the most that are run: seeds are added from two on")
    if args.dry_run and args.topology is None:
        print("memory and hours of each arm: --topology=CHIP:SHAPE tells them, as h100:1 does")
    if (args.out / SWEEP_FILE).is_file():
        for name in changed_arms(plan.record, load_sweep(args.out)):
            print(f"{name}: configuration, data or code changed since, so it is another arm")
    return plan


def _costs(topology: str | None, plan: "SweepPlan") -> dict[str, tuple[str, str]] | None:
    """What each arm needs on the devices that were named."""
    if topology is None:
        return None
    import jax

    from spatialvlm_jax.sweeps.costs import plan_costs

    # Nothing is computed: a device that is there stays with who uses it.
    jax.config.update("jax_platforms", "cpu")
    return plan_costs(plan.experiments, topology)


def _beginning(branch_point: str | None) -> list[str]:
    """What `--from` says to all arms."""
    from spatialvlm_jax.sweeps.arms import BEGINNING
    from spatialvlm_jax.weights.checkpoint_folders import find_step

    if branch_point is None:
        return []
    if find_step(branch_point) is None:
        raise UserError(
            f"--from={branch_point}: name a run and one of its checkpoints, as in runs/base@300"
        )
    return [f"--config.{BEGINNING}={branch_point}"]


def _run(args: argparse.Namespace, plan: "SweepPlan") -> int:
    import sys

    from spatialvlm_jax import progress, signals
    from spatialvlm_jax.sweeps.identity import check_code
    from spatialvlm_jax.sweeps.jobs import run_jobs
    from spatialvlm_jax.sweeps.report import write_tables
    from spatialvlm_jax.sweeps.running import Runner, forget_failures

    record = plan.record
    if args.retry_failed:
        forget_failures(record.list_trials(args.out))

    def write() -> None:
        try:
            write_tables(record, args.out, args.difference)
        except UserError as error:  # of arms that cannot be compared, which train nevertheless
            progress.say(f"no tables: {error}")

    with _places(args, plan) as divide, signals.listening(signals.WRITTEN_STAYS) as request:
        request.defer()
        first = Runner(
            plan.experiments,
            request,
            check=lambda: check_code(Path(), plan.code),
            after_trial=write,
            fail_fast=args.fail_fast,
        )
        runners = divide(first, args.jobs)
        for record in plan.record.blocks(2 if args.until_mde else args.seeds):
            record.save(args.out)
            is_done = run_jobs(runners, record.list_trials(args.out))
            is_enough = bool(is_done and args.until_mde) and _can_show(record, args)
            if not is_done or is_enough:
                break
        request.release()
    if request.requested:
        print(f"stopping: {signals.WRITTEN_STAYS}", file=sys.stderr)
        return request.code
    code = _tell(record, args.out, args.difference)
    if is_done and args.until_mde and not is_enough:
        print(
            f"seed {args.seeds} is the last, and {args.until_mde:g} cannot be shown in every main "
            f"figure of every arm: “seeds needed” says how many do with --difference="
            f"{args.until_mde:g}, and a larger --seeds adds to what is there"
        )
    return code


@contextlib.contextmanager
def _places(
    args: argparse.Namespace, plan: "SweepPlan"
) -> Iterator["Callable[[Runner, int], list[Runner]]"]:
    """Gives what makes of a runner so many, each with a part of this machine or of a cluster."""
    if args.ray_address is None:
        from spatialvlm_jax.sweeps.jobs import divided

        yield divided
        return
    from spatialvlm_jax.ray_cluster import connected
    from spatialvlm_jax.sweeps.on_ray import ClusterPart

    with connected(args.ray_address) as ray:
        gpus = args.ray_gpus
        if gpus is None:
            gpus = min(1, ray.cluster_resources().get("GPU", 0))
        part = ClusterPart(ray, Path(), plan.code, args.ray_cpus, gpus)
        part.check()
        yield part.divide


def _can_show(record: "SweepRecord", args: argparse.Namespace) -> bool:
    """Whether so many seeds can show the difference that is wanted; no, where none can be told."""
    from spatialvlm_jax.sweeps.results import read_results
    from spatialvlm_jax.sweeps.table import SHOWN

    try:
        shown = read_results(record, args.out, args.difference).largest_shown(SHOWN)
    except UserError:  # of arms that cannot be compared, which is said when their trials end
        return False
    return shown is not None and shown <= args.until_mde


def _tell(record: "SweepRecord", folder: Path, wanted: float) -> int:
    """Writes the tables, prints the main one and each trial that failed; 1 if there is one."""
    from spatialvlm_jax.sweeps.failures import read_failure
    from spatialvlm_jax.sweeps.report import write_tables
    from spatialvlm_jax.sweeps.table import format_results

    results = write_tables(record, folder, wanted)
    print(f"\n{format_results(results)}\n{folder / 'table.md'}, {folder / 'index.html'}")
    failed = results.failed
    for trial in failed:
        failure = read_failure(trial.workdir)
        print(f"\n{trial.title} failed: {failure['cause']}")
        print("\n".join(f"  {line}" for line in failure["lines"]))
        print(f"alone: {failure['command']}")
    if failed:
        print(f"\n{len(failed)} failed: --retry-failed runs them again")
    return 1 if failed else 0

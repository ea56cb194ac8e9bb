"""What the arms of a sweep need: planned for named devices, and measured on finished trials."""

from collections.abc import Mapping, Sequence

from spatialvlm_jax import progress
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.foreign_files.json_files import read_object
from spatialvlm_jax.sweeps.record import FINISHED, Trial

COST_HEAD = ("GB", "hours")


def plan_costs(experiments: Mapping[str, Experiment], topology: str) -> dict[str, tuple[str, str]]:
    """Memory of a device in GB and hours of a training at best, of each arm by its digest.

    Args:
      topology: the devices of one trial, as `spatialvlm plan` takes them; "h100:1".

    Raises:
      UserError: there is no such topology, or an arm does not divide over it.
    """
    from spatialvlm_jax.planning.planner import plan_run
    from spatialvlm_jax.planning.topology import parse_topology

    devices = parse_topology(topology)
    costs = {}
    bar = progress.bar(experiments.items(), desc="planning", unit="arm", delay=2.0)
    for digest, experiment in bar:
        plan = plan_run(experiment, devices, "analytic")
        size = f"{plan.hbm_bytes_per_device / 1e9:.2f}"
        costs[digest] = size if plan.fits else f"{size}, too much", _hours(plan.days * 86_400)
    return costs


def describe_pace(trials: Sequence[Trial]) -> str:
    """How long those that are left take at the pace of those that are finished; "" if none is."""
    finished = [trial for trial in trials if trial.is_finished]
    steps = sum(trial.arm.steps for trial in finished)
    left = sum(trial.arm.steps for trial in trials if not trial.is_over)
    seconds = sum(_seconds(trial) for trial in finished)
    if not (steps and left and seconds):
        return ""
    return (
        f"at the pace of the finished ones, {seconds / len(finished) / 60:.1f} minutes each, "
        f"the rest takes {_hours(seconds / steps * left)} hours, one at a time"
    )


def _seconds(trial: Trial) -> float:
    return float(read_object(trial.workdir / FINISHED, "how a trial ended").get("seconds", 0.0))


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:.2g}"

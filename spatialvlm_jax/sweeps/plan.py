"""From a configuration file and a command line to the arms of a sweep."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

from spatialvlm_jax.config import load_experiment
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.sweeps.arms import UNCHANGED, arm, parse_grid, read_sweep_file
from spatialvlm_jax.sweeps.costs import COST_HEAD, describe_pace
from spatialvlm_jax.sweeps.identity import digest_code, identify
from spatialvlm_jax.sweeps.record import ArmRecord, SweepRecord
from spatialvlm_jax.text_table import align_columns

_STATES = ("is_finished", "has_failed")


@dataclasses.dataclass(frozen=True)
class SweepPlan:
    """What is to be run.

    experiments: of each arm, by its digest. code: digest of what will run them.
    notes: lines for whoever started it.
    """

    record: SweepRecord
    experiments: Mapping[str, Experiment]
    code: str
    notes: tuple[str, ...]


def plan_sweep(
    config: str,
    overrides: Sequence[str],
    grids: Sequence[str],
    seeds: int,
    trials: Path | None,
    checkout: Path,
) -> SweepPlan:
    """Resolves all arms: those of the file, each with each of the grids.

    Args:
      config: "path/to/file.py", as `load_experiment` takes it.
      overrides: words that hold for all arms, "--config.train.steps=20"; arms' changes win.
      grids: "FIELD=A,B" each.
      trials: where they are kept, if not with the sweep.

    Raises:
      UserError: an arm is no configuration, or two have one name.
    """
    if any(not (checkout / name).is_file() for name in ("train.py", "eval.py")):
        raise UserError("a sweep runs train.py and eval.py: start it at the top of the checkout")
    of_file = read_sweep_file(config)
    first, *others = [*([of_file] if of_file else []), *map(parse_grid, grids)] or [arm(UNCHANGED)]
    arms = first.product(*others)
    names = [each.name for each in arms]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UserError(f"two arms of the sweep are called {twice[0]!r}: give them names")
    code, notes = digest_code(checkout), []
    records: dict[str, ArmRecord] = {}
    experiments = {}
    for each in arms:
        experiment = load_experiment(config, [*overrides, *each.overrides()])
        digest = identify(experiment, code)
        if digest in records:
            notes.append(f"{each.name}: the same as {records[digest].name}, and left out")
            continue
        experiments[digest] = experiment
        records[digest] = ArmRecord(
            each.name, tuple(each.overrides()), digest, experiment.train.steps
        )
    place = "" if trials is None else str(trials.resolve())
    record = SweepRecord(config, tuple(overrides), tuple(records.values()), seeds, place)
    return SweepPlan(record, experiments, code, tuple(notes))


def describe_plan(
    plan: SweepPlan, folder: Path, costs: Mapping[str, tuple[str, str]] | None = None
) -> str:
    """A table of the arms: their steps, and which of their trials are there.

    Args:
      costs: of each arm by its digest, as `costs.plan_costs` says them.
    """
    record = plan.record
    trials = record.list_trials(folder)
    priced = COST_HEAD if costs else ()
    rows = [["arm", "steps", *priced, "seeds", "finished", "failed", "digest"]]
    for each in record.arms:
        own = [trial for trial in trials if trial.arm == each]
        finished, failed = (sum(getattr(one, name) for one in own) for name in _STATES)
        counts = [str(len(own)), str(finished), str(failed)]
        price = costs[each.digest] if costs else ()
        rows.append([each.name, f"{each.steps:,}", *price, *counts, each.digest[:12]])
    left = [trial for trial in trials if not trial.is_finished]
    steps = sum(trial.arm.steps for trial in left)
    total = f"trials: {len(trials)}, to run: {len(left)}, with steps: {steps:,}"
    said = [total, *filter(None, [describe_pace(trials)]), *plan.notes]
    return "\n".join([*align_columns(rows, rule=True), *said])


def changed_arms(record: SweepRecord, before: SweepRecord) -> list[str]:
    """Names of arms that are not what they were when the sweep was kept last."""
    kept = {each.name: each.digest for each in before.arms}
    return [each.name for each in record.arms if kept.get(each.name, each.digest) != each.digest]

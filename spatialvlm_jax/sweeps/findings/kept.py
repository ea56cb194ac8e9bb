"""Results that outlast the folders of trials: small files, from which the page can be made again.

FOLDER/cotraining.json               a sweep: arms with digests, seeds, and the commit it is of
FOLDER/trials/DIGEST/seed_1.json     a trial: its figures by group of pictures, and what made it
FOLDER/branch_point.safetensors      where all arms begin

A trial is told by the digest of its arm, as in the sweep itself, and its seed. Sweeps share them.
"""

import dataclasses
import datetime
import json
import math
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from spatialvlm_jax.atomic_write import write_json, write_text
from spatialvlm_jax.config import from_config_dict
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.comparison.predictions import read_answers
from spatialvlm_jax.foreign_files.json_files import read_object
from spatialvlm_jax.sweeps.findings.sums import GroupSums, group_sums
from spatialvlm_jax.sweeps.record import FINISHED, SweepRecord, Trial
from spatialvlm_jax.sweeps.sameness import trial_digests

BRANCH_POINT = "branch_point.safetensors"
_DIGITS = 16  # of a digest, in the name of a folder
_SHA256 = re.compile("[0-9a-f]{64}")
_MOST_SEEDS, _MOST_ANSWERS = 10_000, 2**40


@dataclasses.dataclass(frozen=True)
class KeptSweep:
    """A sweep of which results are kept.

    record: its arms and seeds. commit: of the code, "+changes" where it was not all committed.
    branch_point: SHA-256, hexadecimal, of the file that its arms begin with.
    """

    record: SweepRecord
    commit: str
    branch_point: str


@dataclasses.dataclass(frozen=True)
class KeptTrial:
    """What is kept of a finished trial.

    digest, seed: which it is. commit: of the code that ran it. date: of its end, UTC.
    machine: processor and devices. versions: of packages. seconds: that it took.
    questions: how many it was asked. digests: of first weights, order of data and questions.
    figures: by name, as of `group_sums`.
    """

    digest: str
    seed: int
    commit: str
    date: str
    machine: str
    versions: Mapping[str, str]
    seconds: float
    questions: int
    digests: Mapping[str, str]
    figures: Mapping[str, GroupSums]


def save_kept_sweep(folder: Path, key: str, sweep: KeptSweep) -> None:
    """Writes what is kept of a sweep; where its trials lie is nothing to keep."""
    record = dataclasses.replace(sweep.record, trials="")
    write_json(
        folder / f"{key}.json", dataclasses.asdict(dataclasses.replace(sweep, record=record))
    )


def load_kept_sweep(folder: Path, key: str) -> KeptSweep | None:
    """What is kept of a sweep; None where nothing is.

    Raises:
      UserError: the file is none of these.
    """
    path = folder / f"{key}.json"
    if not path.is_file():
        return None
    content = read_object(path, "a sweep that is kept")
    kept = from_config_dict(KeptSweep, content, str(path))
    arms = kept.record.arms
    is_whole = arms and 0 < kept.record.seeds <= _MOST_SEEDS
    if not is_whole or not all(_SHA256.fullmatch(arm.digest) for arm in arms):
        raise UserError(f"{path} is damaged: take it from git again, or remove it")
    return kept


def trial_file(folder: Path, digest: str, seed: int) -> Path:
    """Where a trial is kept."""
    return folder / "trials" / digest[:_DIGITS] / f"seed_{seed}.json"


def keep_trial(folder: Path, trial: Trial, commit: str, machine: str) -> None:
    """Keeps a finished trial, from what it left in its working directory.

    Raises:
      UserError: what it left cannot be read.
    """
    answers = read_answers(trial.workdir)
    ended = trial.workdir / FINISHED
    made = read_object(trial.workdir / "versions.json", "versions of a run")
    date = datetime.datetime.fromtimestamp(ended.stat().st_mtime, datetime.UTC)
    kept = KeptTrial(
        digest=trial.arm.digest,
        seed=trial.seed,
        commit=commit,
        date=date.strftime("%Y-%m-%d"),
        machine=f"{machine}; {', '.join(made['devices'])}",
        versions={"python": made["python"], **made["packages"]},
        seconds=read_object(ended, "how a trial ended")["seconds"],
        questions=len(answers),
        digests=trial_digests(trial.workdir),
        figures=group_sums(list(answers.values())),
    )
    text = json.dumps(dataclasses.asdict(kept), separators=(",", ":"), allow_nan=False)
    write_text(trial_file(folder, kept.digest, kept.seed), text + "\n")


def load_kept_trials(folder: Path, record: SweepRecord) -> list[tuple[str, KeptTrial]]:
    """The trials of a sweep that are kept, each with its arm's name, in the order of running.

    Raises:
      UserError: a file is none of these, damaged, or of another trial than its name says.
    """
    found: list[tuple[str, KeptTrial]] = []
    remedy = "remove it, and it is run again"
    for seed in range(1, record.seeds + 1):
        for arm in record.arms:
            path = trial_file(folder, arm.digest, seed)
            if not path.is_file():
                continue
            try:
                content = read_object(path, "a trial that is kept")
                kept = from_config_dict(KeptTrial, content, str(path))
            except UserError as error:
                raise UserError(f"{error}: {remedy}") from None
            if (kept.digest, kept.seed) != (arm.digest, seed):
                raise UserError(f"{path} is of another trial: {remedy}")
            if not _is_countable(kept, found[0][1] if found else kept):
                raise UserError(f"{path} has other figures than can be: {remedy}")
            found.append((arm.name, kept))
    return found


def _is_countable(trial: KeptTrial, first: KeptTrial) -> bool:
    """Whether its figures and their groups are those of the first, with sums that can be."""
    groups = {len(each.counts) for each in first.figures.values()}
    return (
        len(groups) == 1
        and math.isfinite(trial.seconds)
        and trial.figures.keys() == first.figures.keys()
        and all(
            len(each.sums) == len(each.counts)
            and {len(each.counts)} == groups
            and all(0 <= count < _MOST_ANSWERS for count in each.counts)
            and all(math.isfinite(value) and value >= 0 for value in each.sums)
            for each in trial.figures.values()
        )
    )


def forget_unused(folder: Path, keys: Iterable[str]) -> None:
    """Removes the trials that none of these sweeps has."""
    sweeps = [sweep for key in keys if (sweep := load_kept_sweep(folder, key))]
    used = {arm.digest[:_DIGITS] for sweep in sweeps for arm in sweep.record.arms}
    for place in (folder / "trials").glob("*"):
        if place.is_dir() and place.name not in used:
            shutil.rmtree(place)

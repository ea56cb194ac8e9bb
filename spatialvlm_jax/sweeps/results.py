"""Figures of the arms of a sweep, each beside the first arm, from what trials left on disk."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from spatialvlm_jax.evaluation.comparison.differences import (
    OF_TYPES,
    ComparedFigure,
    compare,
    figure_marks,
)
from spatialvlm_jax.evaluation.comparison.predictions import (
    CommonAnswers,
    Key,
    StoredAnswer,
    common_answers,
    read_answers,
)
from spatialvlm_jax.evaluation.metrics import Interval
from spatialvlm_jax.evaluation.statistics.clusters import clustered_mean
from spatialvlm_jax.evaluation.statistics.power import holm, seeds_needed
from spatialvlm_jax.evaluation.statistics.seeds import mean_over_seeds
from spatialvlm_jax.sweeps.record import ArmRecord, SweepRecord, Trial


@dataclasses.dataclass(frozen=True)
class ArmFigure:
    """One figure of one arm; shares from 0 to 1.

    name, type: as of `ComparedFigure`, type "" where it is of all types.
    seeds: that are finished. questions, images: that it is a mean over.
    interval: 95 %, over seeds and pictures; of one seed over pictures.
    versus: the difference to the first arm on common seeds and questions, p-values adjusted for
      all arms; None for the first arm itself, and where no seed is common.
    pairs: seeds that this is over.
    needed: seeds that would show the wanted difference four times of five; None where that is
      unknown, or more seeds alone do not do.
    """

    arm: str
    name: str
    type: str
    seeds: int
    questions: int
    images: int
    value: float
    interval: Interval
    versus: ComparedFigure | None
    pairs: int
    needed: int | None


@dataclasses.dataclass(frozen=True)
class SweepResults:
    """What is known of a sweep.

    overall: by name of a figure, the arms that have it. by_type: by name and type.
    failed: trials. waiting: how many are not over. wanted: difference that `needed` is for.
    """

    record: SweepRecord
    overall: Mapping[str, Sequence[ArmFigure]]
    by_type: Mapping[tuple[str, str], Sequence[ArmFigure]]
    finished: Sequence[Trial]
    failed: Sequence[Trial]
    waiting: int
    wanted: float

    def largest_shown(self, names: Sequence[str]) -> float | None:
        """The largest of the smallest differences that figures of these names can show.

        None where one of them is not known, or there is none.
        """
        compared = [
            arm.versus.smallest_difference if arm.versus else None
            for name in names
            for arm in self.overall.get(name, ())
            if arm.arm != self.record.arms[0].name
        ]
        known = [each for each in compared if each is not None]
        return max(known) if known and len(known) == len(compared) else None


def read_results(record: SweepRecord, folder: Path, wanted: float) -> SweepResults:
    """Reads what is finished.

    Args:
      wanted: a difference, 0 to 1, to say how many seeds would show it.

    Raises:
      UserError: predictions cannot be read, or arms have no question in common.
    """
    trials = record.list_trials(folder)
    finished = [trial for trial in trials if trial.is_finished]
    answers = {
        arm.digest: {
            trial.seed: read_answers(trial.workdir) for trial in finished if trial.arm == arm
        }
        for arm in record.arms
    }
    overall: dict[str, list[ArmFigure]] = {}
    by_type: dict[tuple[str, str], list[ArmFigure]] = {}
    for arm in record.arms:
        for figure in _figures(arm, answers[arm.digest], answers[record.arms[0].digest], wanted):
            if figure.type:
                by_type.setdefault((figure.name, figure.type), []).append(figure)
            else:
                overall.setdefault(figure.name, []).append(figure)
    return SweepResults(
        record=record,
        overall={name: _adjusted(arms) for name, arms in overall.items()},
        by_type={name: _adjusted(arms) for name, arms in sorted(by_type.items())},
        finished=finished,
        failed=[trial for trial in trials if trial.has_failed and not trial.is_finished],
        waiting=sum(not trial.is_over for trial in trials),
        wanted=wanted,
    )


Answers = Mapping[int, dict[Key, StoredAnswer]]


def _figures(arm: ArmRecord, own: Answers, first: Answers, wanted: float) -> list[ArmFigure]:
    """All figures of an arm, given the answers of its seeds and of the first arm's."""
    if not own:
        return []
    common = common_answers(list(own.values()), [f"{arm.name}, seed {seed}" for seed in own])
    versus = {} if own is first else _versus(arm, own, first)
    pairs = len(own.keys() & first.keys())
    found = []
    for (name, kind), (marks, images) in _marks(common).items():
        difference = versus.get((name, kind))
        value, interval = _mean(marks, images)
        found.append(
            ArmFigure(
                arm=arm.name,
                name=name,
                type=kind,
                seeds=len(own),
                questions=marks.shape[1],
                images=len(np.unique(images)),
                value=value,
                interval=interval,
                versus=difference,
                pairs=pairs if difference else 0,
                needed=_needed(difference, pairs, wanted),
            )
        )
    return found


def _versus(arm: ArmRecord, own: Answers, first: Answers) -> dict[tuple[str, str], ComparedFigure]:
    """Differences to the first arm by name and type, over the seeds that both have."""
    seeds = sorted(own.keys() & first.keys())
    if not seeds:
        return {}
    runs = [way[seed] for way in (first, own) for seed in seeds]
    common = common_answers(runs, ["the first arm", arm.name])
    ways = common.answers[: len(seeds)], common.answers[len(seeds) :]
    overall, by_type = compare(*ways, common.images)
    return {(figure.name, figure.type): figure for figure in (*overall, *by_type)}


def _marks(common: CommonAnswers) -> dict[tuple[str, str], tuple[np.ndarray, np.ndarray]]:
    """By name and type: marks float64[S, N] of the answers that count, and their int64[N] images.

    The type is "" where all count.
    """
    marked = [figure_marks(answers) for answers in common.answers]
    types = np.array([answer.type for answer in common.answers[0]], str)
    found = {}
    for name in marked[0]:
        counts = np.all([seed[name][0] for seed in marked], axis=0)
        marks = np.stack([seed[name][1] for seed in marked])
        kinds = np.unique(types[counts]).tolist() if name in OF_TYPES else []
        for kind in ("", *kinds):
            where = counts & (types == kind) if kind else counts
            if where.any():
                found[name, kind] = marks[:, where], common.images[where]
    return found


def _mean(marks: np.ndarray, images: np.ndarray) -> tuple[float, Interval]:
    """The mean of float[S, N] about pictures int[N], and its interval within 0 to 1.

    That over seeds and pictures holds the one over pictures alone, which knows of shares near 0 and
    1, and of few pictures.
    """
    one = clustered_mean(marks.mean(0), images)
    low, high = one.share_interval()
    if len(marks) > 1 and one.clusters > 1:
        over = mean_over_seeds(marks, images)
        low, high = min(low, over.interval[0]), max(high, over.interval[1])
    return one.value, (max(0.0, low), min(1.0, high))


def _needed(difference: ComparedFigure | None, pairs: int, wanted: float) -> int | None:
    if difference is None or difference.seed_share is None or not difference.smallest_difference:
        return None
    return seeds_needed(
        difference.smallest_difference,
        difference.seed_share,
        seeds=pairs,
        clusters=difference.pairs.clusters,
        wanted=wanted,
    )


def _adjusted(arms: Sequence[ArmFigure]) -> list[ArmFigure]:
    """The figures of all arms, p-values adjusted for how many arms there are."""
    compared = [arm.versus for arm in arms if arm.versus]
    adjusted = iter(holm(np.array([each.p_value for each in compared])).tolist())
    return [
        dataclasses.replace(arm, versus=dataclasses.replace(arm.versus, adjusted=next(adjusted)))
        if arm.versus
        else arm
        for arm in arms
    ]

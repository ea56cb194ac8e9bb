"""Figures of arms with their intervals, from trials that are kept."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from spatialvlm_jax.evaluation.metrics import Interval
from spatialvlm_jax.evaluation.statistics.clusters import ClusteredRatio
from spatialvlm_jax.evaluation.statistics.power import seeds_needed, smallest_difference
from spatialvlm_jax.evaluation.statistics.seeds import SeedSums, mean_of_sums
from spatialvlm_jax.sweeps.findings.kept import KeptTrial
from spatialvlm_jax.sweeps.findings.sums import is_squared_error


@dataclasses.dataclass(frozen=True)
class ArmDifference:
    """An arm's figure minus the first arm's, over the seeds that both have.

    interval: 95 %, over seeds and pictures; of one seed over pictures.
    can_show: the least difference that would be found four times of five; None where none shows.
    needed: seeds that would show the wanted one so; None where that is not known, or more seeds
      alone do not do. pairs: seeds that both have.
    seed_share: the part of the variance that is due to seeds; None with one seed.
    """

    value: float
    interval: Interval
    can_show: float | None
    needed: int | None
    pairs: int
    seed_share: float | None

    @property
    def is_apart(self) -> bool:
        """Whether the interval leaves out 0: of one seed, nothing tells what another would give."""
        return self.pairs > 1 and (self.interval[0] > 0 or self.interval[1] < 0)


@dataclasses.dataclass(frozen=True)
class MeasuredArm:
    """One figure of one arm: a share from 0 to 1, or an error in square metres.

    by_seed: of each finished seed. answers: of one seed, that it is a mean over.
    design_effect: how many times the variance of one seed is what answers that share no picture
      would have; None of an error, and where all answers are alike.
    versus: None for the first arm, and where no seed, or one group of pictures, is common.
    """

    arm: str
    value: float
    interval: Interval
    by_seed: Mapping[int, float]
    answers: int
    design_effect: float | None
    versus: ArmDifference | None


def measure_arms(
    trials: Sequence[tuple[str, KeptTrial]],
    arms: Sequence[str],
    figure: str,
    wanted: float,
    pictures: int,
) -> list[MeasuredArm]:
    """A figure of all arms that have finished trials, the first arm being what others are held to.

    Arms without an answer that counts in it, or with answers about one group of pictures alone,
    are left out.

    Args:
      trials: each with the name of its arm. arms: all names in their order.
      wanted: the difference to say how many seeds would show. pictures: that were asked about.
    """
    found: dict[str, dict[int, KeptTrial]] = {name: {} for name in arms}
    for name, trial in trials:
        if figure in trial.figures and any(trial.figures[figure].counts):
            found[name][trial.seed] = trial
    first = found[arms[0]]
    measured = []
    for name, own in found.items():
        if not own:
            continue
        (sums,) = _aligned([list(own.values())], figure)
        if sums.groups < 2:
            continue
        seeds = sorted(own.keys() & first.keys()) if name != arms[0] else []
        both = [[way[seed] for seed in seeds] for way in (own, first)]
        is_share = not is_squared_error(figure)
        measured.append(
            MeasuredArm(
                arm=name,
                value=sums.value,
                interval=_share_interval(sums, pictures) if is_share else _error_interval(sums),
                by_seed=dict(zip(own, sums.by_seed.tolist(), strict=True)),
                answers=_answers(sums),
                design_effect=_design_effect(sums) if is_share else None,
                versus=_difference(wanted, *_aligned(both, figure)) if seeds else None,
            )
        )
    return measured


def _aligned(ways: Sequence[Sequence[KeptTrial]], figure: str) -> list[SeedSums]:
    """The sums of each way, over the groups of pictures in which all trials have answers."""
    arrays = [
        [
            np.array([getattr(trial.figures[figure], part) for trial in way], np.float64)
            for part in ("sums", "counts")
        ]
        for way in ways
    ]
    there = np.all([counts.min(0) > 0 for _, counts in arrays], axis=0)
    return [SeedSums(sums[:, there], counts[:, there]) for sums, counts in arrays]


def _difference(wanted: float, own: SeedSums, first: SeedSums) -> ArmDifference | None:
    if own.groups < 2:
        return None
    mean = mean_of_sums(own, first)
    shown = smallest_difference(mean.standard_error, mean.degrees) if mean.standard_error else None
    needed = None
    if shown is not None and mean.seeds > 1:
        needed = seeds_needed(
            shown, mean.seed_share, seeds=mean.seeds, clusters=mean.clusters, wanted=wanted
        )
    share = mean.seed_share if mean.seeds > 1 else None
    return ArmDifference(mean.value, mean.interval, shown, needed, mean.seeds, share)


def _answers(sums: SeedSums) -> int:
    """Of one seed."""
    return round(float(sums.counts.sum(1).mean()))


def _error_interval(sums: SeedSums) -> Interval:
    low, high = mean_of_sums(sums).interval
    return max(0.0, low), high


def _share_interval(sums: SeedSums, pictures: int) -> Interval:
    """Over seeds and pictures; at least that over pictures, which knows of shares near 0 and 1.

    Where all answers are alike, each picture counts once.
    """
    over = mean_of_sums(sums)
    mean = SeedSums(sums.sums.mean(0)[None], sums.counts.mean(0)[None])
    answers, effect = _answers(sums), _design_effect(mean)
    clusters = min(pictures, answers) if effect is None else sums.groups
    one = ClusteredRatio(
        over.value, _picture_error(mean), answers, clusters, np.nan if effect is None else effect
    )
    low, high = one.share_interval()
    return max(0.0, min(low, over.interval[0])), min(1.0, max(high, over.interval[1]))


def _design_effect(sums: SeedSums) -> float | None:
    """The mean over seeds, marks taken for 0 or 1."""
    found = []
    for way, counts in zip(sums.sums, sums.counts, strict=True):
        one = SeedSums(way[None], counts[None])
        variance = one.value * (1 - one.value) / (counts.sum() - 1) if counts.sum() > 1 else 0.0
        if variance > 0:
            found.append(_picture_error(one) ** 2 / variance)
    return float(np.mean(found)) if found else None


def _picture_error(sums: SeedSums) -> float:
    """The standard error over groups of pictures alone."""
    rests = sums.rests.mean(0)
    return float(np.sqrt(sums.groups / (sums.groups - 1) * (rests @ rests)))


def share_without_number(trials: Sequence[KeptTrial], figure: str) -> float | None:
    """Of trials, the share of lengths asked for to which no number was said, 0 to 1.

    None where no length was asked for. Ranges count all lengths, errors those with a number.

    Args:
      figure: a squared error.
    """
    ranges = figure.replace("squared_error", "within_50_200")
    asked, given = (
        sum(sum(trial.figures[name].counts) for trial in trials if name in trial.figures)
        for name in (ranges, figure)
    )
    return max(0.0, 1 - given / asked) if asked else None

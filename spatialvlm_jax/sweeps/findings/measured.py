"""Figures of arms with their intervals, from trials that are kept."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from spatialvlm_jax.evaluation.metrics import Interval
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
    """

    value: float
    interval: Interval
    can_show: float | None
    needed: int | None
    pairs: int

    @property
    def is_apart(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.interval[0] > 0 or self.interval[1] < 0


@dataclasses.dataclass(frozen=True)
class MeasuredArm:
    """One figure of one arm: a share from 0 to 1, or an error in square metres.

    by_seed: of each finished seed. answers: of one seed, that it is a mean over.
    versus: None for the first arm, and where no seed, or one group of pictures, is common.
    """

    arm: str
    value: float
    interval: Interval
    by_seed: Mapping[int, float]
    answers: int
    versus: ArmDifference | None


def measure_arms(
    trials: Sequence[tuple[str, KeptTrial]], arms: Sequence[str], figure: str, wanted: float
) -> list[MeasuredArm]:
    """A figure of all arms that have finished trials, the first arm being what others are held to.

    Args:
      trials: each with the name of its arm. arms: all names in their order.
      wanted: the difference to say how many seeds would show.
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
        mean = mean_of_sums(sums)
        seeds = sorted(own.keys() & first.keys()) if name != arms[0] else []
        both = [[way[seed] for seed in seeds] for way in (own, first)]
        measured.append(
            MeasuredArm(
                arm=name,
                value=mean.value,
                interval=_possible(mean.interval, figure),
                by_seed=dict(zip(own, sums.by_seed.tolist(), strict=True)),
                answers=round(float(sums.counts.sum(1).mean())),
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
    return ArmDifference(mean.value, mean.interval, shown, needed, mean.seeds)


def _possible(interval: Interval, figure: str) -> Interval:
    low, high = interval
    return max(0.0, low), high if is_squared_error(figure) else min(1.0, high)

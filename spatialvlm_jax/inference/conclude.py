"""One answer from what a model said to one question, asked in one way or in several."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from spatialvlm_jax.evaluation.distribution import ValueDistribution, ValueReading
from spatialvlm_jax.evaluation.reading.lengths import find_quantity
from spatialvlm_jax.inference.spatial_answer import SpatialAnswer
from spatialvlm_jax.units import BARE, DIMENSIONS, told_value

_OPPOSITE = {"yes": "no", "no": "yes"}


@dataclasses.dataclass(frozen=True)
class Heard:
    """What a model said to one wording of a question.

    unit: that it speaks, a key of `units.SI`; "" where it speaks none.
    distribution: of the quantity, tempered; None where none was read.
    choice: as `alternatives.other_verdict`, or None. confidence: in it, or in the words; or None.
    """

    text: str
    unit: str = ""
    distribution: ValueDistribution | None = None
    choice: tuple[str, str, str] | None = None
    confidence: float | None = None

    @property
    def dimension(self) -> str:
        """Of its quantity; "" where it speaks of none."""
        return DIMENSIONS[self.unit] if self.unit else ""

    def turned(self) -> "Heard":
        """What it says of the question that it is asked the opposite of."""
        if self.choice is None:
            return self
        said, other, text = self.choice
        return dataclasses.replace(
            self, choice=(_OPPOSITE.get(said, said), _OPPOSITE.get(other, other), text)
        )

    def probability(self, verdict: str) -> float | None:
        """How probable it holds a verdict; None where it does not say."""
        if self.choice is None or self.confidence is None:
            return None
        said, other = (each.lower() for each in self.choice[:2])
        known = {said: self.confidence, other: 1.0 - self.confidence}
        return known.get(verdict.lower())


def conclude(question: str, heard: Sequence[Heard]) -> SpatialAnswer:
    """The answer to a question, from all that was said to it.

    Quantities are the mixture of their distributions, verdicts the mean of their probabilities, so
    wordings that contradict each other widen the one and lower the other.

    Args:
      heard: to the question as it was asked, then to its rewordings; what is asked the opposite is
        turned round already.
    """
    first = heard[0]
    if first.unit:
        return _quantity(question, first, [each for each in heard if each.unit])
    if first.choice is None:
        return SpatialAnswer(question, first.text, confidence=_short(first.confidence))
    verdict, other, opposite = first.choice
    known = [p for p in (each.probability(verdict) for each in heard) if p is not None]
    if not known:
        return SpatialAnswer(question, first.text, verdict=verdict)
    probability = float(np.mean(known))
    if probability < 0.5 and len(known) > 1:
        return SpatialAnswer(
            question, opposite or other, verdict=other, confidence=_short(1.0 - probability)
        )
    return SpatialAnswer(question, first.text, verdict=verdict, confidence=_short(probability))


def _short(number: float | None) -> float | None:
    """With four significant digits."""
    return None if number is None else float(f"{number:.4g}")


def _quantity(question: str, first: Heard, heard: Sequence[Heard]) -> SpatialAnswer:
    """By the distributions of the first one's dimension, else as its text states it.

    Only the text states an angle: it has a direction, so its values are not spaced in ratio.
    """
    unit = BARE[first.dimension]
    densities = [
        each.distribution
        for each in heard
        if each.dimension == first.dimension and each.distribution is not None
    ]
    if densities:
        reading = ValueReading.of(ValueDistribution.summed([_normalised(x) for x in densities]))
        return SpatialAnswer(
            question,
            first.text,
            value=reading.median,
            unit=unit,
            std=reading.std,
            interval=reading.interval_90,
            mean=reading.mean,
            entropy=reading.entropy,
        )
    found = find_quantity(first.text, first.dimension)
    if found is None:
        return SpatialAnswer(question, first.text)
    value = told_value(found.si, first.dimension)
    return SpatialAnswer(question, first.text, value=value, unit=unit)


def _normalised(distribution: ValueDistribution) -> ValueDistribution:
    """The same with a probability of 1, so that those of several wordings weigh alike."""
    total = np.logaddexp.reduce(distribution.log_density + np.log(np.diff(distribution.edges)))
    return dataclasses.replace(distribution, log_density=distribution.log_density - total)

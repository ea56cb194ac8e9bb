"""What a plan asks the model, in the words that models are taught, and the answers as draws."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from scipy import special

from spatialvlm_jax.generation.questions.generate import REGISTRY
from spatialvlm_jax.generation.wording.distances import DISTANCE_QUESTIONS
from spatialvlm_jax.generation.wording.positions import POSITION_QUESTIONS
from spatialvlm_jax.generation.wording.sizes import SIZE_QUESTIONS
from spatialvlm_jax.inference.spatial_answer import SpatialAnswer
from spatialvlm_jax.random_stream import entropy_of

# The one that is a choice: its draws are 1 where it holds, else 0.
LEFT_OF = "left_of"
# Quantity -> the first wording of its question type; {a} and {b} are objects without an article.
WORDS = {
    **{name: DISTANCE_QUESTIONS[name][0] for name in ("camera_distance", "distance")},
    "centre_distance": DISTANCE_QUESTIONS["centre_distance"][0],
    **{name: SIZE_QUESTIONS[name][0] for name in ("height", "width", "depth", "footprint")},
    LEFT_OF: POSITION_QUESTIONS[LEFT_OF][0],
}
DRAWS = 4096
_Z95 = float(special.ndtri(0.95))  # a central interval of 90 % ends here


@dataclasses.dataclass(frozen=True)
class SubQuestion:
    """One quantity that a plan needs.

    quantity: a key of `WORDS`. objects: what it is of, one or two, as people call them.
    """

    quantity: str
    objects: tuple[str, ...]

    @property
    def questions(self) -> tuple[str, ...]:
        """As the model is asked: twice where the order of the objects must not matter."""
        orders = [self.objects]
        if REGISTRY[self.quantity].turned is not None:
            orders.append(self.objects[::-1])
        return tuple(
            WORDS[self.quantity].format(**dict(zip("ab", order, strict=False))) for order in orders
        )


def draw(sub_question: SubQuestion, answers: Sequence[SpatialAnswer], number: int) -> np.ndarray:
    """Draws of a quantity from the distributions of its answers: float64[DRAWS], SI units.

    The logarithm is normal on each side of the median, each side with the width that the 90 %
    interval tells; an answer without an interval is a point. Answers from both ends are of one
    quantity, so their quantiles are averaged (Vincent, 1912) in the logarithm; probabilities are
    averaged as they are.

    Args:
      number: its place in the plan, which seeds the order of its draws. Draws at different places
        are independent.

    Raises:
      ValueError: an answer is none to the question, or has no finite quantiles.
    """
    shares = (np.arange(DRAWS) + 0.5) / DRAWS
    order = np.random.default_rng(entropy_of("sub-question", number)).permutation(DRAWS)
    if sub_question.quantity == LEFT_OF:
        to_left, to_right = map(_probability, answers)
        return (shares < (to_left + 1 - to_right) / 2).astype(float)[order]
    found = [_quantiles(answer, shares) for answer in answers]
    if not np.isfinite(found).all():
        raise ValueError("an answer whose distribution has no finite quantiles")
    if len(found) == 1:
        return found[0][order]
    if min(values[0] for values in found) <= 0:
        return np.mean(found, axis=0)[order]
    return np.exp(np.mean(np.log(found), axis=0))[order]


def is_answered(sub_question: SubQuestion, answer: SpatialAnswer) -> bool:
    """Whether an answer says what was asked for; no size is nothing, as a gap may be."""
    if sub_question.quantity == LEFT_OF:
        return answer.verdict in ("yes", "no")
    if answer.value is None:
        return False
    return answer.value > 0 or sub_question.quantity not in SIZE_QUESTIONS


def has_spread(answer: SpatialAnswer) -> bool:
    """Whether an answer says how sure it is."""
    return answer.interval is not None or (
        answer.verdict is not None and answer.confidence is not None
    )


def _probability(answer: SpatialAnswer) -> float:
    """That what was asked holds."""
    if answer.verdict not in ("yes", "no"):
        raise ValueError(f"{answer.text!r} is neither yes nor no")
    sure = 1.0 if answer.confidence is None else answer.confidence
    return sure if answer.verdict == "yes" else 1 - sure


def _quantiles(answer: SpatialAnswer, shares: np.ndarray) -> np.ndarray:
    if answer.value is None:
        raise ValueError(f"{answer.text!r} gives no value")
    if answer.interval is None or not 0 < answer.interval[0] < answer.interval[1]:
        return np.full(len(shares), answer.value)
    low, middle, high = np.log([answer.interval[0], answer.value, answer.interval[1]])
    z = special.ndtri(shares) / _Z95
    with np.errstate(over="ignore"):  # whoever draws refuses what is not finite
        return np.exp(middle + z * np.where(z < 0, middle - low, high - middle))

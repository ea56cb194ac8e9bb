"""What a plan asks the model, in the words that models are taught, and the answers as draws."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from scipy import special

from spatialvlm_jax.generation.wording.directions import BEARING_QUESTIONS
from spatialvlm_jax.generation.wording.distances import DISTANCE_QUESTIONS
from spatialvlm_jax.generation.wording.sizes import SIZE_QUESTIONS
from spatialvlm_jax.inference.spatial_answer import SpatialAnswer
from spatialvlm_jax.random_stream import entropy_of

# Quantity -> the first wording of its question type; {a} and {b} are objects without an article.
WORDS = {
    **{name: DISTANCE_QUESTIONS[name][0] for name in ("camera_distance", "distance")},
    "centre_distance": DISTANCE_QUESTIONS["centre_distance"][0],
    **{name: SIZE_QUESTIONS[name][0] for name in ("height", "width", "depth", "footprint")},
    "bearing": BEARING_QUESTIONS[0],
}
# They are the same from either end, so both are asked.
SYMMETRIC = ("distance", "centre_distance")
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
        if self.quantity in SYMMETRIC:
            orders.append(self.objects[::-1])
        return tuple(
            WORDS[self.quantity].format(**dict(zip("ab", order, strict=False))) for order in orders
        )


def draw(sub_question: SubQuestion, answers: Sequence[SpatialAnswer], number: int) -> np.ndarray:
    """Draws of a quantity from the distributions of its answers: float64[DRAWS], SI units.

    The logarithm is normal on each side of the median, each side with the width that the 90 %
    interval tells; an answer without an interval is a point. Answers from both ends are of one
    quantity, so their quantiles are averaged (Vincent, 1912) in the logarithm.

    Args:
      number: its place in the plan, which seeds the order of its draws. Draws at different places
        are independent.

    Raises:
      ValueError: an answer gives no value.
    """
    shares = (np.arange(DRAWS) + 0.5) / DRAWS
    order = np.random.default_rng(entropy_of("sub-question", number)).permutation(DRAWS)
    found = [_quantiles(answer, shares) for answer in answers]
    if len(found) == 1:
        return found[0][order]
    if min(values[0] for values in found) <= 0:
        return np.mean(found, axis=0)[order]
    return np.exp(np.mean(np.log(found), axis=0))[order]


def _quantiles(answer: SpatialAnswer, shares: np.ndarray) -> np.ndarray:
    if answer.value is None:
        raise ValueError(f"{answer.text!r} gives no value")
    if answer.interval is None or not 0 < answer.interval[0] < answer.interval[1]:
        return np.full(len(shares), answer.value)
    low, middle, high = np.log([answer.interval[0], answer.value, answer.interval[1]])
    z = special.ndtri(shares) / _Z95
    return np.exp(middle + z * np.where(z < 0, middle - low, high - middle))

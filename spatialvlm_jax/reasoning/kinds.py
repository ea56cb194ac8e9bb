"""The kinds of composed questions: what each needs to know, and what follows from it.

Each kind is a pure function of draws: it never sees the picture, and exact answers give exact
conclusions. Outcomes of choices are written by the places of the objects in the question, from 0:
"2" is the third object, "1-0-2" an order.
"""

import dataclasses
import itertools
from collections.abc import Callable

import numpy as np

from spatialvlm_jax.generation.questions.composed import EQUAL_SIDES
from spatialvlm_jax.reasoning.sub_question import LEFT_OF, SubQuestion

MOST_IN_A_ROW = 99


@dataclasses.dataclass(frozen=True)
class Sentence:
    """What a sentence says.

    objects: without articles, in its order. word: what it asks for ("nearest", "isosceles").
    length: that it names, metres.
    """

    objects: tuple[str, ...]
    word: str = ""
    length: float = 0.0


@dataclasses.dataclass(frozen=True)
class ComposedKind:
    """One kind of composed question.

    sub_questions: what must be known. outcomes: what follows from draws float64[S, N] of it: str[N]
      of a choice, float64[N] of a quantity in SI units. dimension: of a quantity, else "".
    rule: how, in a sentence.
    """

    name: str
    rule: str
    sub_questions: Callable[[Sentence], list[SubQuestion]]
    outcomes: Callable[[Sentence, np.ndarray], np.ndarray]
    dimension: str = ""


def _each(quantity: str) -> Callable[[Sentence], list[SubQuestion]]:
    return lambda asked: [SubQuestion(quantity, (each,)) for each in asked.objects]


def _of_first(quantity: str) -> Callable[[Sentence], list[SubQuestion]]:
    return lambda asked: [SubQuestion(quantity, asked.objects[:1])]


def _pairs(asked: Sentence) -> list[SubQuestion]:
    pairs = itertools.combinations(asked.objects, 2)
    return [SubQuestion("centre_distance", pair) for pair in pairs]


def _steps(asked: Sentence) -> list[SubQuestion]:
    return [SubQuestion("centre_distance", pair) for pair in itertools.pairwise(asked.objects)]


def _to_last(asked: Sentence) -> list[SubQuestion]:
    *others, last = asked.objects
    return [SubQuestion("centre_distance", (each, last)) for each in others]


def _to_reach(asked: Sentence) -> list[SubQuestion]:
    if len(asked.objects) == 1:
        return [SubQuestion("camera_distance", asked.objects)]
    return [SubQuestion("centre_distance", asked.objects)]


def _beside(sentence: Sentence) -> list[SubQuestion]:
    return [SubQuestion(LEFT_OF, sentence.objects)]


def _between(asked: Sentence) -> list[SubQuestion]:
    first, *ends = asked.objects
    return [SubQuestion("width", (first,)), SubQuestion("distance", tuple(ends))]


def _tops(asked: Sentence) -> list[SubQuestion]:
    sides = itertools.product(asked.objects, ("width", "depth"))
    return [SubQuestion(side, (each,)) for each, side in sides]


_LARGEST = ("farthest", "farthest apart", "tallest", "widest")


def _extreme(asked: Sentence, draws: np.ndarray) -> np.ndarray:
    found = draws.argmax(0) if asked.word in _LARGEST else draws.argmin(0)
    return found.astype(str)


def _extreme_pair(asked: Sentence, draws: np.ndarray) -> np.ndarray:
    names = [f"{i}-{j}" for i, j in itertools.combinations(range(len(asked.objects)), 2)]
    return np.array(names)[_extreme(asked, draws).astype(int)]


def _order(asked: Sentence, draws: np.ndarray) -> np.ndarray:
    ranks = np.argsort(-draws if asked.word in _LARGEST else draws, axis=0, kind="stable")
    return np.array(["-".join(map(str, column)) for column in ranks.T])


def _yes_no(holds: np.ndarray) -> np.ndarray:
    return np.where(holds, "yes", "no")


def _triangle(asked: Sentence, draws: np.ndarray) -> np.ndarray:
    short, middle, long = np.sort(draws, axis=0)
    if asked.word == "equilateral":
        return _yes_no(short >= (1 - EQUAL_SIDES) * long)
    return _yes_no((short >= (1 - EQUAL_SIDES) * middle) | (middle >= (1 - EQUAL_SIDES) * long))


def _in_a_row(asked: Sentence, draws: np.ndarray) -> np.ndarray:
    if draws[0].min() <= 0:
        raise ValueError("nothing is side by side that has no width")
    # A hair more, so that equal widths fit whatever rounding says.
    count = np.floor(draws[1] / draws[0] * (1 + 1e-9))
    known = np.clip(count, 0, MOST_IN_A_ROW).astype(int).astype(str)
    return np.where(count > MOST_IN_A_ROW, f"more than {MOST_IN_A_ROW}", known)


def _turn(asked: Sentence, draws: np.ndarray) -> np.ndarray:
    return np.where(draws[0] > 0.5, "right", "left")


def _sum(asked: Sentence, draws: np.ndarray) -> np.ndarray:
    return draws.sum(0)


def _shorter(asked: Sentence, draws: np.ndarray) -> np.ndarray:
    return _yes_no(draws[0] <= asked.length)


_ALL = (
    ComposedKind(
        "nearest", "compare distances from the camera", _each("camera_distance"), _extreme
    ),
    ComposedKind("nearest_to", "compare distances between centers", _to_last, _extreme),
    ComposedKind(
        "distance_order", "sort distances from the camera", _each("camera_distance"), _order
    ),
    ComposedKind("height_order", "sort heights", _each("height"), _order),
    ComposedKind("width_order", "sort widths", _each("width"), _order),
    ComposedKind("pair", "compare the distances of all pairs of centers", _pairs, _extreme_pair),
    ComposedKind("path", "add up the distances between centers", _steps, _sum, "length"),
    ComposedKind(
        "triangle",
        f"compare sides; those that differ by at most {EQUAL_SIDES:.0%} count as equal",
        _pairs,
        _triangle,
    ),
    ComposedKind("reach", "compare the distance with the arms", _to_reach, _shorter),
    ComposedKind(
        "in_a_row", "divide one width by the other and round down", _each("width"), _in_a_row
    ),
    ComposedKind(
        "on_top",
        "compare widths and depths",
        _tops,
        lambda asked, draws: _yes_no((draws[0] <= draws[2]) & (draws[1] <= draws[3])),
    ),
    ComposedKind("through", "compare the width with the gap", _of_first("width"), _shorter),
    ComposedKind(
        "between",
        "compare the width with the gap between the other two",
        _between,
        lambda asked, draws: _yes_no(draws[0] <= draws[1]),
    ),
    ComposedKind("turn", "turn to the side on which it lies", _beside, _turn),
    ComposedKind("total_area", "add up the floor areas", _each("footprint"), _sum, "area"),
    ComposedKind("total_width", "add up the widths", _each("width"), _sum, "length"),
)
KINDS: dict[str, ComposedKind] = {kind.name: kind for kind in _ALL}

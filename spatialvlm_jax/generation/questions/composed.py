"""Composed questions about a world, with their truth from its geometry, not from any plan."""

import dataclasses
import functools
import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np

from spatialvlm_jax.generation.questions.scene_facts import SceneFacts
from spatialvlm_jax.random_stream import RandomStream, entropy_of

# Sides of a triangle that differ by less than this share of the longer one count as equal.
EQUAL_SIDES = 0.15
# Closer than this share, two lengths are too close to call, and nothing is asked of them.
MARGIN = 0.08
# Objects within this angle of each other are not turned to, radians.
TURN_MARGIN = math.radians(6)
_TRIES = 12


@dataclasses.dataclass(frozen=True)
class ComposedQuestion:
    """A composed question of one kind, and its truth.

    objects: their places in the scene's facts, in the order of the question. outcome: the true
    one of a choice, by the places of the objects in the question ("0", "2-0-1", "yes"), or "".
    value: the true quantity, SI units, or NaN. dimension: of a quantity, else "". options: of a
    choice, all outcomes; () where they have no end.
    """

    kind: str
    question: str
    objects: tuple[int, ...]
    outcome: str = ""
    value: float = math.nan
    dimension: str = ""
    options: tuple[str, ...] = ()


Maker = Callable[[SceneFacts, RandomStream, Sequence[int]], ComposedQuestion | None]


def compose(facts: SceneFacts, image_id: str, seed: int = 0) -> list[ComposedQuestion]:
    """At most one question of each kind about a world; the same for one seed and image.

    Yes and no are asked for in turns of chance where a length can be chosen; of others, what is too
    close to call is drawn again.
    """
    found = []
    for name, (count, make) in _MAKERS.items():
        stream = RandomStream(entropy_of("composed", seed, image_id, name))
        for _ in range(_TRIES if len(facts.captions) >= count else 0):
            made = make(facts, stream, _sample(stream, len(facts.captions), count))
            if made is not None:
                found.append(made)
                break
    return found


def name_outcome(kind: str, outcome: str, names: Sequence[str]) -> str:
    """A choice in words: "yes", "3", "mug", "mug, lamp, box", "mug and lamp".

    Args:
      outcome: as `ComposedQuestion` has it. names: of the objects, in the order of the question.
    """
    if kind in ("in_a_row", "turn") or outcome in ("yes", "no"):
        return outcome
    chosen = [names[int(place)] for place in outcome.split("-")]
    return (" and " if kind == "pair" else ", ").join(chosen)


def _sample(stream: RandomStream, number: int, count: int) -> list[int]:
    places = list(range(number))
    return [places.pop(stream.below(len(places))) for _ in range(count)]


def _is_clear(values: np.ndarray) -> bool:
    """Whether all positive values differ enough to be told apart."""
    ranked = np.sort(values)
    return bool(ranked[0] > 0 and (ranked[1:] > (1 + MARGIN) * ranked[:-1]).all())


def _names(facts: SceneFacts, objects: Sequence[int]) -> list[str]:
    return [f"the {facts.captions[index]}" for index in objects]


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}"


def _places(count: int) -> tuple[str, ...]:
    return tuple(map(str, range(count)))


def _nearest(
    facts: SceneFacts, stream: RandomStream, objects: Sequence[int]
) -> ComposedQuestion | None:
    distances = facts.camera_distances[list(objects)]
    names = _names(facts, objects)
    return _extreme("nearest", "nearest to", distances, [*names, "the camera"], stream, objects)


def _nearest_to(
    facts: SceneFacts, stream: RandomStream, objects: Sequence[int]
) -> ComposedQuestion | None:
    *others, last = objects
    distances = np.array([facts.distance(each, last) for each in others])
    return _extreme("nearest_to", "closest to", distances, _names(facts, objects), stream, objects)


def _extreme(
    kind: str,
    closest: str,
    distances: np.ndarray,
    names: Sequence[str],
    stream: RandomStream,
    objects: Sequence[int],
) -> ComposedQuestion | None:
    """Which has the least or the greatest of `distances`, to what `names` has last."""
    if not _is_clear(distances):
        return None
    is_nearest = stream.random() < 0.5
    outcome = distances.argmin() if is_nearest else distances.argmax()
    words = closest if is_nearest else "farthest from"
    text = f"Which of {_listed(names[:-1])} is {words} {names[-1]}?"
    options = _places(len(distances))
    return ComposedQuestion(kind, text, tuple(objects), str(outcome), options=options)


def _ordered(
    kind: str,
    by: str,
    words: tuple[str, str],
    values_of: Callable[[SceneFacts], np.ndarray],
    facts: SceneFacts,
    stream: RandomStream,
    objects: Sequence[int],
) -> ComposedQuestion | None:
    values = values_of(facts)[list(objects)]
    if not _is_clear(values):
        return None
    is_rising = stream.random() < 0.5
    order = sorted(range(len(values)), key=lambda place: values[place], reverse=not is_rising)
    text = f"Order {_listed(_names(facts, objects))} by {by}, {words[not is_rising]} first."
    options = tuple("-".join(map(str, each)) for each in itertools.permutations(range(len(values))))
    outcome = "-".join(map(str, order))
    return ComposedQuestion(kind, text, tuple(objects), outcome, options=options)


def _pair(
    facts: SceneFacts, stream: RandomStream, objects: Sequence[int]
) -> ComposedQuestion | None:
    distances = {
        f"{i}-{j}": facts.distance(objects[i], objects[j])
        for i, j in itertools.combinations(range(len(objects)), 2)
    }
    if not _is_clear(np.array([*distances.values()])):
        return None
    is_closest = stream.random() < 0.5
    words = "closest together" if is_closest else "farthest apart"
    outcome = (min if is_closest else max)(distances, key=distances.__getitem__)
    text = f"Which two of {_listed(_names(facts, objects))} are {words}?"
    return ComposedQuestion("pair", text, tuple(objects), outcome, options=tuple(distances))


def _path(facts: SceneFacts, stream: RandomStream, objects: Sequence[int]) -> ComposedQuestion:
    length = sum(facts.distance(*step) for step in itertools.pairwise(objects))
    text = f"How long is the path from {' to '.join(_names(facts, objects))}?"
    return ComposedQuestion("path", text, tuple(objects), value=length, dimension="length")


def _triangle(
    facts: SceneFacts, stream: RandomStream, objects: Sequence[int]
) -> ComposedQuestion | None:
    wanted = stream.random() < 0.5
    word = "isosceles" if stream.random() < 0.75 else "equilateral"
    triples = list(itertools.combinations(range(len(facts.captions)), 3))
    # Most triples are no such triangle: look for one of the kind that is wanted.
    for _ in range(20):
        triple = triples[stream.below(len(triples))]
        sides = [facts.distance(*pair) for pair in itertools.combinations(triple, 2)]
        ratios = [min(two) / max(two) for two in itertools.combinations(sides, 2)]
        ratio = max(ratios) if word == "isosceles" else min(ratios)
        is_such = ratio >= 1 - EQUAL_SIDES
        if is_such == wanted and abs(ratio - (1 - EQUAL_SIDES)) > 0.03:
            text = f"Do {_listed(_names(facts, triple))} form an {word} triangle?"
            return _decided("triangle", text, triple, is_such)
    return None


def _decided(kind: str, text: str, objects: Sequence[int], holds: bool) -> ComposedQuestion:
    outcome = "yes" if holds else "no"
    return ComposedQuestion(kind, text, tuple(objects), outcome, options=("yes", "no"))


def _around(value: float, stream: RandomStream) -> float:
    """A length to compare one with, above or below it by a fifth to two thirds; whole cm."""
    factor = stream.uniform(1.2, 1.67)
    return max(round(value * (factor if stream.random() < 0.5 else 1 / factor), 2), 0.01)


def _is_far(value: float, other: float) -> bool:
    return min(value, other) > 0 and max(value, other) > (1 + MARGIN) * min(value, other)


def _reach(
    facts: SceneFacts, stream: RandomStream, objects: Sequence[int]
) -> ComposedQuestion | None:
    thing, stand = objects
    from_camera = stream.random() < 0.5
    distance = facts.camera_distances[thing] if from_camera else facts.distance(thing, stand)
    arms = _around(distance, stream)
    if not _is_far(distance, arms):
        return None
    name, other = _names(facts, objects)
    if from_camera:
        text = f"Could someone with arms of {arms} m reach {name} from the camera?"
        return _decided("reach", text, (thing,), distance <= arms)
    text = f"Could someone at {other} with arms of {arms} m reach {name}?"
    return _decided("reach", text, objects, distance <= arms)


def _in_a_row(
    facts: SceneFacts, stream: RandomStream, objects: Sequence[int]
) -> ComposedQuestion | None:
    small, large = sorted(objects, key=lambda index: facts.spans[index, 0])
    ratio = facts.spans[large, 0] / facts.spans[small, 0]
    if not MARGIN < ratio % 1 < 1 - MARGIN or ratio > 10:
        return None
    name, other = _names(facts, (small, large))
    text = f"How many of {name} would fit side by side across {other}?"
    return ComposedQuestion("in_a_row", text, (small, large), str(int(ratio)))


def _on_top(
    facts: SceneFacts, stream: RandomStream, objects: Sequence[int]
) -> ComposedQuestion | None:
    (width, depth), (wide, deep) = facts.spans[list(objects), :2]
    if not (_is_far(width, wide) and _is_far(depth, deep)):
        return None
    name, other = _names(facts, objects)
    text = f"Would {name} fit on top of {other}?"
    return _decided("on_top", text, objects, bool(width <= wide and depth <= deep))


def _through(
    facts: SceneFacts, stream: RandomStream, objects: Sequence[int]
) -> ComposedQuestion | None:
    width = float(facts.spans[objects[0], 0])
    gap = _around(width, stream)
    if not _is_far(width, gap):
        return None
    text = f"Would {_names(facts, objects)[0]} fit through a gap of {gap} m?"
    return _decided("through", text, objects, width <= gap)


def _between(
    facts: SceneFacts, stream: RandomStream, objects: Sequence[int]
) -> ComposedQuestion | None:
    free = [pair for pair, gap in facts.gaps.items() if objects[0] not in pair and gap > 0]
    if not free:
        return None
    ends = free[stream.below(len(free))]
    width, gap = facts.spans[objects[0], 0], facts.gaps[ends]
    if not _is_far(width, gap):
        return None
    named = (objects[0], *ends)
    name, first, second = _names(facts, named)
    text = f"Would {name} fit between {first} and {second}?"
    return _decided("between", text, named, bool(width <= gap))


def _turn(
    facts: SceneFacts, stream: RandomStream, objects: Sequence[int]
) -> ComposedQuestion | None:
    first, second = facts.bearings[list(objects)]
    across = facts.centers[objects[1], 0] - facts.centers[objects[0], 0]
    # Far behind, an object may be on the right and yet to be faced by a turn to the left.
    if abs(second - first) < TURN_MARGIN or (across > 0) != (second > first):
        return None
    name, other = _names(facts, objects)
    text = f"Facing {name}, which way must I turn to face {other}?"
    outcome = "right" if second > first else "left"
    return ComposedQuestion("turn", text, tuple(objects), outcome, options=("left", "right"))


def _total_area(
    facts: SceneFacts, stream: RandomStream, objects: Sequence[int]
) -> ComposedQuestion:
    text = f"How much floor area do {_listed(_names(facts, objects))} cover together?"
    value = float(facts.footprints[list(objects)].sum())
    return ComposedQuestion("total_area", text, tuple(objects), value=value, dimension="area")


def _total_width(
    facts: SceneFacts, stream: RandomStream, objects: Sequence[int]
) -> ComposedQuestion:
    text = f"How wide are {_listed(_names(facts, objects))} side by side?"
    value = float(facts.spans[list(objects), 0].sum())
    return ComposedQuestion("total_width", text, tuple(objects), value=value, dimension="length")


# Kind -> how many objects are drawn, and what makes its question.
_MAKERS: dict[str, tuple[int, Maker]] = {
    "nearest": (3, _nearest),
    "nearest_to": (4, _nearest_to),
    "distance_order": (
        3,
        functools.partial(
            _ordered,
            "distance_order",
            "distance from the camera",
            ("nearest", "farthest"),
            lambda facts: facts.camera_distances,
        ),
    ),
    "height_order": (
        3,
        functools.partial(
            _ordered,
            "height_order",
            "height",
            ("shortest", "tallest"),
            lambda facts: facts.spans[:, 2],
        ),
    ),
    "width_order": (
        3,
        functools.partial(
            _ordered,
            "width_order",
            "width",
            ("narrowest", "widest"),
            lambda facts: facts.spans[:, 0],
        ),
    ),
    "pair": (3, _pair),
    "path": (3, _path),
    "triangle": (3, _triangle),
    "reach": (2, _reach),
    "in_a_row": (2, _in_a_row),
    "on_top": (2, _on_top),
    "through": (1, _through),
    "between": (3, _between),
    "turn": (2, _turn),
    "total_area": (3, _total_area),
    "total_width": (3, _total_width),
}

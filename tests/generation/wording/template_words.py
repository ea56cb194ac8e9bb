"""The words that a question must and must not have to ask for what its type measures."""

import dataclasses

Words = tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Rule:
    """What the questions of one type say.

    groups: a word of each group stands in every question.
    forbidden: none of these stands in a question or an answer.
    """

    groups: tuple[Words, ...]
    forbidden: Words


# Words that name a relation in a question; one of its own must stand there, and none of another's.
ASKING_WORDS: dict[str, Words] = {
    "left": ("left",),
    "right": ("right",),
    "front": ("in front",),
    "behind": ("behind", "further back"),
    "above": ("above", "higher"),
    "below": ("below", "lower"),
    "nearer": ("nearer", "closer", "smaller distance"),
    "farther": ("farther", "further away", "greater distance"),
    "taller": ("taller", "greater height"),
    "shorter": ("shorter", "lesser height"),
    "wider": ("wider", "greater width"),
    "narrower": ("narrower", "lesser width"),
    "bigger": ("bigger", "larger", "greater volume"),
    "smaller": ("smaller", "lesser volume"),
    "on": ("on the {b}", "on top of the {b}"),
    "off": ("off the {b}",),
    "touching": ("touch", "contact"),
    "apart": ("apart",),
    "equal": ("as tall as", "same height", "equal", "in height"),
    "different": ("different", "differ"),
}
# Direction words that say how something is measured, not what is asked.
NEUTRAL: Words = ("from left to right", "from side to side", "side by side")

_ALONG_GROUND: Words = (
    "horizontal", "along the ground", "ignoring height", "across the floor", "floor plan",
    "from above", "ground plan",
)  # fmt: skip
_UPWARDS: Words = ("vertical", "level", "straight up", "up and down")
_HOW_MUCH: Words = ("how much", "difference", "differ")
_HOW_MANY: Words = ("times", "factor", "ratio", "multiple", "divide", "as one")

# A length between centers says so; without the word it is between surfaces.
MEASURE_WORDS: dict[str, Rule] = {
    "camera_distance": Rule(
        (("camera", "away", "us", "viewer"),),
        ("tall", "wide", "gap", "center of", "horizontal", "vertical", "farther"),
    ),
    "distance": Rule(
        (("far", "gap", "distance", "space", "room", "close"),),
        ("center", "camera", "tall", "floor", *_ALONG_GROUND, *_UPWARDS),
    ),
    "centre_distance": Rule(
        (("center",), ("far", "distance", "line", "tape")),
        ("surface", "nearest", "gap", "camera", *_ALONG_GROUND, *_UPWARDS),
    ),
    "horizontal_distance": Rule(
        (("center",), _ALONG_GROUND), ("up", "camera", "tall", "from the side", *_UPWARDS)
    ),
    "vertical_distance": Rule(
        (("center",), (*_UPWARDS, "elevation")), ("floor", "ground", "camera", *_ALONG_GROUND)
    ),
    "elevation": Rule(
        (("floor",), ("high", "above", "off", "up", "bottom", "clearance", "lowest", "down")),
        ("center", "tall", "wide", "horizontal", "camera"),
    ),
    "height": Rule(
        (("tall", "height", "high"),),
        ("wide", "width", "far", "left", "deep", "depth", "floor", "above"),
    ),
    "width": Rule(
        (("wide", "width", "left"),),
        ("tall", "height", "high", "far", "top", "deep", "depth", "back"),
    ),
    "depth": Rule(
        (("deep", "depth", "from front to back", "from its front", "from the front"),),
        ("tall", "height", "wide", "width", "left", "camera", "away"),
    ),
    "footprint": Rule(
        (("footprint", "area", "ground"),),
        ("volume", "tall", "height", "wide", "far", "deep", "distance"),
    ),
    "volume": Rule((("volume",),), ("area", "footprint", "tall", "far", "wide", "distance")),
    "how_much_taller": Rule(
        (("taller", "height"), _HOW_MUCH), ("shorter", "wid", "farther", "nearer", "times")
    ),
    "how_much_wider": Rule(
        (("wider", "width"), _HOW_MUCH), ("narrower", "tall", "height", "farther", "times")
    ),
    "how_much_farther": Rule(
        (
            ("farther", "distance"),
            _HOW_MUCH,
            ("camera", "us", "we", "away", "viewer", "distance to"),
        ),
        ("nearer", "tall", "wid", "height", "times", "apart"),
    ),
    "times_taller": Rule(
        (("tall", "height"), _HOW_MANY), ("taller", "wid", "far", "big", "volume", "how much")
    ),
    "times_farther": Rule(
        (("far", "distance", "way"), _HOW_MANY), ("farther", "tall", "height", "big", "how much")
    ),
    "times_bigger": Rule(
        (("big", "volume"), _HOW_MANY), ("bigger", "tall", "height", "far", "how much")
    ),
    "bearing": Rule((("angle", "bearing", "which way"),), ("distance", "hour", "clock", "tall")),
    "clock": Rule(
        (("o'clock", "hour", "clock"), ("from the camera", "camera behind", "to the camera")),
        ("angle", "far", "left", "right", "in front"),
    ),
    "where": Rule(
        (("where", "direction", "side", "which way", "position", "placed"),),
        ("far", "left", "right", "behind", "in front", "angle", "clock", "hour"),
    ),
    "fits_through": Rule(
        (("opening", "doorway"), ("through", "enough")), ("between", "within", "tall", "gap")
    ),
    "fits_between": Rule((("between",),), ("opening", "within", "tall", "reach")),
    "reaches": Rule(
        (("within", "reach", "less than", "long enough"),), ("wide", "opening", "tall", "width")
    ),
}

"""The spatial question types."""

import functools
from collections.abc import Callable
from typing import Any

from spatialvlm_jax.generation.questions import contacts, quantities, relations
from spatialvlm_jax.generation.questions.registry import (
    AnswerForm,
    Dimension,
    Frame,
    QuestionType,
    register,
)

_SIDE = "a quarter of the mean width; none where the picture shows the opposite order"
_DEPTH = "a quarter of the mean depth"
_LEVEL = "half the mean height"
_NEAR = "a quarter of the mean size, and 5 % of the distance"
_SIZE = "15 % of the larger"
_BULK = "40 % of the larger"
_FLOOR = "5 cm"
_GAP = "5 cm; 20 % of the smaller object's longest side"
_STATED = "the stated size is 20 % to 150 % off; 5 cm"

Evaluate = Callable[..., Any]


def _relation(
    form: AnswerForm,
    name: str,
    asks: str,
    evaluate: Evaluate,
    definition: str,
    margin: str,
    frame: Frame = "canonical",
    reverses: bool = True,
    is_symmetric: bool = False,
) -> None:
    register(
        QuestionType(
            name,
            "qualitative",
            2,
            definition,
            frame,
            form,
            evaluate,
            margin,
            asks=asks,
            reverses=reverses,
            is_symmetric=is_symmetric,
        )
    )


_yes_no = functools.partial(_relation, "yes_no")
_choice = functools.partial(_relation, "choice")
_word = functools.partial(_relation, "word", asks="")


def _threshold(
    name: str, arity: int, evaluate: Evaluate, definition: str, frame: Frame = "canonical"
) -> None:
    register(
        QuestionType(name, "qualitative", arity, definition, frame, "threshold", evaluate, _STATED)
    )


def _number(
    name: str,
    arity: int,
    evaluate: Evaluate,
    definition: str,
    margin: str,
    frame: Frame = "canonical",
    dimension: Dimension = "length",
    is_symmetric: bool = False,
) -> None:
    register(
        QuestionType(
            name,
            "quantitative",
            arity,
            definition,
            frame,
            "number",
            evaluate,
            margin,
            dimension=dimension,
            is_symmetric=is_symmetric,
        )
    )


_X = "canonical x of the centres"
_Y = "canonical y of the centres, the smaller is in front"
_Z = "canonical z of the centres"
_FAR = "distance from the camera to the centres"
_TALL = "extent along canonical z"
_WIDE = "extent along canonical x"
_BULKY = "volume of the oriented box"

_yes_no("left_of", "left", relations.lateral, _X, _SIDE)
_yes_no("right_of", "right", relations.lateral, _X, _SIDE)
_yes_no("in_front_of", "front", relations.frontal, _Y, _DEPTH)
_yes_no("behind", "behind", relations.frontal, _Y, _DEPTH)
_yes_no("above", "above", relations.vertical, _Z, _LEVEL)
_yes_no("below", "below", relations.vertical, _Z, _LEVEL)
_yes_no("nearer", "nearer", relations.nearness, _FAR, _NEAR, "camera")
_yes_no("farther", "farther", relations.nearness, _FAR, _NEAR, "camera")
_yes_no("taller", "taller", relations.tallness, _TALL, _SIZE)
_yes_no("shorter", "shorter", relations.tallness, _TALL, _SIZE)
_yes_no("wider", "wider", relations.wideness, _WIDE, _SIZE)
_yes_no("narrower", "narrower", relations.wideness, _WIDE, _SIZE)
_yes_no("bigger", "bigger", relations.bigness, _BULKY, _BULK, "camera")
_yes_no("smaller", "smaller", relations.bigness, _BULKY, _BULK, "camera")
_yes_no(
    "on_top_of",
    "on",
    contacts.on_top_of,
    "what A rests on where that is known; else A's centre lies over B and its bottom at B's top",
    "clearly beside, below or over it; not what carries B",
    reverses=False,
)
_yes_no(
    "touching",
    "touching",
    contacts.touching,
    "nearest surface distance at most 5 mm, or one rests on the other",
    "5 cm; 10 % of the smaller object's longest side",
    "camera",
    reverses=False,
    is_symmetric=True,
)
_yes_no(
    "same_height",
    "equal",
    relations.same_height,
    "extents along canonical z within 8 % of the larger",
    "20 % of the larger",
    reverses=False,
    is_symmetric=True,
)
_threshold(
    "fits_through",
    1,
    quantities.passage,
    "whether the smaller level side of the oriented box is less than the stated width",
)
_threshold(
    "fits_between",
    2,
    quantities.plan_gap,
    "whether the gap between the footprints, in the ground plane, is more than the stated width",
)
_threshold(
    "reaches",
    2,
    quantities.distance,
    "whether the nearest points of the surfaces are less than the stated length apart",
    "camera",
)
_choice("which_left", "left", relations.lateral, _X, _SIDE)
_choice("which_right", "right", relations.lateral, _X, _SIDE)
_choice("which_above", "above", relations.vertical, _Z, _LEVEL)
_choice("which_below", "below", relations.vertical, _Z, _LEVEL)
_choice("which_front", "front", relations.frontal, _Y, _DEPTH)
_choice("which_behind", "behind", relations.frontal, _Y, _DEPTH)
_choice("which_nearer", "nearer", relations.nearness, _FAR, _NEAR, "camera")
_choice("which_farther", "farther", relations.nearness, _FAR, _NEAR, "camera")
_choice("which_taller", "taller", relations.tallness, _TALL, _SIZE)
_choice("which_shorter", "shorter", relations.tallness, _TALL, _SIZE)
_choice("which_wider", "wider", relations.wideness, _WIDE, _SIZE)
_choice("which_narrower", "narrower", relations.wideness, _WIDE, _SIZE)
_choice("which_bigger", "bigger", relations.bigness, _BULKY, _BULK, "camera")
_choice("which_smaller", "smaller", relations.bigness, _BULKY, _BULK, "camera")
_word(
    "where",
    evaluate=relations.direction,
    definition="the 45° sector around B, in the ground plane, that A's centre lies in",
    margin="6° from a sector's edge; half the larger footprint",
)
_word(
    "clock",
    evaluate=relations.clock,
    definition="A's hour around B in the ground plane, 12 away from the camera, 3 to the right",
    margin="4° from a half hour; half the larger footprint; the line of sight to B names that hour",
)

_number(
    "camera_distance",
    1,
    quantities.camera_distance,
    "from the camera to the centre",
    _FLOOR,
    "camera",
)
_number("height", 1, quantities.height, _TALL, _FLOOR)
_number("width", 1, quantities.width, _WIDE, _FLOOR)
_number("depth", 1, quantities.depth, "extent along canonical y", _FLOOR)
_number(
    "elevation",
    1,
    quantities.elevation,
    "from the floor to the lowest point, where the camera's height is known",
    _FLOOR,
)
_between = functools.partial(_number, is_symmetric=True)
_between(
    "distance", 2, quantities.distance, "between the nearest points of the surfaces", _GAP, "camera"
)
_between("centre_distance", 2, quantities.centre_distance, "from centre to centre", _GAP, "camera")
_between(
    "horizontal_distance",
    2,
    quantities.horizontal_distance,
    "from centre to centre in the ground plane",
    _GAP,
)
_between(
    "vertical_distance",
    2,
    quantities.vertical_distance,
    "from centre to centre along canonical z",
    _GAP,
)
_number(
    "how_much_taller", 2, quantities.how_much_taller, "difference of heights", f"{_SIZE}; {_GAP}"
)
_number("how_much_wider", 2, quantities.how_much_wider, "difference of widths", f"{_SIZE}; {_GAP}")
_number(
    "how_much_farther",
    2,
    quantities.how_much_farther,
    "difference of the distances from the camera to the centres",
    f"{_NEAR}; {_GAP}",
    "camera",
)
_number(
    "footprint",
    1,
    quantities.footprint,
    "area of the oriented box, seen from above",
    "25 cm²",
    dimension="area",
)
_number("volume", 1, quantities.volume, _BULKY, "0.125 l", "camera", "volume")
_number(
    "times_taller", 2, quantities.times_taller, "ratio of the heights", _SIZE, dimension="ratio"
)
_number(
    "times_farther",
    2,
    quantities.times_farther,
    "ratio of the distances from the camera to the centres",
    _NEAR,
    "camera",
    "ratio",
)
_number(
    "times_bigger",
    2,
    quantities.times_bigger,
    "ratio of the volumes of the oriented boxes",
    _BULK,
    "camera",
    "ratio",
)
_number(
    "bearing",
    1,
    quantities.bearing,
    "from straight ahead to the centre in the ground plane, right or left",
    "5° from straight ahead",
    dimension="angle",
)

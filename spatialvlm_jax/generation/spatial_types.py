"""The spatial question types."""

import functools
from collections.abc import Callable
from typing import Any

from spatialvlm_jax.generation import relations
from spatialvlm_jax.generation.registry import AnswerForm, Frame, QuestionType, register

_SIDE = "a quarter of the mean width; none where the picture shows the opposite order"
_DEPTH = "a quarter of the mean depth"
_LEVEL = "half the mean height"
_NEAR = "a quarter of the mean size, and 5 % of the distance"
_SIZE = "15 % of the larger"
_BULK = "40 % of the larger"
_FLOOR = "5 cm"
_GAP = "5 cm; 20 % of the smaller object's longest side"


def _relation(
    form: AnswerForm,
    name: str,
    asks: str,
    evaluate: Callable[..., Any],
    definition: str,
    margin: str,
    frame: Frame = "canonical",
) -> None:
    register(
        QuestionType(name, "qualitative", 2, definition, frame, form, evaluate, margin, asks=asks)
    )


_yes_no = functools.partial(_relation, "yes_no")
_choice = functools.partial(_relation, "choice")


def _number(
    name: str,
    arity: int,
    evaluate: Callable[..., Any],
    definition: str,
    margin: str,
    frame: Frame = "canonical",
) -> None:
    register(
        QuestionType(name, "quantitative", arity, definition, frame, "number", evaluate, margin)
    )


_X = "canonical x of the centres"
_Y = "canonical y of the centres, the smaller is in front"
_Z = "canonical z of the centres"
_FAR = "distance from the camera to the centres"
_TALL = "extent along canonical z"
_WIDE = "extent along canonical x"

_yes_no("left_of", "left", relations.lateral, _X, _SIDE)
_yes_no("right_of", "right", relations.lateral, _X, _SIDE)
_yes_no("in_front_of", "front", relations.frontal, _Y, _DEPTH)
_yes_no("behind", "behind", relations.frontal, _Y, _DEPTH)
_yes_no("above", "above", relations.vertical, _Z, _LEVEL)
_yes_no("below", "below", relations.vertical, _Z, _LEVEL)
_yes_no("nearer", "nearer", relations.nearness, _FAR, _NEAR, "camera")
_yes_no("taller", "taller", relations.tallness, _TALL, _SIZE)
_yes_no("wider", "wider", relations.wideness, _WIDE, _SIZE)
_yes_no("bigger", "bigger", relations.bigness, "volume of the oriented box", _BULK, "camera")
_choice("which_left", "left", relations.lateral, _X, _SIDE)
_choice("which_nearer", "nearer", relations.nearness, _FAR, _NEAR, "camera")
_choice("which_taller", "taller", relations.tallness, _TALL, _SIZE)
_choice("which_wider", "wider", relations.wideness, _WIDE, _SIZE)
register(
    QuestionType(
        "where",
        "qualitative",
        2,
        "the 45° sector around B, in the ground plane, that A's centre lies in",
        "canonical",
        "word",
        relations.direction,
        "6° from a sector's edge; half the larger footprint",
    )
)

_number(
    "camera_distance",
    1,
    relations.camera_distance,
    "from the camera to the centre",
    _FLOOR,
    "camera",
)
_number("height", 1, relations.height, _TALL, _FLOOR)
_number("width", 1, relations.width, _WIDE, _FLOOR)
_number(
    "distance", 2, relations.distance, "between the nearest points of the surfaces", _GAP, "camera"
)
_number("centre_distance", 2, relations.centre_distance, "from centre to centre", _GAP, "camera")
_number(
    "horizontal_distance",
    2,
    relations.horizontal_distance,
    "from centre to centre in the ground plane",
    _GAP,
)
_number(
    "vertical_distance",
    2,
    relations.vertical_distance,
    "from centre to centre along canonical z",
    _GAP,
)

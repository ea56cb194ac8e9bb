"""Bounds of settings: what is inside passes, what is outside is named with its field."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pytest

from spatialvlm_jax.bounds import OneOf, Range, SettingError, Settings, describe_choices

Name = Annotated[str, OneOf("left_of", "right_of")]


@dataclasses.dataclass(frozen=True)
class Dial(Settings):
    turns: Annotated[int, Range(1, 100, also=(-1,))] = 1
    decay: Annotated[float, Range(0, 1, above=True, below=True)] = 0.5
    hand: Literal["left", "right"] = "left"
    name: str = ""
    loud: bool = False
    spare: Annotated[float, Range(0, 9)] | None = None
    marks: tuple[Annotated[float, Range(0, 360)], ...] = ()
    shares: Mapping[Name, Annotated[float, Range(0, 1)]] = dataclasses.field(default_factory=dict)


@pytest.mark.parametrize(
    "fields",
    [
        {"turns": 100},
        {"turns": -1},
        {"decay": 0.999},
        {"hand": "right"},
        {"spare": 9},
        {"marks": (0.0, 360.0)},
        {"shares": {"left_of": 1}},
    ],
)
def test_what_is_inside_passes(fields: dict[str, Any]) -> None:
    assert Dial(**fields) == dataclasses.replace(Dial(), **fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"turns": 0}, "turns: 0 is less than 1, and not -1"),
        ({"turns": -2}, "turns: -2 is less than 1, and not -1"),
        ({"turns": 101}, "turns: 101 is more than 100"),
        ({"turns": 1.5}, "turns: 1.5 is not a whole number"),
        ({"turns": True}, "turns: True is not a number"),
        ({"turns": "9"}, "turns: '9' is not a number"),
        ({"decay": 0.0}, "decay: 0.0 is not more than 0"),
        ({"decay": 1.0}, "decay: 1.0 is not less than 1"),
        ({"decay": math.nan}, "decay: nan is not a finite number"),
        ({"decay": math.inf}, "decay: inf is not a finite number"),
        ({"hand": "rihgt"}, "hand: 'rihgt' is not one of 'left', 'right'; did you mean right?"),
        ({"spare": -0.5}, "spare: -0.5 is less than 0"),
        ({"marks": 1.0}, "marks: 1.0 is not a tuple"),
        ({"marks": "90"}, "marks: '90' is not a tuple"),
        ({"shares": ()}, "shares: () is not a dictionary"),
        ({"name": 3}, "name: 3 is not text"),
        ({"loud": 1}, "loud: 1 is not true or false"),
        ({"marks": (1.0, 400.0)}, "marks[1]: 400.0 is more than 360"),
        ({"shares": {"left_of": 2.0}}, "shares.left_of: 2.0 is more than 1"),
        (
            {"shares": {"left_off": 1.0}},
            "shares: 'left_off' is not one of 'left_of', 'right_of'; did you mean left_of?",
        ),
    ],
)
def test_what_is_outside_is_named(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError) as error:
        Dial(**fields)
    assert str(error.value) == message


def test_of_a_long_list_only_the_near_name_is_told() -> None:
    names = [f"name_{number:02}" for number in range(40)]
    assert describe_choices("nmae_07", names) == "one of 40 names; did you mean name_07?"
    assert describe_choices("zebra", names).startswith("one of 'name_00', 'name_01'")

"""The values that a setting may take, said once beside its type and checked in every record of it.

    @dataclasses.dataclass(frozen=True)
    class OptimConfig(Settings):
        b1: Annotated[float, Range(0, 1, below=True)] = 0.9

What binds several fields together is checked in the record's own `__post_init__`.
"""

import dataclasses
import difflib
import functools
import math
import types
import typing
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Literal

from spatialvlm_jax.errors import UserError

_LISTED = 12  # names of a longer list are told only where one is near


class SettingError(UserError):
    """A value that a setting cannot take.

    field: the setting, from its record on: "freeze[0]". reason: the rest of the message.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


@dataclasses.dataclass(frozen=True)
class Range:
    """Finite numbers from `low` to `high`, both included.

    above, below: leave `low` out, or `high`.
    also: numbers that stand for something else, such as -1 for "what is left".
    """

    low: float
    high: float
    above: bool = False
    below: bool = False
    also: tuple[float, ...] = ()

    def problem(self, value: Any) -> str | None:
        """Why `value` is outside, or None."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return f"{value!r} is not a number"
        if value in self.also:
            return None
        if not math.isfinite(value):
            return f"{value} is not a finite number"
        if value < self.low or (self.above and value == self.low):
            other = "".join(f", and not {_plain(each)}" for each in self.also)
            least = f"{'not more' if self.above else 'less'} than {_plain(self.low)}"
            return f"{value} is {least}{other}"
        if value > self.high or (self.below and value == self.high):
            return f"{value} is {'not less' if self.below else 'more'} than {_plain(self.high)}"
        return None


class OneOf:
    """Some of the names of a long list, which a type checker need not know."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def problem(self, value: Any) -> str | None:
        """Why `value` is none of them, or None."""
        if value in self.names:
            return None
        return f"{value!r} is not {describe_choices(str(value), self.names)}"


# What several records have.
Seed = Annotated[int, Range(0, 2**31 - 1)]
Streams = Annotated[int, Range(1, 2)]  # how worlds share out their random numbers
Share = Annotated[float, Range(0, 1)]
RelativeStd = Annotated[float, Range(0, 10)]  # a standard error, as a share of the value
Pixels = Annotated[int, Range(1, 16_384)]
BatchSize = Annotated[int, Range(1, 1_000_000)]
Pairs = Annotated[int, Range(1, 100_000)]
Images = Annotated[int, Range(0, 1_000_000_000)]
Steps = Annotated[int, Range(0, 1_000_000_000)]
SomeSteps = Annotated[int, Range(1, 1_000_000_000)]
Weight = Annotated[float, Range(0, 1e6)]
Decay = Annotated[float, Range(0, 1, below=True)]


class Settings:
    """Base of records of settings: making one checks every field against its type's bounds."""

    def __post_init__(self) -> None:
        """Raises SettingError."""
        check_fields(self)


def check_fields(record: Any) -> None:
    """Raises SettingError at the first field of a dataclass that is out of its bounds."""
    for name, hint in field_types(type(record)).items():
        check_value(hint, getattr(record, name), name)


@functools.cache
def _hints(cls: Hashable) -> dict[str, Any]:
    return typing.get_type_hints(cls, include_extras=True)


def field_types(cls: Any) -> dict[str, Any]:
    """The types of a dataclass's fields, with their bounds."""
    hints = _hints(cls)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls)}


def without_none(hint: Any) -> Any:
    """The type of a field where it holds a value: X of "X | None"."""
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        (hint,) = [arg for arg in typing.get_args(hint) if arg is not type(None)]
    return hint


def check_value(hint: Any, value: Any, where: str) -> None:
    """Checks a value, members included, against a type with its `Range`s and choices.

    Raises:
      SettingError: it is of another type, or out of bounds; `where` is what it is called.
    """
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        for bound in args[1:]:
            problem = bound.problem(value)
            if problem:
                raise SettingError(where, problem)
        if args[0] is int and not isinstance(value, int):
            raise SettingError(where, f"{value!r} is not a whole number")
    elif origin is Literal:
        if value not in args:
            raise SettingError(where, f"{value!r} is not {describe_choices(str(value), args)}")
    elif origin in (typing.Union, types.UnionType):
        if value is not None:
            for arg in args:
                if arg is not type(None):
                    check_value(arg, value, where)
    elif origin is tuple:
        _check_type(tuple, value, where)
        for i, item in enumerate(value):
            check_value(args[0], item, f"{where}[{i}]")
    elif origin in (dict, Mapping):
        _check_type(Mapping, value, where)
        for key, item in value.items():
            check_value(args[0], key, where)
            check_value(args[1], item, f"{where}.{key}")
    elif isinstance(hint, type):
        _check_type(hint, value, where)


def _check_type(cls: type, value: Any, where: str) -> None:
    if not isinstance(value, cls):
        words = {str: "text", bool: "true or false", Mapping: "a dictionary"}
        raise SettingError(where, f"{value!r} is not {words.get(cls, f'a {cls.__name__}')}")


def describe_choices(word: str, choices: Sequence[str]) -> str:
    """ "one of 'a', 'b'", with the choice nearest to `word`; of many choices that one alone."""
    hint = did_you_mean(word, [str(choice) for choice in choices])
    if hint and len(choices) > _LISTED:
        return f"one of {len(choices)} names{hint}"
    return "one of " + ", ".join(repr(choice) for choice in choices) + hint


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """ "; did you mean b?" of the known word nearest to one that is none; "" where none is near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _plain(number: float) -> str:
    return str(int(number)) if float(number).is_integer() else str(number)

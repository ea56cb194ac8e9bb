"""The fields of a configuration with their types and defaults, for `--help` and for a page."""

import dataclasses
import inspect
import re
import textwrap
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from spatialvlm_jax.bounds import OneOf, Range, field_types, without_none

REQUIRED = "must be given"
_WIDTH, _NAME, _TYPE = 100, 26, 38
_WORDS = {int: "integer", float: "number", str: "text", bool: "true or false"}


def describe_fields(cls: type) -> str:
    """A table of all fields, a part for each record; lines of at most 100 characters.

    Args:
      cls: the dataclass that "config" stands for; records that it names twice are shown once.
    """
    parts: list[str] = []
    _add_parts(cls, "config", {}, parts)
    head = (
        "fields of the configuration, with their defaults; set as --config.train.steps=100\n"
        "(docs/settings.md says what each of them is for):"
    )
    return "\n\n".join([head, *parts])


def _add_parts(record: Any, place: str, shown: dict[Any, str], parts: list[str]) -> None:
    """The part of a record, and those of the records in it; `shown` says which there are."""
    if record in shown:
        parts.append(f"{place}: as {shown[record]}")
        return
    shown[record] = place
    rows = [line for name, hint in own_fields(record) for line in _row(record, name, hint)]
    parts.append("\n".join([*textwrap.wrap(f"{place}: {summary(record)}", _WIDTH), *rows]))
    for name, hint in field_types(record).items():
        inner, suffix = record_in(hint)
        if inner:
            _add_parts(inner, f"{place}.{name}{suffix}", shown, parts)


def record_in(hint: Any) -> tuple[Any, str]:
    """The dataclass that a field holds, or holds many of, and what its place ends with."""
    hint = without_none(hint)
    if typing.get_origin(hint) is tuple:
        hint = typing.get_args(hint)[0]
        return (hint, "[0]") if dataclasses.is_dataclass(hint) else (None, "")
    return (hint, "") if dataclasses.is_dataclass(hint) else (None, "")


def summary(record: Any) -> str:
    """What a record is: the first paragraph of its docstring, in one line."""
    return " ".join((record.__doc__ or "").split("\n\n")[0].split())


def meanings(record: Any) -> dict[str, str]:
    """What each field of a dataclass is for, by the words "field: meaning." of its docstring.

    Fields that are told of together, "first, second: meaning.", have the same.
    """
    names = "|".join(field.name for field in dataclasses.fields(record))
    text = inspect.cleandoc(record.__doc__ or "")
    heads = list(re.finditer(rf"(?:^|(?<=[.;)] ))((?:{names})(?:, (?:{names}))*): ", text, re.M))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    found: dict[str, str] = {}
    for head, end in zip(heads, ends, strict=True):
        meaning = " ".join(text[head.end() : end].split("\n\n")[0].split())
        found |= dict.fromkeys(head[1].split(", "), meaning)
    return found


def own_fields(record: Any) -> Iterator[tuple[str, Any]]:
    """Fields with values of their own, or that are nothing by default."""
    for name, hint in field_types(record).items():
        if record_in(hint)[0] is None or hint != without_none(hint):
            yield name, hint


def _row(record: Any, name: str, hint: Any) -> list[str]:
    (field,) = [field for field in dataclasses.fields(record) if field.name == name]
    kind = textwrap.wrap(describe_type(hint), _TYPE)
    value = textwrap.wrap(describe_value(default_of(field)), _WIDTH - _NAME - _TYPE - 6) or [""]
    lines = max(len(kind), len(value))
    columns = [[name], kind, value]
    cells = [column + [""] * (lines - len(column)) for column in columns]
    return [
        f"  {first:{_NAME}}  {second:{_TYPE}}  {third}".rstrip()
        for first, second, third in zip(*cells, strict=True)
    ]


def default_of(field: Any) -> Any:
    """The default of a dataclass's field; MISSING where it has none."""
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


def describe_value(value: Any) -> str:
    """A default; text without quotes, unless it is empty."""
    if value is dataclasses.MISSING:
        return REQUIRED
    if isinstance(value, str):
        return value or '""'
    return str(value).lower() if isinstance(value, bool | types.NoneType) else str(value)


def describe_type(hint: Any) -> str:
    """The values that a field takes, in words."""
    if hint != without_none(hint):
        return f"{describe_type(without_none(hint))}, or none"
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        return describe_type(args[0]) + "".join(_describe_bound(bound) for bound in args[1:])
    if origin is Literal:
        return " | ".join(map(str, args))
    if origin is tuple:
        return f"tuple: {describe_type(args[0])}"
    if origin is dict or origin is Mapping:
        return f"dictionary: {describe_type(args[0])} to {describe_type(args[1])}"
    if dataclasses.is_dataclass(hint):
        return "the fields below"
    return _WORDS[hint]


def _describe_bound(bound: Any) -> str:
    if isinstance(bound, OneOf):
        return f" ({', '.join(bound.names[:4])}{', ...' if len(bound.names) > 4 else ''})"
    if not isinstance(bound, Range):
        return ""
    low = f"{'more than ' if bound.above else ''}{_number(bound.low)}"
    high = f"{'less than ' if bound.below else ''}{_number(bound.high)}"
    also = "".join(f", or {_number(value)}" for value in bound.also)
    return f", {low} to {high}{also}"


def _number(value: float) -> str:
    return f"{value:,.15g}"

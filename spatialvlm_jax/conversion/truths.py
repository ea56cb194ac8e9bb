"""The kind of a question, and the quantity that answers it: of columns, or of the answer."""

import dataclasses
import math
import re
from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np

from spatialvlm_jax.conversion.texts import Fault, as_text
from spatialvlm_jax.scene.records import Kind
from spatialvlm_jax.units import Unit, find_unit, read_measure, symbol_of

KindRule = Literal["general", "auto"]
KIND_RULES = get_args(KindRule)
COLUMNS = ("kind", "type", "value", "unit")
_KINDS = get_args(Kind)
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})(?:[eE][+-]?[0-9]{1,4})?")
_SAYS_NUMBER = re.compile(
    r"[0-9]|\bone (?!of\b)\w|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
    r"|(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty"
    r"|hundred|thousand|half|dozen)\b",
    re.IGNORECASE,
)
_MAX_TYPE = 80
# An answer may round its value; one that is further off is of another number or unit.
_ROUNDED = 0.25
# What is recognised without columns; "30 degrees" may be the weather.
_RECOGNISED = ("length", "area", "volume")


@dataclasses.dataclass(frozen=True)
class Truth:
    """What is known of the answer to a question beside its words.

    type: as the set calls this sort of question, "" where it does not say.
    value: of a quantitative question, in SI units; None of the others.
    unit: the one the value was given in, as it is spoken.
    """

    kind: Kind = "general"
    type: str = ""
    value: float | None = None
    unit: str = ""


GENERAL = Truth()


def read_truth(columns: Mapping[str, Any], answer: str, rule: KindRule = "general") -> Truth:
    """The truth of a question with this answer.

    Args:
      columns: what a record says under the names of `COLUMNS`, None where it says nothing.
        "value" is in "unit". With a value and no kind a question is quantitative.
      rule: what a question is without kind and value: "general", or by "auto" quantitative where
        its answer is a length, an area or a volume with its unit, and nothing else.

    Raises:
      Fault: a kind or unit is unknown, a value is not finite, has no unit, cannot be (a length of
        -1 m) or is another than its answer says.
    """
    kind, name, unit = (as_text(columns.get(each)).strip() for each in ("kind", "type", "unit"))
    if kind and kind.lower() not in _KINDS:
        raise Fault(
            f"unknown kind {kind[:_MAX_TYPE]!r}: there are {', '.join(_KINDS)}{_not('kind')}"
        )
    if len(name) > _MAX_TYPE or not name.isprintable():
        raise Fault(f"type {name[:_MAX_TYPE]!r} is no name of at most {_MAX_TYPE} characters")
    value = _number(columns.get("value"))
    said = read_measure(answer)
    if value is None and unit:
        raise Fault(f"a unit, {unit[:_MAX_TYPE]!r}, without a value{_not('unit')}")
    if not kind:
        recognised = rule == "auto" and said is not None and said[1].dimension in _RECOGNISED
        kind = "general" if value is None and not recognised else "quantitative"
    if kind.lower() != "quantitative":
        if value is not None:
            raise Fault(f"a value, but its kind is {kind}, not quantitative{_not('value')}")
        return Truth(kind.lower(), name)  # type: ignore[arg-type]
    if value is not None:
        given = value, _unit(unit)
        _check_agree(given, said)
    elif said is not None:
        given = said
    else:
        raise Fault("it is quantitative, but has no value, nor is its answer a number with a unit")
    return Truth("quantitative", name, _si(*given), symbol_of(given[1]))


def says_number(answer: str) -> bool:
    """Whether an answer has digits or an English word for a number: "5'7\"", "two meters"."""
    return _SAYS_NUMBER.search(answer) is not None


def _not(column: str) -> str:
    return f"; a column that means something else is passed over with --field {column}=-"


def _number(value: Any) -> float | None:
    """A finite number; None where there is nothing. Raises Fault where it is another thing."""
    infinite = isinstance(value, float | np.floating) and math.isinf(value)
    text = "infinity" if infinite else as_text(value)
    if not text:
        if value is None or isinstance(value, str | bytes | float | np.floating):
            return None
        text = type(value).__name__
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise Fault(f"value {text[:_MAX_TYPE]!r} is no finite number{_not('value')}")
    return float(text)


def _unit(text: str) -> Unit:
    if not text:
        raise Fault(f"a value without a unit{_not('value')}")
    unit = find_unit(text)
    if unit is None:
        raise Fault(
            f"unknown unit {text[:_MAX_TYPE]!r}: m, cm, mm, km, ft, in, m^2, l, degrees, ..."
        )
    return unit


def _si(value: float, unit: Unit) -> float:
    """A value in SI units. Raises Fault where it cannot be, or float32 cannot hold it."""
    size, most = value * unit.si, float(np.finfo(np.float32).max)
    least = -most if unit.dimension == "angle" else float(np.finfo(np.float32).tiny)
    if not least <= size <= most:
        raise Fault(f"{value:g} {unit.symbol} is no {unit.dimension} that can be")
    return size


def _check_agree(given: tuple[float, Unit], said: tuple[float, Unit] | None) -> None:
    """Raises Fault where an answer that is a quantity is another one than was given."""
    if said is None or given[1].dimension == "angle":
        return
    (value, unit), (other, other_unit) = given, said
    agrees = unit.dimension == other_unit.dimension and math.isclose(
        value * unit.si, other * other_unit.si, rel_tol=_ROUNDED
    )
    if not agrees:
        raise Fault(
            f"its answer says {other:g} {other_unit.symbol}, and its value is "
            f"{value:g} {unit.symbol}"
        )

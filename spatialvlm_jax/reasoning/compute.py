"""Arithmetic with units, read by a whitelist of syntax: nothing that is written is ever run."""

import ast
import dataclasses
import math
import operator
import re
from collections.abc import Callable

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.units import find_unit

MOST_CHARACTERS, MOST_NODES, MOST_EXPONENT = 500, 64, 8
_POWERS = {"length": 1, "area": 2, "volume": 3, "ratio": 0, "angle": 0}
# "2.1 m" and "3 m ^ 2", whose unit belongs to the number before it, and whose power to the unit;
# last a power that is none of a unit's.
_MEASURE = re.compile(
    r"((?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(?![eE][+-]?\d)([A-Za-z]+)(?!\d)"
    r"(?:\s*(?:\^|\*\*)\s*(?:([+-]?\d+)|\(\s*([+-]?\d+)\s*\))(?![\w.])|\s*([²³]))?"
    r"(\s*(?:\^|\*\*|[²³]))?"
)
_POWER_SIGNS = {"^": "**", "²": "**2", "³": "**3"}
_OF_SEVERAL: dict[str, Callable[[list[float]], float]] = {"max": max, "min": min, "sum": math.fsum}
_OF_NUMBERS: dict[str, Callable[[float], int]] = {
    "ceil": math.ceil,
    "floor": math.floor,
    "round": round,
}
_FUNCTIONS = {"abs", "sqrt", *_OF_SEVERAL, *_OF_NUMBERS}
_COMPARED: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


class ComputeError(UserError):
    """An expression that is not computed."""


@dataclasses.dataclass(frozen=True)
class Computed:
    """A number in SI units, and the power of metres that it has: 2 for an area, 0 for a ratio."""

    value: float
    power: float = 0.0

    def __str__(self) -> str:
        unit = f" m^{self.power:g}" if self.power not in (0, 1) else " m" * bool(self.power)
        return f"{self.value:.6g}{unit}"


def compute(expression: str) -> Computed | bool:
    """The value of an expression such as "sqrt(2 m^2) + 30 cm" or "2.1 m < 7 ft".

    Numbers, units of `units.UNITS` behind them, + - * / ^, comparisons, and abs, ceil, floor, max,
    min, round, sqrt, sum. At most 500 characters and 64 nodes; exponents are whole, up to 8. A
    power behind a unit is the unit's however it is written: 2 m^2, 2 m ** 2 and 2 m² are two
    square metres, and (2 m)^2 is four.

    Raises:
      ComputeError: it is no such expression, mixes units, or a part of it has no finite value.
    """
    if len(expression) > MOST_CHARACTERS:
        raise ComputeError(f"an expression has at most {MOST_CHARACTERS} characters")
    written = _MEASURE.sub(_with_unit, expression.replace("°", " degrees"))
    for power, spelling in _POWER_SIGNS.items():
        written = written.replace(power, spelling)
    try:
        tree = ast.parse(written.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ComputeError(f"{expression[:80]!r} is no arithmetic expression") from None
    if sum(1 for _ in ast.walk(tree)) > MOST_NODES:
        raise ComputeError(f"an expression has at most {MOST_NODES} nodes")
    body = tree.body
    try:
        if isinstance(body, ast.Compare) and len(body.ops) == 1 and type(body.ops[0]) in _COMPARED:
            left, right = _alike([_value(body.left), _value(body.comparators[0])])
            return _COMPARED[type(body.ops[0])](left.value, right.value)
        found = _value(body)
    except ComputeError:
        raise
    except (OverflowError, ZeroDivisionError, ValueError):  # the last of what is not a number
        raise ComputeError(f"{expression[:80]!r} has no finite value") from None
    return found


def _with_unit(match: re.Match[str]) -> str:
    number, unit, plain, enclosed, raised, more = match.groups()
    if more:
        raise ComputeError(
            f"the power of a unit is one whole number, as in 2 m^2: write (2 {unit[:20]}) for both"
        )
    power = plain or enclosed
    written = f" ** {power}" if power else _POWER_SIGNS.get(raised or "", "")
    return f"({number} * {unit}{written})"


def _value(node: ast.expr) -> Computed:
    """The value of a part; raises OverflowError where that is not finite."""
    found = _any_value(node)
    if not math.isfinite(found.value):
        raise OverflowError
    return found


def _any_value(node: ast.expr) -> Computed:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return Computed(float(number))
        case ast.Name(id=name):
            unit = find_unit(name)
            if unit is None:
                raise ComputeError(f"{name[:40]!r} is no unit")
            return Computed(unit.si, _POWERS[unit.dimension])
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            found = _value(operand)
            return Computed(-found.value, found.power)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _value(operand)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _power(_value(left), _value(right))
        case ast.BinOp(left=left, op=op, right=right):
            return _combined(op, _value(left), _value(right))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _FUNCTIONS:
            return _called(name, [_value(each) for each in args])
    raise ComputeError(f"{ast.unparse(node)[:60]!r} is not allowed in an expression")


def _alike(values: list[Computed]) -> list[Computed]:
    if not values or len({each.power for each in values}) > 1:
        raise ComputeError("lengths, areas and plain numbers are not added up or compared")
    return values


def _power(base: Computed, exponent: Computed) -> Computed:
    whole = exponent.value
    if exponent.power or whole != int(whole) or abs(whole) > MOST_EXPONENT:
        raise ComputeError(f"an exponent is a whole number up to {MOST_EXPONENT}")
    return Computed(base.value ** int(whole), base.power * whole)


def _combined(op: ast.operator, left: Computed, right: Computed) -> Computed:
    match op:
        case ast.Add():
            _alike([left, right])
            return Computed(left.value + right.value, left.power)
        case ast.Sub():
            _alike([left, right])
            return Computed(left.value - right.value, left.power)
        case ast.Mult():
            return Computed(left.value * right.value, left.power + right.power)
        case ast.Div():
            return Computed(left.value / right.value, left.power - right.power)
    raise ComputeError(f"{type(op).__name__} is not allowed in an expression")


def _called(name: str, values: list[Computed]) -> Computed:
    if name in _OF_SEVERAL:
        power = _alike(values)[0].power
        return Computed(_OF_SEVERAL[name]([each.value for each in values]), power)
    if len(values) != 1:
        raise ComputeError(f"{name} takes one value")
    (only,) = values
    if name == "abs":
        return Computed(abs(only.value), only.power)
    if name == "sqrt":
        if only.value < 0:
            raise ComputeError("there is no square root below zero")
        return Computed(math.sqrt(only.value), only.power / 2)
    if only.power:
        raise ComputeError(f"{name} takes a plain number: divide by a unit first")
    return Computed(float(_OF_NUMBERS[name](only.value)))

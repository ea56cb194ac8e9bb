"""From an exact value to the words people use, and back into the same sentence with a new value.

Three precisions:

* "human": units by symbol ("m", "cm²", "L") are spoken with two significant digits; units by name
  ("meters", "square feet", "times", "degrees") are rounded the way people round, to halves while
  there are few and to tens once there are many, and never finer than the value is known;
* "two_digits": two significant digits in every unit, whole degrees;
* "exact": three significant digits in every unit, tenths of a degree.
"""

import functools
import math
from collections.abc import Sequence
from typing import Any

from spatialvlm_jax.generation.naming.captions import is_plural
from spatialvlm_jax.generation.wording.templates import answer_template
from spatialvlm_jax.questions import Precision
from spatialvlm_jax.units import (
    DIMENSIONS,
    METRES,
    METRIC,
    SI,
    SINGULAR,
    choose_unit,
    unit_of,
)

__all__ = [
    "DIMENSIONS",
    "METRES",
    "METRIC",
    "SI",
    "choose_unit",
    "format_bearing",
    "format_quantity",
    "human_step",
    "indefinite",
    "plural",
    "rephrase",
    "spoken_size",
    "unit_of",
]


_DIGITS: dict[str, int] = {"two_digits": 2, "exact": 3}
# Nobody says 0.86 meters or 12.5 centimeters by name.
_FINEST = {"meters": 0.5, "feet": 0.5, "square meters": 0.05, "cubic meters": 0.1, "times": 0.1}
_STRAIGHT = "straight ahead"
# Noise never turns a quantity around: what is below is spoken as this, SI units.
LEAST_LENGTH = 0.01  # metres
_LEAST = {"length": LEAST_LENGTH, "area": 1e-4, "volume": 1e-6, "ratio": 0.1}


def human_step(amount: float, std: float = 0.0, finest: float = 0.0) -> float:
    """The step to which people round `amount` known to within `std`, both in the unit spoken.

    Halves below 5 (1.5, 2, 2.5); beyond, half the power of ten if the first digit is 1 (10, 15,
    20) and else that power (7, 8; 30, 40); but at least `finest` and the standard error.
    """
    power = 10.0 ** math.floor(math.log10(amount) + 1e-9)
    step = power / 2 if amount < 2 * power or (power == 1 and amount < 5) else power
    step = max(step, finest)
    while step < std:
        step *= 5 if (math.log10(step) + 0.01) % 1 < 0.1 else 2
    return step


def _digits(amount: float, step: float) -> str:
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    text = f"{round(amount / step) * step:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _significant(amount: float, digits: int) -> str:
    exponent = int(f"{amount:.{digits - 1}e}".split("e")[1])
    decimals = max(0, digits - 1 - exponent)
    return f"{round(amount, digits - 1 - exponent):.{decimals}f}"


def format_quantity(
    value: float, unit: str, std: float = 0.0, precision: Precision = "human"
) -> str:
    """A quantity as text: "1.2 m", "3 feet", "2 square meters", "30 degrees to the right".

    Args:
      value, std: SI units; the value is positive, but for an angle.
      unit: a key of `SI`.

    Raises:
      ValueError: the unit is unknown, or the value is not positive and finite.
    """
    if unit not in SI:
        raise ValueError(f"unknown unit {unit!r}; one of {', '.join(SI)}")
    if DIMENSIONS[unit] == "angle":
        return format_bearing(value, std, precision)
    if not (value > 0 and math.isfinite(value)):
        raise ValueError(f"a {DIMENSIONS[unit]} to speak of is positive and finite, not {value}")
    amount = value / SI[unit]
    if precision == "human" and (unit in SINGULAR or unit == "times"):
        # A ratio is compared with 1: "1.2 times" is not once.
        size = amount - 1 if unit == "times" and 1 < amount < 2 else amount
        step = human_step(size, std / SI[unit], _FINEST.get(unit, 0.0))
        text = _digits(max(amount, step), step)
    else:
        text = _significant(amount, _DIGITS.get(precision, 2))
    return f"{text} {SINGULAR.get(unit, unit) if text == '1' else unit}"


def format_bearing(value: float, std: float = 0.0, precision: Precision = "human") -> str:
    """An angle from straight ahead as text: "30 degrees to the right", "straight ahead".

    Args:
      value, std: radians, right is positive.

    Raises:
      ValueError: the value is not finite.
    """
    if not math.isfinite(value):
        raise ValueError(f"an angle to speak of is finite, not {value}")
    degrees = math.degrees(abs(value))
    step = {"human": 5.0, "two_digits": 1.0, "exact": 0.1}[precision]
    if precision == "human":
        wanted = math.degrees(std)
        step = next((each for each in (5.0, 10.0, 15.0, 30.0, 45.0) if each >= wanted), 90.0)
    text = _digits(degrees, step)
    if float(text) == 0:
        return _STRAIGHT
    return f"{text} degree{'' if text == '1' else 's'} to the {'right' if value > 0 else 'left'}"


def spoken_size(
    value: float, unit: str, std: float = 0.0, precision: Precision = "human"
) -> tuple[str, float]:
    """A length to be stated in a question: its text, and the metres that the text says.

    Whoever decides by a stated size decides by the second: 0.62 m may be spoken as "60 cm".

    Raises:
      ValueError: as `format_quantity`.
    """
    text = format_quantity(value, unit, std, precision)
    return text, float(text.split()[0]) * METRES[unit]


def rephrase(
    answer_template_id: str,
    value: float,
    unit: str,
    captions: Sequence[str] = (),
    std: float = 0.0,
    precision: Precision = "human",
) -> str:
    """The same answer with a new number: same template, same unit.

    Args:
      answer_template_id: as in `QA.template`, either its second part or the whole.
      value, std: SI units; a length below 1 cm is spoken as 1 cm, so that no error
        turns a length negative.
      captions: captions of the objects asked about, in the order of `QA.objects`; needed where
        the template names them.

    Raises:
      ValueError: no such template, or it names an object that `captions` lacks.
    """
    template = answer_template(answer_template_id.rsplit("/", 1)[-1])
    slots = dict(zip("ab", captions, strict=False))
    least = _LEAST.get(DIMENSIONS.get(unit, ""), -math.inf)
    slots["value"] = format_quantity(max(value, least), unit, std, precision)
    try:
        return template.format(**slots)
    except KeyError as error:
        raise ValueError(
            f"answer template {answer_template_id!r} names object {error}; pass `captions`"
        ) from None


@functools.cache
def _english() -> Any:
    import inflect

    return inflect.engine()


@functools.lru_cache(maxsize=4096)
def indefinite(noun: str) -> str:
    """The noun phrase with "a" or "an", as it sounds: "a uniform", "an hour"."""
    return str(_english().a(noun)) if noun else noun


@functools.lru_cache(maxsize=4096)
def plural(noun: str) -> str:
    """The plural of a noun phrase; what is a plural stays as it is."""
    if is_plural(noun):
        return noun
    # Of capitals and digits the library makes "TVS".
    return str(_english().plural_noun(noun)) if noun[-1:].islower() else f"{noun}s"

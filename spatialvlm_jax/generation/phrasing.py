"""From an exact value to the words people use, and back into the same sentence with a new value.

Units by symbol ("m", "cm", "ft", "in") are spoken with two significant digits. Units by name
("meters", "centimeters", "feet", "inches") are rounded the way people round: to steps of 1 or 5
times a power of ten, off by at most 10 %, and never finer than the value is known.
"""

import itertools
import math
from collections.abc import Sequence

from spatialvlm_jax.generation.templates import answer_template

METRES: dict[str, float] = {
    "m": 1.0,
    "cm": 0.01,
    "ft": 0.3048,
    "in": 0.0254,
    "meters": 1.0,
    "centimeters": 0.01,
    "feet": 0.3048,
    "inches": 0.0254,
}
_SINGULAR = {
    "meters": "meter",
    "centimeters": "centimeter",
    "feet": "foot",
    "inches": "inch",
}


def human_step(amount: float, std: float = 0.0) -> float:
    """The step to which people round `amount` known to within `std`, both in the unit spoken.

    The largest of 1 or 5 times a power of ten that is at most a fifth of the amount, but at least
    the standard error.
    """
    power = 10.0 ** math.floor(math.log10(amount / 5) + 1e-9)
    step = 5 * power if 5 * power <= amount / 5 * (1 + 1e-9) else power
    while step < std:
        step *= 5 if (math.log10(step) + 0.01) % 1 < 0.1 else 2
    return step


def _digits(amount: float, step: float) -> str:
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{round(amount / step) * step:.{decimals}f}"


def format_quantity(value: float, unit: str, std: float = 0.0) -> str:
    """A length as text, "1.2 m" or "3 feet".

    Args:
      value, std: metres; the value is positive.
      unit: a key of `METRES`.

    Raises:
      ValueError: the unit is unknown, or the value is not positive and finite.
    """
    if unit not in METRES:
        raise ValueError(f"unknown unit {unit!r}; one of {', '.join(METRES)}")
    if not (value > 0 and math.isfinite(value)):
        raise ValueError(f"a length to speak of is positive and finite, not {value}")
    amount = value / METRES[unit]
    if unit not in _SINGULAR:
        exponent = int(f"{amount:.1e}"[4:])
        decimals = max(0, 1 - exponent)
        return f"{round(amount, 1 - exponent):.{decimals}f} {unit}"
    step = human_step(amount, std / METRES[unit])
    text = _digits(max(amount, step), step)
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{text} {_SINGULAR[unit] if text == '1' else unit}"


def choose_unit(value: float, draw: float, imperial_fraction: float = 0.2) -> str:
    """The unit a person may use for `value` metres; `draw` is uniform in [0, 1)."""
    if draw < imperial_fraction:
        draw /= max(imperial_fraction, 1e-12)
        small = value < 0.5
        return ("inches" if small else "feet") if draw < 0.7 else ("in" if small else "ft")
    draw = (draw - imperial_fraction) / (1 - imperial_fraction)
    small = value < 0.7 or (value < 1.0 and draw < 0.3)
    return ("centimeters" if small else "meters") if draw < 0.6 else ("cm" if small else "m")


def unit_of(text: str) -> str:
    """The unit spoken in an answer, as a key of `METRES`; "" where there is none."""
    plural = {singular: unit for unit, singular in _SINGULAR.items()}
    words = text.replace(",", " ").split()
    for number, word in itertools.pairwise(words):
        word = word.rstrip(".")
        word = plural.get(word, word)
        if word in METRES and number[:1].isdigit():
            return word
    return ""


def rephrase(
    answer_template_id: str,
    value: float,
    unit: str,
    captions: Sequence[str] = (),
    std: float = 0.0,
) -> str:
    """The same answer with a new number: same template, same unit.

    Args:
      answer_template_id: as in `QA.template`, either its second part or the whole.
      value, std: metres; a value below 1 cm is spoken as 1 cm, so that noise never turns a
        length negative.
      captions: captions of the objects asked about, in the order of `QA.objects`; needed where
        the template names them.

    Raises:
      ValueError: no such template, or it names an object that `captions` lacks.
    """
    template = answer_template(answer_template_id.rsplit("/", 1)[-1])
    slots = dict(zip("ab", captions, strict=False))
    slots["value"] = format_quantity(max(value, 0.01), unit, std)
    try:
        return template.format(**slots)
    except KeyError as error:
        raise ValueError(
            f"answer template {answer_template_id!r} names object {error}; pass `captions`"
        ) from None


def indefinite(noun: str) -> str:
    """The noun phrase with "a" or "an"."""
    return f"an {noun}" if noun[:1].lower() in "aeiou" else f"a {noun}"


_IRREGULAR = {"shelf": "shelves", "knife": "knives", "person": "people"}


def plural(noun: str) -> str:
    """The plural of a noun phrase, by its last word."""
    head, _, last = noun.rpartition(" ")
    if last in _IRREGULAR:
        last = _IRREGULAR[last]
    elif last.endswith(("s", "x", "z", "ch", "sh")):
        last += "es"
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        last = last[:-1] + "ies"
    else:
        last += "s"
    return f"{head} {last}".strip()

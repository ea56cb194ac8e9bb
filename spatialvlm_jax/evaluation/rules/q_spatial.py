r"""Q-Spatial's rule (Liao et al., 2024; `evaluate_success_rate` of the benchmark).

Only `\scalar{...}` and `\distance_unit{...}` of a reply count, the last of each. The number is the
mean of all in the braces, so "1,200" is 100.5 and ".5" is 5; a unit that is not in the list, also
" m " with spaces, is a centimetre.
"""

import re

_SCALAR = re.compile(r"scalar{([^}]*)}")
_UNIT = re.compile(r"distance_unit{([^}]*)}")
_NUMBER = re.compile(r"\d+\.?\d*")
_CENTIMETRES = {
    word: centimetres
    for words, centimetres in (
        ("meters meter m metre metres", 100.0),
        ("centimeters centimeter cm", 1.0),
        ("feet foot ft", 30.48),
        ("inch inches in", 2.54),
        ("mm", 0.1),
    )
    for word in words.split()
}


def unit_in_centimetres(unit: str) -> float:
    """How long a unit is, centimetres; one that is not known is a centimetre."""
    return _CENTIMETRES.get(unit.lower(), 1.0)


def is_known_unit(unit: str) -> bool:
    """Whether a unit is in the list, rather than taken for a centimetre."""
    return unit.lower() in _CENTIMETRES


def last_unit(reply: str) -> str:
    """The last unit in its form, or ""."""
    units = _UNIT.findall(reply)
    return units[-1] if units else ""


def read_boxed_length(reply: str) -> float | None:
    """The length in a reply, centimetres; None without both forms or without a number.

    The benchmark's own code ends with an error there.
    """
    scalars, units = _SCALAR.findall(reply), _UNIT.findall(reply)
    numbers = _NUMBER.findall(scalars[-1]) if scalars else []
    if not numbers or not units:
        return None
    return sum(map(float, numbers)) / len(numbers) * unit_in_centimetres(units[-1])


def is_within_ratio(said: float, true: float, ratio: float = 2.0) -> bool:
    """Whether two lengths of one unit differ by less than a factor; at the factor itself not."""
    return min(said, true) > 0 and max(said / true, true / said) < ratio

"""Numbers for people: three digits and an SI prefix."""

_PREFIXES = ("", "k", "M", "G", "T")


def with_prefix(number: float, unit: str) -> str:
    """A number that is not negative, such as "2.37 GB" for 2,371,000,000 and "B"."""
    for prefix in _PREFIXES:
        # 999.6 would be written with three digits as 1e+03.
        if number < 999.5:
            return f"{number:.3g} {prefix}{unit}"
        number /= 1000
    return f"{number:.3g} P{unit}"

"""Regions of a picture that a question numbers, "Region [0]", and what they may be called instead.

Names are those of the regions in the order of their numbers.
"""

import re
from collections.abc import Sequence

_REGION = re.compile(r"\bregions?\s{0,3}[\[(<]?\s?(\d{1,3})(?:\s?[\])>])?", re.IGNORECASE)
_HAS_ARTICLE = re.compile(r"(?:the|an?|his|her|their)\s", re.IGNORECASE)
_BEGINS = re.compile(r"(?:^|[.!?]\s|\n)\s*\Z")


def without_regions(text: str) -> str:
    """The text without the regions' numbers, which measure nothing."""
    return _REGION.sub(" ", text)


def first_region(text: str, names: Sequence[str] = ()) -> int | None:
    """The number of the region that a text mentions first, by its number or its name."""
    found = [(match.start(), 0, int(match[1])) for match in _REGION.finditer(text)][:1]
    for number, name in enumerate(names):
        match = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE)
        if match:  # "chair" lies within "red chair"
            found.append((match.start(), -len(name), number))
    return min(found)[2] if found else None


def call_by_names(text: str, names: Sequence[str]) -> str:
    """The text with each region's name, "the chair", in place of its number."""

    def called(match: re.Match[str]) -> str:
        number = int(match[1])
        if number >= len(names):
            return match[0]
        name = names[number]
        said = name if _HAS_ARTICLE.match(name) else f"the {name}"
        return said[:1].upper() + said[1:] if _BEGINS.search(text, 0, match.start()) else said

    return _REGION.sub(called, text)


def why_not_by_names(text: str, names: Sequence[str]) -> str:
    """Why a text cannot call its regions by these names; "" where it can."""
    if not names:
        return "its record has no names of its regions"
    asked = [int(match[1]) for match in _REGION.finditer(text)]
    if max(asked, default=-1) >= len(names):
        return f"its record names {len(names)} regions, and it asks about region {max(asked)}"
    called = [names[number].lower() for number in set(asked)]
    twice = next((name for name in called if called.count(name) > 1), "")
    return f"two of its regions have one name: {twice[:80]}" if twice else ""

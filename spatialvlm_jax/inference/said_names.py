"""How people name things in a sentence: by words before the name, and whoever looks by none."""

import re

_BEGINNINGS = "the|an?|my|your|our|his|her|its|their|this|that|these|those"
_BEGINNING = re.compile(rf"(?:{_BEGINNINGS}) +", re.IGNORECASE)
_WHO_LOOKS = frozenset(("camera", "viewer", "me", "us", "you"))


def bare_name(thing: str) -> str:
    """A name without the word that begins it: "red mug" of "the red mug"."""
    begun = _BEGINNING.match(thing)
    return thing if begun is None else thing[begun.end() :]


def is_who_looks(thing: str) -> bool:
    """Whether it is the camera, as "the viewer" or "me"."""
    return bare_name(thing).lower() in _WHO_LOOKS


def is_begun(thing: str) -> bool:
    """Whether a name has a word such as "the" before it, or needs none."""
    return _BEGINNING.match(thing) is not None or is_who_looks(thing)

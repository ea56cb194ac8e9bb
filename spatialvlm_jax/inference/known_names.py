"""What a question calls things, against the names that a model was taught."""

import difflib
import functools
import re

from spatialvlm_jax.generation.wording.phrasing import plural
from spatialvlm_jax.taught import TaughtNames

# Adjectives that others spell otherwise.
_SPELLINGS = {"grey": "gray"}
_ARTICLE = re.compile(r"(?:an?|any|one) ")
_BETWEEN_NAMES = re.compile(r"(?:, ?(?:and |or )?| and | or )(?:the |an? )?")
# Placeholders of templates that hold other words than names.
_NO_NAME = frozenset({"size"})


class UnknownName(Exception):
    """A name that a model was not taught; the message says which, and what it knows."""


def names_as_taught(objects: dict[str, str], names: TaughtNames) -> dict[str, str]:
    """What stands in a question's placeholders as it was taught: in lower case, in its spelling.

    Args:
      objects: placeholder -> words, as `question_forms.Recognised` has them.

    Raises:
      UnknownName: one of them is no name that was taught.
    """
    return {
        slot: words if slot in _NO_NAME else _as_taught(slot, words, names)
        for slot, words in objects.items()
    }


def _as_taught(slot: str, phrase: str, names: TaughtNames) -> str:
    words = [_SPELLINGS.get(word, word) for word in phrase.lower().split()]
    name = " ".join(words)
    article = _ARTICLE.match(name) if slot == "one" else None
    bare = name[article.end() :] if article else name
    if not (bare in names.adjectives if slot == "color" else _pattern(names).fullmatch(bare)):
        raise UnknownName(_describe(bare, names))
    return name


def mask_names(text: str, names: TaughtNames, mask: str) -> tuple[str, list[str]]:
    """A text in lower case with `mask` in place of each taught name, adjective and size, and these.

    Names are as they were taught, and in their order.
    """
    found = []

    def masked(match: re.Match[str]) -> str:
        found.append(match[0])
        return mask

    words = (_SPELLINGS.get(word, word) for word in text.split(" "))
    return _anywhere(names).sub(masked, " ".join(words)), found


@functools.lru_cache(maxsize=64)
def _anywhere(names: TaughtNames) -> re.Pattern[str]:
    """Of names within a text, the longest ones first."""
    nouns = sorted([*names.nouns, *map(plural, names.nouns)], key=len, reverse=True)
    adjective = _any_of(sorted(names.adjectives, key=len, reverse=True))
    name = f"(?:thing on the )?(?:{adjective} )?{_any_of(nouns)}"
    return re.compile(rf"\b(?:{name}|{adjective})\b|\d[\d.,]* ?[a-z]+")


@functools.lru_cache(maxsize=64)
def _pattern(names: TaughtNames) -> re.Pattern[str]:
    """Of all names: "ball", "red balls", and "thing on the red table" where a noun would tell."""
    adjective = _any_of(names.adjectives)
    noun = _any_of([*names.nouns, *map(plural, names.nouns)])
    return re.compile(f"(?:thing on the )?(?:{adjective} )?{noun}")


def _any_of(words: list[str] | tuple[str, ...]) -> str:
    return f"(?:{'|'.join(map(re.escape, words)) or '(?!)'})"


def _describe(name: str, names: TaughtNames) -> str:
    """Which words are unknown, or put together as none are that are known."""
    parts = _BETWEEN_NAMES.split(name)
    if len(parts) > 1 and all(map(_pattern(names).fullmatch, parts)):
        return (
            f'"{name}" are {len(parts)} things where one is asked about: ask about each by itself'
        )
    first, _, rest = name.partition(" ")
    unknown = rest if rest and first in names.adjectives else name
    noun = next((each for each in names.nouns if unknown.endswith(f" {each}")), "")
    before = unknown.removesuffix(f" {noun}") if noun else ""
    strange = [word for word in before.split() if word not in names.adjectives]
    if len(strange) == 1 and strange[0] not in names.nouns:
        return _told(strange[0], names.adjectives)
    return _told(unknown, names.nouns)


def _told(unknown: str, known: tuple[str, ...]) -> str:
    # Who mistypes a name begins it rightly: an elephant is no plant.
    alike = [name for name in known if name[0] == unknown[0]]
    near = difflib.get_close_matches(unknown, alike, n=1)
    hint = f'did you mean "{near[0]}"? It' if near and near[0] != unknown else "it"
    *most, last = known or ("no names",)
    listed = f"{', '.join(most)} and {last}" if most else last
    return f'this model was not taught what "{unknown}" is ({hint} knows {listed})'

"""Which templates a question is of: its type, its wording, and what it names."""

import functools
import re
from collections.abc import Iterator
from typing import NamedTuple

from spatialvlm_jax.generation.questions.generate import REGISTRY
from spatialvlm_jax.generation.questions.registry import QuestionType
from spatialvlm_jax.generation.wording.templates import TEMPLATES
from spatialvlm_jax.units import find_unit

PLACEHOLDER = re.compile(r"\{(\w+)\}")
_ANY = "[^,;:?]+?"
# What stands in a placeholder; any words do in the others.
_PARTICULAR = {
    "one": f"(?:an?|one|any) {_ANY}",
    "color": r"[\w-]+(?: [\w-]+)?",
    "size": rf"\d{_ANY}",
}
# Words of templates that others spell otherwise.
_SPELLINGS = {"color": "colou?r", "center": "cent(?:er|re)"}
# What people also say, and no data set is worded in: other templates would take their ends for
# names ("How far away is the ball from the camera?").
_ALSO_ASKED: dict[str, tuple[str, ...]] = {
    "camera_distance": (
        "how far is the {a}?",
        "how far away is the {a} from the camera?",
        "what is the distance to the {a}?",
        "what is the distance from the {a} to the camera?",
        "what is the distance between the {a} and the camera?",
        "what is the distance between the camera and the {a}?",
    ),
    "distance": (
        "how far away is the {a} from the {b}?",
        "how far apart are the {a} and the {b}?",
        "what is the distance from the {a} to the {b}?",
        "what is the distance between the {a} and the {b}?",
    ),
    "depth": ("what is the depth of the {a}?",),
    "footprint": (
        "what is the floor area of the {a}?",
        "what floor area does the {a} cover?",
        "how much floor area does the {a} take up?",
    ),
    "count": ("how many {plural} do you see?",),
    "existence": ("can you see {one}?",),
}
_WHERE = re.compile(r" in (?:the|this) (?:picture|image|photo|scene|room)(?=\?$)", re.IGNORECASE)
_IN_UNIT = re.compile(r"(.*\w),? in ([^?]{1,40})\?", re.IGNORECASE)
_OR = re.compile(r" (?:and|or) ")
_TWICE = re.compile(r"\b(the|an?|of|from|to|is|are|how|what)(?: \1\b)+", re.IGNORECASE)
_LONGEST = 1_000  # characters of a question; matching takes their square


class Recognised(NamedTuple):
    """The type of a question, the template that it is of, and what stands in its placeholders.

    own: characters of the template's own words.
    """

    kind: QuestionType
    template: str
    objects: dict[str, str]
    own: int


def matching_forms(question: str) -> list[Recognised]:
    """The templates that a question is of, those with the most words of their own first.

    A template's own words may be spelled "colour" and "centre", "the the" may stand there, and
    "in the picture" or "in feet" behind them; what it names stays as it is.
    """
    words = " ".join(question.split())
    if len(words) > _LONGEST:
        return []
    # Of one template, what stands before "in the picture" is the likelier name.
    short, _ = without_unit(_WHERE.sub("", _TWICE.sub(r"\1", words)))
    ways = dict.fromkeys([_WHERE.sub("", short), _WHERE.sub("", words), words])
    found = [match for way in ways for match in _matches(way)]
    return sorted(found, key=lambda each: -each.own)


def without_unit(question: str) -> tuple[str, str]:
    """A question without the unit that it asks for at its end, and the unit; "" where it has none.

    Args:
      question: in one line, "how wide is the sofa in feet?".
    """
    found = _IN_UNIT.fullmatch(question)
    if found is None or not all(map(find_unit, _OR.split(found[2]))):
        return question, ""
    return f"{found[1]}?", found[2]


def _matches(words: str) -> Iterator[Recognised]:
    small = words.lower()
    for spelling, pattern in _SPELLINGS.items():
        small = re.sub(pattern, spelling, small)
    for kind, template, begin, end in _framed_templates():
        # Few begin and end so: the others' patterns need not be made.
        if small.startswith(begin) and small.endswith(end):
            match = _pattern(template).fullmatch(words)
            if match:
                own = len(PLACEHOLDER.sub("", template))
                yield Recognised(kind, template, match.groupdict(), own)


def all_templates() -> Iterator[tuple[QuestionType, str]]:
    """Of all types: in which data sets are worded, and what people also say."""
    for name, kind in REGISTRY.items():
        for template in (*TEMPLATES[name].questions, *_ALSO_ASKED.get(name, ())):
            yield kind, template


@functools.cache
def _framed_templates() -> list[tuple[QuestionType, str, str, str]]:
    """All of them, with how each begins and ends before and behind what it names."""
    found = []
    for kind, template in all_templates():
        begin, *_, end = PLACEHOLDER.split(template.lower())
        found.append((kind, template, begin, end))
    return found


@functools.cache
def _pattern(template: str) -> re.Pattern[str]:
    seen: set[str] = set()
    parts = []
    for place, part in enumerate(PLACEHOLDER.split(template)):
        if place % 2 == 0:
            own = re.escape(part)
            for spelling, pattern in _SPELLINGS.items():
                own = own.replace(spelling, pattern)
            parts.append(own)
        else:
            form = _PARTICULAR.get(part, _ANY)
            parts.append(f"(?P={part})" if part in seen else f"(?P<{part}>{form})")
            seen.add(part)
    return re.compile("".join(parts), re.IGNORECASE)

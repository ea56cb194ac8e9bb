"""A linter for templates: what a wrong word in a template would do to thousands of answers.

faults = lint(REGISTRY, TEMPLATES)      # [] when all is well
"""

import re
import string
from collections.abc import Iterator, Mapping

from spatialvlm_jax.generation.registry import QuestionType
from spatialvlm_jax.generation.templates import Wording
from spatialvlm_jax.generation.templates_qualitative import OPPOSITES, RELATION_WORDS

MIN_QUESTIONS, MIN_ANSWERS = 6, 4

# Words that name a relation in a question; one of its own must stand there, and none of its
# opposite's.
ASKING_WORDS: dict[str, tuple[str, ...]] = {
    "left": ("left",),
    "right": ("right",),
    "front": ("in front",),
    "behind": ("behind",),
    "above": ("above", "higher"),
    "below": ("below", "lower"),
    "nearer": ("nearer", "closer"),
    "farther": ("farther", "further away"),
    "taller": ("taller",),
    "shorter": ("shorter",),
    "wider": ("wider",),
    "narrower": ("narrower",),
    "bigger": ("bigger", "larger"),
    "smaller": ("smaller",),
}
# For numbers: a word of each of these groups must stand in the question, and none of those words.
# A length between centres says so; without the word it is between surfaces.
MEASURE_WORDS: dict[str, tuple[tuple[tuple[str, ...], ...], tuple[str, ...]]] = {
    "camera_distance": (
        (("camera", "away", "us", "viewer"),),
        ("tall", "wide", "gap", "center of"),
    ),
    "height": ((("tall", "height", "high"),), ("wide", "width", "far", "left")),
    "width": ((("wide", "width", "left"),), ("tall", "height", "high", "far", "top")),
    "distance": (
        (("far", "gap", "distance", "space"),),
        ("center", "horizontal", "vertical"),
    ),
    "centre_distance": ((("center",),), ("horizontal", "vertical", "surface", "nearest")),
    "horizontal_distance": (
        (("center",), ("horizontal", "along the ground", "ignoring height", "across the floor")),
        ("vertical", "level", "up"),
    ),
    "vertical_distance": (
        (("center",), ("vertical", "level", "straight up")),
        ("horizontal", "floor", "ground", "ignoring"),
    ),
}
_UNITS = re.compile(
    r"\b(m|cm|mm|ft|in\.|meters?|metres?|centimeters?|feet|foot|inch(es)?)\b(?! front)"
)
_NAMES = ("a", "b", "winner", "loser")
_QUESTION_SLOTS = {0: {"one", "plural"}, 1: {"a"}, 2: {"a", "b"}}
_ANSWER_SLOTS = {
    "yes_no": ({"verdict"}, {"a", "b", "short", "long", "verdict", "found", "Found"}),
    "choice": ({"winner"}, {"winner", "loser", "long"}),
    "number": ({"value"}, {"a", "b", "value"}),
}


def slots_of(template: str) -> list[str]:
    """The placeholders of a template, in order."""
    return [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]


def lint(types: Mapping[str, QuestionType], templates: Mapping[str, Wording]) -> list[str]:
    """Every fault found, each as "template id: what is wrong"."""
    faults = [f"{name}: no templates" for name in types if name not in templates]
    faults += [f"{name}: no such question type" for name in templates if name not in types]
    questions: dict[str, str] = {}
    for name in templates.keys() & types.keys():
        wording, entry = templates[name], types[name]
        if len(wording.questions) < MIN_QUESTIONS or len(wording.answers) < MIN_ANSWERS:
            faults.append(f"{name}: fewer than {MIN_QUESTIONS} questions or {MIN_ANSWERS} answers")
        answers: dict[str, str] = {}
        for letter, texts, seen in (
            ("q", wording.questions, questions),
            ("a", wording.answers, answers),
        ):
            for number, text in enumerate(texts):
                label = f"{name}.{letter}{number}"
                check = _question_faults if letter == "q" else _answer_faults
                problems = [*_text_faults(text, short=number == 0), *check(text, entry)]
                bare = re.sub(r"[^a-z{} ]", "", text.lower())
                if bare in seen:
                    problems.append(f"repeats {seen[bare]}")
                seen[bare] = label
                faults += [f"{label}: {problem}" for problem in problems]
    return sorted(faults)


def _text_faults(text: str, short: bool) -> Iterator[str]:
    """What can be wrong with any template: spaces, capitals, articles, plural, units."""
    bare = text.replace("{Found}", "Found")
    if short and (bare[:1].isupper() or bare.endswith(".")):
        yield "the short form is a phrase without capital or full stop"
    if not short and not (bare[:1].isupper() and bare.endswith((".", "?"))):
        yield "a sentence starts with a capital and ends with a full stop or question mark"
    if "  " in text or re.search(r"[a-z}.,?:][A-Z]|[.,?:]\w|[.,?:]\{| [.,?:]", text):
        yield "spacing, or two templates run together"
    if re.search(r"\b(\w+) \1\b", text.lower()):
        yield "a word is doubled"
    if _UNITS.search(re.sub(r"\{\w+\}", "", text)):
        yield "names a unit; only the value does"
    for name in _NAMES:
        place = text.find("{" + name + "}")
        if place > 0 and not text[:place].lower().endswith("the "):
            yield f"no 'the' before {{{name}}}"
    if re.search(r"\b(a|an|the) \{(one|value|verdict|long|short|found)\}", text.lower()):
        yield "an article too many"
    if re.search(r"(?<!and )the \{\w+\} are\b|\b(it|that|this) are\b|\bthey is\b", text.lower()):
        yield "plural verb with one object"
    if re.search(r"and the \{\w+\} is\b", text) and "between" not in text.lower():
        yield "singular verb with two objects"


def _question_faults(text: str, entry: QuestionType) -> Iterator[str]:
    slots = slots_of(text)
    lower = text.lower()
    if text.count("?") != 1 or not text.endswith("?"):
        yield "a question has one question mark, at its end"
    if len(slots) != len(set(slots)):
        yield "a placeholder is repeated"
    if entry.kind != "general" and set(slots) != _QUESTION_SLOTS[entry.arity]:
        yield f"placeholders {slots} do not name {entry.arity} objects"
    if entry.kind == "general" and len(slots) != 1:
        yield "a general question has one placeholder"
    if entry.asks:
        if not _says(lower, ASKING_WORDS[entry.asks]):
            yield f"does not ask for {entry.asks!r}"
        if _says(lower, ASKING_WORDS[OPPOSITES[entry.asks]]):
            yield f"asks for the opposite of {entry.asks!r}"
    if entry.answer_form == "number":
        groups, forbidden = MEASURE_WORDS[entry.name]
        for wanted in groups:
            if not _says(lower, wanted):
                yield f"says none of {', '.join(wanted)}"
        if _says(lower, forbidden):
            yield f"says one of {', '.join(forbidden)}"


def _answer_faults(text: str, entry: QuestionType) -> Iterator[str]:
    slots = slots_of(text)
    if "?" in text:
        yield "an answer asks nothing"
    if entry.answer_form in _ANSWER_SLOTS:
        needed, allowed = _ANSWER_SLOTS[entry.answer_form]
        if not needed <= set(slots) <= allowed or len(slots) != len(set(slots)):
            yield f"placeholders {slots} do not fit a {entry.answer_form} answer"
    if entry.answer_form == "yes_no" and "verdict" in slots:
        reasons = [
            slots.index(slot) for slot in slots if slot in ("short", "long", "found", "Found")
        ]
        if not reasons or min(reasons) > slots.index("verdict"):
            yield "the verdict stands before what decides it"
    words = re.sub(r"\{\w+\}", "", text.lower())
    if entry.kind == "qualitative" and _says(
        words, [w for pair in RELATION_WORDS.values() for w in pair]
    ):
        yield "names a relation itself; only {short}, {long}, {direction}, {place} do"
    if re.search(r"\b(yes|no|not)\b", words):
        yield "says yes or no itself"
    if entry.name in MEASURE_WORDS and _says(words, MEASURE_WORDS[entry.name][1]):
        yield "is about another measure"


def _says(text: str, words: list[str] | tuple[str, ...]) -> bool:
    return any(re.search(rf"\b{re.escape(word)}", text) for word in words)

"""A linter for templates: what a wrong word in a template would do to thousands of answers.

faults = lint(REGISTRY, TEMPLATES)      # [] when all is well
"""

import functools
import re
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence

from spatialvlm_jax.generation.questions.registry import QuestionType
from spatialvlm_jax.generation.wording.qualitative import RELATION_WORDS
from spatialvlm_jax.generation.wording.templates import Wording
from tests.generation.wording.template_words import (
    ASKING_WORDS,
    MEASURE_WORDS,
    NEUTRAL,
    Words,
)

# Questions and answers that a type has at least.
SPATIAL_MINIMUM, GENERAL_MINIMUM = (20, 10), (6, 4)
MIN_SPATIAL_TYPES = 38

_UNITS = re.compile(
    r"\b(m|cm|mm|km|ft|in\.|meters?|metres?|centimeters?|feet|foot|inch(es)?|yards?|lit(er|re)s?"
    r"|square|cubic|degrees?|percent)\b|[°%²³]"
)
_NAMES = ("a", "b", "winner", "loser")
_OBJECT_SLOTS = {1: {"a"}, 2: {"a", "b"}}
_REASONS = {"short", "long", "stands", "found", "Found", "listed"}
# For each form of answer: placeholders of which one at least must, and those that may stand there.
_ANSWER_SLOTS: dict[str, tuple[set[str], set[str]]] = {
    "yes_no": ({"verdict"}, {"a", "b", "verdict", *_REASONS}),
    "threshold": ({"verdict"}, {"a", "b", "size", "short", "long", "verdict"}),
    "choice": ({"winner"}, {"winner", "loser", "long"}),
    "reasoned choice": ({"winner"}, {"a", "b", "short", "stands", "winner"}),
    "number": ({"value"}, {"a", "b", "value"}),
    "where": ({"direction", "place"}, {"a", "b", "direction", "place"}),
    "clock": ({"hour"}, {"a", "b", "hour"}),
}
# "on" stands in many a sentence that names no relation.
_RELATIONS = tuple(word for pair in RELATION_WORDS.values() for word in pair if word != "on")
_AGREEMENT = (
    (r"(?<!and )the \{\w+\} are\b|\b(it|that|this) are\b|\bthey is\b", "plural verb: one object"),
    (r"\b(are|do) the \{\w+\}(?! and)", "plural verb: one object"),
    (r"\b(is|does|has) the \{a\} and\b", "singular verb: two objects"),
    (r"(?<!between the \{a\} )and the \{b\} is\b", "singular verb: two objects"),
)


def slots_of(template: str) -> list[str]:
    """The placeholders of a template, in order."""
    return [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]


def lint(types: Mapping[str, QuestionType], templates: Mapping[str, Wording]) -> list[str]:
    """Every fault found, each as "template id: what is wrong"."""
    faults = [f"{name}: no templates" for name in types if name not in templates]
    faults += [f"{name}: no such question type" for name in templates if name not in types]
    spatial = sum(entry.kind != "general" for entry in types.values())
    if spatial < MIN_SPATIAL_TYPES:
        faults.append(f"{spatial} spatial question types; at least {MIN_SPATIAL_TYPES}")
    questions: dict[str, str] = {}
    for name in sorted(templates.keys() & types.keys()):
        wording, entry = templates[name], types[name]
        minimum = GENERAL_MINIMUM if entry.kind == "general" else SPATIAL_MINIMUM
        if len(wording.questions) < minimum[0] or len(wording.answers) < minimum[1]:
            faults.append(f"{name}: fewer than {minimum[0]} questions or {minimum[1]} answers")
        if entry.kind != "general" and entry.asks not in ASKING_WORDS and name not in MEASURE_WORDS:
            faults.append(f"{name}: no words are known that its questions must have")
        faults += _list_faults(f"{name}.q", wording.questions, entry, questions)
        faults += _list_faults(f"{name}.a", wording.answers, entry, {})
        faults += _list_faults(f"{name}.r", wording.reasons, entry, {})
    return faults


def _list_faults(
    label: str, texts: Iterable[str], entry: QuestionType, seen: dict[str, str]
) -> Iterator[str]:
    """The faults of one list; `seen` has the bare words of templates that it may not repeat."""
    checks = {"q": _question_faults, "a": _answer_faults, "r": _reason_faults}
    check = checks[label[-1]]
    for number, text in enumerate(texts):
        problems = [*_text_faults(text, short=number == 0), *check(text, entry)]
        bare = " ".join(re.sub(r"[^a-z{} ]", " ", text.lower()).split())
        if bare in seen:
            problems.append(f"repeats {seen[bare]}")
        seen[bare] = f"{label}{number}"
        yield from (f"{label}{number}: {problem}" for problem in problems)


def _text_faults(text: str, short: bool) -> Iterator[str]:
    lower = text.lower()
    if not short and not re.match(r"[A-Z{]", text):
        yield "starts with a capital or a placeholder, except the first"
    if text != text.strip() or "  " in text or re.search(
        r"[a-z}.,?:][A-Z]|[.,?:]\w|[.,?:]\{|\}\{|\}\w| [.,?:]", text
    ):  # fmt: skip
        yield "spacing, or two templates run together"
    if re.search(r"(?<=[\w},:] )(?!I\b)[A-Z]", text):
        yield "a capital inside, or two templates run together"
    if re.search(r"\b(\w+) \1\b", lower):
        yield "a word is doubled"
    if _UNITS.search(re.sub(r"\{\w+\}", "", text)):
        yield "names a unit; only the value does"
    for name in _NAMES:
        place = text.find("{" + name + "}")
        if place >= 0 and text != "{winner}" and not text[:place].lower().endswith("the "):
            yield f"no 'the' before {{{name}}}"
    if re.search(r"\b(a|an|the) \{(one|value|size|verdict|long|short|found|hour|place)\}", lower):
        yield "an article too many"
    if re.search(r"\ban (?![aeiouh{])|\ba (?=[aeiou])(?!one\b|use|uni)", lower):
        yield "'a' and 'an' mixed up"
    yield from dict.fromkeys(fault for words, fault in _AGREEMENT if re.search(words, lower))


def _question_faults(text: str, entry: QuestionType) -> Iterator[str]:
    slots = slots_of(text)
    if text.count("?") != 1 or not text.endswith("?"):
        yield "a question has one question mark, at its end"
    if len(slots) != len(set(slots)):
        yield "a placeholder is repeated"
    if entry.kind == "general":
        if len(slots) != 1:
            yield "a general question has one placeholder"
        return
    wanted = _OBJECT_SLOTS[entry.arity] | ({"size"} if entry.answer_form == "threshold" else set())
    if set(slots) != wanted:
        yield f"placeholders {slots} do not name {', '.join(sorted(wanted))}"
    if entry.asks in ASKING_WORDS:
        yield from _relation_faults(text.lower(), entry.asks)
    elif entry.name in MEASURE_WORDS:
        rule = MEASURE_WORDS[entry.name]
        for group in rule.groups:
            if not _says(text.lower(), group):
                yield f"says none of {', '.join(group)}"
        for word in _said(text.lower(), rule.forbidden):
            yield f"is about another measure: {word!r}"


def _relation_faults(lower: str, asks: str) -> Iterator[str]:
    """Whether a question asks for its relation, and for no other."""
    if not _says(lower, ASKING_WORDS[asks]):
        yield f"does not ask for {asks!r}"
    for own in (*NEUTRAL, *ASKING_WORDS[asks]):
        lower = lower.replace(own, "")
    for other, words in ASKING_WORDS.items():
        if other != asks and _says(lower, words):
            yield f"asks for {other!r} beside {asks!r}"


def _answer_faults(text: str, entry: QuestionType) -> Iterator[str]:
    slots = slots_of(text)
    if "?" in text:
        yield "an answer asks nothing"
    form = entry.name if entry.answer_form == "word" else entry.answer_form
    if form == "choice" and {"short", "stands"} & set(slots):
        form = "reasoned choice"
    if form in _ANSWER_SLOTS:
        needed, allowed = _ANSWER_SLOTS[form]
        if not needed & set(slots) or not set(slots) <= allowed or len(slots) != len(set(slots)):
            yield f"placeholders {slots} do not fit a {form} answer"
    if "verdict" in slots:
        yield from _order_faults(slots, "verdict")
    words = re.sub(r"\{\w+\}", "", text.lower())
    states_relation = entry.kind == "qualitative" and entry.answer_form != "threshold"
    if states_relation and _says(words, _RELATIONS):
        yield "names a relation itself; only a placeholder does"
    if re.search(r"\b(yes|no|not)\b", words):
        yield "says yes or no itself"
    if entry.name in MEASURE_WORDS and _says(words, MEASURE_WORDS[entry.name].forbidden):
        yield "is about another measure"


def _reason_faults(text: str, entry: QuestionType) -> Iterator[str]:
    yield from _answer_faults(text, entry)
    slots = slots_of(text)
    (concluded,) = {"winner", "verdict", "answer", "counted"} & set(slots)
    yield from _order_faults(slots, concluded)
    if concluded == "winner" and ", so " not in text[: text.index("{winner}")]:
        yield "the winner does not follow 'so', by which it is read"


def _order_faults(slots: Sequence[str], concluded: str) -> Iterator[str]:
    if not _REASONS & set(slots[: slots.index(concluded)]):
        yield f"the {concluded} stands before what decides it"


@functools.cache
def _pattern(words: Words) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})")


def _said(text: str, words: Words) -> list[str]:
    return list(dict.fromkeys(_pattern(words).findall(text)))


def _says(text: str, words: Words) -> bool:
    return _pattern(words).search(text) is not None

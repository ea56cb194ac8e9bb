"""How a question is put to a model that says what it was taught: as it is, otherwise, or not."""

import re
from typing import NamedTuple

from spatialvlm_jax.generation.questions.generate import REGISTRY
from spatialvlm_jax.generation.wording.templates import TEMPLATES
from spatialvlm_jax.inference.known_names import UnknownName, names_as_taught
from spatialvlm_jax.inference.question_forms import Recognised, matching_forms, without_unit
from spatialvlm_jax.inference.several_questions import questions_in
from spatialvlm_jax.inference.typos import without_typos
from spatialvlm_jax.taught import Taught
from spatialvlm_jax.units import BARE, METRIC, find_unit

_UNCALIBRATED = "nothing tells how far off the answer may be"
UNKNOWN_FORM = f"this is no wording that the model was taught: {_UNCALIBRATED}"

_THINGS = ("a", "b")  # placeholders of what a question is about
_ENDS = " ?.!？。！"  # also those of East Asian keyboards
# Not "how many in the picture", nor "how many feet does the chair have".
_NAMED_UNIT = re.compile(
    r"\b(?:how many|(?:distance|length|size) in) ((?:square |cubic )?\w{2,})\b(?! does .* have\b)"
    r"|\bangle\b",
    re.IGNORECASE,
)


class PutQuestion(NamedTuple):
    """A question as it is put to a model.

    words: None where it is not, because the model was not taught such questions or names.
    note: what is to be said beside the answer, or in its place; "" for nothing.
    things: that it takes to be in the picture, in names that were taught.
    dimension: what the number measures that is asked for; "" for none, and where that is not known.
    """

    words: str | None
    note: str = ""
    things: tuple[str, ...] = ()
    dimension: str = ""


def put_as_taught(question: str, taught: Taught | None, untaught: bool = False) -> PutQuestion:
    """How a question is put.

    Of a type that was not taught it is not put at all, nor where it names what was not taught, nor
    where it is several questions, which one answer cannot serve. In words that were not taught, it
    is put in the first ones that were; and where its capitals or its end are others, in its own as
    they were taught, which is told unless only its first letter or its spaces differ. What is of no
    known form is put as it is; where it is a few letters from a form that was taught, the note asks
    whether that was meant.

    Args:
      taught: None where that is not known: all questions are put as they are.
      untaught: put them as they are in any case, with a note.
    """
    if taught is None:
        return PutQuestion(question)
    several = questions_in(question)
    if len(several) > 1:
        listed = " and ".join(f'"{each}?"' for each in several)
        reason = f"these are {len(several)} questions in one, {listed}: ask each by itself"
        return _declined(question, reason, untaught)
    found = _likeliest(question, taught)
    if found is None:
        return _of_unknown_form(question, taught)
    name = found.kind.name
    if name not in taught.wordings:
        reason = f"this model was not taught questions of the type {name!r}"
        return _declined(question, reason, untaught)
    try:
        objects = names_as_taught(found.objects, taught.names) if taught.names else found.objects
    except UnknownName as unknown:
        return _declined(question, str(unknown), untaught)
    named = [objects[slot].casefold() for slot in _THINGS if slot in objects]
    if len(named) > len(set(named)):
        return _declined(question, f"it asks about {named[0]!r} and itself", untaught)
    templates = TEMPLATES[name].questions[: taught.wordings[name] or None]
    template = found.template if found.template in templates else templates[0]
    words = template.format(**objects)
    things = tuple(objects[slot] for slot in _THINGS if slot in objects) if taught.names else ()
    dimension = found.kind.dimension if found.kind.answer_form == "number" else ""
    if _same_words(question, words):
        # A first letter that was never a capital makes it another question to a model.
        return PutQuestion(question if untaught else words, "", things, dimension)
    if untaught:
        return PutQuestion(question, UNKNOWN_FORM, things, dimension)
    note = f"asked as {words!r}, a wording that the model was taught"
    note += _of_other_unit(question, dimension)
    return PutQuestion(words, note, things, dimension)


def _of_other_unit(question: str, dimension: str) -> str:
    """What to say of the unit that a question asks for, where its values are told in another one;
    "" otherwise."""
    _, unit = without_unit(_plain(question))
    known = find_unit(unit)
    if not unit or not dimension or (known is not None and known.symbol == BARE[dimension]):
        return ""
    said, told = "; it chooses its unit itself: ", METRIC[dimension]
    if known is None or known.dimension == dimension:
        return f"{said}for {unit}, convert value, which is in {told}"
    return f"{said}value is in {told}, and {unit} are no unit of what is asked"


def _of_unknown_form(question: str, taught: Taught) -> PutQuestion:
    """As it is, with what it may have meant: that form's things are looked for."""
    unknown = UNKNOWN_FORM + _of_named_unit(question, taught)
    near = without_typos(without_unit(_plain(question))[0], taught.names)
    if near is None or _likeliest(near, taught) is None:
        return PutQuestion(question, unknown)
    meant = put_as_taught(near, taught)
    if meant.words is None:
        return PutQuestion(question, unknown)
    note = f'{unknown}; did you mean "{meant.words}"'
    return PutQuestion(question, note, meant.things, meant.dimension)


def _of_named_unit(question: str, taught: Taught) -> str:
    """What to say of the unit that a question of no known form asks for; "" where it names none."""
    _, words = without_unit(_plain(question))
    named = _NAMED_UNIT.search(question)
    if not words and named is not None:
        words = named[1] or "degrees"
    unit = find_unit(words) if words not in ("", "in") else None
    if unit is None:
        return ""
    told = {REGISTRY[name].dimension for name in taught.wordings if name in REGISTRY}
    if unit.dimension in told:
        return f"; it chooses its unit itself, which need not be {words}"
    return f"; no answer that it was taught is in {words}"


def _declined(question: str, reason: str, untaught: bool) -> PutQuestion:
    if untaught:
        return PutQuestion(question, f"{reason}: {_UNCALIBRATED}")
    return PutQuestion(None, reason)


def _same_words(question: str, words: str) -> bool:
    """Whether these are the words but for spaces, and the first letter, which may be a capital."""
    asked = " ".join(question.split())
    return asked[:1].lower() + asked[1:] == words[:1].lower() + words[1:]


def _plain(question: str) -> str:
    """In one line, with the end that was taught."""
    return " ".join(question.split()).rstrip(_ENDS) + "?"


def _likeliest(question: str, taught: Taught) -> Recognised | None:
    """The form that a question is of; of several with as many words, one that was taught."""
    asked = _plain(question)
    # Where all words are in capitals, or begin with one, capitals are none of the names.
    found = matching_forms(asked.lower() if asked.isupper() or asked.istitle() else asked)
    best = [each for each in found if each.own == found[0].own]
    return next(
        (each for each in best if each.kind.name in taught.wordings), next(iter(best), None)
    )

"""Which of the quantities in an answer is the one it gives.

Prose names given lengths beside the one it concludes: "The chair is 45 cm wide, so the distance is
about 1.2 m". Every quantity gets a weight by the words around it, the greatest counts; of equal
ones that of the last sentence, and within it the first ("3 feet (about 0.9 m)").
"""

import dataclasses
from collections.abc import Sequence

from spatialvlm_jax.evaluation.reading.numerals import CARDINALS
from spatialvlm_jax.evaluation.reading.spans import AFTER_LENGTH, Span
from spatialvlm_jax.evaluation.reading.tokens import Token, glued_at, value_at, word_at
from spatialvlm_jax.experiment import Choice
from spatialvlm_jax.units import IMPERIAL, UNITS

_ANSWER = frozenset("answer final conclusion result".split())
_STATES = frozenset(": is = be ≈ of".split())
_CONCLUDES = frozenset(
    "so therefore thus hence consequently accordingly overall altogether total means gives giving "
    "yields leaving makes making finally actually correction corrected "
    "inspection revised wait sorry".split()
)
_GIVEN = frozenset(
    "using assuming assume assumed if given since because reference typical typically standard "
    "average usually suppose supposing considering based known knowing normally common commonly "
    "generally scale as error uncertainty margin accuracy accurate precision precise tolerance "
    "confidence glance initially said going being".split()
)
_GIVEN_AFTER = frozenset("reference scale".split())
_ASKED = frozenset("distance gap separation spacing apart away between far".split())
_HEDGES = frozenset(
    "about approximately roughly around ≈ ~ approx nearly almost estimate estimated "
    "guess say must".split()
)  # fmt: skip
_NEGATIONS = frozenset("not isn't wasn't aren't doesn't don't rather instead than of nor".split())
_OPENS = frozenset(
    "it it's its they the this that's is are be was about approximately roughly around ≈ ~ approx "
    "nearly almost an estimated less more than a little over under at least most up to sure yes "
    "okay . : , ! - distance maybe perhaps probably".split()
)
_REFUSES = frozenset("can't cannot couldn't unable impossible unknown sorry unclear".split())
_YET = frozenset("but however still nevertheless although though estimate approximately".split())
_ENDS = frozenset(". ! ? \n ;".split(" "))
# What lies so far has no size of its own: "a 3 m gap", not "a 19-inch monitor".
_LENGTHS = _ASKED | frozenset("clearance space height width length depth range span".split())
_DENIED = _LENGTHS | frozenset("measurement estimate value size answer number".split())
_OPTICS = frozenset("lens lenses focal sensor aperture".split())
_PEOPLE = frozenset("he he's she she's i i'm you they".split())
_DETERMINERS = frozenset("a an the this that its my our each".split())
_VERBS = frozenset("is are was would which that if for on with by than as so".split())
_BREAKS = _ENDS | frozenset(", ( ) but and while which whereas".split())
_REACH = 40
_RESTATED_WITHIN = 4
# Weights below are of lengths that are given, not found.
_PREMISE = -5.0

# After these a number names or counts something; before or after those it may stand alone.
_NAMES = frozenset(
    "figure fig step table option page room version model number no # $ € £ @ level chapter "
    "section image photo frame view object confidence score id index region id's gpt llava qwen "
    "gemini paligemma iphone claude llama count seed year count's".split()
)
_AFTER_BARE = frozenset(
    ". , ; ! ? ) ] | \n \" ' in from away apart to tall high wide long deep thick total or but "
    "and - so".split(" ")
) | {""}
_BEFORE_BARE = (
    _STATES | _HEDGES | _ASKED | _ANSWER | _LENGTHS
    | frozenset(
        "are was be by than to or say value equals equal exactly maybe perhaps probably just "
        "only only total measures it's that's times factor over under".split()
    )
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class _Context:
    """The words around a span: of its sentence and clause before it, and of its clause after."""

    sentence: Sequence[str]
    clause: Sequence[str]
    after: Sequence[str]


def _context(tokens: Sequence[Token], span: Span) -> _Context:
    start = span.start
    while start > max(0, span.start - _REACH) and not _ends_sentence(tokens, start - 1):
        start -= 1
    clause = span.start
    while clause > start and word_at(tokens, clause - 1) not in _BREAKS:
        clause -= 1
    after = span.end
    while after < min(len(tokens), span.end + 8) and word_at(tokens, after) not in _BREAKS:
        after += 1
    words = [token.text for token in tokens[start:after]]
    return _Context(
        words[: span.start - start], words[clause - start : span.start - start],
        words[span.end - start :],
    )  # fmt: skip


def _ends_sentence(tokens: Sequence[Token], index: int) -> bool:
    """Whether a sentence ends here; not at the point of "approx." or within "e.g."."""
    word = tokens[index].text
    if word != ".":
        return word in _ENDS
    capital = index + 1 >= len(tokens) or tokens[index + 1].capital
    return capital or word_at(tokens, index - 1) not in ("approx", "ca", "e.g", "i.e", "est")


def _answers(words: Sequence[str]) -> bool:
    """Whether "answer" or the like introduces what follows: "the answer is", "final answer:"."""
    return any(
        word in _ANSWER and not _STATES.isdisjoint(words[index + 1 : index + 4])
        for index, word in enumerate(words)
    )


def _negated(context: _Context) -> bool:
    """ "not 1 m", "isn't about 1 m", "rather than 1 m"; but "not more than 1 m" says 1 m."""
    words = [word for word in context.clause if word not in _HEDGES and word not in ("exactly",)]
    last = words[-1] if words else ""
    if last in ("than", "of"):
        return len(words) > 1 and words[-2] in ("rather", "instead")
    return last in _NEGATIONS and last not in ("rather", "instead")


def _without_as(words: Sequence[str]) -> Sequence[str]:
    """The words without a last "as": "comes out as 35 cm" finds, "as a door is 2 m" gives."""
    return words[:-1] if words and words[-1] == "as" else words


def _after_given(words: Sequence[str]) -> Sequence[str]:
    """The words after the last that introduces what is given: "so if ..." concludes nothing."""
    last = max((i for i, word in enumerate(words) if word in _GIVEN), default=-1)
    return words[last + 1 :]


def _of_camera(context: _Context) -> bool:
    """ "a 50 mm lens", "a focal length of 35 mm": of the camera, not of what it sees."""
    return not _OPTICS.isdisjoint((*context.after[:1], *context.clause[-5:]))


def _weight(tokens: Sequence[Token], span: Span, context: _Context) -> float:
    near, after = context.clause, context.after
    if word_at(tokens, span.start - 1) == "(" or "(" in context.sentence[-6:]:
        inside = ")" not in context.sentence[-6:]
    else:
        inside = False
    asked = not _ASKED.isdisjoint(near) or not _ASKED.isdisjoint(after)
    weight = 2.0 * asked + (not _HEDGES.isdisjoint(near)) - 3.0 * inside
    given = not _GIVEN.isdisjoint(_without_as(near)) or not _GIVEN_AFTER.isdisjoint(after)
    given |= word_at(tokens, span.end) == "?" or _describes(tokens, span)
    concluded = _concludes(context.sentence)
    if _answers(context.sentence) or span.declared:
        return weight + 12
    if given and not (concluded and _concludes(_after_given(near))):
        return weight - 10
    if concluded:
        return weight + 6
    if all(token.text in _OPENS for token in tokens[: span.start]) and span.start < 12:
        return weight + 4
    return weight


def _describes(tokens: Sequence[Token], span: Span) -> bool:
    """Whether a length only says which thing is meant: "the 2 m door", "a 19-inch monitor"."""
    noun = word_at(tokens, span.end)
    return (
        word_at(tokens, span.start - 1) in _DETERMINERS
        and noun.isalpha()
        and noun not in _LENGTHS | _VERBS | AFTER_LENGTH
    )


def _concludes(words: Sequence[str]) -> bool:
    """Whether these words draw a conclusion: "so", "therefore"; not "or so", "so that"."""
    for index, word in enumerate(words):
        said = word in _CONCLUDES and words[index + 1 : index + 2] != ["that"]
        if said and (index == 0 or words[index - 1] != "or"):
            return True
        if word == "rather" and index and words[index - 1] == "or":
            return True
        if word in ("=", "≈") and index and words[index - 1] not in _ASKED and index > 2:
            return True
    return False


def _refusal(tokens: Sequence[Token]) -> int | None:
    """Where the text declines to give a value: "cannot", "no distance can be"; or None."""
    for index, token in enumerate(tokens):
        denied = token.text == "no" and word_at(tokens, index + 1) in _DENIED
        if token.text in _REFUSES or (
            denied and word_at(tokens, index + 2) in ("can", "could", "is", "was")
        ):
            return index
    return None


def choose_span(
    tokens: Sequence[Token], spans: Sequence[Span], dimension: str, choice: Choice
) -> Span | None:
    """The quantity of this dimension that the text gives, or None; bare numbers come last.

    Args:
      choice: "conclusion" weighs them as above; "first" takes the first quantity of the text.
    """
    found = [
        span for span in spans
        if span.unit in UNITS and UNITS[span.unit].dimension == dimension and span.value < 1e300
    ]  # fmt: skip
    if not found:
        return _bare(tokens, spans)
    if choice == "first":
        return found[0]
    contexts = [_context(tokens, span) for span in found]
    kept = [
        (_weight(tokens, span, context), span)
        for span, context in zip(found, contexts, strict=True)
        if not (_negated(context) or _of_camera(context))
    ]
    refusal = _refusal(tokens)
    if refusal is not None and not any(token.text in _YET for token in tokens[refusal:]):
        kept = [(weight, span) for weight, span in kept if weight > _PREMISE]
    if not kept:
        return None
    if len(kept) == 1:
        return kept[0][1]
    sentence = _sentences(tokens)
    best = max(kept, key=lambda each: (each[0], sentence[each[1].start], -each[1].start))[1]
    return _restated([span for weight, span in kept if weight > _PREMISE or span is best], best)


def _sentences(tokens: Sequence[Token]) -> list[int]:
    """The number of the sentence that each token belongs to."""
    numbers, number = [], 0
    for index in range(len(tokens)):
        numbers.append(number)
        number += _ends_sentence(tokens, index)
    return numbers


def _restated(spans: Sequence[Span], best: Span) -> Span:
    """The span just before `best` where `best` says the same in other units."""
    at = spans.index(best)
    if at == 0:
        return best
    before = spans[at - 1]
    first, second = before.value * UNITS[before.unit].si, best.value * UNITS[best.unit].si
    same_system = (before.unit in IMPERIAL) == (best.unit in IMPERIAL)
    near = abs(first - second) <= 0.1 * max(abs(first), abs(second))
    close = best.start - before.end <= _RESTATED_WITHIN
    return before if near and close and not same_system else best


def _bare(tokens: Sequence[Token], spans: Sequence[Span]) -> Span | None:
    """The first number that stands for a value though it has no unit."""
    if _refusal(tokens) is not None:
        return None
    return next((s for s in spans if not s.unit and s.alone and stands_alone(tokens, s)), None)


def stands_alone(tokens: Sequence[Token], span: Span) -> bool:
    """Whether a number is a value by itself, and not one of things, or a part of a name."""
    before, after = word_at(tokens, span.start - 1), word_at(tokens, span.end)
    label = span.start - 1
    while label > span.start - 5 and word_at(tokens, label) in (":", "=", '"', "'", "is"):
        label -= 1
    if is_name(tokens, span) or word_at(tokens, label) in _NAMES or not span.value < 1e300:
        return False
    listed = before == "," and value_at(tokens, span.start - 2) is not None
    listed |= after == "," and value_at(tokens, span.end + 1) is not None
    listed |= value_at(tokens, span.start - 1) is not None
    listed |= value_at(tokens, span.end) is not None
    stated = before in _BEFORE_BARE or not before.isalpha()
    stated &= word_at(tokens, span.start - 2) not in _PEOPLE and before != "/"
    year = 1900 <= span.value < 2100 and len(tokens) > 2 and span.value % 1 == 0
    return stated and after in _AFTER_BARE and not listed and not year and before != "["


def is_name(tokens: Sequence[Token], span: Span) -> bool:
    """Whether a number is part of a name: "2D", "GPT-4", "LLaVA 1.5", "3rd", "$45"."""
    first = tokens[span.start]
    if first.value is None:
        return False
    before, after = word_at(tokens, span.start - 1), word_at(tokens, span.end)
    if after.isalpha() and glued_at(tokens, span.end):
        return True
    if before in ("$", "€", "£", "#", "^"):
        return True
    if first.glued and (before.isalpha() or (before == "-" and glued_at(tokens, span.start - 1))):
        letters = before.isalpha() or word_at(tokens, span.start - 2).isalpha()
        return letters
    named = before.isalpha() and tokens[span.start - 1].capital and span.start > 1
    if named and word_at(tokens, span.start - 2).isalpha() and before not in _HEDGES | _ANSWER:
        return True
    return before in _NAMES and before not in ("count", "score", "number", "confidence")


def is_aside(tokens: Sequence[Token], span: Span) -> bool:
    """Whether a span stands in brackets that opened within its sentence's last words."""
    for index in range(span.start - 1, max(-1, span.start - _REACH), -1):
        if word_at(tokens, index) in ("(", ")"):
            return word_at(tokens, index) == "("
    return False


def is_concluded(tokens: Sequence[Token], span: Span) -> bool:
    """Whether words before a span draw a conclusion, or introduce an answer."""
    context = _context(tokens, span)
    listed = word_at(tokens, span.start - 1) == ":" and word_at(tokens, span.start - 3) == ","
    listed &= value_at(tokens, span.start - 2) is not None or (
        word_at(tokens, span.start - 2) in CARDINALS
    )
    return listed or _concludes(context.sentence) or _answers(context.sentence)

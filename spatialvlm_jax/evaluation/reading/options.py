r"""Which option of a question a reply chooses, by its letter or by its text.

In this order, the first that decides:

1. a form (`\boxed{B}`, `<answer>B</answer>`), after the thinking;
2. the last stated conclusion: "the answer is B", "Answer: left", "so B", "I choose (B)";
3. a letter at the beginning with a sign behind it: "B. left", "(B)", "B) because A is farther";
   not where a list of several options begins;
4. the one letter in the reply, and where there is none the one option whose text stands in it.

Only letters of the question's options count, in capitals unless they stand alone or in brackets;
"A chair" and "I think" hold none. What is denied does not count: "B, not A", "A is wrong". Where
several remain, nothing is chosen: a guess would hide that the reply was not read.
"""

import functools
import itertools
import re
from collections.abc import Iterator, Mapping

from spatialvlm_jax.evaluation.reading.final import after_thinking, boxed_part
from spatialvlm_jax.units import find_unit

_CONCLUDES = re.compile(
    r"\b(?:answer|choice|conclusion|option)s?\b[\"'*_\s]{0,4}(?:is|would be|must be|should be|:|=)"
    r"|\bi(?:'d| would| will)? (?:choose|pick|select|go with|went with)\b"
    r"|\b(?:so|therefore|thus|hence),?(?: it is| it's| the answer is)?\b",
    re.IGNORECASE,
)
_NOT_BEFORE = re.compile(
    r"(?:\bnot|n't|\bnor|\brather than|\binstead of|\bneither)\s{1,3}"
    r"(?:really |to the |in the |on the |the |an? |option |choice )?[\"'*_(\[]{0,3}$",
    re.IGNORECASE,
)
_NOT_AFTER = re.compile(
    r"[\"'*_)\].:]{0,3}\s{0,3}(?:is|are|was|would be|seems|looks)"
    r"(?:n't|\s{1,3}(?:not|wrong|incorrect|false|out)\b)",
    re.IGNORECASE,
)
_LETTER = re.compile(r"(?<![\w'])([A-Z])(?![\w'’-])|[(\[{]([a-z])[)\]}]")
_MARKS = "\"'“”‘’*_`$ \t\r\n"
# An article or a pronoun where a word in small letters follows, and no option.
_WORD_FOLLOWS = re.compile(r"\s{1,3}[a-z][a-z]")
_VERB_FOLLOWS = re.compile(r"\s{1,3}(?:is|are|was|because|since|as|seems|looks|would|and|or)\b")
_LEADING = re.compile(
    r"[\s\"'*_`(\[{]{0,6}([A-Za-z])"
    r"(?:[)\]}.:]|[*_`\"']{1,3}(?:\s|$)|,?\s{1,3}(?:because|since)\b)"
)
# A small letter is an option where nothing else is said: "answer: b".
_SMALL = re.compile(r"[\s\"'*_`]{0,4}([a-z])[.*\"'`)]{0,3}\s{0,3}(?:$|\n)")
_ALTERNATIVE = re.compile(r"[\s\"'*_)\].]{0,6}(?:\bor\b|\band\b|/|,)[\s\"'*_(\[]{0,6}")
_ENDS = re.compile(r"[.;!?]\s|\n\s{0,9}\n")
_LISTED = re.compile(r"\n[ \t*_`(-]{0,6}([A-Za-z])[).:*\s]")
# Of a number: what makes it another one than its digits.
_GOES_ON = re.compile(r"[.,/]\d|\s{1,2}\d{1,3}/\d|\s{0,2}[%°]")
_BEGINS = re.compile(r"(?:\d[.,/]|[-−+.])$")
_NEXT_WORD = re.compile(r"\s{0,2}([^\s,;!?]{1,12})")
_REACH = 60  # characters in which a conclusion names its option


def read_option(reply: str, options: Mapping[str, str]) -> str | None:
    """The letter of the option that a reply chooses, or None.

    Args:
      options: texts by their capital letters; a text may be "".
    """
    said = after_thinking(reply)
    form = boxed_part(said)
    if form is not None:
        found = _only(form, options)
        if found is not None:
            return found
    for conclusion in reversed(list(_CONCLUDES.finditer(said))):
        found = _concluded(said, conclusion.end(), options)
        if found is not None:
            return found
    return _leading(said, options) or _only(said, options)


def _leading(text: str, options: Mapping[str, str]) -> str | None:
    """The letter that a text begins with, and a sign behind it; None where others are listed so."""
    found = _LEADING.match(text)
    if not found or found[1].upper() not in options or _NOT_AFTER.match(text, found.end(1)):
        return None
    listed = {letter.upper() for letter in _LISTED.findall(text)}
    return found[1].upper() if listed.intersection(options) <= {found[1].upper()} else None


def _only(text: str, options: Mapping[str, str]) -> str | None:
    """The one option that a text names, or None."""
    bare = text.strip(_MARKS + "().[]{}:,;!")
    if bare.upper() in options:
        return bare.upper()
    letters = {letter for letter, _, _ in _letters(text, options)}
    texts = {letter for letter, _, _ in _texts(text, options)}
    if len(letters) == 1 and len(texts) == 1 and letters != texts:
        return None
    found = letters or texts
    return found.pop() if len(found) == 1 else None


def _concluded(text: str, start: int, options: Mapping[str, str]) -> str | None:
    """The option that a conclusion names first, by letter or by text; None where it names two."""
    ends = _ENDS.search(text, start, start + _REACH)
    part = text[start : ends.start() + 1 if ends else start + _REACH]
    small = _SMALL.match(part)
    if small and small[1].upper() in options:
        return small[1].upper()
    named = [*_letters(part, options), *_texts(part, options)]
    found = sorted((place, end, letter) for letter, place, end in named)
    for (_, end, letter), (place, _, other) in itertools.pairwise(found):
        if letter != other and end <= place and _ALTERNATIVE.fullmatch(part, end, place):
            return None
    return found[0][2] if found else None


def _letters(text: str, options: Mapping[str, str]) -> Iterator[tuple[str, int, int]]:
    """Letters of options that a text affirms, where each begins and ends."""
    for match in _LETTER.finditer(text):
        letter = (match[1] or match[2]).upper()
        start, end = match.span(1) if match[1] else match.span(2)
        word = letter in "AI" and match[1] and _WORD_FOLLOWS.match(text, end)
        if word and not _VERB_FOLLOWS.match(text, end):
            continue
        if letter in options and not _is_denied(text, start, end):
            yield letter, start, end


def _texts(text: str, options: Mapping[str, str]) -> Iterator[tuple[str, int, int]]:
    """The same of options by their texts, the longest of those that overlap."""
    named = [(letter, " ".join(option.split())) for letter, option in options.items()]
    named = sorted(((letter, text) for letter, text in named if text), key=_longest_first)
    if not named:
        return
    for match in _phrases(tuple(text for _, text in named)).finditer(text):
        if not match.lastindex or _is_denied(text, *match.span()):
            continue
        if not (match[0].isdecimal() and _is_of_another_number(text, *match.span())):
            yield named[match.lastindex - 1][0], *match.span()


def _is_of_another_number(text: str, start: int, end: int) -> bool:
    """Whether it has a sign or a fraction, or measures something: "-1", "0.5", "1 m"."""
    behind = _NEXT_WORD.match(text, end)
    word = behind[1].strip(".").lower() if behind else ""
    measures = word != "in" and find_unit(word) is not None  # "3 in total" are no inches
    return measures or bool(_GOES_ON.match(text, end) or _BEGINS.search(text, 0, start))


def _longest_first(named: tuple[str, str]) -> int:
    return -len(named[1])


@functools.lru_cache(4096)
def _phrases(texts: tuple[str, ...]) -> re.Pattern[str]:
    """Any of the texts as whole words; of two that begin at one place the first in order."""
    words = "|".join("(" + r"\s{1,9}".join(map(re.escape, text.split())) + ")" for text in texts)
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)


def _is_denied(text: str, start: int, end: int) -> bool:
    before = text[max(0, start - 40) : start]
    return bool(_NOT_BEFORE.search(before) or _NOT_AFTER.match(text, end))

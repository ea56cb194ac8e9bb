"""How public harnesses find a number in a reply (August 2026); neither looks at units."""

import math
import re

from spatialvlm_jax.evaluation.rules.literals import read_literal

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_VALUES = (
    {word: number for number, word in enumerate(_SMALL)}
    | {word: 10 * number for number, word in enumerate(_TENS, 2)}
    | {"hundred": 100, "thousand": 1000}
)
_DIGITS = re.compile(r"-?\d{1,300}(?:\.\d{1,300})?")
_WORD = re.compile(r"[a-z]{1,40}")
_NUMBER_PATTERN = r"[-+]?(?:\d{0,300}\.\d{1,300}|\d{1,300})(?:[eE][-+]?\d{1,3})?"
_NUMBER = re.compile(_NUMBER_PATTERN)
_SMALL_WORD = re.compile(rf"\b(?:{'|'.join(_SMALL)})\b", re.IGNORECASE)
_TAGGED = re.compile(
    rf"<\s{{0,9}}answer\b[^>]{{0,99}}>\s{{0,99}}({_NUMBER_PATTERN})(?:[^\d<][^<]{{0,999}})?"
    r"<\s{0,9}/\s{0,9}answer\s{0,9}>",
    re.IGNORECASE,
)
_LIST = re.compile(r"\s*\[.*\]\s*", re.DOTALL)
_THOUGHT_ENDS = re.compile(r"<\s{0,9}/\s{0,9}think\s{0,9}>", re.IGNORECASE)
_THOUGHT_BEGINS = re.compile(r"<\s{0,9}think\s{0,9}>", re.IGNORECASE)


def first_number(reply: str) -> float | None:
    """lmms-eval's VSI-Bench: the first number in digits or in words ("three hundred and two")."""
    text = reply.lower()
    digits = _DIGITS.search(text)
    words = list(_WORD.finditer(text))
    start = next((at for at, word in enumerate(words) if word[0] in _VALUES), None)
    if digits and (start is None or digits.start() < words[start].start()):
        return _finite(digits[0])
    return None if start is None else _spoken([word[0] for word in words[start:]])


def _spoken(words: list[str]) -> float:
    """The value of the number that words begin with; "and" may stand between them."""
    total = current = 0
    for word in words:
        if word == "and":
            continue
        if word not in _VALUES:
            break
        value = _VALUES[word]
        if value == 1000:
            total, current = total + max(current, 1) * 1000, 0
        else:
            current = max(current, 1) * 100 if value == 100 else current + value
    return float(total + current)


def last_number(reply: str) -> float | None:
    """EASI's `can_match_na` in VLMEvalKit: in `<answer>`, or the last after the thinking.

    Of a reply that is a list alone the first element is read; where it is no list of Python's,
    nothing is.
    """
    if _LIST.fullmatch(reply):
        try:
            found_list = read_literal(reply)
        except ValueError:
            return None
        reply = str(found_list[0]) if found_list and isinstance(found_list, list) else reply
    text = _SMALL_WORD.sub(lambda word: str(_VALUES[word[0].lower()]), reply.strip())
    if tagged := _TAGGED.search(text):
        return _finite(tagged[1])
    mark = _THOUGHT_ENDS if _THOUGHT_ENDS.search(text) else _THOUGHT_BEGINS
    found = _NUMBER.findall(mark.split(text)[-1]) or _NUMBER.findall(text)
    return _finite(found[-1]) if found else None


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None

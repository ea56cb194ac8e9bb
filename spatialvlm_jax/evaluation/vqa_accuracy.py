"""How far a free text agrees with what people answered: the VQA rule, or an exact match.

Where several people answered, the rule is that of the official VQA scorer (Antol et al., 2015;
https://visualqa.org/evaluation.html): leave one person out, count how many of the others said the
same, and give min(n / 3, 1); the accuracy is the mean over the person left out. Texts are
normalised first, but only where the people differ.

Where one answer is known, the text must equal it after normalisation; if it is yes, no or a whole
number, a sentence that says so counts, too.
"""

import itertools
import re
from collections import Counter
from collections.abc import Callable, Sequence

from spatialvlm_jax.evaluation.reading import verdicts

_PUNCTUATION = tuple(';/[]"{}()=+\\_-><@`,?!')
_GROUPED_DIGITS = re.compile(r"\d,\d")
_FULL_STOP = re.compile(r"\.(?!\d)")
_MOST_FULL_STOPS = 32  # the official scorer takes no more away
_ARTICLES = frozenset(("a", "an", "the"))
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_DIGITS = {"none": "0"} | {word: str(number) for number, word in enumerate(_NUMBERS)}
# Words that lose nothing but their apostrophe are these ("dont"); "well", "its" and "were" are
# words of their own, so "we'll", "it's" and "we're" are not among them.
_CONTRACTIONS = {
    "": "ma'am o'clock 'twas y'all y'all'll y'all'd've 'ow's'at",
    "'d": "he how it somebody someone something there they where who you",
    "'d've": "he i it she somebody someone something there they we who you",
    "'ll": "how it somebody someone something they what who why you",
    "'re": "there they what why you",
    "'s": "he how somebody someone something that there what when where who why",
    "'ve": "could might must not should they we what where who would you",
    "n't": "ai are ca could did does do had has have is might must need ought sha should was were "
    "wo would",
    "n't've": "could had might should would",
}


def _misspellings() -> dict[str, str]:
    """Each contraction by every form of it that lacks apostrophes: {"dont": "don't", ...}."""
    found = {}
    for ending, stems in _CONTRACTIONS.items():
        for right in (stem + ending for stem in stems.split()):
            pieces = right.split("'")
            for joints in itertools.product(("", "'"), repeat=len(pieces) - 1):
                wrong = "".join(map("".join, zip(pieces, (*joints, ""), strict=True)))
                found[wrong] = right
    return found


_SPELT = _misspellings()


def normalize_vqa_answer(text: str) -> str:
    """The text as the official scorer compares it.

    Punctuation goes as `without_punctuation` says. Then letters are small, "none" and "zero" to
    "ten" are digits, articles go, and contractions get their apostrophes.
    """
    bare = without_punctuation(text)
    words = [_DIGITS.get(word, word) for word in bare.lower().split()]
    return " ".join(_SPELT.get(word, word) for word in words if word not in _ARTICLES)


def without_punctuation(text: str) -> str:
    """The text without its signs, as the official scorer takes them away.

    A sign of punctuation goes if it touches a space anywhere, or if digits are grouped by commas;
    otherwise it becomes a space. A full stop goes unless a digit follows, up to 32 of them.
    """
    grouped = _GROUPED_DIGITS.search(text) is not None
    bare = text
    for sign in _PUNCTUATION:
        if sign in text:
            apart = grouped or sign + " " in text or " " + sign in text
            bare = bare.replace(sign, "" if apart else " ")
    return _FULL_STOP.sub("", bare, _MOST_FULL_STOPS)


def agreement(same: int, people: int) -> float:
    """The accuracy of an answer that `same` of several `people` gave."""
    of_those_left_out = same * min((same - 1) / 3, 1) if same else 0.0
    return (of_those_left_out + (people - same) * min(same / 3, 1)) / people


def accuracy(text: str, answers: Sequence[str]) -> float:
    """How far a text agrees with these answers, 0 to 1.

    Args:
      answers: one, or those of several people; not empty.
    """
    said, given = single_spaced(text), [single_spaced(answer) for answer in answers]
    if len(given) == 1:
        return float(_says(said, given[0]))
    if len(set(given)) > 1:
        return normalized_agreement(said, given)
    return agreement(given.count(said), len(given))


def normalized_agreement(
    text: str,
    answers: Sequence[str],
    normalize: Callable[[str], str] = normalize_vqa_answer,
) -> float:
    """The accuracy of a text where all are normalised, whether people differ or not."""
    said = normalize(text)
    same = (n for answer, n in Counter(answers).items() if normalize(answer) == said)
    return agreement(sum(same), len(answers))


def single_spaced(text: str) -> str:
    """The text with single spaces between its words."""
    return " ".join(text.split())


def _says(said: str, answer: str) -> bool:
    form = normalize_vqa_answer(answer)
    if said == answer or (form and normalize_vqa_answer(said) == form):
        return True
    if form in ("yes", "no"):
        return verdicts.read_yes_no(said) == form
    return form.isdecimal() and verdicts.read_count(said) == int(form)

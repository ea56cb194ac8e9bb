"""How public scorers find the letter of an option in a reply; all of them by its form alone.

Each takes a reply and the options by their letters, and gives a letter that may be none of them, or
None. The names are of the scorers as read in August 2026.
"""

import re
from collections.abc import Mapping

from spatialvlm_jax.evaluation.rules.thoughts import without_thoughts

Options = Mapping[str, str]

_FIRST_LETTER = re.compile(r"[(\s]*([A-Z])", re.IGNORECASE)
_AFTER_ANSWER = re.compile(r"answer(?: is|:)")
_LAST_ANSWER = re.compile(r"Answer\s*:\s*([A-D])\b", re.IGNORECASE)
_BACKTICKS = re.compile(r"`{1,3}([^`]{1,400})`{1,3}")
_LONE_LETTER = re.compile(r"\b[A-D]\b(?!\s[a-zA-Z])")
_SIGNS = str.maketrans(dict.fromkeys(".()[],:;!*#{}", " "))
_STATED = re.compile(r"answer\s+is\s+\**([ABCD])", re.IGNORECASE)
_FAILED = "Failed to obtain answer via API"


def first_letter(reply: str, options: Options) -> str | None:
    """lmms-eval's CV-Bench and EmbSpatial: a letter at the beginning, whatever word it begins."""
    del options
    found = _FIRST_LETTER.match(reply)
    return found[1].upper() if found else None


def after_answer(reply: str, options: Options) -> str | None:
    """Cambrian's CV-Bench: the first character after the last "answer is" or "answer:"."""
    del options
    said = _AFTER_ANSWER.split(reply.lower())[-1].strip()
    return said[:1].upper() or None


def inferred(reply: str, options: Options) -> str | None:
    """VLMEvalKit before it asks a language model: the one letter near the end, or the one text."""
    if _FAILED in reply:
        return None
    words = reply.translate(_SIGNS).split()
    letters = [letter for letter in options if letter in words]
    if not letters and "Z" in words:
        return "Z"
    if len(letters) == 1 and words.index(letters[0]) > len(words) - 5:
        return letters[0]
    stated = _STATED.search(reply)
    if stated and stated[1].upper() in options:
        return stated[1].upper()
    return _one_text(reply.lower(), options)


def _one_text(reply: str, options: Options) -> str | None:
    """The option whose text alone stands in a reply that is not long."""
    if len(reply) > 2 * sum(len(text) for text in options.values()):
        return None
    found = [letter for letter, text in options.items() if text.lower() in reply]
    return found[0] if len(found) == 1 else None


def last_answer(reply: str, options: Options) -> str | None:
    """OmniSpatial: the letter after the last "Answer:", and A where there is none.

    It is as the reply has it: a small one is not the option of the capital.
    """
    del options
    found = _LAST_ANSWER.findall(reply)
    return found[-1] if found else "A"


def first_character(reply: str, options: Options) -> str | None:
    """lmms-eval's second task of OmniSpatial: what stands first behind the thoughts, a capital."""
    del options
    return without_thoughts(reply).upper()[:1] or None


def within_backticks(reply: str, options: Options) -> str | None:
    """MMSI-Bench: the first letter that stands alone, in backticks where there are some."""
    del options
    form = _BACKTICKS.search(reply)
    found = _LONE_LETTER.search(form[1] if form else reply)
    return found[0] if found else None


def first_token(reply: str, options: Options) -> str | None:
    """VSI-Bench: what stands before the first space, without full stops at its end."""
    del options
    return reply.split(" ")[0].rstrip(".").strip().upper() or None

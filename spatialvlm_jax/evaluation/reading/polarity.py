"""Yes or no, in the words that people decide with.

An answer that opens with yes or no is read by it ("No, there is no lamp"); otherwise the last word
that stands for itself decides ("left, so yes"). "not" turns what it belongs to ("not true", "that
isn't wrong"). Where "no" only belongs to a noun ("there is no lamp") it decides if nothing else
does. "no idea", "no way to tell" and what follows "whether" decide nothing.
"""

import re

from spatialvlm_jax.evaluation.reading.plain import plain_lowercase

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*|\d{1,40}|[.,;:!?\n]")
_YES = frozenset("yes yeah yep yup yea aye affirmative".split())
_NO = frozenset("no nope nah negative".split())
_TRUE = frozenset("correct true right accurate indeed".split())
_FALSE = frozenset("incorrect false wrong untrue inaccurate".split())
_SURE = frozenset("definitely certainly absolutely surely undoubtedly".split())
_NOT = frozenset("not isn't wasn't aren't doesn't don't won't ain't never nor cannot can't".split())
_STOPS = frozenset(". , ; : ! ? \n".split(" ")) | {""}
# After "no", a sentence of its own.
_OPENS = frozenset("it there the that they this i we you he she a an its not".split())
# Between "not" and what it turns.
_BETWEEN = frozenset("a the entirely quite really necessarily strictly at all say be".split())
# After "no", nothing is denied: it is not known.
_UNKNOWN = frozenset(
    "idea clue way information info means basis indication reference telling knowing certainty "
    "definitive clear reliable scale answer correct evidence visible sufficient data context "
    "depth".split()
)
# Said for emphasis, whichever way it goes.
_EMPHASIS = re.compile(
    r"\b(?:there is |there's )?(?:no|without|beyond) (?:a |any )?(?:doubts?|questions?|mistake|"
    r"problem|matter)\b(?: about (?:it|that))?"
)
# A form that holds the answer decides, whatever is said around it.
_FORM = re.compile(r"\banswer[\"']? ?: {0,3}[\"']? ?(yes|no)\b(?! ?(?:or|and|/))")
_BOTH = re.compile(
    r"\byes ?(?:or|and|/) ?no\b|\b(?:whether|if)\b[^.,;!?\n]{0,200}|\bnot (?:sure|certain)\b"
)
_THINKS_NOT = re.compile(
    r"\bi (?:do not|don't) (?:think|believe) so\b"
    r"|\b(?:of course not|by no means|in no way|not at all|not really|never"
    r"|i doubt (?:it|that|so)|i'm afraid not|not the case|other way a?round|on the contrary)\b"
    r"|^no way\b(?! to| of)|^(?:hardly|barely)[.!]*$"
)
_THINKS = re.compile(
    r"\b(?:of course|i (?:think|believe|guess|suppose) so|(?:it|that) (?:appears|seems|looks) so"
    r"|looks like it|very much so)\b|^(?:sure|right|exactly|precisely)[.!]*$"
)
_BARE_CLAIM = re.compile(
    r"^(?:yes, )?(?:it|that|this|they|he|she) (?:is|are|does|do|has|have|can)(?=[.!]|$)"
)
_LETTERS = {"y": "yes", "n": "no"}
_BARE_DENIAL = re.compile(
    r"^(?:no, )?(?:it|that|this|there|they|he|she)(?:'s| is| are| does| do)?(?:n't| not)"
    r"(?=[.,;!]|$)"
)


def read_yes_no(text: str) -> str | None:
    """ "yes", "no", or None where `text` says neither."""
    plain = plain_lowercase(text)
    forms = _FORM.findall(plain)
    if forms:
        return str(forms[-1])
    plain = _EMPHASIS.sub(" ", plain)
    plain = _BOTH.sub(" ", plain)
    words = _WORD.findall(plain)
    while words and words[0] in _STOPS:
        words = words[_first_word(words) :]
    if not words:
        return "yes" if _EMPHASIS.search(plain_lowercase(text)) else None
    decided = [(strong, way) for at in range(len(words)) for strong, way in _decisions(words, at)]
    if words[0] in _YES | _NO and decided:
        first = _decisions(words, 0)
        if first and first[0][0]:
            return first[0][1]
    said = [way for strong, way in decided if strong] or [way for _, way in decided]
    if said:
        return said[-1]
    return _phrase(plain.strip())


def _first_word(words: list[str]) -> int:
    return next((at for at, word in enumerate(words) if word not in _STOPS), len(words))


def _decisions(words: list[str], at: int) -> list[tuple[bool, str]]:
    """What the word at `at` decides, and whether it stands for itself; at most one."""
    word, following = words[at], words[at + 1] if at + 1 < len(words) else ""
    negated = _is_negated(words, at)
    if word in _YES:
        return [(True, "no" if negated else "yes")]
    if word in _NO:
        if following in _UNKNOWN or (following == "other" or following == "longer"):
            return []
        alone = following in _STOPS or (at == 0 and following in _OPENS)
        return [(alone, "yes" if negated and alone else "no")]
    ends = following in _STOPS or following in ("that", "so", "and", "because", "since", "as")
    opening = at == 0 or words[at - 1] in _STOPS | {"is", "that's", "it's", "not"} | _NOT
    if word in _TRUE | _FALSE and ends and (word != "right" or _is_statement(words, at)):
        return [(True, "yes" if (word in _TRUE) != negated else "no")]
    if word in _SURE and following == "not":
        return [(True, "no")]
    if word in _SURE and opening and len(words) - at <= 2:
        return [(False, "yes")]
    return []


def _is_statement(words: list[str], at: int) -> bool:
    """Whether "right" says that something is true: "that's right", not "to the right"."""
    before = [word for word in words[max(0, at - 3) : at] if word not in _BETWEEN]
    return bool(before) and before[0] in ("that", "that's", "that isn't", "you're", "statement")


def _is_negated(words: list[str], at: int) -> bool:
    place = at - 1
    while place >= 0 and at - place < 5 and words[place] in _BETWEEN:
        place -= 1
    return place >= 0 and words[place] in _NOT


def _phrase(text: str) -> str | None:
    """What whole phrases say: "of course not", "not at all", "I don't think so", "it isn't"."""
    if _THINKS_NOT.search(text) or _BARE_DENIAL.search(text):
        return "no"
    if _THINKS.search(text) or _BARE_CLAIM.search(text):
        return "yes"
    return _LETTERS.get(text.strip(" .\n"))

"""Captions as models write them, made into noun phrases of a few words."""

import re

from spatialvlm_jax.generation.naming.captions import clean, parse

_OPENING = re.compile(
    r"^\s*(?:(?:this|it|there|here) is|(?:the|this) (?:image|picture|photo|region) (?:shows|is of)|"
    r"an? (?:close[- ]?up )?(?:image|picture|photo|view|shot) of|(?:a )?close[- ]?up of)\s+",
    re.IGNORECASE,
)
_NO_LAST_WORD = frozenset(
    "a an the and or of in on at with to by from for near next behind that which is are".split()
)


def short_phrase(text: str, most_words: int = 6) -> str:
    """A noun phrase of at most `most_words` words, lower case, without article; "" if none is left.

    "The image shows a red mug on the table." -> "red mug on the table". A longer one loses what
    follows its noun, then its first words: the noun is the last to go.
    """
    sentence = re.split(r"[.;\n]", _OPENING.sub("", text.strip()), maxsplit=1)[0]
    words = clean(sentence).split()
    if len(words) > most_words:
        words = parse(sentence).noun.split()[-most_words:]
    while words and words[-1] in _NO_LAST_WORD:
        words.pop()
    return " ".join(words)

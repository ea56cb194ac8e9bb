"""Plain text of what a model wrote: no markup, one spelling of digits, quotes and dashes.

What remains of structure is in words: `\\boxed{2}` and `<answer>2</answer>` become "answer: 2".
Every pattern is bounded, so that each pass takes time in proportion to the text.
"""

import functools
import html
import re
import unicodedata

_SIGNS = str.maketrans(
    "′’‘´ʹ″”“„ʺ−–—‐‑‒―⁄∕·⋅∙٫٬〜～∼˜≃≅≒約约",
    "'''''\"\"\"\"\"-------//...." + "'~~~~≈≈≈≈≈",
    # Invisible: zero-width spaces and joiners, soft hyphen, marks of direction.
    "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad",
)
_RAISED = re.compile(r"[⁺⁻]?[⁰¹²³⁴-⁹]{1,40}")
_FRACTION = re.compile(r"[¼-¾⅐-⅞↉]")
_ESCAPED = re.compile(r"\\([\"'%$#&_*~])")
_STRUCK = re.compile(r"~~[^~\n]{1,200}~~")
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,100}>")
_ANSWER_TAG = re.compile(r"<(?:answer|final)>", re.IGNORECASE)
_RAISED_TAG = re.compile(r"<sup>([^<>]{1,20})</sup>", re.IGNORECASE)
_ADDRESS = re.compile(r"\b(?:https?://|www\.)[^\s<>()]{1,2000}", re.IGNORECASE)
_LINK = re.compile(r"\]\([^()\s]{0,300}\)")
_FENCE = re.compile(r"```\w{0,20}")
_LIST_NUMBER = re.compile(
    r"^[ \t>]{0,20}(?:[-+•#]{1,6}[ \t]{1,4})?"
    r"(?:\(\d{1,2}\)|\d{1,2}[.)])[ \t]{1,4}(?=\S)",
    re.M,
)
_BULLET = re.compile(r"^[ \t>]{0,20}[-+•#>]{1,6}[ \t]{1,4}", re.M)
_FRAC = re.compile(r"\\[dt]?frac\{([^{}]{1,40})\}\{([^{}]{1,40})\}")
_SI_PREFIX = re.compile(r"\\(kilo|deci|centi|milli|micro)\s{0,4}\\(?=met)")
_COMMAND = re.compile(r"\\([a-zA-Z]{1,40})_?|\\[,;:! ()\[\]]")
_COMMANDS = {
    "boxed": "\n answer: ", "scalar": "\n answer: ", "pm": "±", "times": "×", "cdot": "×",
    "approx": "≈", "sim": "~", "simeq": "≈", "circ": "°", "degree": "°", "percent": "%",
    "n": "\n", "t": " ", "distance": " , distance ", "unit": " unit ", "to": " to ",
    "inch": " inch ", "meter": " meter ", "metre": " metre ", "foot": " foot ",
    "centimeter": " centimeter ", "millimeter": " millimeter ", "prime": "'", "div": "/",
    "le": "≤", "leq": "≤", "ge": "≥",
    "geq": "≥", "pi": " pi ",
}  # fmt: skip
# A power as programs write it; elsewhere two stars are bold type.
_STARS = re.compile(r"(?<![\d.])(?<!\*\*)10\*\*(?=-?\d{1,2}\b(?!\*))")
# Before a power of ten the dot is a product, elsewhere a decimal point: "1.5·10²", "1·5 m".
_TIMES_TEN = re.compile(r"(?<=\d) ?[·⋅∙•*] ?10(?=[⁺⁻⁰¹²³⁴-⁹^])")
_THAT_IS = re.compile(r"\bi\. ?e\.,?", re.IGNORECASE)
_DOTS = re.compile(r"(?<=\d) ?\.{2,3} ?(?=\d)")
_CAMEL = re.compile(r"(?<=[a-z]{3})(?=[A-Z][a-z])")


def plain(text: str) -> str:
    """The text without markup, LaTeX and JSON's signs; the case of letters stays."""
    text = _TIMES_TEN.sub("×10", _STARS.sub("10^", html.unescape(text)))
    thought, ended, said = text.rpartition("</think>")
    text = said if ended and said.strip() else thought + " " + said if ended else text
    text = _unmarked(_without_latex(text) if "\\" in text or "$" in text else text)
    text = text if text.isascii() else _one_spelling(text)
    text = text.replace("+/-", "±").replace("+-", "±").replace("''", '"')
    return _DOTS.sub(" to ", _THAT_IS.sub(" hence ", text))


def plain_lowercase(text: str) -> str:
    """`plain` text in lower case."""
    return plain(text).lower()


def _one_spelling(text: str) -> str:
    """The text with one spelling of each sign and digit."""
    # Compatibility forms would make "2m²" the same as "2m2", and "1½" the same as "11/2".
    text = _RAISED.sub(lambda raised: "^" + unicodedata.normalize("NFKC", raised[0]), text)
    text = _FRACTION.sub(lambda f: f" {unicodedata.normalize('NFKC', f[0])} ", text)
    return "".join(map(_compatible, text.translate(_SIGNS))).translate(_SIGNS)


@functools.lru_cache(4096)
def _compatible(character: str) -> str:
    """One spelling of a character, whatever its script and width."""
    category = unicodedata.category(character)
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Zs":
        return " "
    return unicodedata.normalize("NFKC", character)


def _without_latex(text: str) -> str:
    """Commands of LaTeX become the signs they stand for, or nothing."""
    if text.count("$") > 1:
        text = text.replace("$", " ")
    # A tie is a space there; "about" is written as a command.
    text = text.replace("{,}", ",").replace("~", " ")
    text = _FRAC.sub(r" \1/\2 ", _ESCAPED.sub(r"\1", text))
    text = _SI_PREFIX.sub(r" \1", text).replace("\\\\", "\n")
    text = _COMMAND.sub(lambda command: _COMMANDS.get(command[1] or "", " "), text)
    text = text.replace("^{", "^").replace("{", " ").replace("}", " ")
    return text.replace("^ °", "°").replace("^°", "°")


def _unmarked(text: str) -> str:
    """The text without HTML, Markdown and the brackets of JSON."""
    text = _RAISED_TAG.sub(r"^\1", _ANSWER_TAG.sub("\n answer: ", text))
    text = _ADDRESS.sub(" ", _LINK.sub("]", _FENCE.sub(" ", _STRUCK.sub(" ", text))))
    text = _TAG.sub(" ", text)
    text = text.replace("*", "").replace("`", "")
    text = _BULLET.sub("", _LIST_NUMBER.sub("", text))
    text = text.replace("_", " ").replace("{", " ").replace("}", " , ")
    return _CAMEL.sub(" ", text)

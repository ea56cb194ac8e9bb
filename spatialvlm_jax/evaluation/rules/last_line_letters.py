"""EASI's `can_match_option` in VLMEvalKit (August 2026): a letter in the last lines of a reply.

In this order: `<answer>` that begins with a letter; a letter before a closing tag; from the last of
six lines upwards a line that is a letter, begins with one and a sign, or holds one letter only;
"the answer is B" and the like; the one letter in all the text.
"""

import re
from collections.abc import Sequence

from spatialvlm_jax.evaluation.rules.letters import Options

_INVISIBLE = re.compile("[\u200b\u200c\u200d\ufeff]")
_OPENS = re.compile(r"<\s{0,9}answer\b[^>]{0,99}>\s{0,99}([A-J])", re.I)
_CLOSES = re.compile(r"<\s{0,9}/\s{0,9}answer\s{0,9}>", re.I)
_THOUGHT = re.compile(r"<\s{0,9}/\s{0,9}think\s{0,9}>", re.I)
_THINKS = re.compile(r"<\s{0,9}think\s{0,9}>", re.I)
_OPTION_LINE = re.compile(r"[*_>\-\s]{0,20}option\s{1,9}[A-J]\s{0,9}[:：]", re.I)
_ALONE = re.compile(r"[*_`>（）\[\]【】()\s]{0,40}([A-F])[*_`（）\[\]【】()\s]{0,40}", re.I)
_LABELLED = re.compile(r"\s{0,40}([A-F])\s{0,9}[.．:：)\]】、-]\s", re.I)
_INLINE = re.compile(
    r"(?<![A-Za-z])([A-F])\s{0,20}[*_`）\]})]{0,20}(?=$|[\s.,:;!?)\]】》」』，。；、：）])"
)
_STATES = (
    r"(?:final\s{0,9}answer|answer(?:\s{0,9}is)?|答案|结论|所以|因此|我?选择?)"
    r"\s{0,20}[:：>＝=]?\s{0,20}[(\[{（【]?\s{0,20}"
)
_STATED = r"\s{0,20}(?:\b|[)\]}）】.、。])"
_WINDOW, _LINES, _LETTERS = 800, 6, "ABCDEF"


def in_last_lines(reply: str, options: Options) -> str | None:
    """The letter that the last lines of a reply hold, whether it is an option's or not; or None."""
    del options
    text = _INVISIBLE.sub("", reply.strip())
    opened = _OPENS.search(text)
    if opened and _CLOSES.search(text, opened.end()):
        return opened[1].upper()
    for tag in ("answer", "think"):
        closing = (
            rf"(?<![A-Za-z])([{_LETTERS}])\s{{0,9}}[)\]}}）】]?\s{{0,9}}</\s{{0,9}}{tag}\s{{0,9}}>"
        )
        if found := re.search(closing, text[-_WINDOW:], re.I):
            return found[1].upper()
    said = (_THOUGHT.split(text)[-1] if _THOUGHT.search(text) else _THINKS.split(text)[-1]).strip()
    for part in (said, text[-_WINDOW:]):
        if found_letter := _from_lines(part.splitlines()[-_LINES:]):
            return found_letter
    if found := re.search(f"{_STATES}([{_LETTERS}]){_STATED}", text, re.I):
        return found[1].upper()
    lines = [line for line in text.splitlines() if not _OPTION_LINE.match(line)]
    named = set(re.findall(rf"(?<![A-Za-z])([{_LETTERS}])(?![A-Za-z])", "\n".join(lines)))
    return named.pop() if len(named) == 1 else None


def _from_lines(lines: Sequence[str]) -> str | None:
    for line in reversed([line.strip() for line in lines if line.strip()]):
        if _OPTION_LINE.match(line):
            continue
        if found := _ALONE.fullmatch(line) or _LABELLED.match(line):
            return found[1].upper()
        named = set(_INLINE.findall(line))
        if len(named) == 1:
            return str(named.pop())
    return None

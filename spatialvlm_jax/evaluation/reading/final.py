r"""The part of a reply that gives its answer: after the thinking, and in a form where there is one.

Forms are `\boxed{...}` and `<answer>...</answer>`; the last one counts.
"""

import re

_THOUGHT_ENDS = re.compile(r"</think(?:ing)?\s{0,9}>", re.IGNORECASE)
_OPENS = re.compile(r"<answer\s{0,9}>|\\boxed\s{0,9}\{", re.IGNORECASE)
_CLOSES = re.compile(r"</answer\s{0,9}>", re.IGNORECASE)


def after_thinking(reply: str) -> str:
    """The reply after the last `</think>`; all of it where nothing is said after that."""
    said = _THOUGHT_ENDS.split(reply)[-1]
    return said if said.strip() else reply


def boxed_part(reply: str) -> str | None:
    """What stands in the last form of a reply, or None where it has none."""
    opened = list(_OPENS.finditer(reply))
    if not opened:
        return None
    start = opened[-1].end()
    if opened[-1][0].startswith("<"):
        closing = _CLOSES.search(reply, start)
        return reply[start : closing.start() if closing else len(reply)]
    return reply[start : _closing_brace(reply, start)]


def _closing_brace(text: str, start: int) -> int:
    """Where the brace closes that was opened before `start`, or the end of the text."""
    depth = 1
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if not depth:
            return place
    return len(text)

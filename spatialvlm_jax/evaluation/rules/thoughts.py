"""What lmms-eval (August 2026) takes of a reply in tasks for models that think before they answer.

What stands before the first `</think>` goes, then what stands before the first `</thought>`; of the
rest the first `<answer>...</answer>` counts where there is one.
"""

import re

_ENDS = ("</think>", "</thought>")
_OPENS = re.compile("<answer>", re.IGNORECASE)
_CLOSES = re.compile("</answer>", re.IGNORECASE)


def without_thoughts(reply: str) -> str:
    """The answer, without spaces around it."""
    for end in _ENDS:
        reply = reply.split(end, 1)[-1]
    opened = _OPENS.search(reply)
    closed = _CLOSES.search(reply, opened.end()) if opened else None
    return reply[opened.end() : closed.start()].strip() if opened and closed else reply.strip()

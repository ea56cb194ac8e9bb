"""Texts of data sets on their cards: nothing of them is code or markup there."""

import functools
import html.parser
import json
import re
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from tests.generation.sources.hostile import encoded
from tests.hostile.attempt import READ, Case, Fault
from tests.hostile.files import RECORD, convert

MOST_BYTES = 5_000_000
# What a reader of Markdown makes more of than text.
_LIVE = re.compile(
    r"(?<!\\)!\[|(?<!\\)\]\(|<[a-z/!]|^\s{0,3}(?:#{1,6} x|```x|---x)", re.IGNORECASE | re.MULTILINE
)


class _Elements(html.parser.HTMLParser):
    """Kinds of elements with their attributes, and how many scripts there are."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.kinds: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        outside = any(
            name in ("href", "src") and not (value or "").startswith(("#", "data:image/"))
            for name, value in attrs
        )
        self.kinds.add(f"{tag} {sorted(name for name, _ in attrs)}{' leads out' * outside}")

    def handle_comment(self, data: str) -> None:
        self.kinds.add("comment")


TEXTS = {
    "a script": "<script>alert(1)</script> what?",
    "a script, closed early": "</script><script>alert(1)</script>",
    "a handler": '"><img src=x onerror=alert(1)>',
    "a style": "</style><style>*{display:none}</style>",
    "a comment": "<!-- what? -->",
    "an entity": "&lt;script&gt;alert(1)&lt;/script&gt;",
    "a remote picture": "![x](http://127.0.0.1/x.png)",
    "a link": "[x](javascript:alert(1))",
    "a reference": "[x][1]\n\n[1]: javascript:alert(1)",
    "an address": "<http://127.0.0.1/x>",
    "a heading": "\n# x\n## x",
    "a fence": "\n```x\n",
    "a table": "| a | b |\n|---|---|\n| 1 | 2 |",
    "a template": "{{ 7 * 7 }} {% raw %}",
    "a text direction": "\u202e\u2066 what?",
    "a terminal": "\x1b]0;x\x07\x1b[2J what?",
    "a long text": "why " * 24_000,
    "a long word": "w" * 99_000,
    "every sign": "".join(map(chr, range(32, 127))) * 4,
    "half a character": "what\ud800",
}


@functools.cache
def _harmless() -> set[str]:
    """What the card of harmless texts is made of."""
    with tempfile.TemporaryDirectory() as folder:
        _store("what is it?", "a wall", Path(folder))
        return _Elements((Path(folder) / "out" / "card.html").read_text(encoding="utf-8")).kinds


def _store(question: str, answer: str, folder: Path) -> str:
    """Forty pictures, each with the question and the answer."""
    (folder / "img").mkdir()
    noise = np.random.default_rng(0)
    records = []
    for number in range(40):
        pixels = noise.integers(0, 255, (200, 300, 3), np.uint8)
        (folder / "img" / f"{number}.jpg").write_bytes(encoded(pixels))
        records.append({**RECORD, "image": f"{number}.jpg", "question": question, "answer": answer})
    (folder / "q.jsonl").write_text("".join(json.dumps(each) + "\n" for each in records))
    where = (f"--questions={folder}/q.jsonl", f"--images={folder}/img")
    return convert(folder, "jsonl", *where, good=40)


def _card(question: str, answer: str, folder: Path) -> str:
    became = _store(question, answer, folder)
    for name in ("card.html", "card.md"):
        page = (folder / "out" / name).read_text(encoding="utf-8")
        if len(page.encode()) > MOST_BYTES:
            raise Fault(f"{name} has {len(page.encode())} bytes")
        if odd := [c for c in page if not c.isprintable() and c not in "\n\t"]:
            raise Fault(f"{name} holds the control character {odd[0]!r}")
        if name == "card.html" and (more := _Elements(page).kinds - _harmless()):
            raise Fault(f"{name} has another kind of element: {sorted(more)}")
        if name == "card.md" and (found := _LIVE.search(page)):
            raise Fault(f"{name} holds {page[max(0, found.start() - 30) : found.end() + 30]!r}")
    return became


def cards() -> Iterator[Case]:
    """As questions, and as answers."""
    for name, text in TEXTS.items():
        yield Case(f"{name} asked", partial(_card, text, "a wall"), (READ,))
        yield Case(f"{name} answered", partial(_card, "what is it?", text), (READ,))

"""The fenced blocks of the pages, and the commands in those that are marked as such."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block; `line` is that of its first line, from 1."""

    page: str
    line: int
    language: str
    text: str


class Command(NamedTuple):
    """A command as it is typed, its lines that end with a backslash joined."""

    page: str
    line: int
    command: str


def pages() -> list[Path]:
    """The pages that tell users what to type."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    for found in _BLOCK.finditer(text):
        line = text.count("\n", 0, found.start(2)) + 1
        yield Block(page.relative_to(ROOT).as_posix(), line, found[1], found[2])


def commands(page: Path) -> Iterator[Command]:
    """The commands of a page, in its order: one for each line of a ```bash block, joined."""
    for block in blocks(page):
        if block.language != "bash":
            continue
        typed, first = "", block.line
        for number, line in enumerate(block.text.splitlines(), block.line):
            first = first if typed else number
            typed += line.removesuffix("\\").strip() + " "
            if not line.endswith("\\"):
                if typed.strip() and not typed.lstrip().startswith("#"):
                    yield Command(block.page, first, typed.strip())
                typed = ""

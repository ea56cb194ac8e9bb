"""Walks along a page as its reader does: what it says to type is typed, and does what it shows.

- The folder that is walked in stands for the checkout, whose files are linked there; what the
  reader brings is put there beforehand.
- A block of bash is read by a shell. `python train.py`, `python eval.py` and `spatialvlm` run in
  this process, with words appended that make them small; `SET_UP` is done already.
- A block of Python that begins with "# FILE.py" is that file; another one is run.
- A block of text that follows a block of bash shows lines that it prints; numbers may differ, and
  "..." is what is left out.
"""

import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

import eval as evaluation_script
import train
from spatialvlm_jax import cli
from tests.docs.commands import ROOT, Block, blocks

Main = Callable[[Sequence[str]], int]
RUN_HERE: Mapping[tuple[str, ...], Main] = {
    ("python", "train.py"): train.main,
    ("python", "eval.py"): evaluation_script.main,
    ("spatialvlm",): cli.main,
}
SET_UP = ("hf", "make")
# Each program writes down how it was called: its words, and an empty one.
_CALLED = "called"
_SHELL = "".join(
    f"{program}() {{ printf '%s\\0' {program} \"$@\" '' >>{_CALLED}; }}\n"
    for program in ("python", "spatialvlm", *SET_UP)
)


def make_checkout(folder: Path) -> None:
    """Links to all that the repository holds."""
    for place in ROOT.iterdir():
        if place.name not in ("data", "runs"):
            (folder / place.name).symlink_to(place)


def walk(
    page: str,
    folder: Path,
    appended: Mapping[str, Sequence[str]],
    capsys: pytest.CaptureFixture[str],
) -> dict[str, Any]:
    """Types all that a page of `docs` says, in `folder`, which the process works in.

    Args:
      appended: words to add to the commands that begin with these, as "python train.py".

    Returns:
      the names that the page's Python leaves.
    """
    said, names = "", dict[str, Any]()
    for block in blocks(ROOT / "docs" / page):
        if block.language == "bash":
            capsys.readouterr()
            for words in _calls(block, folder):
                _run(words, appended)
            said = _without_numbers("\n".join(capsys.readouterr()))
        elif block.language == "text" and said:
            for line in map(_without_numbers, block.text.splitlines()):
                assert line in ("...", "") or line in said, (
                    f"{block.page}:{block.line}: {line!r} is not in\n{said}"
                )
            said = ""
        elif block.language == "python":
            _run_python(block, folder, names)
    return names


def _run_python(block: Block, folder: Path, names: dict[str, Any]) -> None:
    if found := re.match(r"# (\S+\.py)\n", block.text):
        (folder / found[1]).parent.mkdir(parents=True, exist_ok=True)
        (folder / found[1]).write_text(block.text, encoding="utf-8")
    else:
        exec(compile(block.text, block.page, "exec"), names)


def _calls(block: Block, folder: Path) -> list[list[str]]:
    """How a shell would call programs, with its loops and redirections done."""
    called = folder / _CALLED
    called.write_bytes(b"")
    subprocess.run(["bash", "-euc", _SHELL + block.text], cwd=folder, check=True)
    words = called.read_text(encoding="utf-8")
    return [call.split("\0") for call in words.split("\0\0") if call]


def _run(words: Sequence[str], appended: Mapping[str, Sequence[str]]) -> None:
    typed = " ".join(words)
    if words[0] in SET_UP:
        return
    words = [
        *words,
        *(x for begin, more in appended.items() if typed.startswith(begin) for x in more),
    ]
    for begin, main in RUN_HERE.items():
        if tuple(words[: len(begin)]) == begin:
            assert main(words[len(begin) :]) == 0, typed
            return
    assert words[0] == "python", typed
    done = subprocess.run([sys.executable, *words[1:]], capture_output=True, text=True, check=True)
    print(done.stdout)


def _without_numbers(text: str) -> str:
    """Texts that are equal but for numbers and runs of spaces become equal."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(re.sub(r"\d[\d,.]*", "0", line) for line in lines)

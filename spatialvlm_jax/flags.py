"""Flags of command lines, and numbers that people write there, in variables and in file names.

Python reads more as a number than people mean: `int` takes "１", "1_0" and " 1 ", `float` takes
"nan", and `str.isdigit` takes "²".
"""

import argparse
import os
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from spatialvlm_jax.bounds import Range, SettingError
from spatialvlm_jax.errors import UserError

T = TypeVar("T")
_WHOLE = re.compile(r"-?[0-9]{1,20}")
_DECIMAL = re.compile(r"-?(?:[0-9]{1,20}\.?[0-9]{0,20}|\.[0-9]{1,20})(?:[eE][-+]?[0-9]{1,3})?")
# A variable of the shell that is not set; fields of a configuration may be empty.
_EMPTY = re.compile(r"(--(?!config\.)[a-z][a-z_-]*)=\s*")
_SHOWN = 60  # characters of what cannot be read


def this_command() -> str:
    """The command line of this process, as a shell takes it again."""
    program = Path(sys.argv[0]).name
    return shlex.join([*(["python"] if program.endswith(".py") else []), program, *sys.argv[1:]])


class FlagParser(argparse.ArgumentParser):
    """Raises mistakes, to be told in a line as others are, without a page of usage before it."""

    def error(self, message: str) -> NoReturn:
        """Raises UserError."""
        raise UserError(f"{message} (see --help)")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Checks that words are read as people and the system mean them; then as any parser."""
        words = sys.argv[1:] if args is None else args
        _check_names(words)
        for flag in map(_EMPTY.fullmatch, words):
            if flag:
                self.error(f"argument {flag[1]}: it is empty; give it a value, or leave it out")
        return super().parse_known_args(args, namespace)


def _check_names(words: Sequence[str]) -> None:
    """Libraries that read and write files take paths as UTF-8, whatever Python takes them for."""
    encoding = sys.getfilesystemencoding()
    try:
        here = os.getcwd()
    except FileNotFoundError:
        raise UserError("the current folder is gone: change into one that is there") from None
    for word in (*words, here):
        if encoding != "utf-8" and not word.isascii():
            raise UserError(
                f"{word!a} cannot be read in this locale, whose encoding is {encoding}: "
                "start with PYTHONUTF8=1 in the environment"
            )


def is_whole_number(text: str) -> bool:
    """Whether a text is a number in the digits 0 to 9, such as the folder of a step."""
    return _WHOLE.fullmatch(text) is not None and text[0] != "-"


def parse_whole_number(text: str, name: str, low: int = 0, high: int = 2**63 - 1) -> int:
    """The whole number that a text says.

    Args:
      text: digits from 0 to 9, and a minus.
      name: what the number is of, for the message.
      low, high: the least and the greatest that it may be.

    Raises:
      SettingError: it is none, or outside.
    """
    if not _WHOLE.fullmatch(text):
        raise SettingError(name, f"{shorten(text)!r} is not a whole number")
    return int(_inside(int(text), name, Range(low, high)))


def parse_number(text: str, name: str, bound: Range) -> float:
    """The number that a text says in decimal digits, such as "0.3" or "3e-4".

    Raises:
      SettingError: it is none, or outside.
    """
    if not _DECIMAL.fullmatch(text):
        raise SettingError(name, f"{shorten(text)!r} is not a number")
    return _inside(float(text), name, bound)


def shorten(text: str) -> str:
    """The beginning of a text that is too long for a message."""
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def whole_number(low: int = -(2**63), high: int = 2**63 - 1) -> Callable[[str], int]:
    """The `type` of an argument of a command line that is a whole number from `low` to `high`."""
    return lambda text: _argument(lambda: parse_whole_number(text, "", low, high))


def place(text: str) -> Path:
    """Likewise, of an argument that names a file or a folder.

    Nothing, such as a variable that is not set, would be the current folder.
    """
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty; the current folder is .")
    return Path(text)


def check_suffix(path: Path, name: str, suffix: str) -> None:
    """Raises UserError where a file to write is named otherwise: it may be one of another kind."""
    if path.suffix.lower() != suffix:
        raise UserError(f"{name} must name a {suffix} file, not '{path}'")


def number(low: float = -1e300, high: float = 1e300) -> Callable[[str], float]:
    """Likewise, of an argument that is any finite number."""
    return lambda text: _argument(lambda: parse_number(text, "", Range(low, high)))


def _argument(parse: Callable[[], T]) -> T:
    try:
        return parse()
    except SettingError as error:
        raise argparse.ArgumentTypeError(error.reason) from None


def _inside(value: float, name: str, bound: Range) -> float:
    problem = bound.problem(value)
    if problem:
        raise SettingError(name, problem)
    return value


SEED, WORKERS = whole_number(0, 2**31 - 1), whole_number(1, 1_024)

"""Mistakes that the user can mend, and how they are told: in one line."""

import errno
import os
import re

_MAX_CHARACTERS = 1200
_MAKE_ROOM = "make room, then run the same command again"
_REMEDIES = {
    errno.ENOSPC: _MAKE_ROOM,
    errno.EDQUOT: _MAKE_ROOM,
    errno.EFBIG: _MAKE_ROOM,
    errno.EROFS: "name a place that can be written to",
    errno.EACCES: "name a place that this user may use",
    errno.EPERM: "name a place that this user may use",
    errno.ENAMETOOLONG: "name a shorter path",
    errno.EEXIST: "a file is where a folder is needed; name another place",
    errno.ENOTDIR: "a file is where a folder is needed; name another place",
    errno.EISDIR: "a folder is where a file is needed; name another place",
    errno.EMFILE: "allow more open files (ulimit -n), or use fewer workers",
}


class UserError(ValueError):
    """A mistake the user can mend; its message names the cause and the remedy on one line.

    Command lines print it without a traceback and exit with code 2.
    """

    def __str__(self) -> str:
        return one_line(super().__str__())


def one_line(text: str) -> str:
    """Text without line ends and other control characters, cut in the middle if it is very long.

    Messages quote what others wrote, names in files and words of parsers, and that may be anything.
    """
    short = text
    if len(text) > _MAX_CHARACTERS:
        half = _MAX_CHARACTERS // 2
        short = f"{text[:half]} ... {text[-half:]}"
    printable = "".join(c if c.isprintable() else " " for c in short)
    return printable if printable == text else " ".join(printable.split())


def describe_os_error(error: OSError) -> str:
    """What the system refused, where, and where it helps the remedy, in one line."""
    where = f"{error.filename}: " if error.filename else ""
    remedy = _REMEDIES.get(error.errno or 0)
    return one_line(f"{where}{error.strerror or error}" + (f"; {remedy}" if remedy else ""))


def system_error(error: BaseException, path: str = "") -> OSError | None:
    """The error if the system refused something, whatever a library makes of it.

    TensorStore words that as a ValueError with the number of the error, writers of ArrayRecord and
    safetensors as one of their own with the system's text.

    Args:
      path: what it is about, where the error does not say so.
    """
    if isinstance(error, OSError):
        return error
    stated = re.search(r"os_error_code='([0-9]{1,4})'", str(error))
    worded = (number for number in _REMEDIES if os.strerror(number) in str(error))
    number = int(stated[1]) if stated else next(worded, None)
    return None if number is None else OSError(number, os.strerror(number), path or None)


def describe_failure(error: UserError | OSError) -> str:
    """Cause and remedy in one line: of what the user can mend, or of what the system refused."""
    return str(error) if isinstance(error, UserError) else describe_os_error(error)

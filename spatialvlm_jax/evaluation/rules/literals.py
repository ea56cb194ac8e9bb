"""Python's literals in a reply, which some public scorers read: numbers, texts, lists, tables."""

import ast
import warnings
from typing import Any

LONGEST = 20_000  # characters of what is read
UNREADABLE = (ValueError, SyntaxError, TypeError, OverflowError, MemoryError, RecursionError)


def read_literal(text: str) -> Any:
    """What the literals of a text are; nothing is run.

    Raises:
      ValueError: there is something else in it, or it is too long.
    """
    if len(text) > LONGEST:
        raise ValueError(f"a literal of {len(text)} characters")
    try:
        with warnings.catch_warnings(action="ignore"):  # of signs that Python will not read later
            return ast.literal_eval(text)
    except UNREADABLE as error:
        raise ValueError("not literals alone") from error

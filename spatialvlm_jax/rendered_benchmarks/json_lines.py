"""Records as JSON Lines."""

import json
from collections.abc import Iterable
from typing import Any


def json_lines(records: Iterable[Any]) -> str:
    """A line of JSON for each."""
    return "".join(f"{json.dumps(record)}\n" for record in records)

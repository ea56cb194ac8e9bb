"""Answers written out one by one, each before the reader was tried on it, with what they say.

Neither the reader nor the generator of `worded` was at hand. There are four sets: what the reader
made of each on its first run stands in docs/evaluation.md, and after each run it was mended. A
later figure says only that nothing has come apart.
"""

import json
from pathlib import Path

from benchmarks.worded import Worded

_FILE = Path(__file__).with_name("held_out_answers.jsonl")


def held_out_answers() -> list[Worded]:
    """All of them, in the order they were written."""
    rows = map(json.loads, _FILE.read_text(encoding="utf-8").splitlines())
    return [Worded(row["kind"], row["asked"], row["text"], row["value"]) for row in rows]

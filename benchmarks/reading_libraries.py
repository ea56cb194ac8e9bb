"""Kept libraries on the worded answers that `benchmarks/reading.py` reads, for comparison.

    python -m venv libraries && libraries/bin/pip install quantulum3 pint text2num
    libraries/bin/python -m benchmarks.reading_libraries --seed=7

quantulum3 reads the first length it finds; Pint the first number and what follows it, also after
text2num has put number words into digits. Only answers to lengths are asked for.
"""

import argparse
import importlib
import importlib.metadata
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.reading import outcome, read
from benchmarks.worded import Worded, worded_answers
from spatialvlm_jax.atomic_write import write_json

Reader = Callable[[str], float | None]
_FROM_NUMBER = re.compile(r"\d[\d.,]* ?[a-zA-Z'\"]+")


def with_quantulum3() -> Reader:
    """The first length that quantulum3 finds, metres."""
    parser = importlib.import_module("quantulum3.parser")
    registry = importlib.import_module("pint").UnitRegistry()

    def metres(text: str) -> float | None:
        for found in parser.parse(text):
            if found.unit.entity.name == "length":
                return float(registry.Quantity(found.value, found.unit.name).to("meter").magnitude)
        return None

    return metres


def with_pint(words: bool) -> Reader:
    """The first number with a unit that Pint takes for a length, metres."""
    registry = importlib.import_module("pint").UnitRegistry()
    to_digits = importlib.import_module("text_to_num").alpha2digit if words else None

    def metres(text: str) -> float | None:
        text = to_digits(text, "en") if to_digits else text
        match = _FROM_NUMBER.search(text)
        if match is None:
            return None
        found = registry.parse_expression(match[0])
        return float(found.to("meter").magnitude) if hasattr(found, "to") else None

    return metres


def count(reader: Callable[[Worded], Any], answers: list[Worded]) -> dict[str, int]:
    """How many answers are read rightly, wrongly, not at all, and how many raise."""
    counts = {"right": 0, "wrong": 0, "missed": 0, "raised": 0}
    for answer in answers:
        try:
            found = reader(answer)
        except Exception:
            counts["raised"] += 1
            found = None
        counts[outcome(answer, found)] += 1
    return counts


def main() -> None:
    """Prints a table; with --json also writes it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--number", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    drawn = worded_answers(args.number, args.seed)
    answers = [answer for answer in drawn if answer.asked == "length"]
    readers: dict[str, Reader] = {
        "quantulum3": with_quantulum3(),
        "pint": with_pint(words=False),
        "pint after text2num": with_pint(words=True),
    }
    rows: dict[str, dict[str, int]] = {"ours": count(read, answers)}
    for name, reader in readers.items():
        rows[name] = count(lambda answer, reader=reader: reader(answer.text), answers)  # type: ignore[misc]
    print(f"{len(answers)} answers      right   wrong  missed  raised")
    for name, row in rows.items():
        print(f"{name:20}" + "".join(f"{value:8}" for value in row.values()))
    versions = {
        name: importlib.metadata.version(name) for name in ("quantulum3", "pint", "text2num")
    }
    print(versions)
    if args.json:
        result = {"seed": args.seed, "rows": rows, "versions": versions}
        write_json(args.json, result)


if __name__ == "__main__":
    main()

"""How well answers are read: worded answers with their values, and strings of any kind.

    python benchmarks/reading.py --seed=7 --number=1000 --json=reading.json
    python benchmarks/reading.py --fuzz=100000

Of each kind of answer: how many are read rightly, how many give a wrong value (worse than none),
and how many give none though there is one. `--fuzz` reads random and mutated strings of up to
100,000 characters, counts exceptions, and says what a character costs in short strings and in long
ones. `--held-out` reads the answers of `held_out` instead of the generator's.
"""

import argparse
import math
import time
from collections import Counter
from pathlib import Path
from typing import Any, Literal

from benchmarks.fuzzed import fuzzed_strings
from benchmarks.held_out import held_out_answers
from benchmarks.worded import Worded, worded_answers
from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.evaluation.reading import lengths, verdicts

Outcome = Literal["right", "wrong", "missed"]
TOLERANCE = 1e-3


def read(answer: Worded) -> float | int | str | None:
    """What our reader makes of an answer."""
    if answer.asked == "yes_no":
        return verdicts.read_yes_no(answer.text)
    if answer.asked == "count":
        return verdicts.read_count(answer.text)
    found = lengths.find_quantity(answer.text)
    return None if found is None else found.metres


def outcome(answer: Worded, found: float | int | str | None) -> Outcome:
    """How a reading compares with what the answer says."""
    if found is None:
        return "right" if answer.value is None else "missed"
    if isinstance(found, str) or isinstance(answer.value, str) or answer.value is None:
        return "right" if found == answer.value else "wrong"
    return "right" if math.isclose(found, answer.value, rel_tol=TOLERANCE) else "wrong"


def figures(answers: list[Worded], found: list[float | int | str | None]) -> list[dict[str, Any]]:
    """One row a kind, and one of all: right, wrong and missed answers."""
    counts: dict[str, Counter[str]] = {}
    for answer, value in zip(answers, found, strict=True):
        for kind in (answer.kind, "all"):
            counts.setdefault(kind, Counter())[outcome(answer, value)] += 1
    counts["all"] = counts.pop("all", Counter())
    return [
        {"kind": kind, "answers": count.total()}
        | {each: count[each] for each in ("right", "wrong", "missed")}
        for kind, count in counts.items()
    ]


def fuzz(number: int, seed: int) -> list[dict[str, Any]]:
    """A row for each order of length: strings, characters, exceptions, and times of one CPU."""
    rows = [
        {"up to characters": 10**order, "strings": 0, "characters": 0, "exceptions": 0}
        | {"seconds": 0.0, "longest seconds": 0.0}
        for order in range(1, 6)
    ]
    for text in fuzzed_strings(number, seed):
        row = next(row for row in rows if len(text) <= row["up to characters"])
        began = time.process_time()
        try:
            lengths.find_quantity(text)
            verdicts.read_yes_no(text)
            verdicts.read_count(text)
        except Exception as error:
            row["exceptions"] += 1
            print(f"{type(error).__name__}: {error}: {text[:80]!r}")
        seconds = time.process_time() - began
        row["strings"] += 1
        row["characters"] += len(text)
        row["seconds"] += seconds
        row["longest seconds"] = max(row["longest seconds"], seconds)
    return rows


def print_fuzz(rows: list[dict[str, Any]]) -> None:
    """The rows of `fuzz` as a table."""
    print(
        "\n| length | strings | exceptions | µs a character | longest, ms |\n|---|---|---|---|---|"
    )
    for row in rows:
        each = 1e6 * row["seconds"] / max(row["characters"], 1)
        print(
            f"| up to {row['up to characters']:,} | {row['strings']:,} | {row['exceptions']} "
            f"| {each:.1f} | {1e3 * row['longest seconds']:.0f} |"
        )
    print(f"{sum(row['characters'] for row in rows):,} characters")


def main() -> None:
    """Prints a table; with --json also writes it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--number", type=int, default=1000, help="worded answers")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fuzz", type=int, default=0, metavar="N", help="strings of any kind")
    parser.add_argument("--held-out", action="store_true", help="read the answers of `held_out`")
    parser.add_argument("--faults", action="store_true", help="print what is not read rightly")
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    answers = held_out_answers() if args.held_out else worded_answers(args.number, args.seed)
    found = [read(answer) for answer in answers]
    rows = figures(answers, found)
    print(f"{'kind':24}{'answers':>8}{'right':>8}{'wrong':>8}{'missed':>8}")
    for row in rows:
        print(f"{row['kind']:24}" + "".join(f"{row[each]:8}" for each in list(row)[1:]))
    if args.faults:
        for answer, value in zip(answers, found, strict=True):
            if outcome(answer, value) != "right":
                print(f"{answer.kind}: {answer.text!r} says {answer.value}, read as {value}")
    result: dict[str, Any] = {"seed": args.seed, "rows": rows}
    if args.fuzz:
        result["fuzz"] = fuzz(args.fuzz, args.seed)
        print_fuzz(result["fuzz"])
    if args.json:
        write_json(args.json, result)


if __name__ == "__main__":
    main()

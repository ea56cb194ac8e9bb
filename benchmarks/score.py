"""How long `spatialvlm score` takes: many replies of a benchmark's kind, from files to the table.

    python -m benchmarks.score --json=score.json

Writes a benchmark's files and the replies to them into a temporary folder and runs the command as
users do, a process that reads, joins, marks by every rule, and writes the figures with their
intervals. One row a kind of question: seconds by the clock, replies a second, and seconds of the
processor. Replies are those of `benchmarks.scorers` and sentences around them.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.scorers import LENGTHS, LETTERS, TEXTS, YES_NO, Suite
from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.text_table import align_columns

QUESTIONS_A_PICTURE = 5


def _lines(path: Path, records: Sequence[dict[str, Any]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def _emb_spatial(folder: Path, count: int) -> None:
    rows = [
        {
            "question_id": number,
            "question": "Where is the chair?",
            "relation": "left",
            "answer_options": ["right", "left"],
            "answer": 1,
            "scene_id": number // QUESTIONS_A_PICTURE,
        }
        for number in range(count)
    ]
    (folder / "data.json").write_text(json.dumps(rows))


def _pope(folder: Path, count: int) -> None:
    rows = [
        {
            "question_id": number,
            "image": str(number // QUESTIONS_A_PICTURE),
            "text": "Is there a dog in the image?",
            "label": "no",
        }
        for number in range(count)
    ]
    _lines(folder / "questions.json", rows)


def _spatial_rgpt(folder: Path, count: int) -> None:
    rows = [
        {
            "id": number,
            "image_info": {"file_path": str(number // QUESTIONS_A_PICTURE)},
            "text_q": "How wide is Region [0]?",
            "qa_info": {"type": "quantitative", "category": "width_data"},
            "conversations": [{"value": "?"}, {"value": "Region [0] is 0.96 meters wide."}],
        }
        for number in range(count)
    ]
    _lines(folder / "data.jsonl", rows)


def _text_vqa(folder: Path, count: int) -> None:
    rows = [
        {
            "question_id": number,
            "image_id": str(number // QUESTIONS_A_PICTURE),
            "question": "How many are there?",
            "answers": ["2"] * 7 + ["3"] * 3,
        }
        for number in range(count)
    ]
    (folder / "data.json").write_text(json.dumps({"data": rows}))


KINDS: dict[str, tuple[Callable[[Path, int], None], Suite, str]] = {
    "emb_spatial": (_emb_spatial, LETTERS, ""),
    "pope": (_pope, YES_NO, ""),
    "spatial_rgpt": (_spatial_rgpt, LENGTHS, "--track=boxes"),
    "text_vqa": (_text_vqa, TEXTS, ""),
}
AROUND = ("{}", "{} ", "I looked at the picture for a while. {}", "{} That is how it seems to me.")


def measure(name: str, count: int) -> dict[str, Any]:
    """Writes the files of a benchmark and scores them; what it took, and the figures."""
    write, suite, words = KINDS[name]
    draw = random.Random(0)
    texts = [reply for reply, _ in suite.replies]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "data").mkdir()
        write(folder / "data", count)
        said = [draw.choice(AROUND).format(draw.choice(texts)) for _ in range(count)]
        _lines(folder / "a.jsonl", [{"id": n, "text": text} for n, text in enumerate(said)])
        files = [f"{folder}/a.jsonl", f"--data={folder}/data", f"--json={folder}/scores.json"]
        line = [sys.executable, "-m", "spatialvlm_jax.cli", "score", *files]
        began = time.monotonic()
        with subprocess.Popen(
            [*line, f"--benchmark={name}", *words.split()], stdout=subprocess.DEVNULL
        ) as process:
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        clock = time.monotonic() - began
        if process.returncode:
            raise RuntimeError(f"scoring {name} ended with {process.returncode}")
        figures = json.loads((folder / "scores.json").read_text())
    return {
        "benchmark": name,
        "replies": figures["counts"]["replies"],
        "seconds": clock,
        "replies_a_second": count / clock,
        "processor_seconds": used.ru_utime + used.ru_stime,
        "headline": figures["headline"],
    }


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replies", type=int, default=100_000)
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    args = parser.parse_args()
    rows = [measure(name, args.replies) for name in KINDS]
    cells = [
        [
            row["benchmark"],
            f"{row['replies']:,}",
            f"{row['seconds']:.1f}",
            f"{row['replies_a_second']:,.0f}",
            f"{row['processor_seconds']:.1f}",
        ]
        for row in rows
    ]
    head = ["benchmark", "replies", "seconds", "replies a second", "seconds of the processor"]
    print("\n".join(align_columns([head, *cells], rule=True)))
    if args.json:
        write_json(args.json, rows)


if __name__ == "__main__":
    main()

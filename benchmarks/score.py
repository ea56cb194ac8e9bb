"""How long `spatialvlm score` takes: many replies of a benchmark's kind, from files to the table.

    python -m benchmarks.score --replies=100000 --json=score.json

One row a kind of question: seconds from the command line to the printed table, reading included, by
the clock and of the processor; one core does it.
Replies are those of `benchmarks.scorers` and sentences around them.
"""

import argparse
import contextlib
import io
import json
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.scorers import LENGTHS, LETTERS, TEXTS, YES_NO, Suite
from spatialvlm_jax import cli
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


def seconds(name: str, count: int) -> tuple[float, float]:
    """Writes the files of a benchmark and scores them: seconds by clock and of the processor."""
    write, suite, words = KINDS[name]
    draw = random.Random(0)
    texts = [reply for reply, _ in suite.replies]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "data").mkdir()
        write(folder / "data", count)
        said = [draw.choice(AROUND).format(draw.choice(texts)) for _ in range(count)]
        _lines(folder / "a.jsonl", [{"id": n, "text": text} for n, text in enumerate(said)])
        line = ["score", f"{folder}/a.jsonl", f"--benchmark={name}", f"--data={folder}/data"]
        began = time.monotonic(), time.process_time()
        with contextlib.redirect_stdout(io.StringIO()):
            code = cli.main([*line, *words.split()])
        if code:
            raise RuntimeError(f"scoring {name} ended with {code}")
        return time.monotonic() - began[0], time.process_time() - began[1]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replies", type=int, default=100_000)
    parser.add_argument("--json", type=Path, help="write the figures there, too")
    args = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for name in KINDS:
        clock, processor = seconds(name, args.replies)
        rows.append({"benchmark": name, "seconds": clock, "processor_seconds": processor})
    cells = [
        [name, f"{args.replies:,}", f"{row['seconds']:.1f}", f"{row['processor_seconds']:.1f}"]
        for name, row in zip(KINDS, rows, strict=True)
    ]
    head = ["benchmark", "replies", "seconds", "of the processor"]
    print("\n".join(align_columns([head, *cells], rule=True)))
    if args.json:
        write_json(args.json, [row | {"replies": args.replies} for row in rows])


if __name__ == "__main__":
    main()

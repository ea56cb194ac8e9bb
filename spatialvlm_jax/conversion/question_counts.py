"""What became of the questions of a set, over all conversions that made splits of it.

DIR/questions.json             counts: asked = stored + rejected + lost with their image
DIR/rejected_questions.jsonl   a line for each that was rejected, with the reason
DIR/.shards/questions.*.json   both, of each conversion, by its splits
"""

import collections
import dataclasses
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from spatialvlm_jax.atomic_write import write_json, write_text
from spatialvlm_jax.foreign_files.json_files import read_object
from spatialvlm_jax.generation.execution.plan import REPORTS


@dataclasses.dataclass(frozen=True)
class QuestionCounts:
    """asked = stored + rejected + lost_with_image. reasons: how many were rejected for each."""

    asked: int = 0
    stored: int = 0
    rejected: int = 0
    lost_with_image: int = 0
    reasons: Mapping[str, int] = dataclasses.field(default_factory=dict)

    def __add__(self, other: "QuestionCounts") -> "QuestionCounts":
        return QuestionCounts(
            self.asked + other.asked,
            self.stored + other.stored,
            self.rejected + other.rejected,
            self.lost_with_image + other.lost_with_image,
            dict(collections.Counter(self.reasons) + collections.Counter(other.reasons)),
        )


def write_questions(
    directory: Path,
    splits: Iterable[str],
    counts: QuestionCounts,
    rejected: list[dict[str, str]],
) -> None:
    """Writes what became of the questions of these splits, and of all together.

    Args:
      rejected: image_id and reason of each question that was rejected.
    """
    part = directory / REPORTS / f"questions.{'.'.join(splits)}.json"
    write_json(part, {"counts": dataclasses.asdict(counts), "rejected": rejected}, indent=None)
    parts: list[dict[str, Any]] = [
        read_object(path, "what convert writes there")
        for path in sorted((directory / REPORTS).glob("questions.*.json"))
    ]
    total = sum((QuestionCounts(**each["counts"]) for each in parts), QuestionCounts())
    lines = (json.dumps(row) + "\n" for each in parts for row in each["rejected"])
    write_text(directory / "rejected_questions.jsonl", "".join(lines))
    write_json(directory / "questions.json", dataclasses.asdict(total), sort_keys=True)

import json
from pathlib import Path

from spatialvlm_jax.conversion.question_counts import QuestionCounts, write_questions
from spatialvlm_jax.generation.execution.plan import REPORTS


def test_counts_of_all_conversions_are_added_and_none_twice(tmp_path: Path) -> None:
    (tmp_path / REPORTS).mkdir()
    for _ in range(2):
        first = QuestionCounts(5, 3, 1, 1, {"empty answer": 1})
        write_questions(tmp_path, ["train"], first, [{"image_id": "a", "reason": "empty answer"}])
        write_questions(tmp_path, ["validation"], QuestionCounts(2, 2), [])
    assert json.loads((tmp_path / "questions.json").read_text()) == {
        "asked": 7,
        "stored": 5,
        "rejected": 1,
        "lost_with_image": 1,
        "reasons": {"empty answer": 1},
    }
    lines = (tmp_path / "rejected_questions.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{"image_id": "a", "reason": "empty answer"}]

import json
from pathlib import Path
from typing import Any

import pytest

from spatialvlm_jax.foreign_files.errors import FileError
from spatialvlm_jax.foreign_files.vqa_files import question_key, read_vqa_files


def write(folder: Path, questions: Any, annotations: Any) -> tuple[Path, Path]:
    paths = folder / "q.json", folder / "a.json"
    for path, document in zip(paths, (questions, annotations), strict=True):
        path.write_text(json.dumps(document))
    return paths


def questions(*ids: int, image: int = 1, subset: str = "val2014") -> dict[str, Any]:
    rows = [{"question_id": number, "image_id": image, "question": "?"} for number in ids]
    return {"data_subtype": subset, "questions": rows}


def annotations(*ids: int, image: int = 1, subset: str = "val2014") -> dict[str, Any]:
    rows = [{"question_id": number, "image_id": image, "answers": []} for number in ids]
    return {"data_subtype": subset, "annotations": rows}


def test_both_files_are_read_together(tmp_path: Path) -> None:
    found = read_vqa_files(*write(tmp_path, questions(7, 8), annotations(8)))
    assert [row["question_id"] for row in found.questions] == [7, 8]
    assert list(found.annotations) == ["8"]
    assert found.subset == "val2014"
    assert [question_key(value) for value in (7, " 7 ", None, [7])] == ["7", "7", "", ""]


@pytest.mark.parametrize(
    ("asked", "answered", "said"),
    [
        ([], annotations(1), "has no list 'questions'"),
        (questions(1), {"annotations": {}}, "has no list 'annotations'"),
        (questions(1, 1), annotations(1), "has question_id 1 twice"),
        (questions(1), annotations(1, 1), "has question_id 1 twice"),
        (questions(1), annotations(1, subset="train2014"), "val2014 and train2014"),
        (questions(1), annotations(1, image=2), "question 1 is about image 1 and 2"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(
    asked: Any, answered: Any, said: str, tmp_path: Path
) -> None:
    with pytest.raises(FileError, match=said):
        read_vqa_files(*write(tmp_path, asked, answered))

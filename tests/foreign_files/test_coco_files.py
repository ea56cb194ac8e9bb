import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatialvlm_jax.foreign_files.coco_files import read_coco
from spatialvlm_jax.foreign_files.errors import FileError

DOCUMENT: dict[str, Any] = {
    "images": [
        {"id": 7, "file_name": "a/one.jpg", "width": 640, "height": 480},
        {"id": 8, "file_name": "./two.jpg"},
    ],
    "annotations": [
        {"id": 1, "image_id": 7, "category_id": 3, "bbox": [10, 20, 30, 40], "score": 0.5},
        {"id": 2, "image_id": 7, "category_id": 3},
    ],
    "categories": [{"id": 3, "name": "chair"}],
}


def written(folder: Path, content: Any) -> Path:
    path = folder / "boxes.json"
    path.write_text(json.dumps(content))
    return path


def test_pictures_have_their_annotations_by_name(tmp_path: Path) -> None:
    found = read_coco(written(tmp_path, DOCUMENT))
    assert list(found) == ["a/one.jpg", "two.jpg"]
    one = found["a/one.jpg"]
    assert (one.size, found["two.jpg"].size) == ((640, 480), None)
    first, second = one.annotations
    np.testing.assert_array_equal(first.box(), [10, 20, 40, 60])
    assert (first.category, first.score(), first.label) == ("chair", 0.5, "annotation 1")
    assert (second.box(), second.score()) == (None, 1.0)
    assert not found["two.jpg"].annotations


def test_results_may_name_their_pictures(tmp_path: Path) -> None:
    results = [{"image_id": "one.jpg", "category_name": "mug", "bbox": [1, 2, 3, 4], "score": 1}]
    (annotation,) = read_coco(written(tmp_path, results))["one.jpg"].annotations
    assert annotation.category == "mug"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"images": None}, "no list of images"),
        ({"annotations": {}}, "no list of annotations"),
        ({"annotations": [{"image_id": 9}]}, "image 9, which is not listed"),
        ({"annotations": [{"image_id": 7, "category_id": 9}]}, "category 9"),
        ({"annotations": [{"image_id": [7]}]}, "image_id is .7., neither"),
        ({"annotations": [{"image_id": 7, "id": [7]}]}, "id is .7., neither"),
        ({"images": [{"id": 7, "file_name": "a"}, {"id": 7, "file_name": "b"}]}, "the same id"),
        (
            {"images": [{"id": 7, "file_name": "a"}, {"id": 8, "file_name": "a"}]},
            "the same file_name",
        ),
        ({"images": [{"id": 7}]}, "no file_name"),
        ({"images": [{"id": 7, "file_name": "a", "width": -1, "height": 2}]}, "-1 x 2 pixels"),
        ({"images": [{"id": 7, "file_name": "a", "width": 2}]}, "2 x None pixels"),
    ],
)
def test_what_does_not_hang_together_is_refused(
    tmp_path: Path, change: dict[str, Any], reason: str
) -> None:
    path = written(tmp_path, {**DOCUMENT, **change})
    with pytest.raises(FileError, match=f"boxes.json.*{reason}"):
        read_coco(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (3, "no COCO file"),
        ([{"image_id": 3, "bbox": [1, 2, 3, 4]}], "tell no file names"),
        ([{"image_id": "a.jpg", "category_id": 3}], "what their category_id means"),
    ],
)
def test_what_is_no_document_is_refused(tmp_path: Path, content: Any, reason: str) -> None:
    with pytest.raises(FileError, match=reason):
        read_coco(written(tmp_path, content))


@pytest.mark.parametrize("box", [[1, 2, 3], [1, 2, 0, 4], [1, 2, -3, 4], "box", [1, 2, 1e400, 3]])
def test_what_is_no_box_is_refused(tmp_path: Path, box: Any) -> None:
    content = {**DOCUMENT, "annotations": [{"id": 4, "image_id": 7, "bbox": box}]}
    (annotation,) = read_coco(written(tmp_path, content))["a/one.jpg"].annotations
    with pytest.raises(ValueError, match="annotation 4: a box is x, y, width, height"):
        annotation.box()


@pytest.mark.parametrize("score", [57, -0.1, "high", True])
def test_what_is_no_score_is_refused(tmp_path: Path, score: Any) -> None:
    content = {**DOCUMENT, "annotations": [{"image_id": 7, "score": score}]}
    (annotation,) = read_coco(written(tmp_path, content))["a/one.jpg"].annotations
    with pytest.raises(ValueError, match="an annotation of .None.: score .* is not from 0 to 1"):
        annotation.score()

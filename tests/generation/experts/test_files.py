import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.experts.base import Photo, Region
from spatialvlm_jax.generation.experts.files import (
    FileDetector,
    FileGround,
    check_photo_names,
    keep_masks,
    path_in_files,
)
from spatialvlm_jax.generation.outcomes import Rejected

PHOTO = Photo("a.jpg", np.zeros((60, 80, 3), np.uint8))
NAMES = ("chair", "floor", "wall", "ignore", "mug")


def square(x: int, y: int, side: int = 20) -> dict[str, Any]:
    corners = [x, y, x + side, y, x + side, y + side, x, y + side]
    return {"bbox": [x, y, side, side], "segmentation": [corners]}


def annotated(name: str, **fields: Any) -> dict[str, Any]:
    return {"image_id": 0, "category_id": NAMES.index(name), **fields}


def written(folder: Path, annotations: Sequence[Mapping[str, Any]]) -> Path:
    path = folder / "boxes.json"
    document = {
        "images": [{"id": 0, "file_name": "a.jpg", "width": 80, "height": 60}],
        "annotations": annotations,
        "categories": [{"id": index, "name": name} for index, name in enumerate(NAMES)],
    }
    path.write_text(json.dumps(document))
    return path


def detector(path: Path, captions: Path | None = None, threshold: float = 0.0) -> FileDetector:
    return FileDetector(path, captions, threshold, ("floor",))


def test_things_are_regions_and_their_surroundings_are_not(tmp_path: Path) -> None:
    annotations = [
        annotated("chair", score=0.7, **square(0, 0)),
        annotated("mug", caption="The red_mug on a table.", score=0.9, **square(30, 0)),
        annotated("chair", score=0.2, **square(50, 0)),
        annotated("chair", iscrowd=1, **square(0, 30)),
        annotated("ignore", **square(30, 30)),
        annotated("floor", **square(50, 30)),
        annotated("wall", **square(50, 30)),
    ]
    path = written(tmp_path, annotations)
    (found,) = detector(path, threshold=0.5)([PHOTO])
    told = [(each.caption, each.category, each.confidence, each.anything) for each in found]
    assert told == [
        ("chair", "chair", 0.7, False),
        ("red mug on a table", "mug", 0.9, False),
        ("several chair", "chair", 1.0, False),
        ("ignore", "ignore", 1.0, True),
    ]
    np.testing.assert_array_equal(found[1].box, [30, 0, 50, 20])
    assert found[1].mask is not None
    assert found[1].mask.sum() == 400
    (ground,) = FileGround(path, ("floor",))([PHOTO])
    assert ground.sum() == 400
    assert ground[30:50, 50:70].all()


def test_what_is_annotated_twice_counts_once(tmp_path: Path) -> None:
    twice = [annotated("chair", **square(0, 0)), annotated("chair", **square(0, 0))]
    (found,) = detector(written(tmp_path, [*twice, annotated("mug", **square(0, 0))]))([PHOTO])
    assert [each.caption for each in found] == ["chair", "mug"]


def test_captions_come_from_a_file_of_their_own(tmp_path: Path) -> None:
    annotations = [annotated("chair", id=3, **square(0, 0)), annotated("mug", **square(30, 0))]
    path, captions = written(tmp_path, annotations), tmp_path / "captions.jsonl"
    captions.write_text('{"annotation_id": 3, "caption": "a blue office chair"}\n')
    (found,) = detector(path, captions)([PHOTO])
    assert [each.caption for each in found] == ["blue office chair", "mug"]
    for text, reason in (
        ('{"annotation_id": 4, "caption": "a chair"}', "captions annotation 4, which"),
        ('{"image_id": 3, "caption": "a chair"}', "line 1 needs annotation_id and caption"),
        ("no JSON", "line 1 needs annotation_id and caption"),
        (
            '{"annotation_id": 3, "caption": "a"}\n{"annotation_id": 3, "caption": "b"}',
            "annotation 3 has two captions",
        ),
    ):
        captions.write_text(text)
        with pytest.raises(UserError, match=reason):
            detector(path, captions)
    captions.write_text('{"annotation_id": 3, "caption": "a chair"}')
    path = written(tmp_path, [*annotations, annotated("mug", id=3, **square(30, 0))])
    with pytest.raises(UserError, match="two annotations the id 3"):
        detector(path, captions)


def test_a_photo_with_a_wrong_annotation_is_left_out_with_its_reason(tmp_path: Path) -> None:
    path = written(tmp_path, [annotated("chair", id=9, bbox=[70, 0, 30, 20])])
    with pytest.raises(Rejected, match=r"boxes.json: annotation 9: a box that reaches out") as seen:
        detector(path)([PHOTO])
    assert seen.value.stage == "detect"
    with pytest.raises(Rejected, match="boxes.json has no file_name 'b.jpg'"):
        detector(path)([Photo("b.jpg", PHOTO.image)])
    path = written(tmp_path, [annotated("floor", id=9, segmentation=[[1, 2]])])
    with pytest.raises(Rejected, match="boxes.json: annotation 9: a polygon is"):
        FileGround(path, ("floor",))([PHOTO])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)
FIELDS = ("bbox", "segmentation", "score", "caption", "iscrowd")
RUNS = st.fixed_dictionaries({"size": st.just([60, 80]) | JSON, "counts": JSON})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), JSON | RUNS), st.sampled_from(NAMES))
def test_whatever_an_annotation_holds_it_is_read_or_refused(
    tmp_path: Path, fields: dict[str, Any], name: str
) -> None:
    path = written(tmp_path, [annotated(name, **fields)])
    for expert in (detector(path), FileGround(path, ("floor",))):
        try:
            (found,) = expert([PHOTO])
        except Rejected as error:
            assert "annotation" in str(error)
            assert "\n" not in str(error)
        else:
            masks = [each.mask for each in found] if isinstance(found, tuple) else [found]
            assert all(mask is None or mask.shape == (60, 80) for mask in masks)


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    reader = detector(written(tmp_path, [annotated("chair", **square(0, 0))]))
    assert len(reader([PHOTO])[0]) == 1
    written(tmp_path, [annotated("chair", **square(0, 0)), annotated("mug", **square(30, 0))])
    assert len(reader([PHOTO])[0]) == 2


def test_a_box_without_a_mask_needs_a_model_unless_it_may_be_anything() -> None:
    box = np.array([10, 10, 30, 20], np.float32)
    with pytest.raises(Rejected, match="'mug' has a box but no segmentation; .*segmenter=MODEL"):
        keep_masks([PHOTO], [(Region(box, "mug"),)])
    ((anything,),) = keep_masks([PHOTO], [(Region(box, "ignore", anything=True),)])
    assert anything.anything
    assert anything.mask is not None
    assert anything.mask[10:20, 10:30].all()
    assert anything.mask.sum() == 200


def test_names_are_compared_before_anything_is_made(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = written(tmp_path, [])
    check_photo_names(path, ["a.jpg", "b.jpg"])
    assert not caplog.text
    with pytest.raises(UserError, match=r"names none of the pictures.*'x/a.jpg'; it has 'a.jpg'"):
        check_photo_names(path, ["x/a.jpg"])
    assert path_in_files("files:boxes.json") == Path("boxes.json")
    assert path_in_files("models/florence") is path_in_files(None) is None

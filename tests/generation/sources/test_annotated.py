"""What annotations say of a real frame, with the faults that annotations have."""

from pathlib import Path

import numpy as np
import pytest

from spatialvlm_jax.generation.outcomes import Rejected
from tests.generation.sources.sample import CONTENT, annotated, changed, scene


def test_a_thing_without_a_box_takes_the_certainty_of_its_namesakes(tmp_path: Path) -> None:
    def unplace(content: dict) -> None:
        content["annotations"][7]["valid3D"] = False

    made, pairs = scene(1, changed(tmp_path, unplace))
    assert len(made.objects) == 5
    (dropped,) = made.extra["dropped"]
    assert (dropped["caption"], dropped["reason"]) == ("car", "its 3D box is not valid")
    assert made.extra["ambiguity"]["rejected"] == [0, 1, 2, 3, 4]
    assert not [pair for pair in pairs if pair.kind != "general"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"behind_camera": True}, "it reaches behind the camera"),
        ({"lidar_pts": 0}, "no measured point lies in it"),
        ({"depth_error": 0.9}, "it is not where depth was measured"),
        ({"category_name": ""}, "it has no name"),
        ({"iscrowd": 1}, "it may be several things"),
        ({"ignore": True}, "it may be several things"),
    ],
)
def test_boxes_that_are_not_to_be_relied_on_are_dropped(
    tmp_path: Path, changes: dict, reason: str
) -> None:
    made, _ = scene(0, changed(tmp_path, lambda content: content["annotations"][0].update(changes)))
    assert [thing.category for thing in made.objects] == ["bed"]
    assert [each["reason"] for each in made.extra["dropped"]] == [reason]


def test_null_is_unknown(tmp_path: Path) -> None:
    names = ("visibility", "truncation", "depth_error", "lidar_pts", "segmentation_pts")

    def forget(content: dict) -> None:
        for annotation in content["annotations"]:
            annotation.update(dict.fromkeys(names))

    made, pairs = scene(0, changed(tmp_path, forget))
    expected, same = scene(0)
    assert [thing.caption for thing in made.objects] == [each.caption for each in expected.objects]
    assert [(pair.question, pair.answer) for pair in pairs] == [
        (pair.question, pair.answer) for pair in same
    ]


@pytest.mark.parametrize("form", ["flat", "three by four"])
def test_cameras_are_read_in_any_form(tmp_path: Path, form: str) -> None:
    matrix = np.array(CONTENT["images"][0]["K"])
    other = {"flat": matrix.ravel(), "three by four": np.c_[matrix, [0, 0, 0]]}[form]
    source = changed(tmp_path, lambda content: content["images"][0].update(K=other.tolist()))
    np.testing.assert_allclose(scene(0, source)[0].intrinsics, scene(0)[0].intrinsics)


def test_a_2d_box_that_is_not_where_the_3d_box_projects_loses_its_object(tmp_path: Path) -> None:
    def move(content: dict) -> None:
        content["annotations"][0]["bbox2D_tight"] = [5, 5, 90, 60]

    made, _ = scene(0, changed(tmp_path, move))
    assert [thing.category for thing in made.objects] == ["bed"]
    (dropped,) = made.extra["dropped"]
    assert dropped["reason"] == "its 2D box is not where its 3D box projects"


def test_what_is_annotated_twice_is_there_once(tmp_path: Path) -> None:
    def double(content: dict) -> None:
        content["annotations"] += [{**each, "id": 99} for each in annotated(0)]

    made, pairs = scene(0, changed(tmp_path, double))
    assert [thing.category for thing in made.objects] == [
        thing.category for thing in scene(0)[0].objects
    ]
    assert {each["reason"] for each in made.extra["dropped"]} == {"annotated twice"}
    assert len(pairs) == len(scene(0)[1])


def all_boxes(content: dict, change) -> None:
    for annotation in content["annotations"]:
        annotation["bbox3D_cam"] = change(np.array(annotation["bbox3D_cam"])).tolist()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda c: all_boxes(c, lambda box: box * 1000), "in millimetres? metres are wanted"),
        (lambda c: all_boxes(c, lambda box: box * 100), "in centimetres? metres are wanted"),
        (lambda c: all_boxes(c, lambda box: box * [1, -1, -1]), "y up and z backward"),
        (lambda c: all_boxes(c, lambda box: box * [1, 1, -1]), "only with z backward"),
        (
            lambda c: c["images"][0].update(K=[[1600, 0, 1100], [0, 1600, 800], [0, 0, 1]]),
            "(1100, 800) lies outside of the picture of 730 x 530",
        ),
        (
            lambda c: c["images"][0].update(K=[[265, 0, 182.5], [0, 265, 132.5], [0, 0, 1]]),
            "is the middle of 365 x 265 pixels, but the picture has 730 x 530",
        ),
    ],
)
def test_a_fault_that_all_boxes_share_is_named(tmp_path: Path, change, reason: str) -> None:
    (refused,) = changed(tmp_path, change).observe([0])
    assert isinstance(refused, Rejected)
    assert reason in str(refused)


@pytest.mark.parametrize("flag", ["iscrowd", "ignore"])
def test_a_crowd_stands_for_several_of_its_kind(tmp_path: Path, flag: str) -> None:
    def add(content: dict) -> None:
        crowd = {"id": 99, "image_id": 1, "category_name": "car", flag: 1}
        content["annotations"].append({**crowd, "bbox2D_tight": [5, 150, 90, 220]})

    made, pairs = scene(1, changed(tmp_path, add))
    assert len(made.objects) == len(scene(1)[0].objects)
    assert {thing.category for thing in made.objects} == {"car"}
    assert made.extra["ambiguity"]["rejected"] == list(range(len(made.objects)))
    assert not [pair for pair in pairs if pair.kind != "general"]


def test_no_name_is_given_that_a_region_of_anything_may_contradict(tmp_path: Path) -> None:
    def ignore(content: dict) -> None:
        region = {"id": 99, "image_id": 1, "category_name": "DontCare", "valid3D": False}
        width = content["images"][1]["width"]
        region["bbox2D_tight"] = [width - 60, 10, width, 70]
        content["annotations"].append(region)

    made, _ = scene(1, changed(tmp_path, ignore))
    before, _ = scene(1)
    assert any("rightmost" in thing.caption for thing in before.objects)
    rejected = made.extra["ambiguity"]["rejected"]
    left = [each.caption for i, each in enumerate(made.objects) if i not in rejected]
    assert left
    assert all("leftmost" in name or "from the left" in name for name in left)

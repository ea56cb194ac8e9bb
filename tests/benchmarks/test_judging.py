import dataclasses
from typing import Any

import numpy as np
import pytest

from benchmarks.judging import (
    exact_value,
    exact_word,
    judge_relation,
    judge_threshold,
    matches,
    meant_by,
    stated_size,
)
from spatialvlm_jax.scene.geometry import SceneGeometry
from spatialvlm_jax.scene.records import QA, Scene
from tests.generation.scenes import make_scene, thing


def strip(left: int, right: int) -> dict[str, Any]:
    mask = np.zeros((64, 64), bool)
    mask[20:40, left:right] = True
    return {"mask": mask, "box": np.array([left, 20, right, 40], np.float32)}


def scene_of(*rows: tuple[str, tuple[float, float, float], tuple[int, int]], **more: Any) -> Scene:
    objects = [
        dataclasses.replace(thing(caption, center), **strip(*columns))
        for caption, center, columns in rows
    ]
    return make_scene(*objects, **more)


SCENE = scene_of(
    ("red chair", (-1, 3, 0), (2, 12)),
    ("blue chair", (0.01, 4, 0), (22, 30)),
    ("red chair", (1, 2, 0), (40, 52)),
    ("green mug", (1, 2, 0.3), (53, 60)),
)
GEOMETRY = SceneGeometry.from_scene(SCENE)


def test_relations_are_judged_without_margin() -> None:
    near = make_scene(thing("red mug", (0, 3, 0)), thing("blue mug", (0.001, 3.001, -0.001)))
    geometry = SceneGeometry.from_scene(near)
    for name, word in (("left_of", "left"), ("behind", "front"), ("above", "above")):
        assert exact_word(name, geometry, 0, 1) == word
    assert exact_word("where", geometry, 1, 0) == "right and behind"
    assert exact_word("which_nearer", GEOMETRY, 1, 0) == "farther"


def test_differences_and_ratios_are_judged_with_their_sign() -> None:
    assert exact_value("how_much_farther", GEOMETRY, (0, 2)) == pytest.approx(10**0.5 - 5**0.5)
    assert exact_value("times_farther", GEOMETRY, (2, 0)) == pytest.approx(0.5**0.5)
    assert exact_value("centre_distance", GEOMETRY, (0, 1)) == pytest.approx(np.hypot(1.01, 1))


def test_objects_are_matched_by_their_masks() -> None:
    seen = scene_of(("mug", (0, 3, 0), (54, 60)), ("chair", (0, 3, 0), (20, 33)))
    assert matches(seen, SCENE) == [3, 1]


@pytest.mark.parametrize(
    ("caption", "indices"),
    [
        ("chair", {0, 1, 2}),
        ("red chair", {0, 2}),
        ("blue chair", {1}),
        ("blue mug", set()),
        ("leftmost chair", {0}),
        ("rightmost red chair", {2}),
        ("middle chair", {1}),
        ("middle red chair", set()),
        ("second chair from the right", {1}),
        ("third chair from the left", {2}),
        ("chair closest to the camera", {2}),
        ("chair farthest from the camera", {1}),
        ("red chair near the green mug", {2}),
        ("mug near the chair", set()),
    ],
)
def test_names_are_read_word_by_word(caption: str, indices: set[int]) -> None:
    assert meant_by(caption, SCENE, GEOMETRY) == indices


def test_what_nobody_sees_is_not_meant() -> None:
    tiny = np.zeros((64, 64), bool)
    tiny[0, 0] = True
    objects = list(SCENE.objects)
    objects[0] = dataclasses.replace(objects[0], mask=tiny)
    scene = dataclasses.replace(SCENE, objects=tuple(objects))
    assert meant_by("red chair", scene, GEOMETRY) == {2}


def test_on_asks_for_what_carries() -> None:
    objects = [thing("brown table", (0, 3, 0)), thing("red mug", (0, 3, 1), support=0)]
    objects.append(thing("red mug", (0, 3, 1)))
    scene = make_scene(*(dataclasses.replace(each, **strip(1, 20)) for each in objects))
    assert meant_by("mug on the brown table", scene, SceneGeometry.from_scene(scene)) == {1}


def test_verdicts_are_compared_with_what_holds() -> None:
    captions = [each.caption for each in SCENE.objects]
    asked = QA("", "", "left_of", "qualitative", verdict="yes", objects=(0, 1))
    assert judge_relation(asked, captions, "left")
    assert not judge_relation(asked, captions, "right")
    which = QA("", "", "which_left", "qualitative", verdict="blue chair", objects=(0, 1))
    assert judge_relation(which, captions, "right")
    assert not judge_relation(which, captions, "left")
    where = QA("", "", "where", "qualitative", verdict="behind", objects=(0, 1))
    assert judge_relation(where, captions, "behind")


@pytest.mark.parametrize(
    ("question", "metres"),
    [
        ("Does the mug fit through a 0.85 m gap?", 0.85),
        ("Would 80 centimeters be enough for the red chair?", 0.8),
        ("Is the box within 1 foot of the 2 mugs?", 0.3048),
        ("Is 1 inch enough?", 0.0254),
        ("Is a gap of 3 ft enough?", 0.9144),
    ],
)
def test_stated_sizes_are_read(question: str, metres: float) -> None:
    assert stated_size(question) == pytest.approx(metres)


def test_a_question_without_a_size_is_refused() -> None:
    with pytest.raises(ValueError, match="no length is stated"):
        stated_size("Is the mug on the table?")


@pytest.mark.parametrize(
    ("name", "value", "verdict"),
    [
        ("fits_through", 0.7, "yes"),
        ("fits_through", 0.9, "no"),
        ("fits_between", 0.7, "no"),
        ("fits_between", 0.9, "yes"),
        ("reaches", 0.7, "yes"),
        ("reaches", 0.9, "no"),
    ],
)
def test_stated_sizes_are_compared_the_right_way_round(
    name: str, value: float, verdict: str
) -> None:
    for said in ("yes", "no"):
        pair = QA("With 80 cm, is it so?", "", name, "qualitative", verdict=said)
        assert judge_threshold(pair, value) == (said == verdict)

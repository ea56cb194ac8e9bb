"""Names are judged by a parser of their words that shares nothing with the code that gave them."""

import dataclasses
import json
import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialvlm_jax.generation.naming.ambiguity import AmbiguityConfig, resolve
from spatialvlm_jax.generation.questions.generate import QAConfig, generate_pairs
from spatialvlm_jax.generation.questions.visibility import named_objects
from spatialvlm_jax.scene.records import Object3D, Scene
from tests.generation.scenes import make_scene, thing

CONFIG = AmbiguityConfig()


def seen(scene: Scene) -> Scene:
    """The scene with the boxes that a pinhole camera of its intrinsics sees, 640 pixels wide."""
    intrinsics = np.array([[640.0, 0, 320], [0, 640, 320], [0, 0, 1]])
    objects = []
    for each in scene.objects:
        signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
        corners = each.center + (signs * each.extents / 2) @ each.rotation.T
        pixels = corners @ intrinsics.T
        pixels = pixels[:, :2] / pixels[:, 2:]
        box = np.concatenate([pixels.min(0), pixels.max(0)]).astype(np.float32)
        objects.append(dataclasses.replace(each, box=box))
    image = np.zeros((640, 640, 3), np.uint8)
    return dataclasses.replace(scene, objects=tuple(objects), intrinsics=intrinsics, image=image)


def plain(caption: str, center: Any, extents: Any = (0.5, 0.5, 0.9), **fields: Any) -> Object3D:
    return thing(caption, center, extents, attributes=fields.pop("attributes", {}), **fields)


def captions(*objects: Object3D, similarity: np.ndarray | None = None, **scene: Any) -> list[str]:
    """Captions after resolving, "-" for rejected ones."""
    found = resolve(seen(make_scene(*objects, **scene)), CONFIG, similarity)
    rejected = found.extra["ambiguity"]["rejected"]
    return ["-" if i in rejected else o.caption for i, o in enumerate(found.objects)]


def row(number: int, **fields: Any) -> list[Object3D]:
    return [
        plain("chair", (1.2 * (i - (number - 1) / 2), 4, -0.5), **fields) for i in range(number)
    ]


def test_captions_that_fit_one_object_stay() -> None:
    objects = [plain("red mug", (0, 3, 0)), plain("blue mug", (1, 3, 0)), plain("table", (2, 3, 0))]
    scene = make_scene(*objects)
    found = resolve(scene, CONFIG)
    assert found.objects == scene.objects
    assert found.extra["ambiguity"] == {"clusters": [], "rejected": [], "renamed": {}, "by": {}}


def test_attributes_come_first() -> None:
    kinds = ({"color": "red", "material": "wood"}, {"color": "blue", "material": "wood"})
    objects = [plain("mug", (i, 3, 0), attributes=each) for i, each in enumerate(kinds)]
    assert captions(*objects) == ["red mug", "blue mug"]
    kinds = ({"color": "red", "material": "wood"}, {"color": "red", "material": "metal"})
    objects = [plain("mug", (i, 3, 0), attributes=each) for i, each in enumerate(kinds)]
    assert captions(*objects) == ["wooden mug", "metal mug"]


def test_an_attribute_unknown_of_another_is_no_contrast() -> None:
    objects = [plain("mug", (-1, 3, 0), attributes={"color": "red"}), plain("mug", (1, 3, 0))]
    assert captions(*objects) == ["leftmost mug", "rightmost mug"]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (2, ["leftmost chair", "rightmost chair"]),
        (3, ["leftmost chair", "middle chair", "rightmost chair"]),
        (4, ["leftmost chair", "second chair from the left", "second chair from the right",
             "rightmost chair"]),
        (5, ["leftmost chair", "second chair from the left", "third chair from the left",
             "second chair from the right", "rightmost chair"]),
    ],
)  # fmt: skip
def test_chairs_in_a_row_are_counted_off(number: int, expected: list[str]) -> None:
    assert captions(*row(number)) == expected


def test_nearest_and_farthest_where_they_stand_behind_each_other() -> None:
    objects = [plain("chair", (0, y, -0.5)) for y in (2, 3.5, 6)]
    expected = ["chair closest to the camera", "-", "chair farthest from the camera"]
    assert captions(*objects) == expected
    assert captions(*objects, gravity=False) == expected


def test_sizes_where_they_stand_at_one_distance() -> None:
    # Side by side, but overlapping in the picture.
    small = plain("box", (-0.05, 3, -0.3), (0.3, 0.3, 0.3))
    large = plain("box", (0.05, 3, -0.9), (0.32, 0.3, 0.8))
    assert captions(small, large) == ["shortest box", "tallest box"]
    assert captions(small, large, gravity=False) == ["smallest box", "biggest box"]
    hidden = dataclasses.replace(small, visible_fraction=0.7)
    assert captions(hidden, large) == ["-", "-"]


def test_landmarks() -> None:
    table = plain("table", (0, 4, -1), (1.5, 0.8, 0.7))
    on = plain("mug", (0.0, 4, -0.6), (0.1, 0.1, 0.1), support=0)
    below = plain("mug", (0.01, 4, -1.3), (0.1, 0.1, 0.1))
    assert captions(table, on, below) == ["table", "mug on the table", "-"]
    guessed = dataclasses.replace(below, provenance="estimated")
    assert captions(table, on, guessed) == ["table", "-", "-"]
    book = plain("book", (0, 4, -0.6), (0.2, 0.3, 0.04), support=0)
    above = plain("mug", (0, 4, -0.5), (0.1, 0.1, 0.1), support=2)
    assert captions(table, on, book, above) == ["table", "-", "book", "mug on the book"]

    sink = plain("sink", (0, 4, -0.5), (0.5, 0.5, 0.3))
    near = plain("mug", (0.0, 4.0, -0.2), (0.1, 0.1, 0.1))
    far = plain("mug", (0.01, 4.1, 0.9), (0.1, 0.1, 0.1))
    assert captions(sink, near, far) == ["sink", "mug near the sink", "-"]
    assert captions(sink, near, dataclasses.replace(far, std=0.5)) == ["sink", "-", "-"]


def test_an_ambiguous_object_is_no_landmark() -> None:
    tables = [plain("table", (0, 4 + 0.1 * i, -1), (1.5, 0.8, 0.7)) for i in range(2)]
    on = plain("mug", (0.0, 4, -0.6), (0.1, 0.1, 0.1), support=0)
    below = plain("mug", (0.01, 4, -1.3), (0.1, 0.1, 0.1))
    assert captions(*tables, on, below) == ["-"] * 4


def test_a_hidden_or_cut_off_chair_undermines_what_it_may_contradict() -> None:
    first, second, third = row(3)
    cut = dataclasses.replace(first, truncation=0.9)
    assert captions(cut, second, third) == ["-", "-", "-"]
    sliver = dataclasses.replace(second, visible_fraction=0.3)
    assert captions(first, sliver, third) == ["leftmost chair", "-", "rightmost chair"]


def test_more_specific_captions_join_the_cluster_of_the_plain_one() -> None:
    objects = [
        plain("office chair", (-1, 4, 0)),
        plain("chair", (0, 4, 0)),
        plain("sofa", (2, 4, 0)),
    ]
    assert captions(*objects) == ["leftmost chair", "rightmost chair", "sofa"]


def test_the_noun_counts_everything_it_may_mean() -> None:
    # The red chairs are a cluster of their own; "leftmost chair" would be the blue one.
    objects = [plain("blue chair", (-2, 4, 0)), *(plain("red chair", (x, 4, 0)) for x in (0, 2))]
    assert captions(*objects) == ["blue chair", "leftmost red chair", "rightmost red chair"]


def test_embeddings_find_what_words_do_not() -> None:
    objects = [plain("sofa", (-1, 4, 0)), plain("couch", (1, 4, 0)), plain("mug", (0, 2, 0))]
    assert captions(*objects) == ["sofa", "couch", "mug"]
    cosines = np.eye(3, dtype=np.float32)
    cosines[0, 1] = 0.95
    assert captions(*objects, similarity=cosines) == ["leftmost sofa", "rightmost couch", "mug"]
    with pytest.raises(ValueError, match="similarity is"):
        captions(*objects, similarity=np.eye(2))


def test_plurals_and_what_cannot_be_counted_are_rejected() -> None:
    objects = [plain(each, (i, 4, 0)) for i, each in enumerate(("books", "grass", "", "A Lamp."))]
    assert captions(*objects) == ["-", "-", "-", "lamp"]


def test_several_chairs_in_one_box_undermine_the_single_one() -> None:
    many, single = plain("chairs", (0, 4, -0.5), (4, 0.5, 0.9)), plain("chair", (1, 4, -0.5))
    assert captions(many, single) == ["-", "-"]
    aside = plain("chair", (-2.5, 4, -0.5))
    few = plain("chairs", (1, 4, -0.5), (1, 0.5, 0.9))
    assert captions(few, aside) == ["-", "leftmost chair"]


def test_what_was_seen_but_not_lifted_undermines_what_it_may_be_confused_with() -> None:
    scene = seen(make_scene(*row(2), plain("office chair", (0, 4, -0.5)), plain("mug", (0, 2, 0))))
    for caption, pixels, rejected in (
        ("chair", 900, [0, 1, 2]),
        ("chair", 90, []),
        ("red mug", 900, [3]),
        ("table", 900, []),
    ):
        dropped = [{"caption": caption, "reason": "depth is unknown", "pixels": pixels}]
        found = resolve(dataclasses.replace(scene, extra={"dropped": dropped}), CONFIG)
        assert found.extra["ambiguity"]["rejected"] == rejected


def test_what_may_be_confused_with_something_lost_is_no_landmark() -> None:
    sink = plain("sink", (0, 4, -0.5), (0.5, 0.5, 0.3))
    mugs = [plain("mug", place, (0.1, 0.1, 0.1)) for place in ((0, 4, -0.2), (0.01, 4.1, 0.9))]
    scene = seen(make_scene(sink, *mugs))
    dropped = [{"caption": "white sink", "reason": "depth is unknown", "pixels": 900}]
    for extra, rejected in (({}, [2]), ({"dropped": dropped}, [0, 1, 2])):
        found = resolve(dataclasses.replace(scene, extra=extra), CONFIG)
        assert found.extra["ambiguity"]["rejected"] == rejected


def test_under_roll_the_image_and_the_ground_must_agree() -> None:
    # The right one is much lower: rolled by 40 degrees, the camera sees it to the left.
    objects = [plain("mug", (-0.2, 4, 1), (0.1,) * 3), plain("mug", (0.2, 4, -1), (0.1,) * 3)]
    assert captions(*objects) == ["leftmost mug", "rightmost mug"]
    assert "leftmost mug" not in captions(*objects, roll=0.7)


def test_the_record_survives_json_and_decides_what_is_asked_about() -> None:
    scene = seen(make_scene(*row(3), plain("sink", (3, 4, 0)), plain("books", (0, 2, 0))))
    found = resolve(dataclasses.replace(scene, extra={"family": "room"}), CONFIG)
    assert found.extra["family"] == "room"
    record = found.extra["ambiguity"]
    assert json.loads(json.dumps(record)) == record
    assert record["clusters"] == [[0, 1, 2]]
    assert record["rejected"] == [4]
    assert record["renamed"]["1"] == "middle chair"
    assert record["by"] == dict.fromkeys("012", "position")
    assert named_objects(found, (0, 1, 2, 3, 4)) == (0, 1, 2, 3)
    asked = {index for pair in generate_pairs(found, QAConfig(), 0) for index in pair.objects}
    assert 4 not in asked


# An independent reading of the names: pattern -> which of the chairs it may mean.
def meant(name: str, chairs: list[Object3D]) -> list[int]:
    """Indices of the chairs that a name is true of."""
    middles = [float(each.box[0] + each.box[2]) / 2 for each in chairs]
    distances = [math.dist(each.center, (0, 0, 0)) for each in chairs]
    heights = [float(each.extents[2]) for each in chairs]
    volumes = [float(np.prod(each.extents)) for each in chairs]
    order = sorted(range(len(chairs)), key=middles.__getitem__)
    for word, values, sign in (
        ("leftmost", middles, 1), ("rightmost", middles, -1),
        ("closest to the camera", distances, 1), ("farthest from the camera", distances, -1),
        ("shortest", heights, 1), ("tallest", heights, -1),
        ("smallest", volumes, 1), ("biggest", volumes, -1),
    ):  # fmt: skip
        if word in name:
            best = min(sign * value for value in values)
            return [i for i, value in enumerate(values) if sign * value <= best + 1e-9]
    if name.startswith("middle"):
        return [order[1]] if len(order) == 3 else []
    counted = re.fullmatch(r"(second|third) chair from the (left|right)", name)
    assert counted, f"nobody understands {name!r}"
    place = {"second": 1, "third": 2}[counted[1]]
    return [order[place] if counted[2] == "left" else order[-1 - place]]


_CHAIR = st.tuples(
    st.floats(-2, 2), st.floats(2, 8), st.floats(-1.2, 0), st.floats(0.2, 0.8), st.floats(0.3, 1.2)
)


@settings(max_examples=150, deadline=None)
@given(
    chairs=st.lists(_CHAIR, min_size=2, max_size=7),
    pitch=st.floats(-0.2, 0.6),
    roll=st.floats(-0.3, 0.3),
    gravity=st.booleans(),
)
def test_every_name_is_true_of_exactly_one_chair(
    chairs: list[tuple[float, ...]], pitch: float, roll: float, gravity: bool
) -> None:
    objects = [plain("chair", (x, y, z), (w, w, h)) for x, y, z, w, h in chairs]
    scene = seen(make_scene(*objects, pitch=pitch, roll=roll, gravity=gravity))
    found = resolve(scene, CONFIG)
    record = found.extra["ambiguity"]
    assert record["clusters"] == [list(range(len(chairs)))]
    for index, name in record["renamed"].items():
        assert meant(name, list(found.objects)) == [int(index)]
    assert sorted([*record["rejected"], *map(int, record["renamed"])]) == list(range(len(chairs)))

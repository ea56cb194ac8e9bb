"""Faults that other data engines of this kind were found to have, one test each.

Each test is named after the fault and shows that it is absent here, end to end: from a scene to
the words of its pairs. The faults that belong to one stage are tested with that stage: templates
(`test_template_lint.py`), lengths multiplied by ten (`test_generate.py`), points from depth
(`test_lift.py`), what passes for the floor (`test_canonical.py`), lost images (`test_ledger.py`),
seeds and resuming (`test_pipeline.py`).
"""

import collections
import dataclasses
import itertools

import numpy as np
import pytest

from spatialvlm_jax.generation.questions.generate import REGISTRY, QAConfig, generate_pairs
from spatialvlm_jax.generation.wording.phrasing import SI, unit_of
from spatialvlm_jax.scene.geometry import SceneGeometry
from spatialvlm_jax.scene.records import QA, Object3D, Primitive, Scene
from spatialvlm_jax.scene.surfaces import object_distances
from tests.generation.scenes import TILTS, make_scene, random_scene, thing

SCENES = 60
SPATIAL = QAConfig(pairs_per_image=200, general_fraction=0.0, units="human")
FORWARD = np.array([0.0, 4.0, 0.0])


@pytest.fixture(scope="module")
def drawn() -> list[tuple[Scene, list[QA]]]:
    scenes = [random_scene(seed, 7) for seed in range(SCENES)]
    return [(scene, generate_pairs(scene, SPATIAL, 5)) for scene in scenes]


def answers(scene: Scene, *types: str, **options) -> list[QA]:
    """All short pairs of some types, which are all of one kind."""
    config = QAConfig(
        pairs_per_image=100,
        max_per_type=100,
        max_per_pair=100,
        types=types,
        general_fraction=0.0,
        question_phrasings=1,
        answer_phrasings=1,
        **options,
    )
    return generate_pairs(scene, config, 0)


@pytest.mark.parametrize(("pitch", "roll"), TILTS)
def test_height_is_not_width(pitch: float, roll: float) -> None:
    """No two extents agree, so that each answer can come from one of them only."""
    box = thing("red box", FORWARD, (0.3, 0.5, 0.9))
    scene = make_scene(box, pitch=pitch, roll=roll)
    found = {pair.type: pair.answer for pair in answers(scene, "height", "width", "depth")}
    assert found == {"height": "0.90 m", "width": "0.30 m", "depth": "0.50 m"}


@pytest.mark.parametrize(("pitch", "roll"), TILTS)
def test_no_predicate_is_inverted_by_a_tilted_camera(pitch: float, roll: float) -> None:
    """The frame is gravity's, whatever the camera's pitch and roll."""
    holds = {
        (1.0, 0, 0): {"right_of": "yes", "left_of": "no", "which_right": "red mug"},
        (0, -1.0, 0): {"in_front_of": "yes", "behind": "no", "which_front": "red mug"},
        (0, 0, 1.0): {"above": "yes", "below": "no", "which_below": "blue box"},
    }
    for step, verdicts in holds.items():
        mug, box = thing("red mug", FORWARD + step), thing("blue box", FORWARD)
        scene = make_scene(mug, box, pitch=pitch, roll=roll)
        for name, verdict in verdicts.items():
            (pair,) = answers(scene, name)
            turned = REGISTRY[name].answer_form == "yes_no" and pair.objects == (1, 0)
            assert (pair.verdict == verdict) != turned, (name, pair)


def test_without_gravity_nothing_that_needs_it_is_asked() -> None:
    """Where nothing tells the floor from a wall, there are no heights and no sides."""
    scene = dataclasses.replace(random_scene(3), up=None)
    pairs = generate_pairs(scene, SPATIAL, 0)
    names = {pair.type for pair in pairs}
    assert names >= {"camera_distance", "distance", "centre_distance", "nearer", "which_nearer"}
    assert not [name for name in names if REGISTRY[name].needs_gravity]
    for name in ("height", "width", "left_of", "above", "vertical_distance", "where", "clock"):
        assert REGISTRY[name].needs_gravity


def test_an_empty_mask_does_not_shift_the_captions() -> None:
    whole, empty = np.ones((64, 64), bool), np.zeros((64, 64), bool)
    scene = make_scene(
        thing("red mug", (-1, 3, -0.5), (0.3, 0.3, 0.4), mask=whole),
        thing("black lamp", (0, 9, -0.5), mask=empty),
        thing("blue box", (1, 5, -0.5), (0.5, 0.5, 0.9), mask=whole),
    )
    found = {pair.question: pair.answer for pair in answers(scene, "height")}
    assert found == {
        "how tall is the red mug?": "0.40 m",
        "how tall is the blue box?": "0.90 m",
    }


def test_half_of_the_pairs_are_quantitative(drawn) -> None:
    """By construction, in every picture; none is dropped for want of digits and made up for."""
    types: collections.Counter[str] = collections.Counter()
    for _, pairs in drawn:
        kinds = collections.Counter(pair.kind for pair in pairs)
        assert kinds["qualitative"] == kinds["quantitative"]
        types.update(pair.type for pair in pairs)
    spatial = {name for name, entry in REGISTRY.items() if entry.kind != "general"}
    assert spatial - set(types) <= {"elevation"}, "the camera's height is unknown here"
    assert max(types.values()) < 0.1 * types.total()


def made_of(part: Primitive) -> Object3D:
    return Object3D("a", "a", np.zeros(4), part.center, part.rotation, part.extents, parts=(part,))


def test_nearest_distance_is_exact_and_the_same_both_ways() -> None:
    """The closest points of analytic shapes, not a mean over points."""
    turn = np.eye(3)
    ball = made_of(Primitive("ellipsoid", np.array([0.0, 0, 5]), turn, np.array([2.0, 2, 2])))
    cube = made_of(Primitive("box", np.array([5.0, 0, 5]), turn, np.array([1.0, 4, 4])))
    can = made_of(Primitive("cylinder", np.array([0.0, 4, 5]), turn, np.array([1.0, 1, 6])))
    found = object_distances([ball, cube, can])
    np.testing.assert_array_equal(found, found.T)
    corner = np.hypot(4.5, 2.0) - 0.5
    expected = [[0, 3.5, 2.5], [3.5, 0, corner], [2.5, corner, 0]]
    np.testing.assert_allclose(found, expected, atol=2e-4)


@pytest.mark.parametrize("half", range(24))
def test_clock_directions_are_rounded_not_floored(half: int) -> None:
    """At every half hour around: 7 degrees short of an hour and 7 past it is that hour."""
    for degrees in (-7, 7):
        angle = np.deg2rad(15 * half + degrees)
        place = np.array([0, 30, 0]) + 3 * np.array([np.sin(angle), np.cos(angle), 0])
        scene = make_scene(thing("red mug", place), thing("blue box", (0, 30, 0)))
        hours = (15 * half + degrees) / 30
        expected = str(round(hours) % 12 or 12)
        options = {"min_pixel_fraction": 0.0}
        found = {pair.objects: pair.verdict for pair in answers(scene, "clock", **options)}
        assert found in ({(0, 1): expected}, {(1, 0): str((int(expected) + 6 - 1) % 12 + 1)})


def test_horizontal_distance_has_depth_in_it() -> None:
    scene = make_scene(thing("red mug", (0, 3, 0)), thing("blue box", (3, 7, 2)), pitch=0.5)
    (pair,) = answers(scene, "horizontal_distance")
    assert pair.value == pytest.approx(5.0)


@pytest.mark.parametrize("name", [n for n, e in REGISTRY.items() if e.asks and e.reverses])
def test_a_centimetre_decides_nothing(name: str) -> None:
    """No "left of" for a difference that nobody would call one."""
    scene = make_scene(
        thing("red mug", FORWARD, (0.3, 0.3, 0.3)),
        thing("blue box", FORWARD + 0.01, (0.31, 0.31, 0.31)),
    )
    assert answers(scene, name) == []


def test_uncertain_positions_decide_less_and_uncertain_numbers_are_not_asked() -> None:
    sure = random_scene(4, 6)
    unsure = dataclasses.replace(
        sure,
        objects=tuple(dataclasses.replace(each, std=0.3, extents_std=0.3) for each in sure.objects),
    )
    for name in ("left_of", "behind", "above", "taller", "distance", "height", "volume", "reaches"):
        assert len(answers(unsure, name)) < len(answers(sure, name)), name


def test_questions_in_metres_are_answered_in_metres(drawn) -> None:
    for scene, _ in drawn[:10]:
        config = dataclasses.replace(SPATIAL, units="metric")
        units = {pair.unit for pair in generate_pairs(scene, config, 5)}
        assert units == {"", "m", "m²", "m³", "times", "degrees"}


def test_yes_and_no_are_balanced_in_every_type(drawn) -> None:
    total: collections.Counter[tuple[str, str]] = collections.Counter()
    for _, pairs in drawn:
        here = collections.Counter((p.type, p.verdict) for p in pairs if p.verdict in ("yes", "no"))
        for name in {name for name, _ in here}:
            assert abs(here[name, "yes"] - here[name, "no"]) <= 1, name
        total += here
    names = {n for n, e in REGISTRY.items() if e.answer_form in ("yes_no", "threshold")}
    for name in names - {"existence"}:
        yes, no = total[name, "yes"], total[name, "no"]
        assert yes + no > 0, name
        # Where the number in a picture is odd, a coin decides which of the two is one more.
        assert abs(yes - no) <= max(1, 0.25 * (yes + no)), name


def test_the_answer_does_not_follow_the_order_of_the_objects(drawn) -> None:
    first: collections.Counter[tuple[str, bool]] = collections.Counter()
    for scene, pairs in drawn:
        here: collections.Counter[tuple[str, bool]] = collections.Counter()
        for pair in pairs:
            if pair.type.startswith("which_"):
                named = scene.objects[pair.objects[0]].caption == pair.verdict
                assert pair.question.find(scene.objects[pair.objects[0]].caption) >= 0
                here[pair.type, named] += 1
        for name in {name for name, _ in here}:
            assert abs(here[name, True] - here[name, False]) <= 1, name
        first += here
    for name in {name for name, _ in first}:
        one, other = first[name, True], first[name, False]
        assert one + other > 50
        assert abs(one - other) <= 0.25 * (one + other), name


def test_a_stated_size_is_never_close_to_the_truth(drawn) -> None:
    """And both answers are asked of every picture that has more than one such question."""
    checked = 0
    for scene, pairs in drawn:
        geometry = SceneGeometry.from_scene(scene)
        for pair in pairs:
            if REGISTRY[pair.type].answer_form == "threshold":
                truth = REGISTRY[pair.type].evaluate(geometry, *pair.objects).value
                words = pair.question.replace("?", " ").replace(",", " ").replace(":", " ").split()
                said = next(
                    float(number) * SI[unit_of(f"{number} {unit}")]
                    for number, unit in itertools.pairwise(words)
                    if number[0].isdigit()
                )
                assert abs(said - truth) >= 0.2 * truth - 1e-9, pair
                checked += 1
    assert checked > 200


def test_nothing_is_asked_twice(drawn) -> None:
    for _, pairs in drawn:
        assert len({pair.question for pair in pairs}) == len(pairs)
        keys = [(pair.type, frozenset(pair.objects)) for pair in pairs]
        assert len(set(keys)) == len(keys)

import itertools

import numpy as np
import pytest

from spatialvlm_jax.generation.questions import relations
from spatialvlm_jax.generation.questions.generate import REGISTRY
from spatialvlm_jax.generation.questions.relations import HOURS, SECTORS
from spatialvlm_jax.generation.wording.qualitative import OPPOSITES
from spatialvlm_jax.scene.geometry import SceneGeometry
from tests.generation.scenes import TILTS, geometry, random_scene, thing


@pytest.mark.parametrize(("pitch", "roll"), TILTS)
def test_predicates_hold_under_camera_pitch_and_roll(pitch: float, roll: float) -> None:
    here = thing("red mug", (0, 3, 0), (0.3, 0.3, 0.3))
    scene = geometry(
        here,
        thing("blue mug", (-1, 3, 0), (0.6, 0.3, 0.3)),
        thing("green mug", (0, 5, 0), (0.3, 0.3, 0.6)),
        thing("black mug", (0, 3, 1), (0.3, 0.3, 0.3)),
        pitch=pitch,
        roll=roll,
    )
    left, behind, above = 1, 2, 3
    assert relations.lateral(scene, left, 0) == "left"
    assert relations.lateral(scene, 0, left) == "right"
    assert relations.lateral(scene, behind, 0) is None
    assert relations.frontal(scene, behind, 0) == "behind"
    assert relations.frontal(scene, 0, behind) == "front"
    assert relations.frontal(scene, left, 0) is None
    assert relations.vertical(scene, above, 0) == "above"
    assert relations.vertical(scene, 0, above) == "below"
    assert relations.vertical(scene, behind, 0) is None
    assert relations.nearness(scene, 0, behind) == "nearer"
    assert relations.nearness(scene, behind, 0) == "farther"
    assert relations.tallness(scene, behind, 0) == "taller"
    assert relations.wideness(scene, left, 0) == "wider"
    assert relations.wideness(scene, behind, 0) is None
    assert relations.bigness(scene, 0, left) == "smaller"
    assert relations.direction(scene, left, 0) == "left"
    assert relations.direction(scene, behind, 0) == "behind"
    assert relations.direction(scene, 0, behind) == "in front"


@pytest.mark.parametrize(
    ("shift", "relation"),
    [
        ((1, 0, 0), relations.lateral),
        ((0, 1, 0), relations.frontal),
        ((0, 0, 1), relations.vertical),
        ((0, 1, 0), relations.nearness),
        ((0, 1, 0), relations.direction),
    ],
)
def test_a_centimetre_is_too_close_to_call(shift, relation) -> None:
    step = np.array(shift)
    start = np.array([0.0, 3.0, 0.0])
    close = geometry(thing("red box", start), thing("blue box", start + 0.01 * step))
    apart = geometry(thing("red box", start), thing("blue box", start + 1.0 * step))
    assert relation(close, 0, 1) is None
    assert relation(apart, 0, 1) is not None


def test_margins_grow_with_the_objects() -> None:
    for extent, answer in ((0.3, "left"), (3.0, None)):
        size = (extent, extent, extent)
        scene = geometry(
            thing("red box", (-0.25, 5, 0), size), thing("blue box", (0.25, 5, 0), size)
        )
        assert relations.lateral(scene, 0, 1) == answer


def test_margins_grow_with_uncertainty() -> None:
    objects = [((-0.25, 5, 0), "red box"), ((0.25, 5.5, 0), "blue box")]
    for std, answer in ((0.05, "left"), (0.2, None)):
        scene = geometry(*(thing(caption, place, std=std) for place, caption in objects))
        assert relations.lateral(scene, 0, 1) == answer


def test_sizes_are_compared_by_the_errors_of_the_extents() -> None:
    for stds, answer in (
        ({"std": 9.0, "extents_std": 0.05}, "shorter"),
        ({"extents_std": 0.2}, None),
    ):
        scene = geometry(
            thing("red box", (0, 3, 0), (0.5, 0.5, 1), **stds),
            thing("blue box", (9, 3, 0), (0.5, 0.5, 1.6), **stds),
        )
        assert relations.tallness(scene, 0, 1) == answer


def test_an_error_common_to_all_lengths_turns_no_relation_round() -> None:
    objects = [thing("red box", (-1, 3, 0)), thing("blue box", (1, 5, 0.5), (0.6, 0.6, 0.9))]
    sure, unsure = geometry(*objects), geometry(*objects, scale_std=0.5)
    for name, entry in REGISTRY.items():
        if entry.answer_form in ("yes_no", "choice", "word") and entry.kind == "qualitative":
            assert entry.evaluate(sure, 0, 1) == entry.evaluate(unsure, 0, 1), name


def test_sizes_within_15_percent_are_too_close_to_call() -> None:
    for tall, answer in ((1.1, None), (1.3, "shorter")):
        scene = geometry(
            thing("red box", (0, 3, 0), (0.5, 0.5, 1)),
            thing("blue box", (1, 3, 0), (0.5, 0.5, tall)),
        )
        assert relations.tallness(scene, 0, 1) == answer


def test_left_and_right_are_not_asked_against_the_picture() -> None:
    # By x the near box is further left, in the picture it stands to the right.
    scene = geometry(thing("red box", (0.8, 1, 0)), thing("blue box", (1.5, 6, 0)))
    assert relations.lateral(scene, 0, 1) is None
    assert relations.lateral(scene, 1, 0) is None


@pytest.mark.parametrize("step", range(16))
def test_directions_are_rounded_not_floored(step: int) -> None:
    """At every half sector: the middles name their sector, the edges are not asked."""
    angle = step * np.pi / 8
    place = np.array([0.0, 30.0, 0.0]) + 3 * np.array([np.cos(angle), np.sin(angle), 0])
    scene = geometry(thing("red box", place), thing("blue box", (0, 30, 0)), pitch=0.3)
    expected = None if step % 2 else SECTORS[step // 2]
    assert relations.direction(scene, 0, 1) == expected


@pytest.mark.parametrize("degrees", [-15, -8, 8, 15])
def test_directions_near_the_middle_of_a_sector(degrees: int) -> None:
    for sector, word in enumerate(SECTORS):
        angle = sector * np.pi / 4 + np.deg2rad(degrees)
        place = np.array([0.0, 30.0, 0.0]) + 3 * np.array([np.cos(angle), np.sin(angle), 0])
        scene = geometry(thing("red box", place), thing("blue box", (0, 30, 0)))
        assert relations.direction(scene, 0, 1) == word


def test_relations_turn_round_with_their_objects() -> None:
    """What i is to j, j is the opposite to i: for all types, over cluttered scenes."""
    decided = 0
    for seed in range(8):
        scene = SceneGeometry.from_scene(random_scene(seed))
        for entry in REGISTRY.values():
            if entry.answer_form not in ("yes_no", "choice") or entry.kind == "general":
                continue
            for i, j in itertools.combinations(range(6), 2):
                there, back = entry.evaluate(scene, i, j), entry.evaluate(scene, j, i)
                if entry.reverses:
                    assert back == (None if there is None else OPPOSITES[there]), entry.name
                elif entry.name != "on_top_of":
                    assert back == there, entry.name
                decided += there is not None
    assert decided > 500


def test_looking_straight_down_counts_as_no_gravity() -> None:
    assert not geometry(thing("red box", (0, 0, -3)), pitch=np.pi / 2).has_gravity


def test_a_scene_without_objects() -> None:
    assert geometry().centers.shape == (0, 3)


def at_bearing(degrees: float, **fields) -> SceneGeometry:
    """One box 3 m from another that stands straight ahead; degrees clockwise from behind it."""
    angle = np.deg2rad(degrees)
    place = np.array([0.0, 30.0, 0.0]) + 3 * np.array([np.sin(angle), np.cos(angle), 0])
    return geometry(thing("red box", place, **fields), thing("blue box", (0, 30, 0)), pitch=0.3)


@pytest.mark.parametrize("half", range(24))
def test_clock_hours_are_rounded_not_floored(half: int) -> None:
    """At every half hour around: on the hour its name, on the half hour none."""
    expected = None if half % 2 else HOURS[half // 2]
    assert relations.clock(at_bearing(15 * half), 0, 1) == expected


@pytest.mark.parametrize("degrees", [-10, -5, 5, 10])
def test_clock_hours_hold_to_either_side(degrees: int) -> None:
    for hour, word in enumerate(HOURS):
        assert relations.clock(at_bearing(30 * hour + degrees), 0, 1) == word


def test_three_o_clock_is_to_the_right() -> None:
    assert relations.clock(at_bearing(90), 0, 1) == "3"
    assert relations.direction(at_bearing(90), 0, 1) == "right"
    assert relations.clock(at_bearing(180), 0, 1) == "6"


def test_the_clock_is_not_read_where_two_ways_to_face_differ() -> None:
    """Away from the camera and along its view are 45 degrees apart for a box to the side."""
    aside = geometry(thing("red box", (8, 8, 0)), thing("blue box", (5, 5, 0)))
    assert relations.clock(aside, 0, 1) is None


def test_uncertain_directions_are_not_read() -> None:
    assert relations.clock(at_bearing(85, std=0.05), 0, 1) == "3"
    assert relations.clock(at_bearing(85, std=0.3), 0, 1) is None


def test_the_same_height() -> None:
    heights = {1.0: "equal", 1.05: "equal", 1.15: None, 1.3: "different"}
    for tall, answer in heights.items():
        scene = geometry(
            thing("red box", (0, 3, 0), (0.5, 0.5, 1)),
            thing("blue box", (1, 3, 1), (0.9, 0.2, tall)),
        )
        assert relations.same_height(scene, 0, 1) == answer

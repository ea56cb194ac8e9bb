import itertools

import numpy as np
import pytest

from spatialvlm_jax.generation import relations
from spatialvlm_jax.generation.qa import REGISTRY
from spatialvlm_jax.generation.records import Primitive
from spatialvlm_jax.generation.relations import SECTORS, SceneGeometry
from spatialvlm_jax.generation.templates_qualitative import OPPOSITES
from tests.generation.scenes import make_scene, random_scene, thing, turned

TILTS = [(0.0, 0.0), (0.5, 0.0), (-0.4, 0.0), (0.0, 0.6), (0.7, -0.5), (0.2, 3.0)]


def geometry(*objects, **options) -> SceneGeometry:
    return SceneGeometry.from_scene(make_scene(*objects, **options))


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


@pytest.mark.parametrize(("pitch", "roll"), TILTS)
def test_every_extent_differs_and_height_is_not_width(pitch: float, roll: float) -> None:
    for yaw, wide in ((0.0, 0.3), (np.pi / 2, 0.5)):
        scene = geometry(
            thing("red box", (0.5, 3, -0.2), (0.3, 0.5, 0.9), yaw), pitch=pitch, roll=roll
        )
        assert relations.height(scene, 0).value == pytest.approx(0.9)
        assert relations.width(scene, 0).value == pytest.approx(wide)
        assert relations.camera_distance(scene, 0).value == pytest.approx(np.sqrt(0.25 + 9 + 0.04))


def test_a_tilted_box_is_as_wide_and_tall_as_its_corners_reach() -> None:
    scene = geometry(thing("red box", (0, 3, 0), (0.6, 0.8, 0.2), np.arctan2(3, 4)))
    corners = np.array(list(itertools.product((-0.3, 0.3), (-0.4, 0.4), (-0.1, 0.1))))
    reached = corners @ turned(np.arctan2(3, 4)).T
    assert relations.width(scene, 0).value == pytest.approx(np.ptp(reached[:, 0]))
    assert relations.height(scene, 0).value == pytest.approx(0.2)


def test_extents_are_of_the_surface_not_of_its_box() -> None:
    ball = Primitive("ellipsoid", np.array([0, 3, 0.5]), turned(0.7), np.array([0.4, 0.4, 0.4]))
    foot = Primitive("cylinder", np.array([0, 3, 0.2]), turned(0.3), np.array([0.6, 0.6, 0.2]))
    lamp = thing("red lamp", (0, 3, 0.4), (0.6, 0.6, 0.6), 0.7, parts=(ball, foot))
    scene = geometry(lamp, pitch=0.4, roll=0.2)
    assert relations.height(scene, 0).value == pytest.approx(0.6)
    assert relations.width(scene, 0).value == pytest.approx(0.6)


def test_distances_between_two_boxes() -> None:
    scene = geometry(
        thing("red box", (-1, 3, 0), (0.4, 0.4, 0.4)),
        thing("blue box", (1, 4, 0.5), (0.6, 0.2, 0.4)),
        pitch=0.6,
        roll=0.3,
    )
    gaps = np.array([2 - 0.5, 1 - 0.3, 0.5 - 0.4])
    assert relations.distance(scene, 0, 1).value == pytest.approx(np.linalg.norm(gaps), abs=2e-4)
    assert relations.centre_distance(scene, 0, 1).value == pytest.approx(np.sqrt(4 + 1 + 0.25))
    assert relations.vertical_distance(scene, 0, 1).value == pytest.approx(0.5)


def test_horizontal_distance_has_depth_in_it() -> None:
    scene = geometry(thing("red box", (0, 3, 0)), thing("blue box", (0.3, 7, 2)), pitch=0.5)
    assert relations.horizontal_distance(scene, 0, 1).value == pytest.approx(np.hypot(0.3, 4))


def test_nearest_distance_is_the_same_both_ways() -> None:
    scene = SceneGeometry.from_scene(random_scene(5))
    np.testing.assert_array_equal(scene.surface_distance, scene.surface_distance.T)
    assert (np.diag(scene.surface_distance) == 0).all()


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
        assert relations.centre_distance(scene, 0, 1).std == pytest.approx(std * np.sqrt(2))
        assert relations.camera_distance(scene, 0).std == std


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
                assert back == (None if there is None else OPPOSITES[there]), entry.name
                decided += there is not None
    assert decided > 500


def test_without_gravity_distances_remain() -> None:
    objects = (thing("red box", (-1, 3, 0)), thing("blue box", (1, 4, 0)))
    level, unknown = geometry(*objects), geometry(*objects, gravity=False)
    assert level.has_gravity
    assert not unknown.has_gravity
    for quantity in (relations.distance, relations.centre_distance):
        assert quantity(unknown, 0, 1).value == pytest.approx(quantity(level, 0, 1).value, abs=2e-4)


def test_looking_straight_down_counts_as_no_gravity() -> None:
    assert not geometry(thing("red box", (0, 0, -3)), pitch=np.pi / 2).has_gravity


def test_a_scene_without_objects() -> None:
    assert geometry().centers.shape == (0, 3)

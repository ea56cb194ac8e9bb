import dataclasses
import itertools
from collections.abc import Callable

import numpy as np
import pytest

from spatialvlm_jax.generation.questions import quantities
from spatialvlm_jax.generation.questions.quantities import Measure
from spatialvlm_jax.scene.geometry import SceneGeometry
from spatialvlm_jax.scene.records import Primitive
from tests.generation.scenes import TILTS, geometry, random_scene, thing, turned


def of(quantity: Callable[..., Measure | None], scene: SceneGeometry, *objects: int) -> Measure:
    """A quantity that must be there."""
    found = quantity(scene, *objects)
    assert found is not None
    return found


@pytest.mark.parametrize(("pitch", "roll"), TILTS)
def test_every_extent_differs_and_height_is_not_width(pitch: float, roll: float) -> None:
    for yaw, wide in ((0.0, 0.3), (np.pi / 2, 0.5)):
        scene = geometry(
            thing("red box", (0.5, 3, -0.2), (0.3, 0.5, 0.9), yaw), pitch=pitch, roll=roll
        )
        assert of(quantities.height, scene, 0).value == pytest.approx(0.9)
        assert of(quantities.width, scene, 0).value == pytest.approx(wide)
        assert of(quantities.depth, scene, 0).value == pytest.approx(0.8 - wide)
        assert of(quantities.camera_distance, scene, 0).value == pytest.approx(
            np.sqrt(0.25 + 9 + 0.04)
        )


def test_a_tilted_box_is_as_wide_and_tall_as_its_corners_reach() -> None:
    scene = geometry(thing("red box", (0, 3, 0), (0.6, 0.8, 0.2), np.arctan2(3, 4)))
    corners = np.array(list(itertools.product((-0.3, 0.3), (-0.4, 0.4), (-0.1, 0.1))))
    reached = corners @ turned(np.arctan2(3, 4)).T
    assert of(quantities.width, scene, 0).value == pytest.approx(np.ptp(reached[:, 0]))
    assert of(quantities.height, scene, 0).value == pytest.approx(0.2)


def test_extents_are_of_the_surface_not_of_its_box() -> None:
    ball = Primitive("ellipsoid", np.array([0, 3, 0.5]), turned(0.7), np.array([0.4, 0.4, 0.4]))
    foot = Primitive("cylinder", np.array([0, 3, 0.2]), turned(0.3), np.array([0.6, 0.6, 0.2]))
    lamp = thing("red lamp", (0, 3, 0.4), (0.6, 0.6, 0.6), 0.7, parts=(ball, foot))
    scene = geometry(lamp, pitch=0.4, roll=0.2)
    assert of(quantities.height, scene, 0).value == pytest.approx(0.6)
    assert of(quantities.width, scene, 0).value == pytest.approx(0.6)


def test_distances_between_two_boxes() -> None:
    scene = geometry(
        thing("red box", (-1, 3, 0), (0.4, 0.4, 0.4)),
        thing("blue box", (1, 4, 0.5), (0.6, 0.2, 0.4)),
        pitch=0.6,
        roll=0.3,
    )
    gaps = np.array([2 - 0.5, 1 - 0.3, 0.5 - 0.4])
    assert of(quantities.distance, scene, 0, 1).value == pytest.approx(
        np.linalg.norm(gaps), abs=2e-4
    )
    assert of(quantities.centre_distance, scene, 0, 1).value == pytest.approx(np.sqrt(4 + 1 + 0.25))
    assert of(quantities.vertical_distance, scene, 0, 1).value == pytest.approx(0.5)


def test_horizontal_distance_has_depth_in_it() -> None:
    scene = geometry(thing("red box", (0, 3, 0)), thing("blue box", (0.3, 7, 2)), pitch=0.5)
    assert of(quantities.horizontal_distance, scene, 0, 1).value == pytest.approx(np.hypot(0.3, 4))


def test_nearest_distance_is_the_same_both_ways() -> None:
    scene = SceneGeometry.from_scene(random_scene(5))
    np.testing.assert_array_equal(scene.surface_distance, scene.surface_distance.T)
    assert (np.diag(scene.surface_distance) == 0).all()


def test_without_gravity_distances_remain() -> None:
    objects = (thing("red box", (-1, 3, 0)), thing("blue box", (1, 4, 0)))
    level, unknown = geometry(*objects), geometry(*objects, gravity=False)
    assert level.has_gravity
    assert not unknown.has_gravity
    for quantity in (quantities.distance, quantities.centre_distance):
        assert of(quantity, unknown, 0, 1).value == pytest.approx(
            of(quantity, level, 0, 1).value, abs=2e-4
        )


def two(**options) -> SceneGeometry:
    """Two boxes whose every size differs."""
    return geometry(
        thing("red box", (-1, 3, -0.5), (0.2, 0.3, 0.4), **options.pop("first", {})),
        thing("blue box", (1, 5, -0.5), (0.6, 0.5, 0.9), **options.pop("second", {})),
        **options,
    )


@pytest.mark.parametrize(("pitch", "roll"), TILTS)
def test_areas_and_volumes_of_the_oriented_box(pitch: float, roll: float) -> None:
    scene = geometry(thing("red box", (0, 3, 0), (0.3, 0.5, 0.9), 0.7), pitch=pitch, roll=roll)
    assert of(quantities.footprint, scene, 0).value == pytest.approx(0.15)
    assert of(quantities.volume, scene, 0).value == pytest.approx(0.135)
    assert of(quantities.passage, scene, 0).value == pytest.approx(0.3)


def test_a_box_on_its_side_stands_on_another_face() -> None:
    """Its own up lies level: the footprint is the product of the two sides that lie level now."""
    lying = thing("red box", (0, 3, 0), (0.3, 0.5, 0.9))
    turn = np.array([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]])
    scene = geometry(dataclasses.replace(lying, rotation=turn))
    assert of(quantities.footprint, scene, 0).value == pytest.approx(0.5 * 0.9)
    assert of(quantities.passage, scene, 0).value == pytest.approx(0.5)
    assert of(quantities.height, scene, 0).value == pytest.approx(0.3)


def test_elevation_is_of_the_lowest_point_above_the_floor() -> None:
    box = thing("red box", (0, 3, -0.5), (0.3, 0.3, 0.4))
    assert quantities.elevation(geometry(box), 0) is None
    found = of(quantities.elevation, geometry(box, pitch=0.3, camera_height=1.5), 0)
    assert found.value == pytest.approx(0.8)


@pytest.mark.parametrize(("pitch", "roll"), TILTS)
def test_bearing_is_to_the_right_of_straight_ahead(pitch: float, roll: float) -> None:
    scene = geometry(
        thing("red box", (1, np.sqrt(3), -1)),
        thing("blue box", (-2, 2, 1)),
        thing("green box", (0.1, 3, 0)),
        pitch=pitch,
        roll=roll,
    )
    assert of(quantities.bearing, scene, 0).value == pytest.approx(np.pi / 6)
    assert of(quantities.bearing, scene, 1).value == pytest.approx(-np.pi / 4)
    assert quantities.bearing(scene, 2) is None


def test_differences_and_ratios_are_of_the_larger_one_only() -> None:
    scene = two()
    assert of(quantities.how_much_taller, scene, 1, 0).value == pytest.approx(0.5)
    assert of(quantities.how_much_wider, scene, 1, 0).value == pytest.approx(0.4)
    far, near = np.sqrt(26.25), np.sqrt(10.25)
    assert of(quantities.how_much_farther, scene, 1, 0).value == pytest.approx(far - near)
    assert of(quantities.times_taller, scene, 1, 0).value == pytest.approx(0.9 / 0.4)
    assert of(quantities.times_farther, scene, 1, 0).value == pytest.approx(far / near)
    assert of(quantities.times_bigger, scene, 1, 0).value == pytest.approx(0.27 / 0.024)
    for quantity in (
        quantities.how_much_taller,
        quantities.how_much_wider,
        quantities.how_much_farther,
        quantities.times_taller,
        quantities.times_farther,
        quantities.times_bigger,
    ):
        assert quantity(scene, 0, 1) is None


@pytest.mark.parametrize(("pitch", "roll"), TILTS)
def test_the_gap_between_footprints(pitch: float, roll: float) -> None:
    ball = Primitive("ellipsoid", np.array([0.0, 7, 0]), turned(0.3), np.array([0.4, 0.4, 0.4]))
    scene = geometry(
        thing("red box", (-1, 3, 0), (0.4, 0.4, 0.4)),
        thing("blue box", (1, 3.1, 0.1), (0.6, 0.2, 0.4)),
        thing("green ball", (0, 7, 0), (0.4, 0.4, 0.4), parts=(ball,)),
        thing("white box", (3, 5, 0), (1, 1, 1), np.pi / 4),
        thing("black box", (-1, 3, 2), (0.4, 0.4, 0.4)),
        pitch=pitch,
        roll=roll,
    )
    gap = quantities.plan_gap
    assert of(gap, scene, 0, 1).value == pytest.approx(2 - 0.5)
    assert of(gap, scene, 0, 2).value == pytest.approx(np.hypot(0.8, 3.8) - 0.2, rel=3e-4)
    # The turned box has a face towards the other's corner, along the diagonal.
    corner = np.array([1.3, 3.2])
    facing = (np.array([3, 5]) - corner) @ np.array([1, 1]) / np.sqrt(2) - 0.5
    assert of(gap, scene, 3, 1).value == pytest.approx(facing)
    assert of(gap, scene, 1, 3).value == pytest.approx(facing)
    assert gap(scene, 4, 1) is None


def test_the_gap_between_a_face_and_a_corner() -> None:
    """A box turned by 45 degrees points its corner at the middle of another's face."""
    scene = geometry(
        thing("red box", (0, 3, 0), (1, 1, 1)), thing("blue box", (2, 3, 0), (1, 1, 1), np.pi / 4)
    )
    assert of(quantities.plan_gap, scene, 0, 1).value == pytest.approx(1.5 - np.sqrt(0.5))
    inside = geometry(thing("red box", (0, 3, 0), (1, 1, 1)), thing("blue box", (0.2, 3, 0)))
    assert of(quantities.plan_gap, inside, 0, 1).value == 0


def test_errors_of_lengths() -> None:
    stds = {"std": 0.03, "extents_std": 0.08}
    scene = two(first=stds, second={"std": 0.04, "extents_std": 0.06}, scale_std=0.1)
    own = {
        quantities.camera_distance: 0.03,
        quantities.height: 0.08,
        quantities.width: 0.08,
        quantities.depth: 0.08,
        quantities.passage: 0.08,
    }
    for quantity, std in own.items():
        found = of(quantity, scene, 0)
        assert found.std == pytest.approx(np.hypot(std, 0.1 * found.value))
    found = of(quantities.centre_distance, scene, 0, 1)
    assert found.std == pytest.approx(np.hypot(0.05, 0.1 * found.value))
    found = of(quantities.distance, scene, 0, 1)
    assert found.std == pytest.approx(np.hypot(np.hypot(0.05, 0.05), 0.1 * found.value))
    found = of(quantities.how_much_taller, scene, 1, 0)
    assert found.std == pytest.approx(np.hypot(0.1, 0.1 * found.value))


def test_errors_of_products_ratios_and_angles() -> None:
    stds = {"std": 0.01, "extents_std": 0.01}
    scene = two(first=stds, scale_std=0.05)
    relative = np.sqrt((0.01 / 0.2) ** 2 + (0.01 / 0.3) ** 2)
    found = of(quantities.footprint, scene, 0)
    assert found.std / found.value == pytest.approx(np.hypot(relative, 0.1))
    relative = np.hypot(relative, 0.01 / 0.4)
    found = of(quantities.volume, scene, 0)
    assert found.std / found.value == pytest.approx(np.hypot(relative, 0.15))
    found = of(quantities.times_bigger, scene, 1, 0)
    assert found.std / found.value == pytest.approx(relative)
    assert of(quantities.bearing, scene, 0).std == pytest.approx(0.01 / np.sqrt(10))


def test_errors_are_those_of_perturbed_scenes() -> None:
    """The stated standard errors against a thousand scenes drawn with such errors."""
    rng = np.random.default_rng(0)
    stds = {"std": 0.02, "extents_std": 0.015}
    scale = 0.04
    base = two(first=stds, second=stds, scale_std=scale)
    drawn: dict[str, list[float]] = {}
    single = ("camera_distance", "height", "footprint", "volume", "bearing")
    double = ("centre_distance", "horizontal_distance", "how_much_taller", "times_bigger")
    for _ in range(1000):
        factor = 1 + scale * rng.normal()
        moved = [
            thing(
                f"{color} box",
                factor * (np.array(place) + 0.02 * rng.normal(size=3)),
                factor * (np.array(sizes) + 0.015 * rng.normal(size=3)),
            )
            for color, place, sizes in (
                ("red", (-1, 3, -0.5), (0.2, 0.3, 0.4)),
                ("blue", (1, 5, -0.5), (0.6, 0.5, 0.9)),
            )
        ]
        scene = geometry(*moved)
        for name in single:
            drawn.setdefault(name, []).append(getattr(quantities, name)(scene, 0).value)
        for name in double:
            drawn.setdefault(name, []).append(getattr(quantities, name)(scene, 1, 0).value)
    for name, values in drawn.items():
        stated = getattr(quantities, name)(base, *((0,) if name in single else (1, 0))).std
        assert np.std(values) == pytest.approx(stated, rel=0.12), name

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spatialvlm_jax.scene.records import Object3D, Primitive, PrimitiveShape
from spatialvlm_jax.scene.surfaces import (
    closest_points,
    group_distances,
    object_distances,
    solids_of,
    support,
)

SHAPES: tuple[PrimitiveShape, ...] = ("box", "cylinder", "ellipsoid")


def primitive(
    shape: PrimitiveShape,
    center: tuple[float, float, float],
    extents: tuple[float, float, float],
    rotation: np.ndarray | None = None,
    taper: float = 1.0,
) -> Primitive:
    rotation = np.eye(3) if rotation is None else rotation
    return Primitive(shape, np.array(center), rotation, np.array(extents), taper)


def made_of(*parts: Primitive, points: np.ndarray | None = None) -> Object3D:
    origin = np.zeros(3)
    return Object3D(
        "thing", "thing", np.zeros(4), origin, np.eye(3), np.ones(3), parts=parts, points=points
    )


def distance(first: Primitive, second: Primitive) -> float:
    return float(object_distances([made_of(first), made_of(second)])[0, 1])


def random_rotation(rng: np.random.Generator) -> np.ndarray:
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return rotation * np.sign(np.linalg.det(rotation))


def random_primitive(rng: np.random.Generator, shape: PrimitiveShape, reach: float) -> Primitive:
    extents = 10 ** rng.uniform(-1, 0.3, 3)
    if shape == "cylinder":
        extents[1] = extents[0]
    center = rng.uniform(-reach, reach, 3)
    taper = float(rng.choice([0.0, 0.4, 1.0, 2.5])) if shape == "cylinder" else 1.0
    return Primitive(shape, center, random_rotation(rng), extents, taper)


def sample_surface(part: Primitive, number: int, rng: np.random.Generator) -> np.ndarray:
    """Points of the surface, by the definition in `Primitive`, not by the code under test."""
    half = part.extents / 2
    if part.shape == "ellipsoid":
        local = rng.normal(size=(number, 3))
        local = local / np.linalg.norm(local, axis=-1, keepdims=True) * half
    elif part.shape == "box":
        local = rng.uniform(-half, half, (number, 3))
        axis = rng.integers(0, 3, number)
        rows = np.arange(number)
        local[rows, axis] = np.sign(local[rows, axis]) * half[axis]
    else:
        bottom, top = (half[0], half[0] * part.taper)
        if part.taper > 1:
            bottom, top = half[0] / part.taper, half[0]
        share = rng.choice([0.0, 1.0, 2.0], number)
        height = np.where(share == 2, rng.random(number), share)
        radius = bottom + height * (top - bottom)
        radius = np.where(share < 2, radius * np.sqrt(rng.random(number)), radius)
        angle = rng.uniform(0, 2 * np.pi, number)
        local = np.stack(
            [radius * np.cos(angle), radius * np.sin(angle), (2 * height - 1) * half[2]], -1
        )
    return local @ part.rotation.T + part.center


def test_spheres() -> None:
    small = primitive("ellipsoid", (0, 0, 5), (0.4, 0.4, 0.4))
    large = primitive("ellipsoid", (3, 4, 5), (2, 2, 2))
    assert distance(small, large) == pytest.approx(5 - 0.2 - 1, abs=2e-4)


def test_boxes_face_edge_and_corner() -> None:
    cube = primitive("box", (0, 0, 0), (2, 2, 2))
    assert distance(cube, primitive("box", (3.5, 0.2, 0), (1, 1, 1))) == pytest.approx(2, abs=1e-4)
    edge = primitive("box", (4.5, 5.5, 0), (1, 1, 1))
    assert distance(cube, edge) == pytest.approx(5, abs=1e-4)
    corner = primitive("box", (3.5, 3.5, 2.5), (1, 1, 1))
    assert distance(cube, corner) == pytest.approx(3, abs=1e-4)


def test_turned_box_points_its_edge() -> None:
    c = np.sqrt(0.5)
    turned = primitive("box", (5, 0, 0), (2, 2, 2), np.array([[c, -c, 0], [c, c, 0], [0, 0, 1]]))
    cube = primitive("box", (0, 0, 0), (2, 2, 2))
    assert distance(cube, turned) == pytest.approx(5 - 1 - np.sqrt(2), abs=1e-4)


def test_cylinders_side_by_side_and_stacked() -> None:
    first = primitive("cylinder", (0, 0, 0), (1, 1, 2))
    assert distance(first, primitive("cylinder", (3, 0, 1), (2, 2, 1))) == pytest.approx(
        1.5, abs=2e-4
    )
    assert distance(first, primitive("cylinder", (0, 0, 3), (3, 3, 1))) == pytest.approx(
        1.5, abs=2e-4
    )


def test_cone_stands_on_its_wide_end() -> None:
    cone = primitive("cylinder", (0, 0, 0), (2, 2, 2), taper=0.0)
    above = primitive("box", (0, 0, 2.5), (0.1, 0.1, 1))
    assert distance(cone, above) == pytest.approx(1.0, abs=1e-4)
    beside = primitive("box", (3.5, 0, -1), (1, 1, 0.01))
    assert distance(cone, beside) == pytest.approx(2.0, abs=1e-3)
    # The slanted side is the line x = (1 - z) / 2; the point (2, 0, 1) is 4 / sqrt(5) from it.
    slanted = primitive("box", (2.0005, 0, 1), (0.001, 0.001, 0.001))
    assert distance(cone, slanted) == pytest.approx(4 / np.sqrt(5), abs=2e-3)


def test_touching_and_intersecting_are_zero() -> None:
    cube = primitive("box", (0, 0, 0), (2, 2, 2))
    assert distance(cube, primitive("box", (2, 0, 0), (2, 1, 1))) == 0
    assert distance(cube, primitive("ellipsoid", (0.2, 0, 0), (1, 1, 1))) == 0
    assert distance(cube, primitive("cylinder", (1.2, 0, 0), (1, 1, 5))) == 0


@pytest.mark.parametrize("first", SHAPES)
@pytest.mark.parametrize("second", SHAPES)
def test_agrees_with_sampled_surfaces(first: PrimitiveShape, second: PrimitiveShape) -> None:
    rng = np.random.default_rng(SHAPES.index(first) * 3 + SHAPES.index(second))
    for _ in range(6):
        one, two = random_primitive(rng, first, 1.5), random_primitive(rng, second, 1.5)
        exact = distance(one, two)
        if exact == 0:
            continue
        near, far = sample_surface(one, 4000, rng), sample_surface(two, 4000, rng)
        gaps = ((near[:, None] - far[None, ::8]) ** 2).sum(-1)
        sampled = np.sqrt(gaps.min())
        assert exact <= sampled + 2e-4
        assert sampled <= exact + 0.15 * max(one.extents.max(), two.extents.max())


@pytest.mark.parametrize("shape", SHAPES)
def test_projection_is_the_nearest_point(shape: PrimitiveShape) -> None:
    rng = np.random.default_rng(7)
    for _ in range(8):
        part = random_primitive(rng, shape, 0.5)
        solids = solids_of([made_of(part)])
        point = rng.normal(size=3) * 2
        closest = closest_points(solids, point[None])[0]
        samples = sample_surface(part, 20000, rng)
        # The plane through the projection supports the solid: the optimality condition.
        normal = point - closest
        assert support(solids, normal[None, None])[0, 0] <= closest @ normal + 1e-6
        assert (
            np.linalg.norm(point - closest) <= np.linalg.norm(samples - point, axis=-1).min() + 1e-9
        )
        np.testing.assert_allclose(closest_points(solids, closest[None])[0], closest, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
def test_support_is_the_farthest_sample(shape: PrimitiveShape) -> None:
    rng = np.random.default_rng(3)
    part = random_primitive(rng, shape, 1.0)
    samples = sample_surface(part, 50_000, rng)
    directions = rng.normal(size=(1, 20, 3))
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    reached = (samples @ directions[0].T).max(0)
    exact = support(solids_of([made_of(part)]), directions)[0]
    assert (exact >= reached - 1e-9).all()
    assert (exact <= reached + 0.1).all()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_distance_is_symmetric_and_rigid(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one = random_primitive(rng, SHAPES[rng.integers(3)], 2.0)
    two = random_primitive(rng, SHAPES[rng.integers(3)], 2.0)
    there = distance(one, two)
    assert distance(two, one) == pytest.approx(there, abs=5e-4)
    rotation, shift = random_rotation(rng), rng.normal(size=3)

    def moved(part: Primitive) -> Primitive:
        return Primitive(
            part.shape,
            rotation @ part.center + shift,
            rotation @ part.rotation,
            part.extents,
            part.taper,
        )

    assert distance(moved(one), moved(two)) == pytest.approx(there, abs=5e-4)


def test_object_distance_is_the_least_over_parts() -> None:
    first = made_of(primitive("box", (0, 0, 0), (1, 1, 1)), primitive("box", (2, 0, 0), (1, 1, 1)))
    second = made_of(primitive("box", (5, 0, 0), (1, 1, 1)), primitive("box", (9, 0, 0), (1, 1, 1)))
    np.testing.assert_allclose(object_distances([first, second]), [[0, 2], [2, 0]], atol=1e-4)


def test_without_parts_the_box_and_with_points_the_points_count() -> None:
    box = Object3D("a", "a", np.zeros(4), np.zeros(3), np.eye(3), np.ones(3))
    other = made_of(primitive("box", (3, 0, 0), (1, 1, 1)))
    assert object_distances([box, other])[0, 1] == pytest.approx(2, abs=1e-4)
    cloud = made_of(points=np.array([[0, 0, 0], [1, 0, 0]], np.float32))
    assert object_distances([cloud, other])[0, 1] == pytest.approx(1.5)
    assert object_distances([other, cloud])[0, 1] == pytest.approx(1.5)
    far = made_of(points=np.array([[1, 4, 0], [1, 9, 0]], np.float32))
    assert object_distances([cloud, far])[1, 0] == pytest.approx(4)


def test_groups_keep_to_themselves() -> None:
    parts = [made_of(primitive("box", (x, 0, 0), (1, 1, 1))) for x in (0.0, 3.0, 10.0)]
    solids = solids_of(parts)
    first, second = solids.take(np.array([0, 0, 1])), solids.take(np.array([1, 2, 2]))
    found = group_distances(first, second, np.array([0, 0, 2]), 3)
    np.testing.assert_allclose(found, [2, np.inf, 6], atol=1e-4)


def test_a_scene_without_pairs() -> None:
    assert object_distances([]).shape == (0, 0)
    np.testing.assert_array_equal(object_distances([made_of()]), [[0.0]])


@pytest.mark.parametrize("shape", SHAPES)
def test_flat_and_empty_solids(shape: PrimitiveShape) -> None:
    cube = primitive("box", (3, 0, 0), (2, 2, 2))
    assert distance(primitive(shape, (0, 0, 0), (1, 1, 0)), cube) == pytest.approx(1.5, abs=1e-3)
    assert distance(primitive(shape, (0, 0, 0), (0, 0, 0)), cube) == pytest.approx(2, abs=1e-3)

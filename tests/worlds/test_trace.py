"""The ray caster against closed forms worked out by hand."""

import dataclasses

import numpy as np
import pytest

from spatialvlm_jax.worlds.camera import look_at
from spatialvlm_jax.worlds.config import WorldConfig
from spatialvlm_jax.worlds.items import WorldObject
from spatialvlm_jax.worlds.layout import Layout
from spatialvlm_jax.worlds.pack import pack
from spatialvlm_jax.worlds.parts import Part, box, cylinder, ellipsoid
from spatialvlm_jax.worlds.render import render

SIZE = 64
CONFIG = WorldConfig(image_size=SIZE, boxes=4, cylinders=4, ellipsoids=4, chunk=1)
RIGHT_ANGLE = np.pi / 2


def item(*parts: Part, x=0.0, y=0.0, z=0.0, yaw=0.0) -> WorldObject:
    half_width = max(abs(p.x) + p.width / 2 for p in parts)
    half_depth = max(abs(p.y) + p.depth / 2 for p in parts)
    height = max(p.z + p.height / 2 for p in parts)
    return WorldObject(
        "box", "red", "plastic", "square", parts, (), half_width, half_depth, height, x, y, z, yaw
    )


def layout(*items: WorldObject, eye=(0.0, -4.0, 1.0), aim=(0.0, 0.0, 1.0), roll=0.0) -> Layout:
    """A room 20 m wide, 3 m high, its back wall at y = 5; the field of view is a right angle."""
    return Layout(
        family="room",
        items=items,
        camera=look_at(eye, aim, roll, RIGHT_ANGLE),
        room=(-10.0, 10.0, -10.0, 5.0, 3.0),
        light=(0.0, 0.0, 1.0),
        ambient=0.4,
        floor_style=0,
        floor_colors=((200, 200, 200), (100, 100, 100)),
        wall_color=(220, 220, 220),
    )


def draw(*items: WorldObject, **camera):
    drawn = render(pack([layout(*items, **camera)], CONFIG), CONFIG)
    depth, instance, covered = (np.asarray(a)[0] for a in drawn[1:])
    return np.stack(drawn.image, -1)[0], depth, instance, covered


def pixel_slopes():
    """u, v of pixel centres at depth 1 (the half width is 1 at a right angle)."""
    steps = (np.arange(SIZE) + 0.5) / SIZE * 2 - 1
    return np.meshgrid(steps, steps)


def test_room_depth_is_that_of_its_planes():
    _, depth, instance, _ = draw()
    _, v = pixel_slopes()
    # Level camera at (0, -4, 1): back wall 9 m ahead, floor 1 m below, ceiling 2 m above.
    with np.errstate(divide="ignore"):
        floor, ceiling = np.where(v > 0, 1 / v, np.inf), np.where(v < 0, -2 / v, np.inf)
    np.testing.assert_allclose(depth, np.minimum(np.minimum(floor, ceiling), 9.0), rtol=2e-5)
    assert (instance == -1).all()


def test_sphere_depth_and_area():
    radius, distance = 0.8, 4.0
    _, depth, instance, _ = draw(item(ellipsoid(0, 0, 1 - radius, *[2 * radius] * 3)))
    u, v = pixel_slopes()
    a, b, c = u * u + v * v + 1, distance, distance**2 - radius**2
    hit = b * b - a * c > 0
    expected = (b - np.sqrt(np.maximum(b * b - a * c, 0))) / a
    assert ((instance == 0) != hit).sum() == 0
    np.testing.assert_allclose(depth[hit], expected[hit], rtol=2e-5)
    area = np.pi * radius**2 / (distance**2 - radius**2) * (SIZE / 2) ** 2
    assert (instance == 0).sum() == pytest.approx(area, rel=0.06)


def test_box_front_face():
    # A 2 m cube whose front face is 3 m ahead covers |u|, |v| < 1/3.
    _, depth, instance, _ = draw(item(box(0, 0, 0, 2, 2, 2)))
    u, v = pixel_slopes()
    face = (np.abs(u) < 1 / 3) & (np.abs(v) < 1 / 3)
    np.testing.assert_array_equal(instance == 0, face)
    np.testing.assert_allclose(depth[face], 3.0, rtol=1e-6)


def test_box_turned_by_45_degrees_shows_its_edge():
    _, depth, instance, _ = draw(item(box(0, 0, 0, 2, 2, 2), yaw=np.pi / 4))
    u, _ = pixel_slopes()
    # In plan the front faces are y = -sqrt(2) + |x|: t - 4 = -sqrt(2) + |u| t.
    expected = (4 - np.sqrt(2)) / (1 - np.abs(u))
    seen = instance == 0
    np.testing.assert_allclose(depth[seen], expected[seen], rtol=1e-5)
    assert np.abs(u[seen]).max() == pytest.approx(np.sqrt(2) / 4, abs=2 / SIZE)


@pytest.mark.parametrize("taper", [1.0, 0.5, 0.0, 2.0])
def test_cylinder_and_cone_depth(taper):
    height, width = 2.0, 1.6
    _, depth, instance, _ = draw(item(cylinder(0, 0, 0, width, height, taper=taper)))
    low = width / 2 / max(taper, 1.0)
    slope = (low * taper - low) / height
    u, v = pixel_slopes()
    # radius(z) with z = 1 - v t; the ray is (u t, t - 4, 1 - v t).
    q, g = low + slope, -slope * v
    a, b, c = u * u + 1 - g * g, -4 - q * g, 16 - q * q
    root = b * b - a * c
    t = (-b - np.sqrt(np.maximum(root, 0))) / a
    z = 1 - v * t
    side = (root > 0) & (z > 0) & (z < height)
    np.testing.assert_array_equal(instance[side], 0)
    np.testing.assert_allclose(depth[side], t[side], rtol=3e-5)
    assert (instance == 0).sum() - side.sum() <= 2 * SIZE


def test_cone_seen_from_above_fills_its_base():
    # Steeper than the cone's side: every ray inside the base circle meets it, none outside.
    cone = item(cylinder(0, 0, 0, 1.0, 0.2, taper=0.0))
    _, depth, instance, _ = draw(cone, eye=(0.0, -0.01, 2.5), aim=(0.0, 0.0, 0.0))
    area = np.pi * (0.5 / 2.5) ** 2 * (SIZE / 2) ** 2
    assert (instance == 0).sum() == pytest.approx(area, rel=0.06)
    assert 2.3 <= depth.min() < 2.33


def test_nearer_object_hides_but_both_are_covered():
    near, far = item(box(0, 0, 0, 2, 0.1, 2)), item(box(0, 2, 0, 2, 0.1, 2))
    _, _, instance, covered = draw(far, near)
    assert set(np.unique(instance)) == {-1, 1}
    np.testing.assert_array_equal((covered >> 1) & 1, instance == 1)
    alone = draw(far)[2] == 0
    np.testing.assert_array_equal((covered & 1) > 0, alone)


def test_shadow_falls_straight_below_under_a_light_overhead():
    plate = item(box(0, 0, 1.2, 1, 1, 0.05))
    with_plate, _, instance, _ = draw(plate)
    without = draw()[0]
    u, v = pixel_slopes()
    with np.errstate(divide="ignore"):
        t = np.where(v > 0, 1 / v, 0)
    inside = (v > 0) & (np.abs(u * t) < 0.45) & (np.abs(t - 4) < 0.45) & (instance == -1)
    outside = (v > 0) & ((np.abs(u * t) > 0.6) | (np.abs(t - 4) > 0.6)) & (t < 9)
    assert inside.sum() > 10
    assert (with_plate[inside].sum(-1) < 0.85 * without[inside].sum(-1)).all()
    np.testing.assert_array_equal(with_plate[outside], without[outside])


def test_small_far_sphere_keeps_its_shape():
    # 2 cm at 7 m, seen through a narrow angle by aiming near it: float32 must not blur its rim.
    ball = item(ellipsoid(0, 0, 0.99, 0.02, 0.02, 0.02))
    narrow = look_at((0.0, -7.0, 1.0), (0.0, 0.0, 1.0), 0.0, 0.008)
    scene = dataclasses.replace(layout(ball), camera=narrow)
    instance = np.asarray(render(pack([scene], CONFIG), CONFIG).instance)[0]
    u, v = pixel_slopes()
    half = np.tan(0.004)
    radius = 0.01 / np.sqrt(49 - 1e-4)
    clearly_in = half * np.hypot(u, v) < radius * 0.99
    clearly_out = half * np.hypot(u, v) > radius * 1.01
    assert clearly_in.sum() > 300
    assert (instance[clearly_in] == 0).all()
    assert (instance[clearly_out] == -1).all()

"""Scenes as the rest of the product gets them: repeatable, consistent, physically possible."""

import dataclasses

import numpy as np
import pytest

from spatialvlm_jax.scene.records import Primitive, Scene
from spatialvlm_jax.worlds.catalog import CATEGORIES, COLORS, MATERIALS, SHAPE_WORDS
from spatialvlm_jax.worlds.config import WorldConfig
from spatialvlm_jax.worlds.layout import draw_layout
from spatialvlm_jax.worlds.source import chunk_size, generate_scenes

CONFIG = WorldConfig.preset("rich", chunk=8)
SEED = 5


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return generate_scenes(CONFIG, SEED, range(24))


def same(a: Scene, b: Scene) -> bool:
    return (
        a.image_id == b.image_id
        and np.array_equal(a.image, b.image)
        and np.array_equal(a.depth, b.depth)
        and [o.caption for o in a.objects] == [o.caption for o in b.objects]
        and [o.truncation for o in a.objects] == [o.truncation for o in b.objects]
        and all(
            np.array_equal(p.center, q.center) for p, q in zip(a.objects, b.objects, strict=True)
        )
    )


def test_a_scene_depends_on_its_number_only(scenes):
    again = generate_scenes(CONFIG, SEED, [13, 2])
    assert same(again[0], scenes[13])
    assert same(again[1], scenes[2])
    other = dataclasses.replace(CONFIG, chunk=3)
    assert same(generate_scenes(other, SEED, [7])[0], scenes[7])
    assert not same(generate_scenes(CONFIG, SEED + 1, [2])[0], scenes[2])


def test_chunks_of_the_smallest_pictures_are_bounded():
    sizes = [dataclasses.replace(CONFIG, image_size=side, chunk=0) for side in (1, 64, 1024)]
    assert [chunk_size(config) for config in sizes] == [4096, 16, 1]


def test_words_are_from_the_catalog_and_captions_unique(scenes):
    for scene in scenes:
        captions = [o.caption for o in scene.objects]
        assert len(set(captions)) == len(captions)
        for o in scene.objects:
            assert o.caption == f"{o.attributes['color']} {o.category}"
            assert o.category in CATEGORIES
            assert o.attributes["color"] in COLORS
            assert o.attributes["material"] in MATERIALS
            assert o.attributes["shape"] in SHAPE_WORDS


def test_append_only_orders_begin_as_shipped():
    assert CATEGORIES[:5] == ("table", "desk", "chair", "stool", "sofa")
    assert CATEGORIES.index("monitor") == 20
    assert COLORS[:11] == (
        *("red", "green", "blue", "yellow", "orange", "purple"),
        *("pink", "brown", "black", "white", "gray"),
    )


def test_counts_and_shapes(scenes):
    for scene in scenes:
        assert scene.image.shape == (64, 64, 3)
        assert scene.image.dtype == np.uint8
        assert scene.depth is not None
        assert scene.depth.dtype == np.float32
        assert 1 <= len(scene.objects) <= CONFIG.max_objects
        for o in scene.objects:
            assert 0 < o.visible_fraction <= 1
            assert 0 <= o.truncation < 1
            assert o.mask is not None
            lines, columns = np.nonzero(o.mask)
            edges = [columns.min(), lines.min(), columns.max() + 1, lines.max() + 1]
            np.testing.assert_array_equal(o.box, edges)


def test_unoccluded_centres_project_into_their_boxes(scenes):
    checked = 0
    for scene in scenes:
        for o in scene.objects:
            if o.visible_fraction < 1 or o.truncation > 0 or o.box[2] - o.box[0] < 4:
                continue
            u, v, w = scene.intrinsics @ o.center
            assert o.box[0] - 1 <= u / w <= o.box[2] + 1
            assert o.box[1] - 1 <= v / w <= o.box[3] + 1
            checked += 1
    assert checked > 20


def inside(part: Primitive, points: np.ndarray, slack: float) -> np.ndarray:
    """Whether points (camera frame) lie in the solid grown (or shrunk) by `slack` metres."""
    local = (points - part.center) @ part.rotation
    half = part.extents / 2
    if part.shape == "box":
        return (np.abs(local) <= half + slack).all(-1)
    if part.shape == "ellipsoid":
        return ((local / (half + slack)) ** 2).sum(-1) <= 1
    high = local[:, 2] / half[2] / 2 + 0.5
    bottom, top = half[0] / max(part.taper, 1.0), half[0] * min(part.taper, 1.0)
    top = half[0] if part.taper > 1 else top
    radius = bottom + (top - bottom) * high
    return (np.hypot(local[:, 0], local[:, 1]) <= radius + slack) & (
        np.abs(high - 0.5) <= 0.5 + slack
    )


def seen_points(scene: Scene, mask: np.ndarray) -> np.ndarray:
    lines, columns = np.nonzero(mask)
    rays = (
        np.stack([columns + 0.5, lines + 0.5, np.ones(len(lines))], -1)
        @ np.linalg.inv(scene.intrinsics).T
    )
    assert scene.depth is not None
    return rays * scene.depth[mask][:, None]


def test_depth_lies_on_the_surface_of_the_right_solids(scenes):
    for scene in scenes:
        for o in scene.objects:
            points = seen_points(scene, o.mask)
            near = np.any([inside(part, points, 2e-3) for part in o.parts], axis=0)
            deep = np.any([inside(part, points, -2e-3) for part in o.parts], axis=0)
            assert near.all(), (scene.image_id, o.caption)
            assert not deep.any(), (scene.image_id, o.caption)


def corners(center: np.ndarray, rotation: np.ndarray, extents: np.ndarray) -> np.ndarray:
    signs = np.array(np.meshgrid([-0.5, 0.5], [-0.5, 0.5], [-0.5, 0.5])).reshape(3, 8).T
    return center + (signs * extents) @ rotation.T


def test_oriented_boxes_bound_their_parts_exactly(scenes):
    for scene in scenes:
        for o in scene.objects:
            reach = np.concatenate(
                [
                    (corners(p.center, p.rotation, p.extents) - o.center) @ o.rotation
                    for p in o.parts
                ]
            )
            np.testing.assert_allclose(reach.max(0), o.extents / 2, atol=1e-6)
            np.testing.assert_allclose(reach.min(0), -o.extents / 2, atol=1e-6)


def test_everything_rests_on_the_floor_or_on_its_support(scenes):
    stacked = 0
    for number, scene in enumerate(scenes):
        resting = {
            f"{i.color} {i.category}": i.support for i in draw_layout(CONFIG, SEED, number).items
        }
        for o in scene.objects:
            bottom = float(scene.up @ o.center) - o.extents[2] / 2 + scene.camera_height
            if resting[o.caption] is None:
                assert o.support is None
                assert bottom == pytest.approx(0.0, abs=1e-9)
            elif o.support is not None:
                carrier = scene.objects[o.support]
                heights = [float(scene.up @ p.center) + p.extents[2] / 2 for p in carrier.parts]
                gaps = np.array(heights) + scene.camera_height - bottom
                assert np.abs(gaps).min() < 1e-9, (scene.image_id, o.caption)
                offset = (o.center - carrier.center) @ carrier.rotation
                assert (np.abs(offset[:2]) <= carrier.extents[:2] / 2).all()
                stacked += 1
    assert stacked > 10


def test_objects_do_not_intersect(scenes):
    rng = np.random.default_rng(0)
    for scene in scenes:
        for o in scene.objects:
            local = (rng.random((1500, 3)) - 0.5) * o.extents
            points = o.center + local @ o.rotation.T
            solid = points[np.any([inside(p, points, -1e-4) for p in o.parts], axis=0)]
            for other in scene.objects:
                if other is not o and len(solid):
                    hit = np.any([inside(p, solid, -1e-4) for p in other.parts], axis=0)
                    assert not hit.any(), (scene.image_id, o.caption, other.caption)


def test_up_and_intrinsics_agree_with_the_layout(scenes):
    for index in (0, 3, 9):
        layout, scene = draw_layout(CONFIG, SEED, index), scenes[index]
        turn = layout.camera.world_from_camera()
        np.testing.assert_allclose(turn.T @ turn, np.eye(3), atol=1e-9)
        np.testing.assert_allclose(turn @ scene.up, [0, 0, 1], atol=1e-9)
        assert scene.camera_height == layout.camera.position[2]
        focal = scene.intrinsics[0, 0]
        assert 2 * np.arctan(32 / focal) == pytest.approx(2 * np.arctan(layout.camera.half))
        assert CONFIG.min_fov - 1e-6 <= 2 * np.arctan(32 / focal) <= CONFIG.max_fov + 1e-6
        canonical = scene.canonical_from_camera()
        np.testing.assert_allclose(canonical @ scene.up, [0, 0, 1], atol=1e-9)
        assert abs((canonical @ [0, 0, 1])[0]) < 1e-9


def test_distances_spread_over_more_than_a_decade():
    config = dataclasses.replace(CONFIG, image_size=16, chunk=0)
    layouts = [draw_layout(config, 1, index) for index in range(300)]
    spread = [
        np.linalg.norm(np.subtract(item.middle(), layout.camera.position))
        for layout in layouts
        for item in layout.items
    ]
    assert np.percentile(spread, 98) / np.percentile(spread, 2) > 7
    gaps = [
        np.linalg.norm(np.subtract(a.middle(), b.middle()))
        for layout in layouts
        for number, a in enumerate(layout.items)
        for b in layout.items[:number]
    ]
    assert np.percentile(gaps, 98) / np.percentile(gaps, 2) > 12


def test_beauty_changes_colours_only():
    pretty = WorldConfig.preset("gallery", image_size=24, supersample=2, chunk=2)
    plain = dataclasses.replace(
        pretty, supersample=1, shadow_samples=1, dome_samples=0, decor=0.0, warmth=0.0
    )
    for fine, coarse in zip(
        generate_scenes(pretty, 0, [15, 24]), generate_scenes(plain, 0, [15, 24]), strict=True
    ):
        np.testing.assert_array_equal(fine.depth, coarse.depth)
        assert [o.caption for o in fine.objects] == [o.caption for o in coarse.objects]
        for a, b in zip(fine.objects, coarse.objects, strict=True):
            np.testing.assert_array_equal(a.mask, b.mask)
        change = np.abs(fine.image.astype(int) - coarse.image)
        assert 0.5 < change.mean() < 40


def test_presets():
    assert WorldConfig.preset("gallery", image_size=32).image_size == 32
    with pytest.raises(
        ValueError, match="the presets are: clear, gallery, holding, manipulation, rich, simple"
    ):
        WorldConfig.preset("fancy")
    with pytest.raises(ValueError, match="'street' is not one of 'room'"):
        WorldConfig(families=("street",), family_weights=(1.0,))
    with pytest.raises(ValueError, match="min_objects: 5 is more than max_objects=3"):
        WorldConfig(min_objects=5, max_objects=3)
    with pytest.raises(ValueError, match="boxes: with .* 156, not from 1 to 128"):
        WorldConfig(boxes=120)

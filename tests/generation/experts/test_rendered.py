import dataclasses

import numpy as np
import pytest

from spatialvlm_jax.generation.experts.base import Experts, Perception, Photo, Region
from spatialvlm_jax.generation.experts.noise import NoiseConfig, eroded, noisy_depth, relative_std
from spatialvlm_jax.generation.experts.perceive import perceive
from spatialvlm_jax.generation.experts.rendered import (
    floor_mask,
    lexical_embedding,
    rendered_experts,
    rendered_photos,
)
from spatialvlm_jax.generation.outcomes import Rejected
from spatialvlm_jax.scene.records import Scene
from spatialvlm_jax.worlds.config import WorldConfig

CONFIG = WorldConfig.preset("rich", image_size=64, families=("room",), family_weights=(1.0,))


@pytest.fixture(scope="module")
def photos() -> list[Photo]:
    return rendered_photos(CONFIG, 3, range(8))


def truth(photo: Photo) -> Scene:
    assert photo.truth is not None
    return photo.truth


def perceived(photos: list[Photo], experts: Experts) -> list[Perception]:
    found = perceive(photos, experts)
    assert not any(isinstance(each, Rejected) for each in found)
    return [each for each in found if isinstance(each, Perception)]


def regions(photos: list[Photo], noise: NoiseConfig, seed: int = 0) -> list[tuple[Region, ...]]:
    return rendered_experts(noise, seed).detector(photos)


def test_photos_withhold_gravity_and_keep_the_truth_for_stand_ins(photos: list[Photo]) -> None:
    for photo in photos:
        assert photo.up is None
        assert truth(photo).image_id == photo.image_id
        np.testing.assert_array_equal(photo.intrinsics, truth(photo).intrinsics)


def test_exact_experts_say_what_is_true(photos: list[Photo]) -> None:
    for photo, seen in zip(photos, perceived(photos, rendered_experts()), strict=True):
        scene = truth(photo)
        assert [region.caption for region in seen.regions] == [o.caption for o in scene.objects]
        for region, thing in zip(seen.regions, scene.objects, strict=True):
            np.testing.assert_array_equal(region.mask, thing.mask)
            assert region.attributes == thing.attributes
        np.testing.assert_array_equal(seen.depth.depth, scene.depth)
        assert seen.depth.scale_std == seen.depth.noise_std == 0
        np.testing.assert_allclose(np.diag(seen.similarity), 1, rtol=1e-6)


def test_the_floor_is_flat_at_the_foot_of_the_camera(photos: list[Photo]) -> None:
    found = 0
    for photo in photos:
        scene = truth(photo)
        floor = floor_mask(scene)
        found += floor.sum()
        rows, columns = np.nonzero(floor)
        assert scene.depth is not None
        depth = scene.depth[rows, columns]
        fx, cx, cy = scene.intrinsics[0, 0], scene.intrinsics[0, 2], scene.intrinsics[1, 2]
        points = np.stack([(columns + 0.5 - cx) / fx, (rows + 0.5 - cy) / fx, np.ones_like(depth)])
        assert np.abs((points * depth).T @ scene.up + scene.camera_height).max(initial=0) < 0.004
        assert not any((floor & thing.mask).any() for thing in scene.objects)
    assert found > 1000


def test_errors_depend_on_seed_and_image_only(photos: list[Photo]) -> None:
    noise = NoiseConfig(0.08, 0.1, 0.05, 2.0, 0.1, 0.3, 0.3, box_jitter=0.02)
    blind = [dataclasses.replace(photo, intrinsics=None) for photo in photos]
    together = perceived(blind, rendered_experts(noise, 5))
    alone = perceived(blind[3:4], rendered_experts(noise, 5))[0]
    boxes = [[region.box for region in seen.regions] for seen in (together[3], alone)]
    np.testing.assert_array_equal(*boxes)
    np.testing.assert_array_equal(together[3].depth.depth, alone.depth.depth)
    np.testing.assert_array_equal(together[3].depth.intrinsics, alone.depth.intrinsics)
    other = perceived(blind[3:4], rendered_experts(noise, 6))[0]
    assert np.abs(other.depth.depth - alone.depth.depth).max() > 0.01


def test_depth_errors_have_the_size_that_is_stated() -> None:
    depth = np.full((60, 80), 2.0, np.float32)
    depth[0, 0] = np.nan
    noise = NoiseConfig(depth_scale_std=0.08, depth_shift_std=0.1, focal_std=0.06)
    draws = np.random.default_rng(0)
    means = np.array([noisy_depth(depth, noise, draws)[1].mean() for _ in range(2000)])
    expected = np.hypot(0.08, 0.1 / 2)
    assert relative_std(depth, noise, focal_known=True) == pytest.approx(expected)
    assert relative_std(depth, noise, focal_known=False) == pytest.approx(np.hypot(expected, 0.06))
    assert (means / 2).std() == pytest.approx(expected, rel=0.06)
    assert noisy_depth(depth, noise, draws)[0, 0] == 0

    for length in (0.0, 3.0):
        pixels = NoiseConfig(depth_noise_std=0.05, depth_noise_length=length)
        found = noisy_depth(depth, pixels, np.random.default_rng(1))[1:] / 2 - 1
        assert found.std() == pytest.approx(0.05, rel=0.05)
        neighbours = np.corrcoef(found[:, 1:].ravel(), found[:, :-1].ravel())[0, 1]
        assert (neighbours > 0.9) == (length > 0)


def test_focal_length_is_kept_where_it_is_given(photos: list[Photo]) -> None:
    experts = rendered_experts(NoiseConfig(focal_std=0.2))
    np.testing.assert_array_equal(experts.depth(photos[:1])[0].intrinsics, photos[0].intrinsics)
    guessed = experts.depth([dataclasses.replace(photos[0], intrinsics=None)])[0].intrinsics
    ratio = guessed / np.where(photos[0].intrinsics == 0, 1, photos[0].intrinsics)
    assert ratio[0, 0] == pytest.approx(ratio[1, 1])
    assert abs(ratio[0, 0] - 1) > 0.01
    assert ratio[0, 2] == 1


def test_shares_of_missed_and_misnamed_objects(photos: list[Photo]) -> None:
    exact, many = regions(photos, NoiseConfig()), range(60)
    total = sum(map(len, exact))
    seen, wrong = 0, 0
    for seed in many:
        seen += sum(map(len, regions(photos, NoiseConfig(missed_fraction=0.1), seed)))
        found = regions(photos, NoiseConfig(wrong_caption_fraction=0.1), seed)
        for right, said in zip(exact, found, strict=True):
            wrong += sum(a.caption != b.caption for a, b in zip(right, said, strict=True))
    assert seen / total / len(many) == pytest.approx(0.9, abs=0.02)
    assert wrong / total / len(many) == pytest.approx(0.1, abs=0.02)


def test_more_misses_leave_the_other_objects_as_they_were(photos: list[Photo]) -> None:
    few = regions(photos, NoiseConfig(missed_fraction=0.1))
    many = regions(photos, NoiseConfig(missed_fraction=0.5))
    for all_seen, seen in zip(few, many, strict=True):
        assert {r.caption for r in seen} <= {r.caption for r in all_seen}


def test_bare_nouns_know_no_attributes(photos: list[Photo]) -> None:
    for found, photo in zip(regions(photos, NoiseConfig(nouns_only=True)), photos, strict=True):
        assert [r.caption for r in found] == [o.category for o in truth(photo).objects]
        assert not any(r.attributes for r in found)


def test_jittered_boxes_stay_in_the_picture_and_find_their_masks(photos: list[Photo]) -> None:
    experts = rendered_experts(NoiseConfig(box_jitter=0.03))
    found = experts.segmenter(photos, experts.detector(photos))
    right = 0
    for photo, things in zip(photos, found, strict=True):
        for region, thing in zip(things, truth(photo).objects, strict=True):
            assert (region.box >= 0).all()
            assert (region.box <= 64).all()
            right += np.array_equal(region.mask, thing.mask)
    assert right >= 0.95 * sum(map(len, found))


def test_masks_shrink_and_grow_by_pixels_but_not_at_the_edge_of_the_image() -> None:
    mask = np.zeros((10, 10), bool)
    mask[3:9, 0:6] = True
    small, large = np.zeros_like(mask), np.zeros_like(mask)
    small[4:8, 0:5] = True
    np.testing.assert_array_equal(eroded(mask, 1), small)
    grown = eroded(mask, -1)
    large[2:10, 0:7] = True
    assert not (grown & ~large).any()
    assert grown.sum() == 36 + 6 + 6 + 6
    np.testing.assert_array_equal(eroded(mask, 0), mask)


def test_embedding_is_the_cosine_of_bags_of_words() -> None:
    rows = lexical_embedding(["red mug", "Mug red", "blue mug", "wide sofa", ""])
    cosines = rows @ rows.T
    np.testing.assert_allclose(cosines[0], [1, 1, 0.5, 0, 0], atol=1e-6)
    assert rows.dtype == np.float32


def test_a_photo_without_truth_is_refused_by_name() -> None:
    bare = Photo("holiday", np.zeros((8, 8, 3), np.uint8))
    outcome = perceive([bare], rendered_experts())[0]
    assert isinstance(outcome, Rejected)
    assert outcome.stage == "detect"
    assert "holiday: stand-in experts need a rendered photo" in str(outcome)

"""Metric depth: focal lengths, sizes, units, and the errors that are stated."""

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from spatialvlm_jax.generation.experts.base import Photo
from spatialvlm_jax.generation.experts.checkpoint import ExpertError, Runtime
from spatialvlm_jax.generation.experts.depth import (
    ERRORS,
    DepthError,
    MetricDepthModel,
    error_from_share,
    focal_from_view,
)
from spatialvlm_jax.generation.outcomes import Rejected
from spatialvlm_jax.scene.intrinsics import pinhole
from tests.generation.experts.checkpoints import photos, picture
from tests.generation.experts.conftest import Tiny

KINDS = ["depth_pro", "zoedepth", "depth_anything"]


def test_the_focal_length_follows_from_the_view_of_the_longer_side() -> None:
    assert focal_from_view(640, 480, 90) == pytest.approx(320)
    assert focal_from_view(480, 640, 90) == pytest.approx(320)
    # 26 mm on 36 mm wide film, as phones have it.
    degrees = math.degrees(2 * math.atan(18 / 26))
    assert focal_from_view(3600, 2400, degrees) == pytest.approx(2600)


def test_a_share_within_a_factor_gives_the_standard_error() -> None:
    # 68.27 % within a factor 1.25 is one standard deviation of ln 1.25.
    error = error_from_share(0.682689492, noise_std=0.0)
    assert error.scale_std == pytest.approx(math.log(1.25), rel=1e-6)
    mixed = error_from_share(0.89, noise_std=0.05)
    assert math.hypot(mixed.scale_std, mixed.noise_std) == pytest.approx(0.1396, abs=2e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_every_model_states_an_error(kind: str) -> None:
    assert 0.05 < ERRORS[kind].scale_std < 0.3
    assert 0 < ERRORS[kind].noise_std < ERRORS[kind].scale_std


def answering(monkeypatch: pytest.MonkeyPatch, expert: MetricDepthModel, **fields: Any) -> None:
    """Makes the model answer with these tensors, whatever it sees."""
    import torch

    tensors = {name: torch.as_tensor(value, dtype=torch.float32) for name, value in fields.items()}
    monkeypatch.setattr(
        expert.vision.model, "forward", lambda pixel_values: SimpleNamespace(**tensors)
    )


@pytest.mark.experts
@pytest.mark.parametrize("kind", ["zoedepth", "depth_anything"])
@pytest.mark.parametrize("size", [(24, 40), (41, 23)])
def test_a_constant_depth_stays_what_it_is(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, kind: str, size: tuple[int, int]
) -> None:
    expert = MetricDepthModel(tiny(kind), Runtime("cpu"), fov_degrees=90)
    answering(monkeypatch, expert, predicted_depth=np.full((1, 12, 17), 3.25))
    found = expert(photos(size))[0]
    assert found.depth.shape == size
    np.testing.assert_allclose(found.depth, 3.25, rtol=1e-6)
    assert found.intrinsics[0, 0] == pytest.approx(max(size) / 2)
    np.testing.assert_array_equal(found.intrinsics[:2, 2], [size[1] / 2, size[0] / 2])
    assert found.provenance == "estimated"


@pytest.mark.experts
def test_the_border_that_zoedepth_is_given_is_cut_off_again(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    expert = MetricDepthModel(tiny("zoedepth"), Runtime("cpu"), fov_degrees=60)
    down, right = int(math.sqrt(24 / 2) * 3), int(math.sqrt(40 / 2) * 3)
    framed = np.random.default_rng(0).uniform(1, 5, (1, 24 + 2 * down, 40 + 2 * right))
    answering(monkeypatch, expert, predicted_depth=framed)
    expected = framed[0, down : down + 24, right : right + 40].astype(np.float32)
    np.testing.assert_allclose(expert(photos((24, 40)))[0].depth, expected, rtol=1e-5)


@pytest.mark.experts
def test_depth_pro_scales_depth_with_the_focal_length(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    expert = MetricDepthModel(tiny("depth_pro"), Runtime("cpu"))
    answering(monkeypatch, expert, predicted_depth=np.full((1, 32, 32), 0.25), field_of_view=[90.0])
    estimated = expert(photos((24, 40)))[0]
    # 90 degrees across 40 pixels: focal length 20; depth = 20 / 40 / 0.25.
    np.testing.assert_allclose(estimated.intrinsics, pinhole(40, 24, 20), rtol=1e-6)
    np.testing.assert_allclose(estimated.depth, 2.0, rtol=1e-5)
    known = expert(photos((24, 40), intrinsics=pinhole(40, 24, 30)))[0]
    np.testing.assert_array_equal(known.intrinsics, pinhole(40, 24, 30))
    np.testing.assert_allclose(known.depth, 3.0, rtol=1e-6)


@pytest.mark.experts
def test_depth_without_meaning_is_marked_unknown(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    expert = MetricDepthModel(tiny("depth_anything"), Runtime("cpu"), fov_degrees=60)
    values = np.array([[[2, -1], [np.nan, np.inf]]])
    answering(monkeypatch, expert, predicted_depth=values)
    np.testing.assert_array_equal(expert(photos((2, 2)))[0].depth, [[2, 0], [0, 0]])


@pytest.mark.experts
@pytest.mark.parametrize("kind", ["zoedepth", "depth_anything"])
def test_the_photos_own_focal_length_comes_first_and_an_unknown_one_is_a_rejection(
    tiny: Tiny, kind: str
) -> None:
    own = pinhole(40, 24, 33)
    stated = MetricDepthModel(tiny(kind), Runtime("cpu"), fov_degrees=90)
    np.testing.assert_array_equal(stated(photos((24, 40), intrinsics=own))[0].intrinsics, own)
    silent = MetricDepthModel(tiny(kind), Runtime("cpu"))
    np.testing.assert_array_equal(silent(photos((24, 40), intrinsics=own))[0].intrinsics, own)
    with pytest.raises(Rejected, match="set fov_degrees"):
        silent(photos((24, 40)))


@pytest.mark.experts
@pytest.mark.parametrize("kind", KINDS)
def test_depth_does_not_depend_on_the_batch(tiny: Tiny, kind: str) -> None:
    several = photos((24, 40), (40, 24), (24, 40), (31, 33))
    one, many = (
        MetricDepthModel(tiny(kind), Runtime("cpu", batch_size=n), fov_degrees=60) for n in (1, 8)
    )
    for alone, together, photo in zip(one(several), many(several), several, strict=True):
        assert alone.depth.shape == photo.image.shape[:2]
        assert alone.depth.dtype == np.float32
        # Nearness: the far depths of a random Depth Pro hang on the last digits.
        np.testing.assert_allclose(1 / alone.depth, 1 / together.depth, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(alone.intrinsics, together.intrinsics, rtol=1e-4)


@pytest.mark.experts
def test_errors_may_be_stated_by_the_user(tiny: Tiny) -> None:
    expert = MetricDepthModel(
        tiny("depth_anything"), Runtime("cpu"), fov_degrees=60, error=DepthError(0.08, 0.02)
    )
    found = expert(photos((24, 40)))[0]
    assert (found.scale_std, found.noise_std) == (0.08, 0.02)


@pytest.mark.experts
def test_relative_depth_is_refused(tiny: Tiny) -> None:
    with pytest.raises(ExpertError, match="relative depth, in no unit"):
        MetricDepthModel(tiny("depth_anything", kind="relative"), Runtime("cpu"))


@pytest.mark.experts
def test_depth_pro_sees_the_whole_photo_stretched_and_normalised(tiny: Tiny) -> None:
    expert = MetricDepthModel(tiny("depth_pro"), Runtime("cpu"))
    half = picture(24, 40)
    half[:, :20], half[:, 20:] = 0, 255
    prepared = expert.vision.prepare(half)
    assert prepared.shape == (3, 32, 32)
    np.testing.assert_allclose(prepared[:, :, :15], -1, atol=1e-6)
    np.testing.assert_allclose(prepared[:, :, 17:], 1, atol=1e-6)


@pytest.mark.experts
def test_a_photo_of_one_pixel_row_does_not_end_the_run(tiny: Tiny) -> None:
    expert = MetricDepthModel(tiny("depth_pro"), Runtime("cpu"))
    assert expert([Photo("thin", picture(1, 40))])[0].depth.shape == (1, 40)

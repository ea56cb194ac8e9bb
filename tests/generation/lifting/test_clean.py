import numpy as np
import pytest
from scipy import ndimage

from spatialvlm_jax.generation.lifting.clean import (
    CleanConfig,
    Cleaned,
    clean_depth,
    outliers,
    sample_pixels,
)
from spatialvlm_jax.generation.lifting.silhouette import silhouette

CONFIG = CleanConfig()
SHAPE = (60, 80)


def square(margin: int = 0) -> np.ndarray:
    mask = np.zeros(SHAPE, np.bool_)
    mask[15 - margin : 45 + margin, 20 - margin : 60 + margin] = True
    return mask


def clean(
    depth: np.ndarray,
    mask: np.ndarray,
    noise_std: float = 0.0,
    offset: tuple[float, float] = (0.0, 0.0),
) -> tuple[Cleaned, np.ndarray, np.ndarray]:
    rows, columns = np.nonzero(mask)
    outline = silhouette(mask)
    assert outline is not None
    core = outline.core(CONFIG.edge_width)
    offsets = np.tile(np.array(offset)[:, None], len(rows))
    found = clean_depth(
        depth.astype(np.float32), mask, core, rows, columns, offsets, CONFIG, noise_std
    )
    return found, rows, columns


def slanted(down: float, right: float) -> np.ndarray:
    """Depth of a plane whose inverse depth changes by so much over the image."""
    rows, columns = np.indices(SHAPE) + 0.5
    return 1 / (0.5 + down * (rows / SHAPE[0] - 0.5) + right * (columns / SHAPE[1] - 0.5))


def test_samples_are_in_the_mask_spread_over_it_and_repeatable() -> None:
    mask = square()
    rows, columns = sample_pixels(mask, 100, np.random.default_rng(0))
    assert len(rows) == 100
    assert mask[rows, columns].all()
    assert len(set(zip(rows.tolist(), columns.tolist(), strict=True))) == 100
    quadrants = np.bincount((rows >= 30) * 2 + (columns >= 40))
    np.testing.assert_allclose(quadrants, 25, atol=6)
    again = sample_pixels(mask, 100, np.random.default_rng(0))
    np.testing.assert_array_equal(again, (rows, columns))


def test_a_small_mask_is_taken_whole() -> None:
    rows, columns = sample_pixels(square(), 5000, np.random.default_rng(0))
    np.testing.assert_array_equal(rows * SHAPE[1] + columns, np.flatnonzero(square()))


def test_a_clean_surface_is_believed_to_its_border() -> None:
    depth = np.where(square(), slanted(0.1, 0.2), 9.0)
    found, _, _ = clean(depth, square())
    assert found.believed.all()
    assert found.noise == pytest.approx(0.0, abs=1e-6)
    np.testing.assert_allclose(found.depth, depth[square()], rtol=1e-6)


def test_depth_is_carried_along_the_surface_within_a_pixel() -> None:
    plane, mask = slanted(0.2, -0.3), square()
    found, rows, columns = clean(np.where(mask, plane, 9.0), mask, offset=(0.3, -0.4))
    truth = 1 / (
        0.5 + 0.2 * ((rows + 0.8) / SHAPE[0] - 0.5) - 0.3 * ((columns + 0.1) / SHAPE[1] - 0.5)
    )
    np.testing.assert_allclose(found.depth, truth, rtol=1e-5)


@pytest.mark.parametrize("background", [9.0, 2.4, 1.2])
@pytest.mark.parametrize("bleed", [1, 2])
def test_pixels_of_a_mask_drawn_too_large_are_refused(bleed: int, background: float) -> None:
    depth = np.where(square(), 2.0, background)
    found, rows, columns = clean(depth, square(bleed))
    np.testing.assert_array_equal(found.believed, square()[rows, columns])


def test_flying_pixels_between_object_and_background_are_refused() -> None:
    depth = np.where(square(), 2.0, 6.0)
    depth[14:46, 60] = 4.0
    mask = square()
    mask[15:45, 60] = True
    found, _, columns = clean(depth, mask)
    np.testing.assert_array_equal(found.believed, columns < 60)


def test_flying_pixels_inside_an_object_are_refused() -> None:
    depth = np.where(np.arange(SHAPE[1]) < 40, 2.0, 3.0) * np.ones(SHAPE)
    depth[:, 40] = 2.5
    found, _, columns = clean(depth, square())
    np.testing.assert_array_equal(found.believed, columns != 40)


def test_a_thin_part_is_kept() -> None:
    mask = np.zeros(SHAPE, np.bool_)
    mask[10:50, 30:33] = True
    found, _, _ = clean(np.where(mask, 2.0, 7.0), mask)
    assert found.believed.all()


@pytest.mark.parametrize("unknown", [0.0, np.nan, np.inf, -1.0])
def test_unknown_depth_is_refused_and_does_no_harm(unknown: float) -> None:
    depth = np.where(square(), 2.0, 6.0)
    depth[20:25, 30:35] = unknown
    found, rows, columns = clean(depth, square())
    hole = (rows >= 20) & (rows < 25) & (columns >= 30) & (columns < 35)
    np.testing.assert_array_equal(found.believed, ~hole)
    np.testing.assert_allclose(found.depth[~hole], 2.0)


def test_noise_is_measured_and_averaged_and_a_plane_stays_in_place() -> None:
    plane = slanted(0.1, 0.1)
    noisy = plane * (1 + 0.01 * np.random.default_rng(0).standard_normal(SHAPE))
    found, rows, columns = clean(noisy, square(), noise_std=0.01)
    error = found.depth / plane[rows, columns] - 1
    assert found.believed.all()
    assert found.noise == pytest.approx(0.01, rel=0.15)
    assert found.left == pytest.approx(float(error.std()), rel=0.2)
    assert found.left < 0.4 * 0.01
    assert abs(error.mean()) < 0.001


def test_noise_that_neighbours_share_is_measured_and_averaged_too() -> None:
    field = ndimage.gaussian_filter(np.random.default_rng(0).standard_normal(SHAPE), 2.0)
    noisy = slanted(0, 0) * (1 + 0.02 * field / field.std())
    found, rows, columns = clean(noisy, square(), noise_std=0.02)
    error = found.depth / slanted(0, 0)[rows, columns] - 1
    assert found.noise == pytest.approx(0.02, rel=0.3)
    assert found.left == pytest.approx(float(error.std()), rel=0.3)
    assert found.left < 0.7 * 0.02


def test_noise_that_nobody_stated_is_measured_too() -> None:
    noisy = slanted(0, 0) * (1 + 0.005 * np.random.default_rng(0).standard_normal(SHAPE))
    found, _, _ = clean(noisy, square())
    assert found.noise == pytest.approx(0.005, rel=0.15)


def test_outliers_are_far_from_their_neighbours_for_this_object() -> None:
    draws = np.random.default_rng(0)
    surface = draws.random((300, 3)) * (1, 1, 0)
    steep = draws.random((100, 3)) * (0, 1, 3)
    stray = np.array([[0.5, 0.5, 8.0], [3.0, 0.5, 0.0], [-4.0, 0.0, 1.0]])
    found = outliers(np.concatenate([surface, steep, stray]), CONFIG)
    assert found[-3:].all()
    assert found[:-3].mean() < 0.01


@pytest.mark.parametrize("count", [0, 1, 2])
def test_hardly_any_points_have_no_outliers(count: int) -> None:
    assert not outliers(np.zeros((count, 3)), CONFIG).any()

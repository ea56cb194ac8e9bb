import numpy as np
import pytest

from spatialvlm_jax.generation.lifting.silhouette import (
    Silhouette,
    silhouette,
    silhouette_truncation,
    visible_fraction,
)


def outline(mask: np.ndarray) -> Silhouette:
    found = silhouette(mask)
    assert found is not None
    return found


def rectangle(top: int, bottom: int, left: int, right: int) -> np.ndarray:
    mask = np.zeros((40, 60), np.bool_)
    mask[top:bottom, left:right] = True
    return mask


def test_an_empty_mask_has_no_outline() -> None:
    assert silhouette(np.zeros((4, 5), np.bool_)) is None


def test_box_and_count() -> None:
    found = outline(rectangle(5, 15, 10, 30))
    np.testing.assert_array_equal(found.box, [10, 5, 30, 15])
    assert found.pixels == 200
    assert found.touches == (False, False, False, False)


@pytest.mark.parametrize("width", [1, 2, 3])
def test_erosion_takes_a_border_but_not_at_the_image_border(width: int) -> None:
    np.testing.assert_array_equal(
        outline(rectangle(5, 15, 10, 30)).core(width),
        rectangle(5 + width, 15 - width, 10 + width, 30 - width),
    )
    np.testing.assert_array_equal(
        outline(rectangle(0, 15, 0, 30)).core(width), rectangle(0, 15 - width, 0, 30 - width)
    )
    np.testing.assert_array_equal(
        outline(rectangle(20, 40, 50, 60)).core(width), rectangle(20 + width, 40, 50 + width, 60)
    )


def test_a_mask_thinner_than_the_border_has_no_core() -> None:
    assert not outline(rectangle(5, 7, 10, 30)).core(2).any()


def test_the_contour_is_the_outermost_ring() -> None:
    rows, columns = outline(rectangle(5, 15, 10, 30)).contour()
    ring = rectangle(5, 15, 10, 30) & ~rectangle(6, 14, 11, 29)
    np.testing.assert_array_equal(np.sort(rows * 60 + columns), np.flatnonzero(ring))


def test_truncation_by_how_straight_the_cut_is() -> None:
    rows, columns = np.indices((40, 60))
    touched = (rows - 10) ** 2 + (columns - 30) ** 2 <= 10.5**2
    halved = rows**2 + (columns - 30) ** 2 <= 10.5**2
    assert silhouette_truncation(outline(rectangle(5, 15, 10, 30))) == 0
    assert 0 < silhouette_truncation(outline(touched)) < 0.1
    assert silhouette_truncation(outline(halved)) == pytest.approx(0.5, abs=0.02)
    assert silhouette_truncation(outline(rectangle(0, 20, 0, 30))) == pytest.approx(0.75)


def test_only_what_stands_in_front_hides() -> None:
    mask = rectangle(10, 30, 10, 30)
    depth = np.full((40, 60), 5.0, np.float32)
    depth[mask] = 2.0
    assert visible_fraction(outline(mask), depth, mask, 0.05, 2) == 1.0
    depth[:, 30:] = 1.0
    assert visible_fraction(outline(mask), depth, mask, 0.05, 2) == pytest.approx(0.75, abs=0.05)
    depth[:, 30:] = 1.95
    assert visible_fraction(outline(mask), depth, mask, 0.05, 2) == 1.0


def test_masks_drawn_a_little_over_what_hides_them_are_seen_as_hidden() -> None:
    depth = np.full((40, 60), 5.0, np.float32)
    depth[10:30, 10:30] = 2.0
    depth[:, 30:] = 1.0
    mask = rectangle(9, 31, 9, 31)
    assert visible_fraction(outline(mask), depth, mask, 0.05, 2) == pytest.approx(0.75, abs=0.04)


def test_unknown_depth_hides_nothing_and_a_full_image_is_seen() -> None:
    mask = rectangle(10, 30, 10, 30)
    depth = np.zeros((40, 60), np.float32)
    depth[mask] = 2.0
    assert visible_fraction(outline(mask), depth, mask, 0.05, 2) == 1.0
    whole = np.ones((40, 60), np.bool_)
    assert visible_fraction(outline(whole), depth, whole, 0.05, 2) == 1.0

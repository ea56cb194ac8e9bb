import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from spatialvlm_jax.foreign_files.coco_masks import fill_polygon, read_polygons, read_run_lengths

# Columns first: (1, 0), (0, 1), (0, 1) downwards.
SMALL = np.array([[1, 0, 0], [0, 1, 1]], np.bool_)


def run_lengths(mask: np.ndarray) -> list[int]:
    """Lengths of runs of 0 and 1 in turn, down the columns."""
    lengths, last = [0], False
    for value in mask.T.ravel().tolist():
        if value != last:
            lengths.append(0)
            last = value
        lengths[-1] += 1
    return lengths


def packed(counts: list[int]) -> str:
    """As rleToString of cocoapi's maskApi.c packs them."""
    text = ""
    for index, count in enumerate(counts):
        number, more = count - (counts[index - 2] if index > 2 else 0), True
        while more:
            bits, number = number & 31, number >> 5
            more = number != -1 if bits & 16 else number != 0
            text += chr(48 + bits + (32 if more else 0))
    return text


@pytest.mark.parametrize("counts", [[0, 1, 2, 1, 1, 1], packed([0, 1, 2, 1, 1, 1])])
def test_run_lengths_are_read_down_the_columns(counts: list[int] | str) -> None:
    found = read_run_lengths({"size": [2, 3], "counts": counts})
    np.testing.assert_array_equal(found, SMALL)
    assert found.dtype == np.bool_


def test_packed_numbers_are_groups_of_five_bits_and_steps() -> None:
    # 100 is "T3"; the fourth number is the step from the second: 97 - 100 = -3 is "M".
    assert packed([100, 100, 3, 97]) == "T3T33M"
    found = read_run_lengths({"size": [300, 1], "counts": "T3T33M"})
    np.testing.assert_array_equal(np.flatnonzero(np.diff(found[:, 0])), [99, 199, 202])


@given(arrays(np.bool_, st.tuples(st.integers(1, 40), st.integers(1, 40))))
def test_any_mask_comes_back(mask: np.ndarray) -> None:
    counts = run_lengths(mask)
    for form in (counts, packed(counts)):
        found = read_run_lengths({"size": list(mask.shape), "counts": form})
        np.testing.assert_array_equal(found, mask)


@pytest.mark.parametrize(
    ("segmentation", "reason"),
    [
        ({"size": [2, 3], "counts": [0, 1, 2, 1, 1]}, "5 pixels in a mask of 3 x 2, which has 6"),
        ({"size": [2, 3], "counts": [-1, 7]}, "whole numbers"),
        ({"size": [2, 3], "counts": [True, 5]}, "whole numbers"),
        ({"size": [2, 3]}, "need 'counts'"),
        ({"size": [2], "counts": []}, "need 'size'"),
        ({"size": [2, -3], "counts": []}, "need 'size'"),
        ({"size": [10**6, 10**6], "counts": [10**12]}, "too large"),
        ({"size": [2, 3], "counts": "T"}, "cut off"),
        ({"size": [2, 3], "counts": "ttttttttttttt"}, "damaged"),
        ({"size": [2, 3], "counts": "é"}, "damaged"),
    ],
)
def test_what_is_no_mask_is_refused(segmentation: dict, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_run_lengths(segmentation)


@given(st.text(max_size=30))
def test_no_packed_text_does_more_than_be_refused(text: str) -> None:
    try:
        assert read_run_lengths({"size": [3, 4], "counts": text}).shape == (3, 4)
    except ValueError as error:
        assert str(error)


def test_pixels_are_filled_whose_centres_lie_inside() -> None:
    square = np.array([[1, 1], [3, 1], [3, 3], [1, 3]], np.float64)
    expected = np.zeros((4, 5), np.bool_)
    expected[1:3, 1:3] = True
    np.testing.assert_array_equal(fill_polygon(square, (4, 5)), expected)
    np.testing.assert_array_equal(fill_polygon(square[::-1], (4, 5)), expected)
    triangle = np.array([[0, 0], [4, 0], [0, 4]], np.float64)
    # The centres of the diagonal lie on the edge, which is half open.
    rows = fill_polygon(triangle, (4, 4)).sum(axis=1)
    np.testing.assert_array_equal(rows, [3, 2, 1, 0])


@given(*[st.floats(-3, 12, allow_nan=False)] * 4)
def test_a_rectangle_holds_the_centres_between_its_sides(
    x0: float, y0: float, x1: float, y1: float
) -> None:
    (x0, x1), (y0, y1) = sorted((x0, x1)), sorted((y0, y1))
    found = fill_polygon(np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]), (7, 9))
    columns, rows = np.arange(9) + 0.5, np.arange(7) + 0.5
    inside = ((rows >= y0) & (rows < y1))[:, None] & ((columns >= x0) & (columns < x1))
    np.testing.assert_array_equal(found, inside)


@pytest.mark.parametrize(
    "polygons",
    [[[1, 2, 3, 4]], [[1, 2, 3, 4, 5, 6, 7]], ["x"], [[1, 2, 3, 4, 5, None]], [[1e300] * 6]],
)
def test_what_is_no_polygon_is_refused(polygons: list) -> None:
    with pytest.raises(ValueError, match="a polygon is x, y of three corners or more"):
        read_polygons(polygons)

from typing import Any

import numpy as np
import pytest

from spatialvlm_jax.foreign_files.coco_files import CocoAnnotation, CocoPicture
from spatialvlm_jax.generation.experts.annotations import check_shape, read_box, read_mask
from spatialvlm_jax.generation.experts.base import Photo
from tests.foreign_files.test_coco_masks import packed

# 8 x 6 pixels, from a file of 80 x 60.
PHOTO = Photo("a.jpg", np.zeros((6, 8, 3), np.uint8), file_size=(80, 60))
PICTURE = CocoPicture((80, 60), ())


def annotation(**row: Any) -> CocoAnnotation:
    return CocoAnnotation({"id": 5, **row}, "chair")


def test_boxes_and_polygons_are_made_smaller_with_the_photo() -> None:
    square = annotation(bbox=[20, 10, 40, 30], segmentation=[[20, 10, 60, 10, 60, 40, 20, 40]])
    expected = np.zeros((6, 8), np.bool_)
    expected[1:4, 2:6] = True
    mask = read_mask(square, PICTURE, PHOTO)
    np.testing.assert_array_equal(mask, expected)
    np.testing.assert_allclose(read_box(square, mask, PICTURE, PHOTO), [2, 1, 6, 4])
    alone = annotation(segmentation=square.row["segmentation"])
    np.testing.assert_array_equal(read_box(alone, mask, PICTURE, PHOTO), [2, 1, 6, 4])


def test_run_lengths_are_made_smaller_with_the_photo() -> None:
    large = np.zeros((60, 80), np.bool_)
    large[10:40, 20:60] = True
    counts = [20 * 60 + 10, *[30, 30] * 39, 30, 20 + 20 * 60]
    for form in (counts, packed(counts)):
        rle = {"size": [60, 80], "counts": form}
        mask = read_mask(annotation(segmentation=rle), PICTURE, PHOTO)
        np.testing.assert_array_equal(mask, large[5::10, 5::10])


def test_several_polygons_are_one_thing() -> None:
    parts = [[0, 0, 20, 0, 20, 20, 0, 20], [40, 40, 80, 40, 80, 60, 40, 60]]
    mask = read_mask(annotation(segmentation=parts), PICTURE, PHOTO)
    assert mask is not None
    assert mask.sum() == 2 * 2 + 4 * 2


def test_a_box_may_overshoot_a_little() -> None:
    box = read_box(annotation(bbox=[-1, -1, 82, 62]), None, PICTURE, PHOTO)
    np.testing.assert_array_equal(box, [0, 0, 8, 6])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"bbox": [60, 10, 70, 40]}, "box that reaches out of the picture of 80 x 60"),
        ({"bbox": [-40, 10, 70, 40]}, "box that reaches out"),
        ({}, "neither a box nor a mask"),
        (
            # x0, y0, x1, y1 in place of x, y, width, height.
            {"bbox": [20, 10, 60, 40], "segmentation": [[20, 10, 30, 10, 30, 20, 20, 20]]},
            "its box is not around its mask",
        ),
        ({"segmentation": [[0, 0, 200, 0, 200, 60]]}, "polygon that reaches out"),
        ({"segmentation": [[0, 0, 20, 0]]}, "three corners or more"),
        ({"segmentation": "mask.png"}, "neither polygons nor run lengths"),
        (
            {"segmentation": {"size": [6, 8], "counts": [48]}},
            "a mask of 8 x 6 pixels, but the picture is said to have 80 x 60",
        ),
        ({"segmentation": {"size": [60, 80], "counts": [48]}}, "run lengths of 48 pixels"),
    ],
)
def test_what_does_not_fit_is_refused(row: dict[str, Any], reason: str) -> None:
    wrong = annotation(**row)
    with pytest.raises(ValueError, match=f"annotation 5.*{reason}"):
        read_box(wrong, read_mask(wrong, PICTURE, PHOTO), PICTURE, PHOTO)


def test_the_size_of_run_lengths_is_compared_where_the_file_tells_none() -> None:
    untold = CocoPicture(None, ())
    square = annotation(segmentation={"size": [60, 60], "counts": [3600]})
    with pytest.raises(ValueError, match="the mask has 60 x 60 pixels, the photo 80 x 60"):
        read_mask(square, untold, PHOTO)


@pytest.mark.parametrize(
    ("orientation", "of", "reason"),
    [
        (1, (80, 60), None),
        (1, (40, 30), None),
        (1, None, None),
        (1, (60, 80), "has 60 x 80 pixels, the photo 80 x 60"),
        (6, (80, 60), None),
        (6, (60, 80), "is of the picture before it was turned upright .orientation 6."),
        (6, None, "may be of the picture before"),
        (3, (80, 60), "may be of the picture before"),
        (6, (70, 70), "has 70 x 70 pixels"),
    ],
)
def test_what_was_made_before_the_photo_was_turned_is_refused(
    orientation: int, of: tuple[int, int] | None, reason: str | None
) -> None:
    photo = Photo("a.jpg", PHOTO.image, file_size=(80, 60), orientation=orientation)
    if reason is None:
        check_shape(photo, of, "depth.npy")
    else:
        with pytest.raises(ValueError, match=f"depth.npy {reason}"):
            check_shape(photo, of, "depth.npy")

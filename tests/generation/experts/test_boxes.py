"""Boxes: clipping, overlap, suppression; literal numbers."""

import numpy as np

from spatialvlm_jax.generation.experts.boxes import clipped, overlaps, survivors


def test_boxes_are_cut_to_an_image_that_is_not_square() -> None:
    boxes = [[-5, -5, 50, 30], [10, 5, 20, 15]]
    np.testing.assert_array_equal(clipped(boxes, (24, 40, 3)), [[0, 0, 40, 24], [10, 5, 20, 15]])
    assert clipped([], (24, 40)).shape == (0, 4)


def test_overlap_is_intersection_over_union() -> None:
    first = np.array([[0, 0, 10, 10]], np.float32)
    second = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 0, 30, 10]], np.float32)
    np.testing.assert_allclose(overlaps(first, second), [[1, 1 / 3, 0]], rtol=1e-6)
    assert overlaps(np.zeros((1, 4)), np.zeros((1, 4))) == 0


def test_of_boxes_that_overlap_the_best_survives() -> None:
    boxes = np.array([[0, 0, 10, 10], [0, 0, 10, 9], [20, 0, 30, 10]], np.float32)
    assert survivors(boxes, np.array([0.5, 0.9, 0.7]), 0.7) == [1, 2]
    assert survivors(boxes, np.array([0.5, 0.9, 0.7]), 0.95) == [1, 2, 0]


def test_equal_scores_keep_their_order_and_slivers_go() -> None:
    boxes = np.array([[0, 0, 10, 1.5], [0, 0, 9, 9], [30, 0, 40, 9], [0, 0, 9, 9]], np.float32)
    assert survivors(boxes, np.ones(4), 0.7) == [1, 2]
    assert survivors(np.zeros((0, 4), np.float32), np.zeros(0), 0.7) == []

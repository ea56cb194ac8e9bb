import numpy as np

from spatialvlm_jax.inputs.pictures import Placement, resize_image, resize_nearest


def test_resizing_keeps_flat_colours_and_where_things_are() -> None:
    image = np.zeros((20, 40, 3), np.uint8)
    image[:, 20:] = (10, 200, 30)
    small = resize_image(image, 10)
    assert small.shape == (10, 10, 3)
    assert small[5, 0].tolist() == [0, 0, 0]
    assert small[5, 9].tolist() == [10, 200, 30]
    assert np.array_equal(resize_image(image[:, :20], 20), image[:, :20])
    ids = np.array([[1, 2], [3, 4]])
    assert resize_nearest(ids, 4).tolist() == [
        [1, 1, 2, 2],
        [1, 1, 2, 2],
        [3, 3, 4, 4],
        [3, 3, 4, 4],
    ]
    assert resize_nearest(np.arange(16).reshape(4, 4), 2).tolist() == [[5, 7], [13, 15]]


def test_pictures_become_squares_whatever_their_shape() -> None:
    for shape in ((480, 640, 3), (640, 480), (480, 640, 1), (30, 30, 4), (90, 900, 3), (32, 32)):
        image = np.full(shape, 200, np.uint8)
        squashed, padded = (resize_image(image, 32, how) for how in ("squash", "pad"))
        assert squashed.shape == padded.shape == (32, 32, 3)
        assert squashed.dtype == padded.dtype == np.uint8
        assert (squashed == 200).all()
        assert (padded[16, 16] == 200).all()


def test_padding_keeps_proportions_and_squashing_does_not() -> None:
    # The left half is black, the right half white, in a picture twice as wide as high.
    image = np.zeros((20, 40, 3), np.uint8)
    image[:, 20:] = 255
    padded, squashed = resize_image(image, 8, "pad"), resize_image(image, 8)
    assert (padded[:2] == 127).all()
    assert (padded[-2:] == 127).all()
    assert (padded[2:6, 0] == 0).all()
    assert (padded[2:6, -1] == 255).all()
    assert (squashed[:, 0] == 0).all()
    assert (squashed[:, -1] == 255).all()
    tall = resize_image(image.swapaxes(0, 1), 8, "pad")
    assert np.array_equal(tall, padded.swapaxes(0, 1))


def test_a_picture_may_be_laid_anywhere_and_cut() -> None:
    image = np.zeros((20, 40, 3), np.uint8)
    image[:, 20:] = 255
    inside = resize_image(image, 16, where=Placement(8, 4, 6, 1))
    assert (inside[[0, 5]] == 127).all()
    assert (inside[1:5, :6] == 127).all()
    assert (inside[1:5, 6] == 0).all()
    assert (inside[1:5, 13] == 255).all()
    assert (inside[1:5, 14:] == 127).all()
    cut = resize_image(image, 16, where=Placement(64, 32, -32, -8))
    assert (cut[:, 1:] == 255).all()
    ids = (image[..., 0] // 255).astype(np.uint8) + 1
    assert resize_nearest(ids, 16, Placement(64, 32, -30, -8))[3].tolist() == [1] * 2 + [2] * 14
    laid = resize_nearest(ids, 16, Placement(8, 4, 6, 1))
    assert laid[0].tolist() == [0] * 16
    assert laid[1].tolist() == [0] * 6 + [1] * 4 + [2] * 4 + [0] * 2

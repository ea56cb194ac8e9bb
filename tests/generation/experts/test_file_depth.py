from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.experts.base import Photo
from spatialvlm_jax.generation.experts.depth import DepthError
from spatialvlm_jax.generation.experts.file_depth import FileDepth, check_stems
from spatialvlm_jax.generation.outcomes import Rejected
from spatialvlm_jax.scene.intrinsics import pinhole

PHOTO = Photo("a/b.jpg", np.zeros((6, 8, 3), np.uint8), pinhole(8, 6, 10.0), file_size=(80, 60))
METRES = np.linspace(1, 2, 48, dtype=np.float32).reshape(6, 8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a").mkdir()
    return tmp_path


def depth_in(folder: Path, scale: float = 1000.0, fov: float | None = None) -> FileDepth:
    return FileDepth(folder, scale, DepthError(0.1, 0.05), fov)


def test_arrays_are_metres_and_pictures_are_divided(folder: Path) -> None:
    np.save(folder / "a/b.npy", METRES)
    (found,) = depth_in(folder)([PHOTO])
    np.testing.assert_array_equal(found.depth, METRES)
    np.testing.assert_array_equal(found.intrinsics, pinhole(8, 6, 10.0))
    assert (found.scale_std, found.noise_std, found.provenance) == (0.1, 0.05, "estimated")
    (folder / "a/b.npy").unlink()
    Image.fromarray((METRES * 5000).round().astype(np.uint16)).save(folder / "a/b.png")
    (found,) = depth_in(folder, scale=5000.0)([PHOTO])
    np.testing.assert_allclose(found.depth, METRES, atol=1e-4)


def test_depth_of_another_size_is_fitted(folder: Path) -> None:
    large = np.repeat(np.repeat(METRES, 10, axis=0), 10, axis=1)
    np.save(folder / "a/b.npy", large)
    (found,) = depth_in(folder)([PHOTO])
    np.testing.assert_array_equal(found.depth, METRES)


def test_intrinsics_beside_depth_are_its_own(folder: Path) -> None:
    np.save(folder / "a/b.npy", METRES)
    (folder / "a/b.txt").write_text("70 70 41 29")
    (found,) = depth_in(folder)([PHOTO])
    np.testing.assert_allclose(found.intrinsics, [[7, 0, 4.1], [0, 7, 2.9], [0, 0, 1]])
    (folder / "a/b.txt").write_text("8 6 7 7 4.1 2.9")
    (found,) = depth_in(folder)([PHOTO])
    np.testing.assert_allclose(found.intrinsics, [[7, 0, 4.1], [0, 7, 2.9], [0, 0, 1]])


def test_a_stated_view_stands_in_for_an_unknown_focal_length(folder: Path) -> None:
    np.save(folder / "a/b.npy", METRES)
    blind = Photo("a/b.jpg", PHOTO.image)
    (found,) = depth_in(folder, fov=90)([blind])
    np.testing.assert_allclose(found.intrinsics, pinhole(8, 6, 4))
    with pytest.raises(Rejected, match="focal length is unknown: state --fov"):
        depth_in(folder)([blind])


def test_what_does_not_fit_is_refused_with_its_reason(folder: Path) -> None:
    def refused(reason: str) -> None:
        with pytest.raises(Rejected, match=reason) as caught:
            depth_in(folder)([PHOTO])
        assert caught.value.stage == "depth"

    refused("no depth for it")
    np.save(folder / "a/b.npy", METRES.T)
    refused("b.npy has 6 x 8 pixels, the photo 80 x 60")
    np.save(folder / "a/b.npy", np.zeros((6, 8), np.float32))
    refused("no pixel has a depth above 0")
    np.save(folder / "a/b.npy", np.zeros((6, 8, 3), np.float32))
    refused("not a depth picture")
    np.save(folder / "a/b.npy", METRES * 1e6)
    refused("beyond 10000 m")
    Image.fromarray(np.full((6, 8), 9, np.uint8)).save(folder / "a/b.png")
    refused("two files for it: a/b.npy and a/b.png")
    (folder / "a/b.npy").unlink()
    refused("8 bits of depth")
    (folder / "a/b.png").unlink()
    outside = folder.parent / "outside.npy"
    np.save(outside, METRES)
    (folder / "a/b.npy").symlink_to(outside)
    refused("leads out of the folder")
    (folder / "a/b.npy").unlink()
    np.save(folder / "a/b.npy", METRES)
    (folder / "a/b.json").write_text('{"K": [1, 2]}')
    refused("intrinsics are")


def test_what_cannot_be_is_told_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no folder with depth at"):
        depth_in(tmp_path / "none")
    check_stems(["a/b.jpg", "b.jpg", "a/c.jpg"])
    with pytest.raises(UserError, match=r"a/b.jpg and a/b.png would have one file of depth"):
        check_stems(["a/b.jpg", "a/b.png"])

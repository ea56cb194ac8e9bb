from pathlib import Path

import pytest

from spatialvlm_jax.evaluation.benchmarks.loading import load_questions
from spatialvlm_jax.evaluation.benchmarks.pictures import PictureFolder
from spatialvlm_jax.evaluation.benchmarks.registry import BENCHMARKS
from spatialvlm_jax.foreign_files.errors import FileError
from tests.evaluation.benchmarks.published import SAMPLES

NAMES = {
    "q_spatial": "0.jpg",
    "omni_spatial": "Perspective_Taking/0.png",
    "spatial_rgpt": "a.jpg",
    "viz_wiz": "VizWiz_val_00000000.jpg",
    "vsr": "000000000285.jpg",
    "pope": "COCO_val2014_000000310196.jpg",
    "gqa": "n0.jpg",
    "vqa_v2": "COCO_val2014_000000000042.jpg",
    "ok_vqa": "COCO_val2014_000000000042.jpg",
    "text_vqa": "003a8ae2ef43b901.jpg",
    "whats_up": "data/controlled_images/mug_left_of_table.jpeg",
}


@pytest.mark.parametrize("name", SAMPLES)
def test_pictures_have_the_names_of_their_files(name: str, tmp_path: Path) -> None:
    SAMPLES[name].write(tmp_path)
    first = load_questions(BENCHMARKS[name], tmp_path).items[0]
    assert first.picture == NAMES.get(name, "")
    assert bool(BENCHMARKS[name].picture_field) == (name in NAMES)


def test_pictures_are_found_by_the_end_of_their_path(tmp_path: Path) -> None:
    for name in ("a/x.jpg", "b/x.jpg", "b/y.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path.parent / "z.jpg").write_bytes(b"")
    folder = PictureFolder(tmp_path)
    assert folder.find("b/x.jpg") == tmp_path / "b" / "x.jpg"
    assert folder.find("y.jpg") == tmp_path / "b" / "y.jpg"
    for name in ("../z.jpg", "z.jpg", "c/y.jpg", f"{tmp_path.parent}/z.jpg", "", "."):
        assert folder.find(name) is None
    with pytest.raises(FileError, match="twice"):
        folder.find("x.jpg")
    with pytest.raises(FileError, match="is no folder of pictures"):
        PictureFolder(tmp_path / "a" / "x.jpg")

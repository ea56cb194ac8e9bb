"""Three readers type what their pages say, on small things: all of it works."""

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.docs.walk import make_checkout, walk
from tests.generation.coco_room import write_rooms

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("leave_no_trace")]
FEW_STEPS = ("--config.train.steps=2", "--config.optim.warmup_steps=1")
SMALL_RUN = (*FEW_STEPS, "--config.data.batch_size=2", "--config.eval.batch_size=4")
SMALL_EVALUATION = ("--config.eval.max_answer_tokens=4",)
# Less to compile than the checkpoint that ships, which has four layers each.
SHALLOW = ("--config.model.encoder.depth=1", "--config.model.decoder.depth=1")


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_checkout(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def photos_with_files(folder: Path, number: int) -> None:
    """Photos as other models see them: pictures, boxes.json, depth and captions.jsonl."""
    write_rooms(folder, 21, number)
    first = folder / "pictures" / "0.png"
    Image.open(first).save(folder / "pictures" / "desk.jpg", quality=95)
    first.unlink()
    for suffix in (".npy", ".json"):
        (folder / "depth" / f"0{suffix}").rename(folder / "depth" / f"desk{suffix}")
    boxes = json.loads((folder / "boxes.json").read_text())
    boxes["images"][0]["file_name"] = "desk.jpg"
    captions = []
    for annotation_id, annotation in enumerate(boxes["annotations"]):
        annotation["id"] = annotation_id
        if "caption" in annotation:
            captions.append({"annotation_id": annotation_id, "caption": annotation.pop("caption")})
    (folder / "captions.jsonl").write_text("\n".join(map(json.dumps, captions)))
    (folder / "boxes.json").write_text(json.dumps(boxes))


def test_photos_on_a_laptop(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos_with_files(checkout, 8)
    small = {
        "spatialvlm generate --source=rendered_photos": ("--images=3",),
        "spatialvlm generate --source=photos": ("--validation-images=2",),
        "python train.py": (
            *(*SMALL_RUN, *SMALL_EVALUATION, *SHALLOW),
            *("--config.train.init_from=", "--config.data.length=64"),
        ),
        "python eval.py --config": (*SMALL_EVALUATION, *SHALLOW),
    }
    walk("your_photos.md", checkout, small, capsys)
    (asked,) = map(json.loads, (checkout / "runs/asked/predictions.jsonl").read_text().splitlines())
    assert asked["question"] == "How far away is the mug?"
    assert asked["image_id"] == "desk.jpg"
    summary = json.loads((checkout / "runs/photos/summary.json").read_text())
    assert summary["within_25"]["count"] > 0
    page = (checkout / "data/photos/card.html").read_text(encoding="utf-8")
    assert "chair" in page

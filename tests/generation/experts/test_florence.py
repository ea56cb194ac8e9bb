"""Florence-2: its words become boxes in pixels, captions and categories."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from spatialvlm_jax.generation.experts.base import Region
from spatialvlm_jax.generation.experts.checkpoint import Checkpoint, ExpertError, Runtime
from spatialvlm_jax.generation.experts.florence import (
    FlorenceDetector,
    FlorenceOptions,
    boxes_without_region,
    merged,
    spoken,
)
from tests.generation.experts.checkpoints import photos
from tests.generation.experts.conftest import Tiny

SHAPE = (100, 200, 3)
NOTHING = (np.zeros((0, 4), np.float32), ())


def boxes(*rows: list[float]) -> np.ndarray:
    return np.array(rows, np.float32)


def test_a_captioned_box_takes_its_category_from_the_named_box_beneath() -> None:
    found = merged(
        (boxes([0, 0, 50, 50], [100, 0, 150, 50]), ["A shiny red vessel.", "tall floor lamp"]),
        (boxes([2, 2, 52, 50], [60, 60, 90, 90]), ["mug", "cat"]),
        SHAPE,
        most_overlap=0.7,
    )
    assert [(each.caption, each.category) for each in found] == [
        ("shiny red vessel", "mug"),
        ("tall floor lamp", "lamp"),
        ("cat", "cat"),
    ]
    np.testing.assert_array_equal(found[0].box, [0, 0, 50, 50])


def test_boxes_without_words_or_outside_the_photo_go() -> None:
    found = merged(
        (boxes([0, 0, 50, 50], [250, 0, 300, 50], [10, 60, 40, 90]), ["the", "ghost", "mug"]),
        NOTHING,
        SHAPE,
        most_overlap=0.7,
    )
    assert [each.caption for each in found] == ["mug"]
    assert merged(NOTHING, NOTHING, SHAPE, 0.7) == ()


def test_proposals_are_those_that_overlap_nothing_known() -> None:
    known = (Region(boxes([0, 0, 50, 50])[0], "mug"),)
    proposals = boxes([0, 0, 50, 48], [100, 0, 150, 50], [101, 0, 150, 50])
    new = boxes_without_region(proposals, known, SHAPE, 0.7)
    np.testing.assert_array_equal(new, [[100, 0, 150, 50]])
    assert boxes_without_region(proposals[:0], (), SHAPE, 0.7) == []


def test_a_box_is_spoken_in_thousandths_of_the_sides() -> None:
    box = np.array([20, 10, 200, 100], np.float32)
    assert spoken(box, SHAPE) == "<loc_100><loc_100><loc_999><loc_999>"


def speaking(
    monkeypatch: pytest.MonkeyPatch, expert: FlorenceDetector, says: Mapping[str, str]
) -> list[str]:
    """Makes the model answer by what its prompt contains; collects the prompts."""
    import torch

    tokenizer, prompts = expert.processor.tokenizer, []

    def generate(input_ids: Any, **_: Any) -> Any:
        rows = []
        for row in input_ids:
            prompt = tokenizer.decode(row, skip_special_tokens=True)
            prompts.append(prompt)
            text = next(text for key, text in says.items() if key in prompt)
            rows.append([2, 0, *tokenizer(text, add_special_tokens=False)["input_ids"], 2])
        width = max(map(len, rows))
        return torch.tensor([row + [1] * (width - len(row)) for row in rows])

    monkeypatch.setattr(expert.model, "generate", generate)
    return prompts


SAYS = {
    "with their descriptions": "shiny red mug<loc_100><loc_200><loc_300><loc_600>",
    "with category name": (
        "mug<loc_100><loc_200><loc_310><loc_600>"
        "chair<loc_500><loc_500><loc_800><loc_900><loc_0><loc_0><loc_90><loc_150>"
    ),
    "region proposals": "<loc_100><loc_200><loc_300><loc_600><loc_850><loc_0><loc_950><loc_300>",
    "What does the region": "The image shows a tall lamp in the corner.",
}


@pytest.mark.experts
def test_words_become_boxes_on_a_photo_that_is_not_square(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    expert = FlorenceDetector(tiny("florence"), Runtime("cpu"))
    speaking(monkeypatch, expert, SAYS)
    mug, chair, second = expert(photos((100, 200)))[0]
    # The processor gives whole pixels.
    np.testing.assert_array_equal(mug.box, [20, 20, 60, 60])
    np.testing.assert_array_equal(chair.box, [100, 50, 160, 90])
    assert (mug.caption, mug.category) == ("shiny red mug", "mug")
    assert (chair.caption, second.caption) == ("chair", "chair")
    assert mug.confidence == 1.0


@pytest.mark.experts
def test_proposals_are_described_one_by_one(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    options = FlorenceOptions(proposals=True)
    expert = FlorenceDetector(tiny("florence"), Runtime("cpu", batch_size=2), options)
    prompts = speaking(monkeypatch, expert, SAYS)
    found = expert(photos((100, 200), (200, 100), (100, 200)))
    for regions in found:
        assert regions[-1].caption == "tall lamp in the corner"
        assert regions[-1].category == "lamp"
        assert [each.caption for each in regions].count("shiny red mug") == 1
    np.testing.assert_array_equal(found[0][-1].box, [170, 0, 190, 30])
    asked = [prompt for prompt in prompts if "What does the region" in prompt]
    assert asked == ["What does the region <loc_850><loc_0><loc_950><loc_300> describe?"] * 3


@pytest.mark.experts
def test_random_weights_run_to_the_end_and_do_not_depend_on_the_batch(tiny: Tiny) -> None:
    options = FlorenceOptions(most_tokens=12, beams=2)
    several = photos((24, 40), (40, 24), (24, 40))
    texts = []
    for batch_size in (1, 4):
        expert = FlorenceDetector(tiny("florence"), Runtime("cpu", batch_size=batch_size), options)
        assert all(isinstance(found, tuple) for found in expert(several))
        texts.append(
            expert.generate(
                [photo.image for photo in several],
                [f"<REGION_TO_DESCRIPTION>{spoken(np.array([0, 0, 9, 9]), (24, 40))}"] * 3,
                "<REGION_TO_DESCRIPTION>",
            )
        )
    assert [text.replace("<pad>", "") for text in texts[0]] == [
        text.replace("<pad>", "") for text in texts[1]
    ]


def test_a_checkpoint_with_code_of_its_own_is_refused(tmp_path: Any) -> None:
    remote = Checkpoint("x", tmp_path, {"model_type": "florence2", "auto_map": {}})
    with pytest.raises(ExpertError, match="give the checkpoint converted for transformers"):
        FlorenceDetector(remote, Runtime("cpu"))

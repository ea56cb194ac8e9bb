"""Detection of a given vocabulary: boxes in pixels, labels, scores, long vocabularies."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from spatialvlm_jax.generation.experts.checkpoint import ExpertError, Runtime
from spatialvlm_jax.generation.experts.detection import VocabularyDetector
from tests.generation.experts.checkpoints import photos
from tests.generation.experts.conftest import Tiny

pytestmark = pytest.mark.experts

KINDS = ["owlv2", "grounding_dino"]
WORDS = ("red mug", "chair", "lamp")
# Centre and size, as shares of the model's input.
BOXES = [[0.25, 0.25, 0.5, 0.5], [0.5, 0.3, 0.2, 0.4], [0.9, 0.9, 0.4, 0.4]]


def answering(
    monkeypatch: pytest.MonkeyPatch, expert: VocabularyDetector, logits: Callable[[Any], Any]
) -> list[Any]:
    """Makes the model answer with BOXES and logits(input_ids); collects the prompts."""
    import torch

    prompts: list[Any] = []

    def forward(pixel_values: Any, input_ids: Any, **_: Any) -> Any:
        prompts.append(input_ids)
        boxes = torch.tensor(BOXES)[None].repeat(len(pixel_values), 1, 1)
        return SimpleNamespace(
            pred_boxes=boxes, logits=logits(input_ids).repeat(len(pixel_values), 1, 1)
        )

    monkeypatch.setattr(expert.vision.model, "forward", forward)
    return prompts


def logit(share: float) -> float:
    return float(np.log(share / (1 - share)))


def test_owlv2_boxes_count_from_the_corner_of_a_square(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    expert = VocabularyDetector(tiny("owlv2"), Runtime("cpu"), WORDS)
    scores = torch.full((1, 3, 3), -9.0)
    scores[0, 0, 1], scores[0, 1, 0], scores[0, 2, 2] = logit(0.6), logit(0.8), logit(0.05)
    answering(monkeypatch, expert, lambda _: scores)
    for size in ((24, 40), (40, 24)):
        mug, chair = expert(photos(size))[0]
        # The longer side, 40 pixels, is the side of the square; the photo's border cuts.
        np.testing.assert_allclose(chair.box, [0, 0, 20, 20], atol=1e-5)
        expected = np.array([16, 4, 24, 20])
        np.testing.assert_allclose(mug.box, np.minimum(expected, [size[1], size[0]] * 2), rtol=1e-5)
        assert (mug.caption, mug.category) == ("red mug", "mug")
        assert mug.confidence == pytest.approx(0.8, abs=1e-5)
        assert mug.mask is None


def test_owlv2_pads_photos_at_the_right_or_below(tiny: Tiny) -> None:
    expert = VocabularyDetector(tiny("owlv2"), Runtime("cpu"), WORDS)
    wide = expert.vision.prepare(np.full((20, 40, 3), 255, np.uint8))
    assert wide.shape == (3, 16, 16)
    assert wide[:, :7].min() > wide[:, 9:].max()
    tall = expert.vision.prepare(np.full((40, 20, 3), 255, np.uint8))
    assert tall[:, :, :7].min() > tall[:, :, 9:].max()


def test_grounding_dino_scores_a_label_by_the_mean_of_its_tokens(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    expert = VocabularyDetector(tiny("grounding_dino"), Runtime("cpu"), WORDS)
    scores = torch.full((1, 3, 32), -30.0)
    # Tokens: [CLS] red mug . chair . lamp . [SEP]
    scores[0, 0, 1], scores[0, 0, 2], scores[0, 0, 4] = logit(0.5), logit(0.9), logit(0.65)
    scores[0, 1, 6] = logit(0.4)
    prompts = answering(monkeypatch, expert, lambda _: scores)
    mug, lamp = expert(photos((24, 40)))[0]
    assert (mug.caption, lamp.caption) == ("red mug", "lamp")
    assert mug.confidence == pytest.approx(0.7, abs=1e-5)
    np.testing.assert_allclose(mug.box, [0, 0, 20, 12])
    np.testing.assert_allclose(lamp.box, [16, 2.4, 24, 12], rtol=1e-5)
    decoded = expert.tokenizer.convert_ids_to_tokens(prompts[0][0])
    assert decoded == ["[CLS]", "red", "mug", ".", "chair", ".", "lamp", ".", "[SEP]"]


def test_a_vocabulary_longer_than_a_prompt_is_asked_in_parts(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    checkpoint = tiny("grounding_dino", max_text_len=7)
    expert = VocabularyDetector(checkpoint, Runtime("cpu"), WORDS)
    lamp = expert.tokenizer.convert_tokens_to_ids("lamp")

    def logits(input_ids: Any) -> Any:
        scores = torch.full((1, 3, 7), -30.0)
        scores[0, 0, 1] = logit(0.9) if int(input_ids[0, 1]) == lamp else -30.0
        return scores

    prompts = answering(monkeypatch, expert, logits)
    found = expert(photos((24, 40)))[0]
    assert [each.caption for each in found] == ["lamp"]
    assert [ids.shape[1] for ids in prompts] == [7, 4]


def test_boxes_of_one_thing_go_to_the_better_label(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    expert = VocabularyDetector(tiny("owlv2"), Runtime("cpu"), WORDS)
    monkeypatch.setitem(globals(), "BOXES", [BOXES[0], BOXES[0], BOXES[1]])
    scores = torch.full((1, 3, 3), -9.0)
    scores[0, 0, 0], scores[0, 1, 1], scores[0, 2, 2] = logit(0.6), logit(0.9), logit(0.3)
    answering(monkeypatch, expert, lambda _: scores)
    assert [each.caption for each in expert(photos((40, 40)))[0]] == ["chair", "lamp"]


@pytest.mark.parametrize("kind", KINDS)
def test_regions_do_not_depend_on_the_batch(tiny: Tiny, kind: str) -> None:
    several = photos((24, 40), (40, 24), (24, 40))
    one, many = (
        VocabularyDetector(tiny(kind), Runtime("cpu", batch_size=n), WORDS, threshold=0.0)
        for n in (1, 8)
    )
    for alone, together in zip(one(several), many(several), strict=True):
        assert [each.caption for each in alone] == [each.caption for each in together]
        for a, b in zip(alone, together, strict=True):
            np.testing.assert_allclose(a.box, b.box, atol=1e-2)
            assert a.confidence == pytest.approx(b.confidence, abs=1e-4)


@pytest.mark.parametrize("vocabulary", [(), ("mug", " "), (".",)])
def test_a_vocabulary_is_needed(tiny: Tiny, vocabulary: tuple[str, ...]) -> None:
    with pytest.raises(ExpertError, match="set it"):
        VocabularyDetector(tiny("owlv2"), Runtime("cpu"), vocabulary)

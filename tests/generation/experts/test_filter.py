"""The semantic filter: which label decides, by how much."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from spatialvlm_jax.generation.experts.base import Photo
from spatialvlm_jax.generation.experts.checkpoint import ExpertError, Runtime
from spatialvlm_jax.generation.experts.embedding import ImageTextModel
from spatialvlm_jax.generation.experts.filter import SemanticFilter
from tests.generation.experts.checkpoints import photos
from tests.generation.experts.conftest import Tiny

LABELS = ["a room", "a street", "a logo", "a page of text"]


class FixedModel:
    """Each label along its own axis; a photo's embedding is its first pixel's value, one-hot."""

    scale = 2.0

    def texts(self, texts: Sequence[str]) -> np.ndarray:
        return np.eye(4, dtype=np.float32)[[LABELS.index(text) for text in texts]]

    def images(self, photos: Sequence[Photo]) -> np.ndarray:
        return np.eye(4, dtype=np.float32)[[int(photo.image[0, 0, 0]) for photo in photos]]


def verdicts(margin: float = 0.0) -> Any:
    model: Any = FixedModel()
    expert = SemanticFilter(model, LABELS[:2], LABELS[2:], margin)
    return expert([Photo(str(i), np.full((2, 3, 3), i, np.uint8)) for i in range(4)])


def test_the_nearest_label_decides() -> None:
    found = verdicts()
    assert [verdict.label for verdict in found] == LABELS
    assert [verdict.keep for verdict in found] == [True, True, False, False]
    # softmax of (2, 0, 0, 0): the lead of the first over the second.
    lead = (np.exp(2) - 1) / (np.exp(2) + 3)
    assert [verdict.score for verdict in found] == pytest.approx([lead] * 4)


def test_a_lead_within_the_margin_is_no_reason_to_keep() -> None:
    found = verdicts(margin=0.9)
    assert [verdict.keep for verdict in found] == [False] * 4
    assert found[0].label in LABELS[2:]
    assert found[0].score < 0


def test_both_kinds_of_labels_are_needed() -> None:
    model: Any = FixedModel()
    with pytest.raises(ExpertError, match="at least one label"):
        SemanticFilter(model, LABELS, [])


@pytest.mark.experts
@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_a_label_that_is_made_to_fit_decides(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    model = ImageTextModel(tiny(kind), Runtime("cpu"))
    one = photos((24, 40))
    for index, label in enumerate(LABELS):
        texts = np.tile(-model.images(one), (4, 1))
        texts[index] *= -1
        monkeypatch.setattr(model, "texts", lambda labels, texts=texts: texts)
        verdict = SemanticFilter(model, LABELS[:2], LABELS[2:])(one)[0]
        assert (verdict.label, verdict.keep) == (label, index < 2)
        assert verdict.score > 0

"""Ground masks by the names of labels."""

from types import SimpleNamespace

import numpy as np
import pytest

from spatialvlm_jax.generation.experts.checkpoint import ExpertError, Runtime
from spatialvlm_jax.generation.experts.ground import LabelledGround
from tests.generation.experts.checkpoints import photos
from tests.generation.experts.conftest import Tiny

pytestmark = pytest.mark.experts

KINDS = ["segformer", "upernet", "mask2former"]
GROUND = ("Floor", "rug")


@pytest.mark.parametrize("kind", ["segformer", "upernet"])
def test_pixels_where_a_ground_label_leads_are_ground(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    import torch

    expert = LabelledGround(tiny(kind), Runtime("cpu"), GROUND)
    # Labels: wall, floor, sky, rug. Left half floor, right half wall, the lowest row rug.
    logits = torch.zeros(1, 4, 4, 8)
    logits[0, 1, :, :4] = 2
    logits[0, 0, :, 4:] = 2
    logits[0, 3, 3] = 3
    monkeypatch.setattr(
        expert.vision.model, "forward", lambda pixel_values: SimpleNamespace(logits=logits)
    )
    mask = expert(photos((40, 80)))[0]
    truth = np.zeros((40, 80), bool)
    truth[:, :40] = True
    assert mask.dtype == bool
    np.testing.assert_array_equal(mask[:25], truth[:25])
    assert mask[36:].all()


def test_mask2former_votes_by_query(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    expert = LabelledGround(tiny("mask2former"), Runtime("cpu"), GROUND)
    # One query says floor, on the left; one says wall, on the right; one says nothing, anywhere.
    classes = torch.full((1, 3, 5), -9.0)
    for query, label in enumerate((1, 0, 4)):
        classes[0, query, label] = 9
    masks = torch.full((1, 3, 4, 8), -9.0)
    masks[0, 0, :, :4], masks[0, 1, :, 4:], masks[0, 2] = 9, 9, 9
    output = SimpleNamespace(class_queries_logits=classes, masks_queries_logits=masks)
    monkeypatch.setattr(expert.vision.model, "forward", lambda pixel_values: output)
    mask = expert(photos((40, 80)))[0]
    assert mask[:, :39].all()
    assert not mask[:, 41:].any()


@pytest.mark.parametrize("kind", KINDS)
def test_masks_have_the_photos_size_and_do_not_depend_on_the_batch(tiny: Tiny, kind: str) -> None:
    several = photos((24, 40), (40, 24), (24, 40))
    one, many = (LabelledGround(tiny(kind), Runtime("cpu", batch_size=n), GROUND) for n in (1, 8))
    for alone, together, photo in zip(one(several), many(several), several, strict=True):
        assert alone.shape == photo.image.shape[:2]
        assert np.mean(alone != together) < 0.01


def test_labels_that_the_model_lacks_are_named_with_the_nearest(tiny: Tiny) -> None:
    with pytest.raises(ExpertError, match=r"no label 'flor'; set ground_labels to some of floor"):
        LabelledGround(tiny("segformer"), Runtime("cpu"), ("rug", "flor"))
    with pytest.raises(ExpertError, match="leave some out"):
        LabelledGround(tiny("segformer"), Runtime("cpu"), ("wall", "floor", "sky", "rug"))

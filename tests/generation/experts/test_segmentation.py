"""Masks from boxes: coordinates, sizes, the best of several, and what becomes of empty ones."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from spatialvlm_jax.generation.experts.base import Photo, Region
from spatialvlm_jax.generation.experts.checkpoint import Runtime
from spatialvlm_jax.generation.experts.segmentation import BoxSegmenter
from tests.generation.experts.checkpoints import photos
from tests.generation.experts.conftest import Tiny

pytestmark = pytest.mark.experts

KINDS = ["sam", "sam2"]
LOW = 64  # side of the masks that the stand-in for the model answers with


def region(caption: str, *box: float) -> Region:
    return Region(np.array(box, np.float32), caption)


def drawing(side: int, empty: tuple[int, ...] = ()) -> Any:
    """In place of the model: of three masks the second, rated best, fills the box it is given."""
    import torch

    def forward(image_embeddings: Any, input_boxes: Any, multimask_output: bool) -> Any:
        assert multimask_output
        boxes = input_boxes[0] * LOW / side
        centre = torch.arange(LOW) + 0.5
        x0, y0, x1, y1 = (boxes[:, i, None, None] for i in range(4))
        across = (centre[None, None, :] > x0) & (centre[None, None, :] < x1)
        down = (centre[None, :, None] > y0) & (centre[None, :, None] < y1)
        masks = torch.full((len(boxes), 3, LOW, LOW), -8.0)
        masks[:, 1] = torch.where(across & down, 8.0, -8.0)
        masks[list(empty), 1] = -8.0
        scores = torch.tensor([[0.2, 0.9, 0.5]]).repeat(len(boxes), 1)
        return SimpleNamespace(pred_masks=masks[None], iou_scores=scores[None])

    return forward


def with_drawing(
    monkeypatch: pytest.MonkeyPatch, expert: BoxSegmenter, empty: tuple[int, ...] = ()
) -> BoxSegmenter:
    monkeypatch.setattr(expert.vision.model, "forward", drawing(expert.side, empty))
    return expert


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(48, 80), (80, 48), (64, 64)])
def test_a_box_becomes_its_mask_on_photos_that_are_not_square(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, kind: str, size: tuple[int, int]
) -> None:
    expert = with_drawing(monkeypatch, BoxSegmenter(tiny(kind), Runtime("cpu")))
    boxes = [(10, 5, 30, 25), (4, 30, 44, 44)]
    found = expert(photos(size), [tuple(region(f"thing {i}", *b) for i, b in enumerate(boxes))])[0]
    for each, (x0, y0, x1, y1) in zip(found, boxes, strict=True):
        assert each.mask is not None
        assert each.mask.shape == size
        assert each.mask.dtype == bool
        truth = np.zeros(size, bool)
        truth[y0:y1, x0:x1] = True
        # Off by the low resolution of the masks at most: one pixel along the box's border.
        assert np.count_nonzero(each.mask ^ truth) <= 2 * (x1 - x0 + y1 - y0)
        inner = truth[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2]
        assert each.mask[y0 + 2 : y1 - 2, x0 + 2 : x1 - 2].sum() == inner.sum()


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_mask_drops_its_region_and_shifts_no_caption(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    expert = with_drawing(monkeypatch, BoxSegmenter(tiny(kind), Runtime("cpu")), empty=(1,))
    asked = (
        region("mug", 2, 2, 20, 20),
        region("ghost", 20, 2, 40, 20),
        region("chair", 40, 20, 78, 46),
    )
    found = expert(photos((48, 80)), [asked])[0]
    assert [each.caption for each in found] == ["mug", "chair"]
    for each in found:
        assert each.mask is not None
        x0, y0, x1, y1 = each.box.astype(int)
        rows, columns = np.nonzero(each.mask)
        assert rows.min() >= y0 - 1
        assert rows.max() <= y1
        assert columns.min() >= x0 - 1
        assert columns.max() <= x1


def test_masks_of_few_pixels_are_dropped_as_configured(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = [(region("crumb", 10, 10, 14, 14), region("table", 0, 0, 60, 60))]
    expert = BoxSegmenter(tiny("sam2"), Runtime("cpu"), min_pixels=100)
    found = with_drawing(monkeypatch, expert)(photos((64, 64)), asked)[0]
    assert [each.caption for each in found] == ["table"]


@pytest.mark.parametrize("kind", KINDS)
def test_masks_do_not_depend_on_the_batch_or_on_the_other_boxes(tiny: Tiny, kind: str) -> None:
    several = photos((24, 40), (40, 24), (24, 40))
    asked = [
        (region("a", 2, 2, 20, 20), region("b", 5, 5, 24, 24)),
        (),
        (region("c", 1, 1, 30, 20),),
    ]
    one, many = (BoxSegmenter(tiny(kind), Runtime("cpu", batch_size=n)) for n in (1, 8))
    alone, together = one(several, asked), many(several, asked)
    assert [len(found) for found in together] == [len(found) for found in alone]
    assert together[1] == ()
    for first, second in zip(alone, together, strict=True):
        for a, b in zip(first, second, strict=True):
            assert a.caption == b.caption
            assert a.mask is not None
            assert b.mask is not None
            assert np.mean(a.mask != b.mask) < 0.01
    single = one(several[:1], [asked[0][1:]])[0]
    assert single[0].caption == "b"
    assert np.mean(single[0].mask != alone[0][1].mask) < 0.01


def test_a_video_checkpoint_of_sam_2_segments_photos(tiny: Tiny) -> None:
    checkpoint = tiny("sam2", video=True)
    assert checkpoint.family == "sam2_video"
    found = BoxSegmenter(checkpoint, Runtime("cpu"))(
        photos((24, 40)), [(region("a", 2, 2, 20, 20),)]
    )
    assert all(each.mask is not None and each.mask.shape == (24, 40) for each in found[0])


@pytest.mark.parametrize(("kind", "rows"), [("sam", 16), ("sam2", 64)])
def test_photos_are_normalised_and_lie_at_the_upper_left(tiny: Tiny, kind: str, rows: int) -> None:
    expert = BoxSegmenter(tiny(kind), Runtime("cpu"))
    prepared = expert.vision.prepare(np.full((20, 40, 3), 255, np.uint8))
    white = (1 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
    assert prepared.shape == (3, expert.side, expert.side)
    np.testing.assert_allclose(prepared[:, :rows].min(axis=(1, 2)), white, rtol=1e-5)
    assert not prepared[:, rows:].any()


def test_no_photos_are_no_work(tiny: Tiny) -> None:
    expert = BoxSegmenter(tiny("sam"), Runtime("cpu"))
    assert expert([], []) == []
    assert expert([Photo("a", np.zeros((8, 8, 3), np.uint8))], [()]) == [()]

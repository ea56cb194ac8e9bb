"""Masks from boxes: SAM and SAM 2."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from spatialvlm_jax.generation.experts.base import Photo, Region
from spatialvlm_jax.generation.experts.checkpoint import Checkpoint, ExpertError, Runtime
from spatialvlm_jax.generation.experts.vision import VisionModel, normalised, resized_image

CLASSES = {"sam": "SamModel", "sam2": "Sam2Model", "sam2_video": "Sam2Model"}
_BOXES_AT_ONCE = 64  # keeps the full-size masks of a crowded photo within memory


@dataclasses.dataclass(frozen=True)
class _Window:
    """Where a photo lies in the model's square input: height and width it covers, from (0, 0)."""

    side: int
    height: int
    width: int


class BoxSegmenter:
    """A `Segmenter`: of the masks that the model offers for a box, the one it rates best.

    A region whose mask has fewer than `min_pixels` pixels is dropped as a whole, caption and all.
    SAM 2 sees photos stretched to a square; SAM sees them scaled and padded at the right or below.
    """

    def __init__(self, checkpoint: Checkpoint, runtime: Runtime, min_pixels: int = 1) -> None:
        self._settings = checkpoint.preprocessing()
        self._padded = checkpoint.family == "sam"
        self.side = _side(checkpoint, self._settings)
        self._min_pixels = min_pixels
        self.vision = VisionModel(
            checkpoint, CLASSES[checkpoint.family], runtime, prepare=self._prepare
        )

    def __call__(
        self, photos: Sequence[Photo], regions: Sequence[tuple[Region, ...]]
    ) -> list[tuple[Region, ...]]:
        vision = self.vision
        answers: list[tuple[Region, ...]] = [()] * len(photos)
        with vision.torch.inference_mode():
            for indices, pixels in vision.batches([photo.image for photo in photos]):
                features = vision.model.get_image_embeddings(pixels)
                for row, index in enumerate(indices):
                    answers[index] = self._masked(photos[index], regions[index], features, row)
        return answers

    def _masked(
        self, photo: Photo, regions: Sequence[Region], features: Any, row: int
    ) -> tuple[Region, ...]:
        # SAM has one map of features, SAM 2 several.
        one = (
            [level[row : row + 1] for level in features]
            if isinstance(features, list)
            else features[row : row + 1]
        )
        kept: list[Region] = []
        for start in range(0, len(regions), _BOXES_AT_ONCE):
            some = regions[start : start + _BOXES_AT_ONCE]
            masks = self._masks(one, np.stack([region.box for region in some]), photo.image.shape)
            kept += [
                dataclasses.replace(region, mask=mask)
                for region, mask in zip(some, masks, strict=True)
                if np.count_nonzero(mask) >= max(self._min_pixels, 1)
            ]
        return tuple(kept)

    def _masks(self, features: Any, boxes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """bool[N, H, W] for boxes float32[N, 4] in pixels of an image of this shape."""
        vision = self.vision
        window = self._window(shape)
        scale = np.array([window.width / shape[1], window.height / shape[0]] * 2, np.float32)
        # In float32 whatever the model's precision: it rounds them after it has normalised them.
        prompts = vision.torch.from_numpy((boxes * scale)[None]).to(vision.model.device)
        output = vision.model(
            image_embeddings=features,
            input_boxes=prompts,
            multimask_output=True,
        )
        best = output.iou_scores[0].argmax(dim=-1)
        masks = output.pred_masks[0][vision.torch.arange(len(boxes)), best]
        masks = vision.resized(masks, (window.side, window.side))
        masks = vision.resized(masks[:, : window.height, : window.width], (shape[0], shape[1]))
        return np.asarray((masks > 0).cpu().numpy())

    def _window(self, shape: tuple[int, ...]) -> _Window:
        if not self._padded:
            return _Window(self.side, self.side, self.side)
        scale = self.side / max(shape[:2])
        height, width = (int(length * scale + 0.5) for length in shape[:2])
        return _Window(self.side, height, width)

    def _prepare(self, image: np.ndarray) -> np.ndarray:
        window = self._window(image.shape)
        pixels = normalised(resized_image(image, window.height, window.width), self._settings)
        beside = [(0, 0), (0, window.side - window.height), (0, window.side - window.width)]
        return np.pad(pixels, beside)


def _side(checkpoint: Checkpoint, settings: Any) -> int:
    """The side of the model's square input, pixels."""
    size = settings["size"]
    lengths = {int(size[key]) for key in ("height", "width", "longest_edge") if size.get(key)}
    if len(lengths) != 1:
        raise ExpertError(f"{checkpoint.name}: its input is not square ({size}); give another")
    return lengths.pop()

"""Ground masks from semantic segmentation."""

import difflib
from collections.abc import Sequence
from typing import Any

import numpy as np

from spatialvlm_jax.generation.experts.base import Photo
from spatialvlm_jax.generation.experts.checkpoint import Checkpoint, ExpertError, Runtime
from spatialvlm_jax.generation.experts.vision import VisionModel

CLASSES = {
    "segformer": "SegformerForSemanticSegmentation",
    "upernet": "UperNetForSemanticSegmentation",
    "mask2former": "Mask2FormerForUniversalSegmentation",
}
# Names of ADE20K. A rug is part of the floor here; a table top is not, for its height is another.
GROUND_LABELS = (
    "floor", "rug", "road", "sidewalk", "grass", "earth", "sand", "path", "field", "dirt track",
)  # fmt: skip


class LabelledGround:
    """A `GroundSegmenter`: pixels where a ground label scores above every other label."""

    def __init__(
        self, checkpoint: Checkpoint, runtime: Runtime, labels: Sequence[str] = GROUND_LABELS
    ) -> None:
        self.vision = VisionModel(checkpoint, CLASSES[checkpoint.family], runtime)
        names = {int(key): name for key, name in self.vision.model.config.id2label.items()}
        chosen = _matching(checkpoint, names, labels)
        self._ground = [index in chosen for index in sorted(names)]

    def __call__(self, photos: Sequence[Photo]) -> list[np.ndarray]:
        vision = self.vision
        masks: list[np.ndarray] = [np.zeros(photo.image.shape[:2], bool) for photo in photos]
        with vision.torch.inference_mode():
            for indices, pixels in vision.batches([photo.image for photo in photos]):
                # One map of leads is resized, not one map a label: ADE20K has 150 labels.
                leads = self._leads(vision.model(pixel_values=pixels))
                for index, lead in zip(indices, leads, strict=True):
                    large = vision.resized(lead[None], photos[index].image.shape[:2])[0]
                    masks[index] = (large > 0).cpu().numpy()
        return masks

    def _leads(self, output: Any) -> Any:
        """[B, h, w]: the score of the best ground label less that of the best other label."""
        torch = self.vision.torch
        if hasattr(output, "masks_queries_logits"):
            # Mask2Former: each query votes for its classes where its mask is (the null class is
            # the last and has no vote).
            votes = output.class_queries_logits.softmax(dim=-1)[..., :-1]
            scores = torch.einsum("bqc,bqhw->bchw", votes, output.masks_queries_logits.sigmoid())
        else:
            scores = output.logits
        ground = torch.tensor(self._ground, device=scores.device)
        return scores[:, ground].amax(dim=1) - scores[:, ~ground].amax(dim=1)


def _matching(checkpoint: Checkpoint, names: dict[int, str], labels: Sequence[str]) -> set[int]:
    """Classes called by one of the labels; a class may have several names, after commas.

    Raises:
      ExpertError: a label that the model does not know, or nothing beside the ground.
    """
    classes: dict[str, int] = {}
    for index, name in names.items():
        for each in name.lower().split(","):
            classes[each.strip()] = index
    unknown = [label for label in labels if label.lower() not in classes]
    if unknown or not labels:
        near = [match for each in unknown for match in difflib.get_close_matches(each, classes)]
        raise ExpertError(
            f"ground: {checkpoint.name} has no label {', '.join(map(repr, unknown))};"
            f" set ground_labels to some of {', '.join((near or sorted(classes))[:12])}"
        )
    chosen = {classes[label.lower()] for label in labels}
    if len(chosen) == len(names):
        raise ExpertError("ground: ground_labels names every label of the model; leave some out")
    return chosen

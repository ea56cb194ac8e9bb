"""The semantic filter: keeps photos of places with several things in them (SpatialVLM, 3.1)."""

from collections.abc import Sequence

import numpy as np

from spatialvlm_jax.generation.experts.base import Photo, Verdict
from spatialvlm_jax.generation.experts.checkpoint import ExpertError
from spatialvlm_jax.generation.experts.embedding import ImageTextModel

KEEP_LABELS = (
    "a photo of an indoor scene with several objects",
    "a photo of an outdoor scene with several objects",
    "a photo of a room",
    "a photo of a street",
)
REJECT_LABELS = (
    "a close-up of a single object",
    "a product shown before a plain background",
    "an artwork",
    "a painting or drawing",
    "a screenshot of a computer or phone",
    "a page of text",
    "a chart or diagram",
    "a logo",
    "a portrait of a face",
)


class SemanticFilter:
    """A `Filter`: the label nearest to the photo decides, in the embedding space of CLIP or SigLIP.

    The labels' probabilities are the softmax of their scaled cosines with the photo (for SigLIP
    too: labels compete). A verdict's score is the lead of the side that won: the probability of
    its likeliest label less that of the other side's. A photo is kept where the lead of the keep
    labels is above `margin`; below it the score of a rejection may be negative.
    """

    def __init__(
        self,
        model: ImageTextModel,
        keep: Sequence[str] = KEEP_LABELS,
        reject: Sequence[str] = REJECT_LABELS,
        margin: float = 0.0,
    ) -> None:
        if not keep or not reject:
            raise ExpertError("filter: give at least one label to keep and one to reject")
        self._model = model
        self._labels = (*keep, *reject)
        self._kept, self._margin = len(keep), margin
        self._texts = self._model.texts(self._labels)

    def __call__(self, photos: Sequence[Photo]) -> list[Verdict]:
        return [self._verdict(row) for row in self._model.images(photos)]

    def _verdict(self, embedding: np.ndarray) -> Verdict:
        logits = self._model.scale * (self._texts @ embedding).astype(np.float64)
        odds = np.exp(logits - logits.max())
        odds /= odds.sum()
        best = int(np.argmax(odds[: self._kept]))
        worst = self._kept + int(np.argmax(odds[self._kept :]))
        lead = float(odds[best] - odds[worst])
        keep = lead > self._margin
        return Verdict(keep, self._labels[best if keep else worst], lead if keep else -lead)

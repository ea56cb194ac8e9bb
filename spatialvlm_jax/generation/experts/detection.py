"""Things of a given vocabulary: Grounding DINO and OWLv2."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from spatialvlm_jax.generation.experts.base import Photo, Region
from spatialvlm_jax.generation.experts.boxes import clipped, survivors
from spatialvlm_jax.generation.experts.checkpoint import (
    Checkpoint,
    ExpertError,
    Runtime,
    load_processor,
)
from spatialvlm_jax.generation.experts.vision import VisionModel
from spatialvlm_jax.generation.naming.captions import parse

CLASSES = {
    "grounding-dino": "GroundingDinoForObjectDetection",
    "owlv2": "Owlv2ForObjectDetection",
}
# The thresholds that each model's authors recommend.
_THRESHOLDS = {"grounding-dino": 0.25, "owlv2": 0.1}


class VocabularyDetector:
    """A `Detector` of the things in `vocabulary`; captions are its entries.

    A box goes to the label that scores highest in it. Boxes of different labels that overlap more
    than `most_overlap` are one thing; the higher score names it.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        runtime: Runtime,
        vocabulary: Sequence[str],
        threshold: float | None = None,
        most_overlap: float = 0.7,
    ) -> None:
        self._labels = tuple(dict.fromkeys(label.strip().strip(".") for label in vocabulary))
        if not self._labels or not all(self._labels):
            raise ExpertError(f"detector: {checkpoint.name} finds what `vocabulary` lists; set it")
        self.vision = VisionModel(checkpoint, CLASSES[checkpoint.family], runtime)
        self.tokenizer = load_processor(checkpoint, "AutoTokenizer")
        self._threshold = _THRESHOLDS[checkpoint.family] if threshold is None else threshold
        self._most_overlap = most_overlap
        self._scored = self._owl if checkpoint.family == "owlv2" else self._dino
        # OWLv2 sees the photo in the corner of a square, Grounding DINO sees it as it is.
        self._square = checkpoint.family == "owlv2"

    def __call__(self, photos: Sequence[Photo]) -> list[tuple[Region, ...]]:
        answers: list[tuple[Region, ...]] = [()] * len(photos)
        with self.vision.torch.inference_mode():
            for indices, pixels in self.vision.batches([photo.image for photo in photos]):
                found = list(self._scored(pixels))
                boxes = np.concatenate([boxes for boxes, _, _ in found], axis=1)
                scores = np.concatenate([scores for _, scores, _ in found], axis=1)
                labels = np.concatenate([labels for _, _, labels in found], axis=1)
                for row, index in enumerate(indices):
                    answers[index] = self._regions(
                        photos[index].image.shape, boxes[row], scores[row], labels[row]
                    )
        return answers

    def _regions(
        self, shape: tuple[int, ...], boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray
    ) -> tuple[Region, ...]:
        """Regions from boxes float32[Q, 4] (centre, size; shares of the input) and their labels."""
        chosen = scores > self._threshold
        centre, half = boxes[chosen, :2], boxes[chosen, 2:] / 2
        height, width = (max(shape[:2]),) * 2 if self._square else shape[:2]
        corners = np.hstack([centre - half, centre + half]) * np.array([width, height] * 2)
        corners, scores = clipped(corners, shape), scores[chosen]
        labels = labels[chosen]
        return tuple(
            Region(
                corners[i],
                self._labels[labels[i]],
                parse(self._labels[labels[i]]).head,
                confidence=float(scores[i]),
            )
            for i in survivors(corners, scores, self._most_overlap)
        )

    def _owl(self, pixels: Any) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Boxes [B, Q, 4], the best label's score [B, Q] and its index [B, Q]."""
        tokens = self.tokenizer(
            [f"a photo of a {label}" for label in self._labels],
            padding="max_length",
            max_length=self.vision.model.config.text_config.max_position_embeddings,
            truncation=True,
            return_tensors="pt",
        ).to(self.vision.model.device)
        output = self.vision.model(
            pixel_values=pixels,
            input_ids=tokens["input_ids"].repeat(len(pixels), 1),
            attention_mask=tokens["attention_mask"].repeat(len(pixels), 1),
        )
        best = output.logits.float().sigmoid().max(dim=-1)
        yield _array(output.pred_boxes), _array(best.values), best.indices.cpu().numpy()

    def _dino(self, pixels: Any) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """As `_owl`, for one prompt after the other: a prompt holds a limited number of tokens.

        A label's score is the mean over its tokens.
        """
        vision = self.vision
        for first, count in self._prompts():
            text = ". ".join(label.lower() for label in self._labels[first : first + count]) + "."
            tokens = self.tokenizer(text, return_tensors="pt").to(vision.model.device)
            spans = self._spans(tokens["input_ids"][0].tolist())
            repeated = {name: ids.repeat(len(pixels), 1) for name, ids in tokens.items()}
            output = vision.model(pixel_values=pixels, **repeated)
            odds = output.logits.float().sigmoid()
            scores = vision.torch.stack([odds[..., span].mean(dim=-1) for span in spans], dim=-1)
            best = scores.max(dim=-1)
            yield (
                _array(output.pred_boxes),
                _array(best.values),
                best.indices.cpu().numpy() + first,
            )

    def _prompts(self) -> Iterator[tuple[int, int]]:
        """(first label, number of labels) of each prompt that fits into the model."""
        most = int(self.vision.model.config.max_text_len)
        first, used = 0, 2
        for index, label in enumerate(self._labels):
            length = len(self.tokenizer(label.lower(), add_special_tokens=False)["input_ids"]) + 1
            if used + length > most and index > first:
                yield first, index - first
                first, used = index, 2
            used += length
        yield first, len(self._labels) - first

    def _spans(self, ids: list[int]) -> list[list[int]]:
        """Positions of the tokens of each label: full stops part the labels."""
        stop = self.tokenizer.convert_tokens_to_ids(".")
        special = set(self.tokenizer.all_special_ids) - {self.tokenizer.unk_token_id}
        spans: list[list[int]] = [[]]
        for position, token in enumerate(ids):
            if token == stop:
                spans.append([])
            elif token not in special:
                spans[-1].append(position)
        return spans[:-1]


def _array(values: Any) -> np.ndarray:
    return np.asarray(values.float().cpu().numpy())

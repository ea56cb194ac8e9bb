"""CLIP and SigLIP: texts and images in one space; the text half compares captions."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from spatialvlm_jax.generation.experts.base import Photo
from spatialvlm_jax.generation.experts.checkpoint import Checkpoint, Runtime, load_processor
from spatialvlm_jax.generation.experts.vision import VisionModel

# SigLIP was trained on texts padded to their full length, CLIP on texts that end where they end.
_PADDING = {"clip": "longest", "siglip": "max_length"}
CLASSES = {"clip": "CLIPModel", "siglip": "SiglipModel"}


class ImageTextModel:
    """Embeds images and texts; all embeddings are float32 and have length 1."""

    def __init__(self, checkpoint: Checkpoint, runtime: Runtime) -> None:
        self.vision = VisionModel(checkpoint, CLASSES[checkpoint.family], runtime)
        self._tokenizer = load_processor(checkpoint, "AutoTokenizer")
        self._padding = _PADDING[checkpoint.family]
        model = self.vision.model
        self.scale = float(model.logit_scale.float().exp())
        self.width = self.texts(["a"]).shape[1]

    def texts(self, texts: Sequence[str]) -> np.ndarray:
        """float32[N, D]."""
        vision, rows = self.vision, []
        for start in range(0, len(texts), vision.batch_size):
            tokens = self._tokenizer(
                list(texts[start : start + vision.batch_size]),
                padding=self._padding,
                max_length=vision.model.config.text_config.max_position_embeddings,
                truncation=True,
                return_tensors="pt",
            )
            # No attention mask: SigLIP was trained without one, and CLIP reads no further than
            # the end of the text.
            input_ids = tokens["input_ids"].to(vision.model.device)
            with vision.torch.inference_mode():
                rows.append(_unit(vision.model.get_text_features(input_ids=input_ids)))
        return np.concatenate(rows) if rows else np.zeros((0, self.width), np.float32)

    def images(self, photos: Sequence[Photo]) -> np.ndarray:
        """float32[N, D]."""
        vision = self.vision
        rows = np.zeros((len(photos), self.width), np.float32)
        with vision.torch.inference_mode():
            for indices, pixels in vision.batches([photo.image for photo in photos]):
                rows[indices] = _unit(vision.model.get_image_features(pixel_values=pixels))
        return rows


def _unit(output: Any) -> np.ndarray:
    rows = output.pooler_output.float()
    return np.asarray((rows / rows.norm(dim=-1, keepdim=True)).cpu().numpy(), np.float32)


class TextEmbedding:
    """A `TextEmbedder` of captions, put as CLIP saw captions in training."""

    def __init__(self, model: ImageTextModel, template: str = "a photo of a {}") -> None:
        self._model, self._template = model, template

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        return self._model.texts([self._template.format(text) for text in texts])

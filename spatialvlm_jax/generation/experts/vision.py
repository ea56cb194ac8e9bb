"""A model that looks at images: its weights, and how images are prepared for it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from PIL import Image

from spatialvlm_jax.generation.experts.checkpoint import (
    Checkpoint,
    Runtime,
    import_extra,
    load_model,
    load_processor,
    same_shape_batches,
)

Prepare = Callable[[np.ndarray], np.ndarray]


class VisionModel:
    """A model, its device, and `prepare`: uint8[H, W, 3] -> float32[3, h, w].

    Experts that look at photos hold theirs as `vision`.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        class_name: str,
        runtime: Runtime,
        prepare: Prepare | None = None,
    ) -> None:
        self.torch = import_extra("torch")
        self.model = load_model(checkpoint, class_name, runtime)
        self.prepare = prepare or processor_prepare(checkpoint)
        self.batch_size = runtime.batch_size

    def batches(self, images: Sequence[np.ndarray]) -> Iterator[tuple[list[int], Any]]:
        """Indices into `images` and their pixels, a tensor [B, 3, h, w] on the model's device."""
        prepared = [self.prepare(image) for image in images]
        for indices, pixels in same_shape_batches(prepared, self.batch_size):
            yield indices, self.tensor(pixels)

    def tensor(self, values: np.ndarray) -> Any:
        """Floating-point values in the model's precision, on its device."""
        return self.torch.from_numpy(values).to(self.model.device, self.model.dtype)

    def resized(self, maps: Any, size: tuple[int, int]) -> Any:
        """Bilinear resampling of a tensor [N, h, w] to [N, H, W] in float32, borders aligned."""
        return self.torch.nn.functional.interpolate(
            maps.float()[:, None], size=size, mode="bilinear", align_corners=False
        )[:, 0]


def processor_prepare(checkpoint: Checkpoint) -> Prepare:
    """Preparation by the checkpoint's own image processor."""
    processor = load_processor(checkpoint, "AutoImageProcessor")

    def prepare(image: np.ndarray) -> np.ndarray:
        inputs = processor(images=[pil_image(image)], return_tensors="np")
        return np.asarray(inputs["pixel_values"][0], np.float32)

    return prepare


def normalised(image: np.ndarray, settings: Any) -> np.ndarray:
    """float32[3, H, W]: (value / 255 - image_mean) / image_std, by channel."""
    mean, std = (np.asarray(settings[key], np.float32) for key in ("image_mean", "image_std"))
    return ((image.astype(np.float32) / 255 - mean) / std).transpose(2, 0, 1)


def pil_image(image: np.ndarray) -> Image.Image:
    """For processors, which would take an array of 3 rows for one of 3 channels."""
    return Image.fromarray(image)


def resized_image(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """uint8[height, width, 3], bilinear with antialiasing."""
    return np.asarray(pil_image(image).resize((width, height), Image.Resampling.BILINEAR))

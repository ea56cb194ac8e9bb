"""Metric depth: Depth Pro, ZoeDepth, Depth Anything (metric)."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from spatialvlm_jax.bounds import RelativeStd, Settings
from spatialvlm_jax.generation.experts.base import MetricDepth, Photo
from spatialvlm_jax.generation.experts.checkpoint import Checkpoint, ExpertError, Runtime
from spatialvlm_jax.generation.experts.vision import VisionModel, normalised
from spatialvlm_jax.generation.outcomes import Rejected
from spatialvlm_jax.scene.intrinsics import focal_from_view, pinhole

CLASSES = {
    "depth_pro": "DepthProForDepthEstimation",
    "zoedepth": "ZoeDepthForDepthEstimation",
    "depth_anything": "DepthAnythingForDepthEstimation",
}


@dataclasses.dataclass(frozen=True)
class DepthError(Settings):
    """Relative standard errors of a depth model, as in `MetricDepth`."""

    scale_std: RelativeStd
    noise_std: RelativeStd


def error_from_share(within: float, noise_std: float) -> DepthError:
    """Standard errors from the share of pixels within a factor 1.25 of the truth ("delta 1").

    If the logarithm of depth errs by a Gaussian, the share gives its standard deviation: it is
    ln 1.25 divided by the two-sided quantile of the share. What `noise_std` does not explain of it
    is put down to the picture's common scale.
    """
    from scipy import special

    total = math.log(1.25) / (math.sqrt(2) * float(special.erfinv(within)))
    return DepthError(math.sqrt(total**2 - noise_std**2), noise_std)


@dataclasses.dataclass(frozen=True)
class PublishedShare:
    """The share of pixels within a factor 1.25 of the truth, zero-shot on SUN RGB-D, and who says.

    docs/experts.md holds these as a table.
    """

    within: float
    source: str


# Depth Anything V2, whose metric models these are, publishes none for data unlike its training's.
# Of V1, its authors found 0.660 where they found 0.545 for ZoeDepth (README of its metric models),
# by another protocol than ZoeDepth's paper: better than ZoeDepth, whose share stands in.
SHARES = {
    "depth_pro": PublishedShare(0.890, "Depth Pro (Bochkovskii et al. 2024), table 1"),
    "zoedepth": PublishedShare(
        0.856, "ZoeDepth (Bhat et al. 2023), table 3, ZoeD-M12-NK, depths up to 8 m"
    ),
    "depth_anything": PublishedShare(0.856, "none is published; ZoeDepth's stands in"),
}
# Of depth brought to the truth's scale and shift: mean relative errors on NYU are 4.3 to 5.3 %
# (Depth Anything, Yang et al. 2024: its own models and MiDaS).
_NOISE_STD = 0.05
ERRORS = {family: error_from_share(share.within, _NOISE_STD) for family, share in SHARES.items()}


def error_rows() -> list[tuple[str, ...]]:
    """The table of errors in words: a head, and a row for each family of models."""
    head = ("family", "within 1.25", "`scale_std`", "`noise_std`", "from")
    rows = [
        (
            f"`{family}`",
            f"{100 * share.within:.1f} %",
            f"{ERRORS[family].scale_std:.3f}",
            f"{ERRORS[family].noise_std:.2f}",
            share.source,
        )
        for family, share in SHARES.items()
    ]
    return [head, *rows]


class MetricDepthModel:
    """A `DepthEstimator`.

    The focal length is the photo's own where it is known. Else Depth Pro estimates it; the others
    take `fov_degrees`, the angle that the longer side of every photo spans, and reject the photo
    where that is not stated.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        runtime: Runtime,
        fov_degrees: float | None = None,
        error: DepthError | None = None,
    ) -> None:
        if checkpoint.config.get("depth_estimation_type", "metric") != "metric":
            raise ExpertError(
                f"depth: {checkpoint.name} gives relative depth, in no unit; give its metric"
                " sibling (its name has 'Metric' in it)"
            )
        self._family, self._fov = checkpoint.family, fov_degrees
        self._error = error or ERRORS[checkpoint.family]
        settings = checkpoint.preprocessing()
        self.vision = VisionModel(
            checkpoint,
            CLASSES[checkpoint.family],
            runtime,
            prepare=_square(settings) if checkpoint.family == "depth_pro" else None,
        )
        self._pads = checkpoint.family == "zoedepth" and settings.get("do_pad", True)
        if self._family == "depth_pro" and not self.vision.model.config.use_fov_model:
            raise ExpertError(f"depth: {checkpoint.name} estimates no field of view; give another")

    def __call__(self, photos: Sequence[Photo]) -> list[MetricDepth]:
        if self._family != "depth_pro" and self._fov is None:
            for photo in photos:
                if photo.intrinsics is None:
                    raise Rejected(
                        "depth", "its focal length is unknown: set fov_degrees, or use Depth Pro"
                    )
        vision, answers = self.vision, {}
        with vision.torch.inference_mode():
            for indices, pixels in vision.batches([photo.image for photo in photos]):
                output = vision.model(pixel_values=pixels)
                for row, index in enumerate(indices):
                    answers[index] = self._answer(photos[index], output, row)
        return [answers[index] for index in range(len(photos))]

    def _answer(self, photo: Photo, output: Any, row: int) -> MetricDepth:
        height, width = photo.image.shape[:2]
        predicted = output.predicted_depth[row : row + 1]
        intrinsics = photo.intrinsics
        if intrinsics is None:
            focal = (
                0.5 * width / math.tan(0.5 * math.radians(float(output.field_of_view[row])))
                if self._family == "depth_pro"
                else focal_from_view(width, height, self._fov or 0.0)
            )
            intrinsics = pinhole(width, height, focal)
        if self._family == "depth_pro":
            # The model predicts focal length / (width * depth), whatever the camera; as in its
            # own post-processing, nothing is nearer than 0.1 mm or farther than 10 km.
            inverse = self.vision.resized(predicted, (height, width))
            depth = 1 / (inverse * float(width / intrinsics[0, 0])).clamp(1e-4, 1e4)
        else:
            depth = self._unpadded(predicted, height, width)
        values = depth[0].cpu().numpy()
        values = np.where(np.isfinite(values) & (values > 0), values, 0).astype(np.float32)
        error = self._error
        return MetricDepth(values, intrinsics, error.scale_std, error.noise_std)

    def _unpadded(self, predicted: Any, height: int, width: int) -> Any:
        """[1, H, W] at the photo's size, without the reflected border that ZoeDepth is given."""
        if not self._pads:
            return self.vision.resized(predicted, (height, width))
        down, right = (int(math.sqrt(length / 2) * 3) for length in (height, width))
        framed = self.vision.resized(predicted, (height + 2 * down, width + 2 * right))
        return framed[:, down : down + height, right : right + width]


def _square(settings: Any) -> Any:
    """Depth Pro's preparation: normalised, then stretched to a square without antialiasing."""
    from spatialvlm_jax.generation.experts.checkpoint import import_extra

    size = (int(settings["size"]["height"]), int(settings["size"]["width"]))

    def prepare(image: np.ndarray) -> np.ndarray:
        torch = import_extra("torch")
        pixels = torch.from_numpy(normalised(image, settings))[None]
        resized = torch.nn.functional.interpolate(
            pixels, size=size, mode="bilinear", align_corners=False
        )
        return np.asarray(resized[0].numpy())

    return prepare

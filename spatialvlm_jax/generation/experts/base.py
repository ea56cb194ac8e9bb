"""What experts are asked and what they answer: one small protocol each, all of them batched.

An expert is called with a batch of photos (and what earlier experts found in them) and returns one
answer a photo, in order. It may raise `Rejected` or any error; `perceive` then asks again photo by
photo, so that one bad photo loses itself only.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from spatialvlm_jax.scene.records import Provenance, Scene


@dataclasses.dataclass(frozen=True, eq=False)
class Photo:
    """A picture and what is known of it without any expert.

    image_id: unique, stable. image: uint8[H, W, 3].
    intrinsics: float64[3, 3], pixels, or None where the focal length is unknown.
    focal_std: relative standard error of their focal length, where somebody tells it; 0 for none.
    up: float64[3], against gravity, camera frame (from a sensor), or None.
    encoded: the bytes of the file it was decoded from, or None. extra: anything for the record.
    truth: the rendered scene behind it; stand-ins read it, real experts never do.
    file_size: width and height, pixels, of the picture in its file, turned as `image` is; None for
      those of `image`. orientation: of its metadata (EXIF), if it was turned by it; else 1.
    """

    image_id: str
    image: np.ndarray
    intrinsics: np.ndarray | None = None
    focal_std: float = 0.0
    up: np.ndarray | None = None
    encoded: bytes | None = None
    extra: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    truth: Scene | None = None
    file_size: tuple[int, int] | None = None
    orientation: int = 1


@dataclasses.dataclass(frozen=True, eq=False)
class Region:
    """One thing found in a photo.

    box: float32[4], x0, y0, x1, y1, pixels. caption: a noun phrase without article, 1 to 6 words.
    category: its noun, "" where unknown. mask: bool[H, W], or None before segmentation.
    anything: it may hold one or more things of any kind, and is none itself.
    """

    box: np.ndarray
    caption: str
    category: str = ""
    confidence: float = 1.0
    attributes: Mapping[str, str] = dataclasses.field(default_factory=dict)
    mask: np.ndarray | None = None
    anything: bool = False


@dataclasses.dataclass(frozen=True, eq=False)
class MetricDepth:
    """depth: float32[H, W], metres along the camera's z, 0 or NaN where unknown.

    intrinsics: float64[3, 3], pixels: those given, or those estimated with the depth.
    scale_std: relative standard error common to the whole picture (and so to all lengths in it).
    noise_std: relative standard error of a single pixel beside that.
    """

    depth: np.ndarray
    intrinsics: np.ndarray
    scale_std: float = 0.0
    noise_std: float = 0.0
    provenance: Provenance = "estimated"


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Whether a photo shows a scene worth asking about, the label that decided, its score."""

    keep: bool
    label: str
    score: float


@dataclasses.dataclass(frozen=True, eq=False)
class Perception:
    """All that the experts found in one photo; `lift` turns it into a `Scene`.

    regions: each with its mask. ground: bool[H, W], pixels of a floor or ground, or None.
    similarity: float32[N, N], cosine of the captions' embeddings, or None.
    """

    photo: Photo
    regions: tuple[Region, ...]
    depth: MetricDepth
    ground: np.ndarray | None = None
    similarity: np.ndarray | None = None


class Filter(Protocol):
    """Keeps scene-level photos (SpatialVLM, section 3.1)."""

    def __call__(self, photos: Sequence[Photo]) -> list[Verdict]: ...


class Detector(Protocol):
    """Finds things and says what they are, as boxes with captions."""

    def __call__(self, photos: Sequence[Photo]) -> list[tuple[Region, ...]]: ...


class Segmenter(Protocol):
    """Adds a mask to every region."""

    def __call__(
        self, photos: Sequence[Photo], regions: Sequence[tuple[Region, ...]]
    ) -> list[tuple[Region, ...]]: ...


class DepthEstimator(Protocol):
    """Metric depth with intrinsics."""

    def __call__(self, photos: Sequence[Photo]) -> list[MetricDepth]: ...


class GroundSegmenter(Protocol):
    """bool[H, W] a photo: floor, ground, or another large horizontal surface to stand on."""

    def __call__(self, photos: Sequence[Photo]) -> list[np.ndarray]: ...


class TextEmbedder(Protocol):
    """float32[N, D], rows of length 1, for N captions."""

    def __call__(self, texts: Sequence[str]) -> np.ndarray: ...


@dataclasses.dataclass(frozen=True)
class Experts:
    """The experts of a run. None leaves a stage out: no filter, no ground, lexical similarity."""

    detector: Detector
    segmenter: Segmenter
    depth: DepthEstimator
    filter: Filter | None = None
    ground: GroundSegmenter | None = None
    embedder: TextEmbedder | None = None

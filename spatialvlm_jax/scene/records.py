"""The records of the generator: what a scene is, what a question-answer pair is.

Frames (the one statement of the convention; everything else refers to it):

* camera frame: origin at the camera, x right, y down, z forward (OpenCV).
* canonical frame: origin at the camera, z up along gravity, y the viewing direction laid into
  the horizontal plane, x right. It exists only where gravity is known.

Units: metres and radians; pixels for image coordinates, pixel centres at +0.5.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

Provenance = Literal["exact", "annotated", "sensor", "estimated"]
Kind = Literal["qualitative", "quantitative", "general", "composed"]
PrimitiveShape = Literal["box", "cylinder", "ellipsoid"]


@dataclasses.dataclass(frozen=True, eq=False)
class Primitive:
    """One convex solid of an object's surface.

    center: float64[3], metres, camera frame.
    rotation: float64[3, 3], columns are the primitive's own axes in the camera frame; a cylinder
      stands along its own third axis.
    extents: float64[3], full sizes along its own axes, metres. A cylinder's first two extents are
      its diameters (equal); an ellipsoid's are its three diameters.
    taper: for a cylinder, radius at the top divided by radius at the bottom (1 = straight,
      0 = a cone; `extents` then hold the larger diameter). 1 for the other shapes.
    """

    shape: PrimitiveShape
    center: np.ndarray
    rotation: np.ndarray
    extents: np.ndarray
    taper: float = 1.0


@dataclasses.dataclass(frozen=True, eq=False)
class Object3D:
    """One object of a scene, everything about it in one record.

    caption: what people call it here, without an article ("red mug"); unique in its scene unless
      ambiguity is still to be resolved.
    category: its noun ("mug").
    box: float32[4], x0, y0, x1, y1, pixels: around its visible pixels.
    center, rotation, extents: the oriented 3D box. center float64[3], metres, camera frame;
      rotation float64[3, 3], columns are the box axes in the camera frame (the third is the
      object's own up); extents float64[3], full sizes along these axes, metres.
    attributes: what else is known of it: "color", "material", "shape". unseen: those of them that
      the picture does not show.
    mask: bool[H, W], its visible pixels, or None.
    parts: the convex solids of its exact surface; empty when only the box is known.
    points: float32[N, 3], metres, camera frame: points seen on its surface, or None.
    support: index in `Scene.objects` of what it rests on, or None for the floor or unknown.
    visible_fraction: pixels seen divided by pixels it would cover if nothing stood before it.
    truncation: fraction of its projection that falls outside the image.
    std: standard error of its position, metres, beside the scene's common scale error.
    extents_std: standard error of its extents, metres, likewise.
    """

    caption: str
    category: str
    box: np.ndarray
    center: np.ndarray
    rotation: np.ndarray
    extents: np.ndarray
    attributes: Mapping[str, str] = dataclasses.field(default_factory=dict)
    mask: np.ndarray | None = None
    parts: tuple[Primitive, ...] = ()
    points: np.ndarray | None = None
    support: int | None = None
    visible_fraction: float = 1.0
    truncation: float = 0.0
    confidence: float = 1.0
    std: float = 0.0
    extents_std: float = 0.0
    provenance: Provenance = "exact"
    unseen: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True, eq=False)
class Scene:
    """An image and what is known of the space it shows.

    image_id: unique, stable; seeds everything that is drawn for this image.
    image: uint8[H, W, 3].
    intrinsics: float64[3, 3], pixels.
    up: float64[3], unit vector against gravity in the camera frame, or None where unknown.
    camera_height: metres above the floor, or None where unknown.
    depth: float32[H, W], metres along the camera's z; 0 or NaN where unknown; or None.
    scale_std: relative standard error common to all lengths of the scene: a depth estimate that is
      8 % too large makes every distance and size 8 % too large, and turns no relation round.
    encoded: the bytes of the file the image was decoded from, stored as they are, or None.
    extra: anything for the record; "ambiguity" holds what became of captions that fit several
      objects.
    """

    image_id: str
    image: np.ndarray
    intrinsics: np.ndarray
    objects: tuple[Object3D, ...]
    up: np.ndarray | None = None
    camera_height: float | None = None
    depth: np.ndarray | None = None
    source: str = ""
    scale_std: float = 0.0
    encoded: bytes | None = None
    extra: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def canonical_from_camera(self) -> np.ndarray:
        """Rotation float64[3, 3] that takes camera-frame vectors to the canonical frame.

        Raises:
          ValueError: gravity is unknown, or the camera looks straight up or down.
        """
        if self.up is None:
            raise ValueError(f"{self.image_id}: gravity is unknown, so there is no canonical frame")
        try:
            return canonical_from_up(self.up)
        except ValueError as error:
            raise ValueError(f"{self.image_id}: {error}") from None


def canonical_from_up(up: np.ndarray) -> np.ndarray:
    """Rotation float64[3, 3] from the camera frame to the canonical frame, given up.

    Args:
      up: float[3], against gravity, camera frame.
    Raises:
      ValueError: the camera looks straight up or down, so that "forward" is undefined.
    """
    z = np.asarray(up, np.float64) / np.linalg.norm(up)
    forward = np.array([0.0, 0.0, 1.0])
    y = forward - z * (forward @ z)
    length = np.linalg.norm(y)
    if length < 1e-6:
        raise ValueError("the camera looks along gravity; 'forward' is undefined")
    y = y / length
    return np.stack([np.cross(y, z), y, z])


@dataclasses.dataclass(frozen=True)
class QA:
    """One question and its answer, with the truth behind the words.

    type: the registered question type ("distance", "left_of", "color").
    kind: "qualitative", "quantitative" or "general"; "composed" of questions that are to be broken
      up into simpler ones, answered by a value or by a verdict.
    value: the exact value in SI units for quantitative questions, else NaN.
    value_std: its standard error in the same unit, else NaN.
    unit: the unit spoken in the answer ("m", "cm", "ft", ...), else "".
    verdict: for answers that are one of a few words, the normalised word that decides
      ("yes", "no", "left", a caption, a colour, a number word as digits); else "".
    objects: indices in `Scene.objects` of the objects asked about, in the order of the question.
    template: "question template id/answer template id".
    answers: what several people answered, where a set asked them; `answer` is one of these.
    """

    question: str
    answer: str
    type: str
    kind: Kind
    value: float = float("nan")
    value_std: float = float("nan")
    unit: str = ""
    verdict: str = ""
    objects: tuple[int, ...] = ()
    template: str = ""
    answers: tuple[str, ...] = ()

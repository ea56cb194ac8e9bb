"""What one stored example looks like: an image with its objects and all its pairs.

An example is a `tf.train.Example` laid out as TFDS lays out `features()`, so that
`tfds.builder_from_directory` reads it; `encode_example` writes one and `StoredExample` reads one
without TensorFlow, decoding only what is asked for.

TFDS has no optional features: where there is no depth, or no mask of any object, one zero pixel is
stored, and an unknown number is NaN.
"""

import functools
import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from tensorflow_datasets.proto import tf_example_pb2

from spatialvlm_jax.scene.camera import KnownCamera
from spatialvlm_jax.scene.geometry import SceneGeometry
from spatialvlm_jax.scene.intrinsics import pinhole
from spatialvlm_jax.scene.records import QA, Object3D, Scene
from spatialvlm_jax.storage.codec import (
    NOTHING,
    decode_depth,
    decode_image,
    encode_depth,
    encode_png,
    picture_size,
)
from spatialvlm_jax.storage.schema import ATTRIBUTES, QA_OBJECTS, features

MAX_OBJECTS = 255
_OBJECT_SCALARS = ("visible_fraction", "truncation", "confidence", "std", "extents_std")


@functools.cache
def _serializer() -> Any:
    from tensorflow_datasets.core.example_serializer import ExampleSerializer

    return ExampleSerializer(features().get_serialized_info())


def instance_map(scene: Scene) -> np.ndarray:
    """uint8[H, W]: 0 for no object, i + 1 for object i of the scene; `NOTHING` without masks."""
    if len(scene.objects) > MAX_OBJECTS:
        raise ValueError(f"{len(scene.objects)} objects; at most {MAX_OBJECTS} can be stored")
    if all(item.mask is None for item in scene.objects):
        return NOTHING
    instances = np.zeros(scene.image.shape[:2], np.uint8)
    for index, item in enumerate(scene.objects):
        if item.mask is not None:
            instances[item.mask] = index + 1
    return instances


def _spans(scene: Scene) -> np.ndarray:
    """float32[N, 3]: sizes of the objects' surfaces along the canonical axes, NaN if unknown."""
    geometry = SceneGeometry.from_scene(scene)
    spans = geometry.high - geometry.low
    return (spans if geometry.has_gravity else np.full_like(spans, np.nan)).astype(np.float32)


def _object_fields(item: Object3D, spans: np.ndarray) -> dict[str, Any]:
    return {
        "caption": item.caption,
        "category": item.category,
        **{name: item.attributes.get(name, "") for name in ATTRIBUTES},
        "center": np.asarray(item.center, np.float32),
        "rotation": np.asarray(item.rotation, np.float32),
        "extents": np.asarray(item.extents, np.float32),
        "spans": spans,
        "box": np.asarray(item.box, np.float32),
        "visible_fraction": np.float32(item.visible_fraction),
        "truncation": np.float32(item.truncation),
        "confidence": np.float32(item.confidence),
        "std": np.float32(item.std),
        "extents_std": np.float32(item.extents_std),
        "provenance": item.provenance,
        "support": -1 if item.support is None else item.support,
    }


def _pair_fields(pair: QA) -> dict[str, Any]:
    if len(pair.objects) > QA_OBJECTS:
        raise ValueError(
            f"a {pair.type!r} pair names {len(pair.objects)} objects, not {QA_OBJECTS}"
        )
    return {
        "question": pair.question,
        "answer": pair.answer,
        "type": pair.type,
        "kind": pair.kind,
        "value": np.float32(pair.value),
        "value_std": np.float32(pair.value_std),
        "unit": pair.unit,
        "verdict": pair.verdict,
        "template": pair.template,
        "objects": np.array(pair.objects + (-1,) * (QA_OBJECTS - len(pair.objects)), np.int64),
        "answers": "\n".join(" ".join(answer.split()) for answer in pair.answers),
    }


def _columns(rows: Sequence[dict[str, Any]], names: Sequence[str]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in names}


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _positive(value: Any, otherwise: float = np.nan) -> float:
    """A finite number above 0, or `otherwise`."""
    known = isinstance(value, int | float | np.floating) and np.isfinite(value) and value > 0
    return float(value) if known else otherwise


def _is_camera(matrix: np.ndarray) -> bool:
    """Whether a float64[3, 3] maps what lies before a camera to pixels, one to one."""
    is_finite = bool(np.isfinite(matrix).all())
    return is_finite and matrix[0, 0] > 0 and matrix[1, 1] > 0 and matrix[2].tolist() == [0, 0, 1]


def _plain(value: Any) -> Any:
    """A JSON value for what numpy holds."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    raise TypeError(f"Scene.extra holds a {type(value).__name__}, which JSON cannot")


def encode_example(scene: Scene, pairs: Sequence[QA]) -> bytes:
    """One serialised example; equal inputs give equal bytes.

    The image is stored as `scene.encoded` where that is given, so that a photo does not grow.

    Raises:
      ValueError: more objects, or more objects in a pair, than the format holds.
      TypeError: `scene.extra` is not JSON.
    """
    unknown = np.full(3, np.nan)
    depth = NOTHING if scene.depth is None else scene.depth
    specs = features()
    example = {
        "image": scene.encoded or encode_png(np.ascontiguousarray(scene.image)),
        "image_id": scene.image_id,
        "source": scene.source,
        "intrinsics": np.asarray(scene.intrinsics, np.float32),
        "up": np.asarray(unknown if scene.up is None else scene.up, np.float32),
        "camera_height": np.float32(np.nan if scene.camera_height is None else scene.camera_height),
        "scale_std": np.float32(scene.scale_std),
        "instances": encode_png(instance_map(scene)),
        "depth": encode_depth(depth),
        "extra": json.dumps(dict(scene.extra), sort_keys=True, default=_plain),
        "objects": _columns(
            [
                _object_fields(item, spans)
                for item, spans in zip(scene.objects, _spans(scene), strict=True)
            ],
            list(specs["objects"].feature),
        ),
        "qa": _columns([_pair_fields(pair) for pair in pairs], list(specs["qa"].feature)),
    }
    # Maps in a protocol buffer have no order of their own; without this the bytes would differ
    # from process to process.
    return _serializer().get_tf_example(example).SerializeToString(deterministic=True)


class StoredExample:
    """One stored example, read lazily from its bytes.

    Attributes have the meaning, dtype, unit and frame of `Scene`, `Object3D` and `QA`.
    """

    def __init__(self, record: bytes):
        self._fields = tf_example_pb2.Example.FromString(record).features.feature

    def bytes_of(self, name: str) -> list[bytes]:
        """All values of a bytes field, such as "qa/question"."""
        return list(self._fields[name].bytes_list.value)

    def texts(self, name: str) -> list[str]:
        """All values of a text field."""
        return [value.decode() for value in self._fields[name].bytes_list.value]

    def floats(self, name: str, shape: tuple[int, ...] = (-1,)) -> np.ndarray:
        """float32 values of a field, in `shape`."""
        return np.array(self._fields[name].float_list.value, np.float32).reshape(shape)

    def ints(self, name: str, shape: tuple[int, ...] = (-1,)) -> np.ndarray:
        """int64 values of a field, in `shape`."""
        return np.array(self._fields[name].int64_list.value, np.int64).reshape(shape)

    @functools.cached_property
    def image_id(self) -> str:
        return self.texts("image_id")[0]

    def image(self) -> np.ndarray:
        """uint8[H, W, 3]."""
        return decode_image(self.bytes_of("image")[0])

    def instances(self) -> np.ndarray:
        """uint8[H, W]: 0 for none, i + 1 for object i; one zero pixel if no object has a mask."""
        return decode_image(self.bytes_of("instances")[0])

    def depth(self) -> np.ndarray:
        """float32[H, W], metres along the camera's z, 0 where unknown; one zero if not stored."""
        return decode_depth(self.bytes_of("depth")[0])

    def extra(self) -> dict[str, Any]:
        """`Scene.extra` as JSON gives it back."""
        return json.loads(self.texts("extra")[0])

    def up(self) -> np.ndarray | None:
        """float32[3], camera frame, or None where gravity is unknown."""
        up = self.floats("up")
        return up if np.isfinite(up).all() else None

    def camera(self) -> KnownCamera:
        """What is known of the camera; what cannot be of a camera counts as unknown.

        Errors are those that `extra["camera"]` and `extra["frame"]` tell; where they say nothing,
        rendered truth has none, and of anything else they are NaN.
        """
        width, height = picture_size(self.bytes_of("image")[0])
        extra, up = self.extra(), self.up()
        told, frame = _table(extra.get("camera")), _table(extra.get("frame"))
        matrix = self.floats("intrinsics", (3, 3)).astype(np.float64)
        focal = _positive(told.get("focal"))
        if np.isnan(matrix).any() and np.isfinite(focal):
            matrix = pinhole(width, height, focal)
        above = _positive(self.floats("camera_height")[0])
        exact = all(word == "exact" for word in self.texts("objects/provenance"))
        own = 0.0 if exact else np.nan
        return KnownCamera(
            size=(width, height),
            intrinsics=matrix if _is_camera(matrix) else None,
            up=None if up is None else up.astype(np.float64),
            height=above if np.isfinite(above) else None,
            focal_std=_positive(told.get("focal_std"), own),
            up_std=_positive(frame.get("error"), own),
            height_std=own if exact else float(self.floats("scale_std")[0]),
        )

    def pairs(self) -> list[QA]:
        """All question-answer pairs."""
        columns = [
            self.texts(f"qa/{name}")
            for name in ("question", "answer", "type", "kind", "unit", "verdict", "template")
        ]
        values = self.floats("qa/value").tolist()
        stds = self.floats("qa/value_std").tolist()
        objects = self.ints("qa/objects", (-1, QA_OBJECTS)).tolist()
        # Absent in sets that were stored before there was this field.
        answers = self.texts("qa/answers") or [""] * len(values)
        return [
            QA(
                question=question,
                answer=answer,
                type=type_,
                kind=kind,
                value=value,
                value_std=std,
                unit=unit,
                verdict=verdict,
                objects=tuple(index for index in about if index >= 0),
                template=template,
                answers=tuple(given.split("\n")) if given else (),
            )
            for (
                question,
                answer,
                type_,
                kind,
                unit,
                verdict,
                template,
            ), value, std, about, given in zip(
                zip(*columns, strict=True), values, stds, objects, answers, strict=True
            )
        ]

    def objects(self) -> tuple[Object3D, ...]:
        """All objects; their exact surfaces (`parts`) are not stored."""
        instances = self.instances()
        centers = self.floats("objects/center", (-1, 3)).astype(np.float64)
        rotations = self.floats("objects/rotation", (-1, 3, 3)).astype(np.float64)
        extents = self.floats("objects/extents", (-1, 3)).astype(np.float64)
        boxes = self.floats("objects/box", (-1, 4))
        scalars = {name: self.floats(f"objects/{name}").tolist() for name in _OBJECT_SCALARS}
        support = self.ints("objects/support").tolist()
        texts = {
            name: self.texts(f"objects/{name}")
            for name in ("caption", "category", "provenance", *ATTRIBUTES)
        }
        return tuple(
            Object3D(
                caption=texts["caption"][i],
                category=texts["category"][i],
                box=boxes[i],
                center=centers[i],
                rotation=rotations[i],
                extents=extents[i],
                attributes={name: texts[name][i] for name in ATTRIBUTES if texts[name][i]},
                mask=None if instances.size == 1 else instances == i + 1,
                support=support[i] if support[i] >= 0 else None,
                provenance=texts["provenance"][i],  # type: ignore[arg-type]
                **{name: values[i] for name, values in scalars.items()},
            )
            for i in range(len(centers))
        )

    def scene(self) -> Scene:
        """The whole record, everything decoded."""
        height, up, depth = float(self.floats("camera_height")[0]), self.up(), self.depth()
        return Scene(
            image_id=self.image_id,
            image=self.image(),
            intrinsics=self.floats("intrinsics", (3, 3)).astype(np.float64),
            objects=self.objects(),
            up=None if up is None else up.astype(np.float64),
            camera_height=height if np.isfinite(height) else None,
            depth=depth if depth.size > 1 else None,
            source=self.texts("source")[0],
            scale_std=float(self.floats("scale_std")[0]),
            extra=self.extra(),
        )

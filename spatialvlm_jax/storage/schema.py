"""The TFDS features of a stored example: the one list of what it holds."""

import functools
from typing import Any

import numpy as np

QA_OBJECTS = 4
ATTRIBUTES = ("color", "material", "shape")


def _pair_features(text: Any, tensor: Any) -> dict[str, Any]:
    return {
        "question": text(),
        "answer": text(),
        "type": text(doc="registered question type"),
        "kind": text(doc="qualitative, quantitative, general or composed"),
        "value": tensor(shape=(), dtype=np.float32, doc="exact value, SI; NaN if there is none"),
        "value_std": tensor(shape=(), dtype=np.float32, doc="its standard error; NaN if none"),
        "unit": text(doc="the unit spoken"),
        "verdict": text(doc="the normalised word that decides"),
        "template": text(doc="question template / answer template"),
        "objects": tensor(shape=(QA_OBJECTS,), dtype=np.int64, doc="objects asked about, then -1"),
        "answers": text(doc="those of several people, one a line; empty if one was given"),
    }


@functools.cache
def features() -> Any:
    """The TFDS features of an example, as a documented `tfds.features.FeaturesDict`."""
    import tensorflow_datasets as tfds

    text, tensor, image = tfds.features.Text, tfds.features.Tensor, tfds.features.Image
    objects = {
        "caption": text(doc="what people call it here, unique in its image"),
        "category": text(doc="its noun"),
        **{name: text(doc="empty where unknown") for name in ATTRIBUTES},
        "center": tensor(shape=(3,), dtype=np.float32, doc="metres, camera frame"),
        "rotation": tensor(shape=(3, 3), dtype=np.float32, doc="columns: box axes, camera frame"),
        "extents": tensor(shape=(3,), dtype=np.float32, doc="full sizes along the axes, metres"),
        "spans": tensor(
            shape=(3,), dtype=np.float32, doc="sizes along the canonical axes, metres; or NaN"
        ),
        "box": tensor(shape=(4,), dtype=np.float32, doc="x0, y0, x1, y1, pixels"),
        "visible_fraction": tensor(shape=(), dtype=np.float32),
        "truncation": tensor(shape=(), dtype=np.float32, doc="fraction outside the image"),
        "confidence": tensor(shape=(), dtype=np.float32),
        "std": tensor(shape=(), dtype=np.float32, doc="standard error of its position, metres"),
        "extents_std": tensor(shape=(), dtype=np.float32, doc="that of its extents, metres"),
        "provenance": text(doc="exact, annotated, sensor or estimated"),
        "support": tensor(shape=(), dtype=np.int64, doc="object it rests on, -1 floor or unknown"),
    }
    return tfds.features.FeaturesDict(
        {
            "image": image(shape=(None, None, 3), doc="PNG, or the file of a photo as it was"),
            "image_id": text(),
            "source": text(),
            "intrinsics": tensor(shape=(3, 3), dtype=np.float32, doc="pixels; NaN where unknown"),
            "up": tensor(shape=(3,), dtype=np.float32, doc="camera frame; NaN where unknown"),
            "camera_height": tensor(shape=(), dtype=np.float32, doc="metres; NaN where unknown"),
            "scale_std": tensor(
                shape=(), dtype=np.float32, doc="relative standard error common to all lengths"
            ),
            "instances": image(
                shape=(None, None, 1), doc="0 none, i + 1 object i; one zero pixel: no masks"
            ),
            "depth": image(
                shape=(None, None, 1),
                dtype=np.float32,
                doc="metres along z, 0 unknown; one zero pixel: not stored",
            ),
            "extra": text(doc="JSON: what else is known of the image and how it was made"),
            "objects": tfds.features.Sequence(objects),
            "qa": tfds.features.Sequence(_pair_features(text, tensor)),
        }
    )

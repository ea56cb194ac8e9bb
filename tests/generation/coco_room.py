"""Rendered rooms as a folder of photos with what other models could have written beside it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from spatialvlm_jax.generation.experts.base import Photo
from spatialvlm_jax.generation.experts.rendered import floor_mask, rendered_photos
from spatialvlm_jax.worlds.config import WorldConfig

SIDE = 128
ROOMS = WorldConfig.preset("rich", image_size=SIDE, families=("room",), family_weights=(1.0,))


def counts(mask: np.ndarray) -> list[int]:
    """Run lengths, down the columns, of a mask whose first pixel is not set or set."""
    flat = mask.T.ravel()
    edges = [0, *(np.flatnonzero(flat[1:] != flat[:-1]) + 1).tolist(), flat.size]
    lengths: list[int] = np.diff(edges).tolist()
    return [0, *lengths] if flat[0] else lengths


def annotated(image_id: int, mask: np.ndarray, category: int, **fields: Any) -> Mapping[str, Any]:
    rle = {"size": list(mask.shape), "counts": counts(mask)}
    return {"image_id": image_id, "category_id": category, "segmentation": rle, **fields}


def write_rooms(folder: Path, seed: int, number: int) -> list[Photo]:
    """FOLDER/pictures, boxes.json and depth (with intrinsics) of rooms; the rooms themselves."""
    photos = rendered_photos(ROOMS, seed, range(number))
    for name in ("pictures", "depth"):
        (folder / name).mkdir()
    images, annotations = [], []
    for index, photo in enumerate(photos):
        scene = photo.truth
        assert scene is not None
        assert scene.depth is not None
        Image.fromarray(photo.image).save(folder / f"pictures/{index}.png")
        np.save(folder / f"depth/{index}.npy", scene.depth)
        camera = json.dumps({"K": scene.intrinsics.tolist(), "width": SIDE, "height": SIDE})
        (folder / f"depth/{index}.json").write_text(camera)
        images.append({"id": index, "file_name": f"{index}.png", "width": SIDE, "height": SIDE})
        for thing in scene.objects:
            x0, y0, x1, y1 = map(float, thing.box)
            assert thing.mask is not None
            fields = {"bbox": [x0, y0, x1 - x0, y1 - y0], "caption": thing.caption}
            annotations.append(annotated(index, thing.mask, 1, **fields))
        annotations.append(annotated(index, floor_mask(scene), 2))
    categories = [{"id": 1, "name": "thing"}, {"id": 2, "name": "floor"}]
    document = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "boxes.json").write_text(json.dumps(document))
    return photos

"""Scenes laid out side by side for people to look at: pictures, depth, objects."""

from collections.abc import Sequence

import numpy as np

from spatialvlm_jax.scene.records import Scene
from spatialvlm_jax.worlds.catalog import COLOR_VALUES

VIEWS = ("image", "depth", "instances")
# Near to far, sRGB; between them colours are interpolated.
_NEAR_TO_FAR = np.array([(255, 240, 180), (244, 140, 80), (150, 50, 110), (20, 14, 54)], np.float64)
_GAP = 4


def depth_colours(depth: np.ndarray) -> np.ndarray:
    """uint8[H, W, 3]: light is near, dark is far, in the logarithm of depth.

    Args:
      depth: float[H, W], metres, positive.
    """
    log = np.log(depth)
    place = (log - log.min()) / max(float(np.ptp(log)), 1e-6) * (len(_NEAR_TO_FAR) - 1)
    steps = np.arange(len(_NEAR_TO_FAR))
    channels = [np.interp(place, steps, _NEAR_TO_FAR[:, channel]) for channel in range(3)]
    return np.stack(channels, -1).round().astype(np.uint8)


def instance_colours(scene: Scene) -> np.ndarray:
    """uint8[H, W, 3]: every object flat in its own colour on a faded picture, its edge dark."""
    faded = scene.image.mean(-1, keepdims=True) * 0.3 + 150
    result = np.broadcast_to(faded, scene.image.shape).astype(np.uint8)
    for item in scene.objects:
        if item.mask is None:
            continue
        inner = item.mask.copy()
        inner[1:] &= item.mask[:-1]
        inner[:-1] &= item.mask[1:]
        inner[:, 1:] &= item.mask[:, :-1]
        inner[:, :-1] &= item.mask[:, 1:]
        result[item.mask] = 30
        result[inner] = COLOR_VALUES[item.attributes["color"]]
    return result


def contact_sheet(
    scenes: Sequence[Scene], columns: int, views: Sequence[str] = ("image",), scale: int = 1
) -> np.ndarray:
    """uint8[H, W, 3]: the scenes in rows of `columns`, each in all `views` side by side.

    Args:
      scenes: of one image size. views: some of VIEWS. scale: pixels drawn for each pixel's side.
    """
    tiles = []
    for scene in scenes:
        drawn = []
        for view in views:
            if view == "depth":
                if scene.depth is None:
                    raise ValueError(f"{scene.image_id} has no depth to show")
                drawn.append(depth_colours(scene.depth))
            else:
                drawn.append(scene.image if view == "image" else instance_colours(scene))
        tiles.append(np.concatenate(drawn, axis=1).repeat(scale, 0).repeat(scale, 1))
    height, width = tiles[0].shape[:2]
    rows = -(-len(tiles) // columns)
    size = rows * (height + _GAP) - _GAP, min(columns, len(tiles)) * (width + _GAP) - _GAP, 3
    sheet = np.full(size, 255, np.uint8)
    for number, tile in enumerate(tiles):
        y, x = (number // columns) * (height + _GAP), (number % columns) * (width + _GAP)
        sheet[y : y + height, x : x + width] = tile
    return sheet

"""Drawings of a data card: an image with the objects asked about, and its scene from above.

Both are SVG. Colours are left to the page: the first object asked about has class "a", the second
"b", all others "other".
"""

import html
from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image
from scipy.ndimage import binary_erosion
from scipy.spatial import ConvexHull, QhullError

from spatialvlm_jax.pages import svg
from spatialvlm_jax.pages.data_uri import data_uri
from spatialvlm_jax.scene.records import Object3D, Scene

PICTURE_SIDE = 360
_PLAN_WIDTH, _PLAN_HEIGHT, _PLAN_MARGIN = 360, 300, 18
# The page's colours of the boxes.
_OUTLINES = ((255, 138, 31), (74, 144, 255), (79, 192, 127), (181, 123, 234))
_MAX_NAME = 28
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)


def role(place: int) -> str:
    """The class of the object that a question names at this place."""
    return "abcd"[place] if place < 4 else "other"


def picture(scene: Scene, asked: Sequence[int]) -> str:
    """The image at the card's size, with outlines and boxes of the objects asked about."""
    height, width = scene.image.shape[:2]
    scale = PICTURE_SIDE / max(width, height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    smooth = Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.NEAREST
    pixels = np.array(Image.fromarray(scene.image).resize(size, smooth))
    for place, index in enumerate(asked):
        mask = scene.objects[index].mask
        if mask is not None:
            shown = np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))
            # An outline, and no tint: questions ask for colours.
            pixels[shown & ~binary_erosion(shown)] = _OUTLINES[place % len(_OUTLINES)]
    uri = data_uri(pixels, "jpeg")
    parts = [f'<image width="{width}" height="{height}" href="{uri}"/>']
    letters = max(width, height) / 26
    for place, index in enumerate(asked):
        item = scene.objects[index]
        x0, y0, x1, y1 = (float(value) for value in item.box)
        parts.append(
            f'<rect class="box {role(place)}" x="{x0:.1f}" y="{y0:.1f}" width="{x1 - x0:.1f}" '
            f'height="{y1 - y0:.1f}" stroke-width="{letters / 8:.2f}"/>'
        )
        room = width - 0.62 * letters * min(len(item.caption), _MAX_NAME)
        x = max(0.0, min(x0, room))
        y = y0 - 0.35 * letters if y0 > 1.5 * letters else min(y1 + letters, height - 0.3 * letters)
        parts.append(_text(x, y, item.caption, f"name {role(place)}", letters))
    return svg.document(parts, "picture", width, height, "The image with the objects asked about")


def outline_from_above(item: Object3D, rotation: np.ndarray) -> np.ndarray:
    """The convex outline of an object's oriented box from above.

    Args:
      rotation: float[2, 3], from the camera frame to the plan's x and y.

    Returns:
      float64[N, 2], metres, in order around it.
    """
    corners = np.stack(np.meshgrid(*[(-0.5, 0.5)] * 3), axis=-1).reshape(-1, 3) * item.extents
    points = (item.center + corners @ item.rotation.T) @ rotation.T
    try:
        return points[ConvexHull(points).vertices]
    except QhullError:  # a flat box that is seen along its plane
        return points


def plan(scene: Scene, asked: Sequence[int]) -> str:
    """The scene from above: footprints, the camera, its field of view; "" without objects.

    The plane is the canonical one, and without gravity the camera's own x and z.
    """
    try:
        rotation = scene.canonical_from_camera()[:2]
    except ValueError:
        rotation = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    outlines = [outline_from_above(item, rotation) for item in scene.objects]
    if not outlines:
        return ""
    points = np.concatenate([*outlines, np.zeros((1, 2))])
    # A thing far away must not squeeze all others: the plan ends soon behind what is asked about.
    near = np.concatenate([*(outlines[i] for i in asked), np.zeros((1, 2))]) if asked else points
    reach = 2.5 * float(np.abs(near).max())
    points = points[(np.abs(points) <= reach).all(axis=1)]
    low, high = points.min(0), points.max(0)
    scale = float(
        min(
            (_PLAN_WIDTH - 2 * _PLAN_MARGIN) / max(high[0] - low[0], 0.1),
            (_PLAN_HEIGHT - 2 * _PLAN_MARGIN) / max(high[1] - low[1], 0.1),
        )
    )
    middle = (low + high) / 2

    def pixels(xy: np.ndarray) -> np.ndarray:
        x, y = ((np.atleast_2d(xy) - middle) * scale).T
        return np.stack([_PLAN_WIDTH / 2 + x, _PLAN_HEIGHT / 2 - y], axis=-1)

    parts = [_view(scene, pixels)]
    order = [i for i in range(len(outlines)) if i not in asked] + list(asked)
    for index in order:
        css = role(list(asked).index(index)) if index in asked else "other"
        corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in pixels(outlines[index]))
        name = html.escape(scene.objects[index].caption)
        parts.append(
            f'<polygon class="print {css}" points="{corners}"><title>{name}</title></polygon>'
        )
    for index in asked:
        x, y = pixels(outlines[index].mean(0))[0]
        css = f"name {role(list(asked).index(index))}"
        x = float(np.clip(x, 60, _PLAN_WIDTH - 60))
        parts.append(_text(x, y + 4, scene.objects[index].caption, css, 13, "middle"))
    parts.append(_scale_bar(scale))
    return svg.document(parts, "plan", _PLAN_WIDTH, _PLAN_HEIGHT, "The scene from above")


def _view(scene: Scene, pixels: Callable[[np.ndarray], np.ndarray]) -> str:
    """The camera and the edges of its horizontal field of view, where the focal length is known."""
    x, y = pixels(np.zeros(2))[0]
    dot = f'<circle class="camera" cx="{x:.1f}" cy="{y:.1f}" r="5"/>'
    focal, centre = scene.intrinsics[0, 0], scene.intrinsics[0, 2]
    if not (np.isfinite(focal) and np.isfinite(centre)):
        return dot
    far = 1000.0
    slopes = [-centre / focal, (scene.image.shape[1] - centre) / focal]
    ends = pixels(np.array([[slope * far, far] for slope in slopes]))
    steps = "".join(f"M{x:.1f} {y:.1f}L{ex:.1f} {ey:.1f}" for ex, ey in ends)
    return f'<path class="view" d="{steps}"/>' + dot


def _scale_bar(scale: float) -> str:
    step = max((s for s in _STEPS if s * scale <= _PLAN_WIDTH / 3), default=_STEPS[0])
    x, y = 12, _PLAN_HEIGHT - 10
    label = _text(x, y - 6, f"{step:g} m", "note", 12)
    return f'<path class="scale" d="M{x} {y}h{step * scale:.1f}"/>{label}'


def _text(x: float, y: float, text: str, css: str, size: float, anchor: str = "start") -> str:
    shown = text if len(text) <= _MAX_NAME else text[: _MAX_NAME - 1] + "…"
    return svg.text_at(x, y, shown, css, anchor, f' font-size="{size:.1f}"')

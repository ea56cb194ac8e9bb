"""Pictures inside a page, so that it needs no other file."""

import base64
import io
from typing import Literal

import numpy as np
from PIL import Image

_JPEG_QUALITY = 82


def data_uri(image: np.ndarray, form: Literal["png", "jpeg"]) -> str:
    """uint8[H, W, 3] as the address of a picture: "png" is exact, "jpeg" is small."""
    buffer = io.BytesIO()
    options = {"quality": _JPEG_QUALITY} if form == "jpeg" else {}
    Image.fromarray(image).save(buffer, format=form, **options)
    return f"data:image/{form};base64," + base64.b64encode(buffer.getvalue()).decode()


def smaller(image: np.ndarray, side: int) -> np.ndarray:
    """uint8[H, W, 3] with no side longer than `side` pixels; small pictures as they are."""
    small = Image.fromarray(image)
    small.thumbnail((side, side))
    return np.asarray(small)


def svg_uri(drawing: str) -> str:
    """A drawing as the address of a picture, whose styles stay its own."""
    return "data:image/svg+xml;base64," + base64.b64encode(drawing.encode()).decode()

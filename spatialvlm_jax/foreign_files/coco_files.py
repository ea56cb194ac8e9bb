"""COCO annotation files: pictures by name, and what is annotated in each.

Read are whole documents (`images`, `annotations`, `categories`), and lists of results whose
`image_id` is the name of a file.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from spatialvlm_jax.foreign_files.coco_masks import is_number
from spatialvlm_jax.foreign_files.errors import FileError
from spatialvlm_jax.foreign_files.json_files import read_document


@dataclasses.dataclass(frozen=True, eq=False)
class CocoAnnotation:
    """One annotated thing, its fields as they stand in the file.

    category: the name of its category, or None. row: the whole record.
    """

    row: Mapping[str, Any]
    category: Any

    @property
    def label(self) -> str:
        """What messages call it."""
        if "id" in self.row:
            return f"annotation {str(self.row['id'])[:80]}"
        return f"an annotation of {str(self.category)[:80]!r}"

    def box(self) -> np.ndarray | None:
        """float64[4], x0, y0, x1, y1, pixels; None where none is given.

        Raises:
          ValueError: it is no box.
        """
        box = self.row.get("bbox")
        if box is None:
            return None
        plain = isinstance(box, list) and len(box) == 4 and all(map(is_number, box))
        if not plain or box[2] <= 0 or box[3] <= 0:
            raise ValueError(f"{self.label}: a box is x, y, width, height, not {str(box)[:80]}")
        x, y, width, height = map(float, box)
        return np.array([x, y, x + width, y + height])

    def score(self) -> float:
        """From 0 to 1; 1 where none is given.

        Raises:
          ValueError: it is no such number.
        """
        score = self.row.get("score")
        if score is None:
            return 1.0
        if not is_number(score) or not 0 <= score <= 1:
            raise ValueError(f"{self.label}: score {str(score)[:80]} is not from 0 to 1")
        return float(score)


@dataclasses.dataclass(frozen=True, eq=False)
class CocoPicture:
    """What a file says of one picture. size: width and height, pixels, or None where untold."""

    size: tuple[int, int] | None
    annotations: tuple[CocoAnnotation, ...]


def read_coco(path: Path) -> dict[str, CocoPicture]:
    """The pictures of an annotation file by their `file_name`.

    Raises:
      FileError: it is no such file, or speaks of pictures or categories that it does not list.
    """
    document = read_document(path)
    if isinstance(document, list):
        document = _document_of(document, path)
    if not isinstance(document, Mapping):
        raise FileError(f"{path} is no COCO file: it holds no object and no list of results")
    rows = {name: _rows(document, name, path) for name in ("images", "annotations", "categories")}
    categories = {_key(row, "id", path): row.get("name") for row in rows["categories"]}
    images = {_key(row, "id", path): row for row in rows["images"]}
    if len(images) < len(rows["images"]) or len(categories) < len(rows["categories"]):
        raise FileError(f"{path} gives two images or two categories the same id")
    found: dict[Any, list[CocoAnnotation]] = {key: [] for key in images}
    for row in rows["annotations"]:
        image, category = _key(row, "image_id", path), row.get("category_id")
        if "id" in row:
            _key(row, "id", path)
        if image not in found:
            raise FileError(f"{path}: an annotation is of image {image!r}, which is not listed")
        if category is not None and category not in categories:
            raise FileError(f"{path}: an annotation is of category {category!r}: it is not listed")
        named = row.get("category_name") if category is None else categories[category]
        found[image].append(CocoAnnotation(row, named))
    pictures = {
        _name(images[key], path): CocoPicture(_size(images[key], path), tuple(annotations))
        for key, annotations in found.items()
    }
    if len(pictures) < len(images):
        raise FileError(f"{path} gives two images the same file_name")
    return pictures


def _document_of(results: list[Any], path: Path) -> dict[str, Any]:
    """A document of results, each of which names its picture."""
    names = {
        row.get("image_id"): None
        for row in results
        if isinstance(row, Mapping) and isinstance(row.get("image_id"), str)
    }
    if not all(isinstance(row, Mapping) and row.get("image_id") in names for row in results):
        raise FileError(
            f"{path}: results tell no file names; put their images, annotations and categories "
            "into one COCO document, or file names into image_id"
        )
    if any(row.get("category_id") is not None for row in results):
        raise FileError(
            f"{path}: results do not tell what their category_id means; give category_name, or "
            "one COCO document with images, annotations and categories"
        )
    images = [{"id": name, "file_name": name} for name in names]
    return {"images": images, "annotations": results, "categories": []}


def _rows(document: Mapping[str, Any], name: str, path: Path) -> list[Mapping[str, Any]]:
    rows = document.get(name, [] if name == "categories" else None)
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise FileError(f"{path} is no COCO file: it has no list of {name}")
    return rows


def _key(row: Mapping[str, Any], name: str, path: Path) -> int | str:
    key = row.get(name)
    if not isinstance(key, int | str) or isinstance(key, bool):
        raise FileError(f"{path}: {name} is {str(key)[:80]}, neither a whole number nor text")
    return key


def _name(row: Mapping[str, Any], path: Path) -> str:
    name = row.get("file_name")
    if not isinstance(name, str) or not name:
        raise FileError(f"{path}: image {row['id']!r} has no file_name")
    return name.removeprefix("./")


def _size(row: Mapping[str, Any], path: Path) -> tuple[int, int] | None:
    width, height = row.get("width"), row.get("height")
    if width is None and height is None:
        return None
    if not (isinstance(width, int) and isinstance(height, int) and min(width, height) > 0):
        raise FileError(f"{path}: {row['file_name']!r} is {width} x {height} pixels")
    return width, height

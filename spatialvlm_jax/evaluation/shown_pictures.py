"""The pictures of an evaluation that pages show: some of them whole, many of them small.

WORKDIR/pictures.jsonl   {"image_id": ..., "picture": "data:image/jpeg;base64,..."} a line, so that
                         a comparison shows what was asked about without the data set
"""

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TypeGuard

import numpy as np

from spatialvlm_jax.atomic_write import write_json_lines
from spatialvlm_jax.foreign_files.errors import FileError
from spatialvlm_jax.foreign_files.json_files import read_placed_lines
from spatialvlm_jax.pages.data_uri import data_uri, smaller

SMALL_PICTURES = "pictures.jsonl"
MOST_WHOLE = 24
MOST_SMALL = 2_000
_SIDE = 160  # pixels of the longer side of a small one
_MOST_LETTERS = 2**17  # of the address of one
_ADDRESS = re.compile(r"data:image/jpeg;base64,[A-Za-z0-9+/]+={0,2}")


class ShownPictures:
    """The first pictures that are added.

    whole: image id -> uint8[H, W, 3], of `MOST_WHOLE`. small: image id -> the address of a small
    copy, of `MOST_SMALL`.
    """

    def __init__(self) -> None:
        self.whole: dict[str, np.ndarray] = {}
        self.small: dict[str, str] = {}

    def wants(self, image_id: str) -> bool:
        """Whether this picture would be kept and is not yet."""
        return self.has_room and image_id not in self.small

    @property
    def has_room(self) -> bool:
        """Whether any other picture would be kept."""
        return len(self.small) < MOST_SMALL

    def add(self, image_id: str, image: np.ndarray) -> None:
        """Keeps uint8[H, W, 3], if there is room."""
        if self.wants(image_id):
            self.small[image_id] = data_uri(smaller(image, _SIDE), "jpeg")
            if len(self.whole) < MOST_WHOLE:
                self.whole[image_id] = image


def write_small_pictures(workdir: Path, pictures: Mapping[str, str]) -> None:
    """Keeps the addresses of small pictures by the ids of their images, or that there are none."""
    rows = [{"image_id": name, "picture": address} for name, address in pictures.items()]
    write_json_lines(workdir / SMALL_PICTURES, rows)


def read_small_pictures(folders: Sequence[Path], wanted: Collection[str]) -> dict[str, str]:
    """The addresses of small pictures that evaluations kept, by the ids of their images.

    Args:
      folders: where to look, one after the other; one without the file is passed over.
      wanted: ids; others are left out, and those that no folder has.

    Raises:
      FileError: a file holds something else; the message names the line.
    """
    found: dict[str, str] = {}
    for folder in folders:
        path = folder / SMALL_PICTURES
        if len(found) == len(set(wanted)) or not path.is_file():
            continue
        for where, row in read_placed_lines(path):
            name, address = (
                (row.get("image_id"), row.get("picture")) if isinstance(row, dict) else (None, None)
            )
            if not isinstance(name, str) or not _is_picture(address):
                raise FileError(
                    f"{path}: {where} is no picture: evaluate the run again, or remove the file"
                )
            if name in wanted:
                found.setdefault(name, address)
    return found


def _is_picture(address: object) -> TypeGuard[str]:
    """Whether it is the address of a small JPEG inside the page, and nothing that a page loads."""
    return (
        isinstance(address, str)
        and len(address) <= _MOST_LETTERS
        and _ADDRESS.fullmatch(address) is not None
    )

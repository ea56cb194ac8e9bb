"""One picture of an episode, as a file below its folder or as bytes; what is wrong is told."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.outcomes import Failed, Rejected
from spatialvlm_jax.generation.sources.photo_files import Entry, fingerprint_entry, read_entry
from spatialvlm_jax.inference.picture import Picture, open_picture

_MAX_BYTES = 256 * 2**20
_SHOWN = 200  # characters of a path that are told


def stored_picture(root: Path, file: str) -> tuple[Picture | None, str]:
    """The picture in a file that lies below `root`, or why there is none."""
    name = file if len(file) <= _SHOWN else f"...{file[-_SHOWN:]}"
    try:
        data = read_entry(root.resolve(), Entry(file), _MAX_BYTES)
    except (Rejected, Failed, ValueError) as error:
        return None, f"{name}: {error}"
    return encoded_picture(data, name)


def fingerprint_pictures(root: Path, files: Iterable[str]) -> str:
    """What tells these pictures below `root`, in their order, from others; never an error.

    Their contents alone decide, so that a copy is the same, and one that cannot be read is told by
    the reason.
    """
    told, base = hashlib.blake2b(digest_size=16), root.resolve()
    for file in files:
        own = fingerprint_entry(base, Entry(file), _MAX_BYTES, contents=True)
        told.update(f"{own}\n".encode(errors="replace"))
    return told.hexdigest()


def encoded_picture(data: bytes, name: str) -> tuple[Picture | None, str]:
    """The picture in the bytes of a file, or why there is none; `name` is for the message."""
    if len(data) > _MAX_BYTES:
        return None, f"{name}: more than {_MAX_BYTES} bytes"
    try:
        return open_picture(data), ""
    except UserError as error:
        return None, f"{name}: {error}"

"""Encodings of the pictures that were asked about last, so that none is encoded twice in a row."""

import collections
import hashlib
import threading
from collections.abc import Callable, Sequence

import jax

from spatialvlm_jax.batch import CameraInput
from spatialvlm_jax.inference.picture import Picture
from spatialvlm_jax.inputs.pictures import Placement

MOST_BYTES = 256 * 2**20


class ImageEncodings:
    """The least recently used go where there is no more room; any thread may ask.

    Args:
      most_bytes: of all that is kept; 0 keeps nothing.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._bytes, self._lock = most_bytes, 0, threading.Lock()
        self._kept: collections.OrderedDict[str, jax.Array] = collections.OrderedDict()

    def of(
        self, keys: Sequence[str], encode: Callable[[Sequence[int]], Sequence[jax.Array]]
    ) -> list[jax.Array]:
        """The encodings of pictures.

        Args:
          keys: of `picture_key`; the same picture may come several times.
          encode: makes those of the pictures at the places that it is given, each another one.
        """
        with self._lock:
            found = {key: self._kept[key] for key in keys if key in self._kept}
            for key in found:
                self._kept.move_to_end(key)
        missing = {key: place for place, key in enumerate(keys) if key not in found}
        if missing:
            new = dict(zip(missing, encode(list(missing.values())), strict=True))
            with self._lock:
                for key, encoding in new.items():
                    self._keep(key, encoding)
            found |= new
        return [found[key] for key in keys]

    def _keep(self, key: str, encoding: jax.Array) -> None:
        if encoding.nbytes > self._most or key in self._kept:
            return
        self._kept[key] = encoding
        self._bytes += encoding.nbytes
        while self._bytes > self._most:
            _, oldest = self._kept.popitem(last=False)
            self._bytes -= oldest.nbytes


def picture_key(picture: Picture, told: CameraInput, place: Placement | None) -> str:
    """SHA-256, hexadecimal, of a picture and of all that its encoding depends on beside it.

    Args:
      told: of the camera. place: where the picture comes to lie.
    """
    digest = hashlib.sha256(picture.sha256.encode())
    if not picture.sha256:
        digest.update(repr(picture.image.shape).encode())
        digest.update(picture.image.tobytes())
    digest.update(repr(place).encode())
    if told.rays is not None:
        digest.update(told.rays.tobytes())
    return digest.hexdigest()

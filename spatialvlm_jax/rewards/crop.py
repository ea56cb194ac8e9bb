"""Which part of each frame is looked at, as people write it: "0.2,0.3,0.8,0.9"."""

import dataclasses

import numpy as np

from spatialvlm_jax.bounds import Range, SettingError
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.flags import parse_number, shorten
from spatialvlm_jax.inference.picture import Picture
from spatialvlm_jax.scene.intrinsics import shifted_intrinsics

_SHARE = Range(0, 1)
_LEAST = 8  # pixels of a side: of less nothing can be told


@dataclasses.dataclass(frozen=True)
class Crop:
    """A window of pictures of any size: left, right are shares of the width, top, bottom of the
    height, from the upper left corner."""

    left: float = 0.0
    top: float = 0.0
    right: float = 1.0
    bottom: float = 1.0

    @classmethod
    def parse(cls, text: str) -> "Crop":
        """The window of "0.2,0.3,0.8,0.9".

        Raises:
          UserError: these are not four shares, or they enclose nothing.
        """
        words = text.split(",")
        if len(words) != 4:
            raise _no_window(text, f"{len(words)} numbers")
        try:
            found = cls(*(parse_number(word.strip(), "", _SHARE) for word in words))
        except SettingError as error:
            raise _no_window(text, error.reason) from None
        if found.right <= found.left or found.bottom <= found.top:
            raise UserError(f"--crop={found} encloses nothing: LEFT,TOP come before RIGHT,BOTTOM")
        return found

    def of(self, picture: Picture) -> Picture:
        """The window of a picture; the camera stays what it is, and looks off its middle.

        Raises:
          UserError: it has too few pixels to tell anything.
        """
        if self == WHOLE_FRAME:
            return picture
        image = self.cut(picture.image)
        height, width = image.shape[:2]
        if min(width, height) < _LEAST:
            raise UserError(
                f"--crop={self} leaves {width} x {height} pixels of a frame: take a larger part"
            )
        left, top = self._corner(picture.image)
        camera = dataclasses.replace(picture.camera, size=(width, height))
        if camera.intrinsics is not None:
            moved = shifted_intrinsics(camera.intrinsics, -left, -top)
            camera = dataclasses.replace(camera, intrinsics=moved)
        return dataclasses.replace(picture, image=image, camera=camera)

    def cut(self, image: np.ndarray) -> np.ndarray:
        """uint8[H, W, 3] -> its window, edges at the nearest pixel."""
        height, width = image.shape[:2]
        left, top = self._corner(image)
        return image[top : round(self.bottom * height), left : round(self.right * width)]

    def _corner(self, image: np.ndarray) -> tuple[int, int]:
        return round(self.left * image.shape[1]), round(self.top * image.shape[0])

    def __str__(self) -> str:
        return ",".join(f"{each:g}" for each in dataclasses.astuple(self))


WHOLE_FRAME = Crop()


def _no_window(text: str, reason: str) -> UserError:
    return UserError(
        f"--crop {shorten(text)!r}: {reason}; say LEFT,TOP,RIGHT,BOTTOM as shares of the frame, "
        "such as 0.2,0.3,0.8,0.9"
    )

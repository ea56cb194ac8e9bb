"""What a model is told of the camera behind a picture, as arrays."""

import dataclasses
from collections.abc import Sequence

import jax
import numpy as np

from spatialvlm_jax.batch import CameraInput
from spatialvlm_jax.experiment import DataConfig, ModelConfig, Resize
from spatialvlm_jax.experiment.experiment import CAMERA_TOKENS
from spatialvlm_jax.inputs.pictures import (
    Placement,
    canonical_placement,
    place_camera,
    placement,
)
from spatialvlm_jax.inputs.tokenizer import Tokenizer, TokenizerError
from spatialvlm_jax.scene.camera import KnownCamera, describe_camera
from spatialvlm_jax.scene.rays import patch_rays

_LONGEST = "camera: 179 degrees wide, 999.9 m high, 89 degrees down."


@dataclasses.dataclass(frozen=True)
class RayGrid:
    """How the encoder cuts pictures: image_size and patches along a side of the square."""

    image_size: int
    patches: int
    resize: Resize

    def __call__(self, camera: KnownCamera) -> np.ndarray:
        """float32[N, RAY_FEATURES] of the patches of a picture: `patch_rays`."""
        where = placement(*camera.size, self.image_size, self.resize)
        return patch_rays(place_camera(camera, self.image_size, where), self.patches)


@dataclasses.dataclass(frozen=True)
class CameraWords:
    """What is said of a camera behind its picture, in at most `CAMERA_TOKENS` tokens."""

    tokenizer: Tokenizer

    def __call__(self, camera: KnownCamera) -> np.ndarray:
        """int32[CAMERA_TOKENS], 0 behind the sentence."""
        tokens = self.tokenizer.encode(describe_camera(camera))
        return np.pad(np.array(tokens, np.int32), (0, CAMERA_TOKENS - len(tokens)))


@dataclasses.dataclass(frozen=True)
class CanonicalLens:
    """One lens for all pictures: focal length in sides of the square, which has `size` pixels."""

    size: int
    focal: float

    def __call__(self, camera: KnownCamera) -> Placement | None:
        """As `canonical_placement`."""
        return canonical_placement(camera, self.size, self.focal)


@dataclasses.dataclass(frozen=True)
class CameraEncoder:
    """Makes of a camera what a model takes in beside its picture; None where it does not."""

    rays: RayGrid | None = None
    words: CameraWords | None = None
    lens: CanonicalLens | None = None

    @classmethod
    def of(cls, data: DataConfig, model: ModelConfig, tokenizer: Tokenizer) -> "CameraEncoder":
        """As the settings of a run say.

        Raises:
          TokenizerError: the tokenizer needs more tokens for a sentence than there is room for.
        """
        if data.camera == "rays":
            encoder = model.encoder
            patches = encoder.image_size // encoder.patch_size
            return cls(rays=RayGrid(encoder.image_size, patches, data.resize))
        if data.camera == "words":
            if len(tokenizer.encode(_LONGEST)) > CAMERA_TOKENS:
                raise TokenizerError(
                    f"data.camera='words': the tokenizer makes {len(tokenizer.encode(_LONGEST))} "
                    f"tokens of {_LONGEST!r}, more than {CAMERA_TOKENS}; train one with these words"
                )
            return cls(words=None if says_before(data, model) else CameraWords(tokenizer))
        if data.camera == "canonical":
            return cls(lens=CanonicalLens(model.encoder.image_size, data.camera_focal))
        return cls()

    @property
    def tells(self) -> bool:
        """Whether it makes anything of a camera, which is then worth reading."""
        return any((self.rays, self.words, self.lens))

    def place(self, camera: KnownCamera) -> Placement | None:
        """Where the picture comes to lie; None leaves it to `data.resize`."""
        return None if self.lens is None else self.lens(camera)

    def __call__(self, camera: KnownCamera) -> CameraInput:
        """Of one picture, without a batch axis."""
        return CameraInput(
            rays=None if self.rays is None else self.rays(camera),
            words=None if self.words is None else self.words(camera),
        )


def stack_cameras(cameras: Sequence[CameraInput]) -> CameraInput:
    """Those of several pictures, with a batch axis."""
    return jax.tree.map(lambda *arrays: np.stack(arrays), *cameras)


def says_before(data: DataConfig, model: ModelConfig) -> bool:
    """Whether a sentence about the camera stands before each question."""
    return data.camera == "words" and model.attention == "prefix"

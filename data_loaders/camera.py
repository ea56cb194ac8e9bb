"""What training tells a model of the cameras of a data set."""

import dataclasses
import zlib

import numpy as np

from data_loaders.in_place import InPlaceExample
from spatialvlm_jax.experiment import DataConfig, DatasetConfig
from spatialvlm_jax.scene.camera import KnownCamera, Told, add_errors, leave_out, tell
from spatialvlm_jax.storage.examples import StoredExample

_STREAM = 0xCA3E7A  # so that no other draw for the example has the same seed


@dataclasses.dataclass(frozen=True)
class CameraReader:
    """Reads cameras in training, and tells of them as an experiment says.

    told: no more than this. share, errors: of `leave_out` and `add_errors`.
    """

    told: Told
    share: float
    errors: float
    seed: int

    @classmethod
    def of(cls, dataset: DatasetConfig, data: DataConfig) -> "CameraReader | None":
        """As the settings of a data set say; None where the model is not told."""
        if data.camera == "none":
            return None
        return cls(dataset.camera, data.camera_dropout, data.camera_errors, data.seed)

    def __call__(
        self, example: StoredExample | InPlaceExample, epoch: int, dataset_id: int
    ) -> KnownCamera:
        """The camera with errors, facts left out; by seed, the example's id, epoch and data set."""
        name = zlib.crc32(example.image_id.encode())
        rng = np.random.default_rng([self.seed, name, epoch, dataset_id, _STREAM])
        camera = add_errors(tell(example.camera(), self.told), self.errors, rng)
        return leave_out(camera, self.share, rng)

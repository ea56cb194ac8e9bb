"""What a model is told of the camera of a picture that it is asked about."""

import dataclasses
from typing import Any

import jax

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.inference.picture import CameraFacts, Picture
from spatialvlm_jax.inputs.camera import CameraEncoder, says_before
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax.scene.camera import KnownCamera, describe_camera


@dataclasses.dataclass(frozen=True)
class ToldCamera:
    """How a run's model is told of cameras.

    use: `DataConfig.camera`. encode: makes arrays of them. is_said_before: whether a sentence
    stands before each question.
    """

    use: str
    encode: CameraEncoder
    is_said_before: bool

    @classmethod
    def of(cls, experiment: Experiment, tokenizer: Tokenizer) -> "ToldCamera":
        """As the settings of a run say."""
        data, model = experiment.data, experiment.model
        return cls(data.camera, CameraEncoder.of(data, model, tokenizer), says_before(data, model))

    def sentence(self, camera: KnownCamera) -> str:
        """What stands before a question, "" for nothing."""
        return describe_camera(camera) if self.is_said_before else ""

    def tell(self, picture: Picture, facts: CameraFacts) -> Picture:
        """A picture with what is known of its camera beyond what its file tells.

        Raises:
          UserError: something of that would not reach the model, which would answer as if it were
            not known.
        """
        if not facts.told():
            return picture
        of_file = picture.camera
        told = self._all(facts.of(of_file))
        for name in facts.told():
            bare = dataclasses.replace(of_file, intrinsics=None) if name == "fov" else of_file
            if self._all(dataclasses.replace(facts, **{name: None}).of(bare)) == told:
                also = ", or say its fov too" if self.use == "rays" and name == "pitch" else ""
                raise UserError(
                    f"what is said of the camera's {name} does not reach this model "
                    f"(data.camera={self.use}): leave it out{also}"
                )
        return dataclasses.replace(picture, camera=facts.of(of_file))

    def _all(self, camera: KnownCamera) -> tuple[Any, ...]:
        """All that the model is given of a camera."""
        arrays = [x.tobytes() for x in jax.tree.leaves(self.encode(camera))]
        return *arrays, self.encode.place(camera), self.sentence(camera)

"""One picture and one model, as something that answers questions."""

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

from spatialvlm_jax.inference.loaded_model import LoadedModel
from spatialvlm_jax.inference.picture import CameraFacts, Picture, open_picture
from spatialvlm_jax.inference.spatial_answer import NEVER, SpatialAnswer


@dataclasses.dataclass(frozen=True, eq=False)
class Eyes:
    """A picture that is looked at again and again.

    camera: what is known beside what the file tells.
    """

    picture: Picture
    camera: CameraFacts

    @classmethod
    def open(cls, path: Path, camera: CameraFacts) -> "Eyes":
        """Reads a picture; raises UserError where it cannot be read."""
        return cls(open_picture(path), camera)

    def asking(self, model: LoadedModel) -> Callable[[Sequence[str]], list[SpatialAnswer]]:
        """What asks a model about the picture; whoever reasons weighs how sure it is."""

        def ask(questions: Sequence[str]) -> list[SpatialAnswer]:
            return model.ask(self.picture, questions, camera=self.camera, doubt=NEVER)

        return ask

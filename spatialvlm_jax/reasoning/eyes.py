"""One picture and one model, as something that answers questions."""

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from spatialvlm_jax.flags import parse_whole_number
from spatialvlm_jax.inference.loaded_model import LoadedModel
from spatialvlm_jax.inference.picture import CameraFacts, Picture, open_picture
from spatialvlm_jax.inference.spatial_answer import NEVER, SpatialAnswer
from spatialvlm_jax.storage.examples import StoredExample
from spatialvlm_jax.storage.shards import open_split


def picture_of_set(path: Path) -> StoredExample | None:
    """Picture N of a stored set that a path SET/SPLIT/N names; None where it names no set.

    Raises:
      UserError: the set has no such split or picture.
    """
    directory, split = path.parent.parent, path.parent.name
    if path.exists() or not (directory / "dataset_info.json").is_file():
        return None
    stored = open_split(directory, split)
    number = parse_whole_number(path.name, f"a picture of {path.parent}", 0, len(stored) - 1)
    return StoredExample(stored[number])


@dataclasses.dataclass(frozen=True, eq=False)
class Eyes:
    """A picture that is looked at again and again.

    camera: what is known beside what the file tells. example: all that is known of a stored one.
    """

    picture: Picture
    camera: CameraFacts
    example: StoredExample | None = None

    @classmethod
    def open(cls, path: Path, camera: CameraFacts) -> "Eyes":
        """Reads the file of a picture, or picture N of a stored set, named as SET/SPLIT/N.

        Raises:
          UserError: it cannot be read.
        """
        example = picture_of_set(path)
        if example is None:
            return cls(open_picture(path), camera)
        digest = hashlib.sha256(example.bytes_of("image")[0]).hexdigest()
        return cls(Picture(example.image(), example.camera(), sha256=digest), camera, example)

    def asking(self, model: LoadedModel) -> Callable[[Sequence[str]], list[SpatialAnswer]]:
        """What asks a model about the picture; whoever reasons weighs how sure it is."""

        def ask(questions: Sequence[str]) -> list[SpatialAnswer]:
            return model.ask(self.picture, questions, camera=self.camera, doubt=NEVER)

        return ask

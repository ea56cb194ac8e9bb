"""Which feature of an RLDS data set has its pictures, decided once for all of its episodes.

`features.json` says so, of which nothing but names is read: it names classes to import, too. Where
it does not, the records do, by what their bytes begin with.
"""

import dataclasses
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.json_files import read_object

STEPS = "steps/"
_OBSERVATION = f"{STEPS}observation/"
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")

# The features of one episode by their places, each of `tf.train.Feature`.
Features = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class RldsCamera:
    """The feature of an observation that holds the pictures.

    is_sure: whether it was named or described as the only one; else no record may have another.
    """

    name: str
    is_sure: bool

    @classmethod
    def choose(cls, folder: Path, named: str, records: Iterable[Features]) -> "RldsCamera":
        """The camera of a set.

        Args:
          named: what it is to be; "" for the only one.
          records: episodes, looked at only where the description does not tell.

        Raises:
          UserError: there is none, or it is not said which.
        """
        described = described_cameras(folder)
        found = set(described)
        if not (named in described or (described and not named)):
            for features in itertools.islice(records, 1 if described else None):
                seen = found_cameras(features)
                found |= seen
                if named in seen or (seen and not named):
                    break
        if not found:
            raise UserError(f"{folder}: no observation has a picture, JPEG or PNG")
        if named and named not in found:
            raise UserError(
                f"{folder}: no camera {named!r} in the observations; they have {_listed(found)}"
            )
        if not named and len(found) != 1:
            raise _untold(str(folder), found)
        return cls(named or min(found), bool(named or described))

    def pictures(self, features: Features, name: str) -> Sequence[bytes]:
        """What stands for the pictures of an episode, step by step; some may be damaged.

        Args:
          name: of the episode, for messages.

        Raises:
          UserError: it has no steps, or none of this camera, or of others too and none was named.
        """
        if not any(_values(each) for at, each in features.items() if at.startswith(STEPS)):
            raise UserError(f"{name} has no steps: leave it out by --episodes")
        seen = found_cameras(features)
        if not self.is_sure and seen - {self.name}:
            raise _untold(name, seen | {self.name})
        feature = features.get(_OBSERVATION + self.name)
        if feature is None or feature.WhichOneof("kind") != "bytes_list" or not _values(feature):
            raise UserError(
                f"{name} has nothing of camera {self.name!r}, but of {_listed(seen)}: leave it out "
                "by --episodes, or name another by --camera"
            )
        return feature.bytes_list.value


def found_cameras(features: Features) -> set[str]:
    """The features of an observation that hold a picture at any step."""
    return {
        place.removeprefix(_OBSERVATION)
        for place, feature in features.items()
        if place.startswith(_OBSERVATION)
        and any(data.startswith(_PICTURES) for data in feature.bytes_list.value)
    }


def described_cameras(folder: Path) -> list[str]:
    """The pictures of an observation by `features.json`; none where that says nothing of them.

    Raises:
      FileError: it is not JSON.
    """
    path = folder / "features.json"
    if not path.is_file():
        return []
    steps = _parts(read_object(path, "the features of a data set in TFDS layout")).get("steps")
    return sorted(_pictures(_parts(steps).get("observation"), ""))


def _pictures(feature: Any, prefix: str) -> Iterator[str]:
    for name, part in _parts(feature).items():
        if isinstance(part, dict) and "image" in part:
            yield prefix + name
        else:
            yield from _pictures(part, f"{prefix}{name}/")


def _parts(feature: Any) -> Mapping[str, Any]:
    """The features that a feature is made of, or those of each of its steps."""
    found = feature
    while isinstance(found, dict) and isinstance(found.get("sequence"), dict):
        found = found["sequence"].get("feature")
    if isinstance(found, dict):
        found = found.get("featuresDict", found.get("content"))
    if isinstance(found, dict):
        found = found.get("features")
    return found if isinstance(found, dict) else {}


def _values(feature: Any) -> Sequence[Any]:
    kind = feature.WhichOneof("kind")
    return getattr(feature, kind).value if kind else ()


def _untold(where: str, cameras: Iterable[str]) -> UserError:
    return UserError(
        f"{where}: say which camera sees the goal: --camera=KEY, of {_listed(cameras)}"
    )


def _listed(cameras: Iterable[str]) -> str:
    return ", ".join(sorted(cameras)[:20]) or "none"

"""Episodes of an RLDS data set in TFDS layout, read without TensorFlow.

One record is one episode: a `tf.train.Example` whose features are named by their place, such as
"steps/observation/image", and hold that of all steps.
"""

import dataclasses
import functools
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.errors import FileError
from spatialvlm_jax.foreign_files.fingerprints import fingerprint_recording
from spatialvlm_jax.foreign_files.json_files import read_object
from spatialvlm_jax.foreign_files.places import record_place
from spatialvlm_jax.foreign_files.tfrecord_files import MAX_RECORD_BYTES, list_records
from spatialvlm_jax.rewards.episodes.episode import Episode, EpisodeFrame
from spatialvlm_jax.rewards.episodes.frame_range import WHOLE, FrameRange
from spatialvlm_jax.rewards.episodes.rlds_cameras import STEPS, Features, RldsCamera
from spatialvlm_jax.rewards.episodes.stated_numbers import stated_number
from spatialvlm_jax.rewards.episodes.stored_picture import encoded_picture

_NAME = re.compile(r"[\w.-]{1,200}")

Read = Callable[[], bytes]


def rlds_episodes(
    folder: Path,
    camera: str,
    split: str,
    numbers: Sequence[int] | None,
    chosen: FrameRange = WHOLE,
) -> list[Episode]:
    """The episodes of a split, seen by one of its cameras.

    Args:
      camera: the feature of an observation that holds its pictures; "" for the only one.
      split: "" for `train`, or for the only one.
      numbers: those that are wanted, from 0, or None for all.
      chosen: frames of each that are wanted.

    Raises:
      UserError: the set cannot be read, or has no such split, camera or episode.
    """
    records = [
        _Record(path, place, read)
        for path, count in _shards(folder, split)
        for place, read in enumerate(_counted(path, count))
    ]
    wanted = range(len(records)) if numbers is None else numbers
    for number in wanted:
        if not 0 <= number < len(records):
            raise UserError(f"{folder} has {len(records)} episodes, from 0 on, and no {number}")
    if not records:
        return []
    # Whatever is read of it, a set's only camera is the same.
    looked_at = [records[number] for number in wanted] if camera else records
    seen = RldsCamera.choose(folder, camera, (each.features() for each in looked_at))
    told = functools.cache(fingerprint_recording)
    return [_episode(number, records[number], seen, chosen, told) for number in wanted]


@dataclasses.dataclass(frozen=True)
class _Record:
    """An episode in a file, of which it is the one at `place`."""

    path: Path
    place: int
    read: Read

    @property
    def name(self) -> str:
        return f"{self.path}: {record_place(self.place)}"

    def features(self) -> Features:
        """Raises UserError where it is damaged."""
        return episode_features(self.read(), self.name)


def _shards(folder: Path, split: str) -> list[tuple[Path, int]]:
    """The files of a split, and how many records each holds."""
    path = folder / "dataset_info.json"
    info = read_object(path, "the description of a data set in TFDS layout")
    try:
        name, form = str(info["name"]), str(info["fileFormat"])
        shards = {
            str(each["name"]): [
                stated_number(length, "a shard's length") for length in each["shardLengths"]
            ]
            for each in info["splits"]
        }
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path} cannot be read: {error!r}") from None
    if form not in ("tfrecord", "array_record"):
        raise UserError(f"{folder} is stored as {form[:40]}; tfrecord and array_record are read")
    chosen = split or ("train" if "train" in shards else next(iter(shards), ""))
    if chosen not in shards or not _NAME.fullmatch(chosen) or not _NAME.fullmatch(name):
        raise UserError(f"{folder} has no split {chosen!r}; it has {', '.join(sorted(shards))}")
    count = len(shards[chosen])
    files = [folder / f"{name}-{chosen}.{form}-{at:05d}-of-{count:05d}" for at in range(count)]
    for file in files:
        if not file.is_file():
            raise UserError(f"{file} is missing: was all of the data set copied?")
    return list(zip(files, shards[chosen], strict=True))


def _counted(path: Path, count: int) -> list[Read]:
    found = list(_records(path))
    if len(found) != count:
        raise FileError(f"{path} has {len(found)} records, not {count}: copy it again")
    return found


def _records(path: Path) -> Iterator[Read]:
    if ".tfrecord-" in path.name:
        yield from (place.read for place in list_records(path))
        return
    from array_record.python.array_record_module import ArrayRecordReader

    try:
        count = ArrayRecordReader(str(path)).num_records()
    except Exception as error:  # of a library that raises what it likes
        raise FileError(f"{path} is no ArrayRecord file that can be read: {error}") from None
    yield from ((lambda at=at: _array_record(path, at)) for at in range(count))


def _array_record(path: Path, number: int) -> bytes:
    from array_record.python.array_record_module import ArrayRecordReader

    try:
        data = ArrayRecordReader(str(path)).read([number])[0]
    except Exception as error:  # likewise
        raise FileError(f"{path}: {record_place(number)} cannot be read: {error}") from None
    if len(data) > MAX_RECORD_BYTES:
        raise FileError(f"{path}: a record of {len(data)} bytes")
    return data


def _episode(
    number: int,
    record: _Record,
    camera: RldsCamera,
    chosen: FrameRange,
    told: Callable[[Path], str],
) -> Episode:
    name = f"episode {number}"
    where = f"{record.path}: {name}"

    def pictures() -> Sequence[bytes]:
        return camera.pictures(record.features(), where)

    def frames() -> Iterator[EpisodeFrame]:
        found = pictures()
        chosen.part_of(len(found), where)
        for place, data in enumerate(found[chosen.first : chosen.stop], chosen.first):
            picture = encoded_picture(data, f"frame {place} of {name}")
            yield EpisodeFrame(place, None, *picture)

    fingerprint = f"{told(record.path)}, {record_place(record.place)}, {camera.name}"
    return Episode(number, name, None, fingerprint, frames, lambda: len(pictures()))


def episode_features(record: bytes, name: str) -> Features:
    """The features of an episode by their places; raises UserError."""
    from tensorflow_datasets.proto import tf_example_pb2

    try:
        features = tf_example_pb2.Example.FromString(record).features.feature
    except Exception as error:  # protobuf's own
        raise UserError(f"{name} is no tf.train.Example: {error}") from None
    if not any(each.startswith(STEPS) for each in features):
        listed = ", ".join(sorted(features)[:20]) or "nothing"
        raise UserError(f"{name} has no steps, as RLDS has them, but {listed}")
    return features

"""Features of a mixture: computed once, and refused if of another encoder or other pictures.

FOLDER/index.json holds two things: "encoder", all that the features depend on beside the pictures,
and "data_sets", which pictures there are features of. Files of features appear whole under their
names, so that whatever is there when a run is killed stays.
"""

import contextlib
import dataclasses
import itertools
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import grain
import jax
import numpy as np

from data_loaders.build import read_ahead
from data_loaders.errors import DataError
from data_loaders.features import FeatureSet, place_of
from spatialvlm_jax import progress
from spatialvlm_jax.atomic_write import final_name, remove_leftovers, write_json
from spatialvlm_jax.experiment import Experiment, Resize
from spatialvlm_jax.inputs.pictures import resize_image
from spatialvlm_jax.si_prefix import with_prefix
from spatialvlm_jax.storage.only_writer import only_writer
from spatialvlm_jax.storage.shards import write_shard

INDEX = "index.json"
VERSION = 1
Encode = Callable[[np.ndarray], jax.Array]
Shard = tuple[int, int]  # which data set, which of its files


def encoder_identity(experiment: Experiment, weights: str) -> dict[str, Any]:
    """What features depend on beside the pictures, by name.

    Args:
      weights: a digest of the encoder's parameters.
    """
    encoder = dataclasses.asdict(experiment.model.encoder)
    return {
        **{f"model.encoder.{name}": value for name, value in encoder.items()},
        "model.compute_dtype": experiment.model.compute_dtype,
        "data.resize": experiment.data.resize,
        "weights": weights,
    }


@dataclasses.dataclass(frozen=True)
class FeatureCache:
    """A folder of features, for one encoder and the data sets of one mixture.

    encoder: of `encoder_identity`. sets: each once.
    """

    folder: Path
    encoder: Mapping[str, Any]
    sets: tuple[FeatureSet, ...]

    @classmethod
    def of(cls, experiment: Experiment, weights: str, sets: Sequence[FeatureSet]) -> "FeatureCache":
        """The cache that an experiment names, for the data sets of its loader."""
        unique = {each.files.digest: each for each in sets}
        folder = Path(experiment.data.features)
        return cls(folder, encoder_identity(experiment, weights), tuple(unique.values()))

    def _missing(self) -> list[Shard]:
        return [
            (number, shard)
            for number, each in enumerate(self.sets)
            for shard in each.files.missing()
        ]

    def check(self) -> list[Shard]:
        """Makes sure that what is in the folder, if anything, are features of this encoder.

        Returns:
          The files that are not there yet.

        Raises:
          DataError: the folder holds something else, or features of another encoder or of other
            pictures; or there is too little room for what is missing.
        """
        index = self._read()
        if index is None:
            if self._holds_other_files():
                raise DataError(
                    f"data.features={self.folder} holds other files and no {INDEX}; name a new "
                    "folder"
                )
        else:
            self._compare(index)
        missing = self._missing()
        self._check_room(missing)
        return missing

    def _holds_other_files(self) -> bool:
        """Whether there is more than an index that another run begins in this moment."""
        names = [path.name for path in self.folder.iterdir()] if self.folder.is_dir() else []
        return any(name[0] != "." and final_name(name) != INDEX for name in names)

    def _read(self) -> dict[str, Any] | None:
        path = self.folder / INDEX
        if not path.exists():
            return None
        try:
            index = json.loads(path.read_text(encoding="utf-8"))
            if index["version"] == VERSION:
                return {"encoder": dict(index["encoder"]), "data_sets": dict(index["data_sets"])}
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            pass
        raise DataError(f"{path} cannot be read: {self._remedy()}")

    def _compare(self, index: Mapping[str, Any]) -> None:
        before = index["encoder"]
        changed = [
            f"{name} is {_short(before.get(name))} there and {_short(value)} here"
            for name, value in self.encoder.items()
            if before.get(name) != value
        ]
        places = {tuple(entry["place"]): entry for entry in index["data_sets"].values()}
        for each in self.sets:
            entry = places.get(_absolute(each))
            if entry and each.files.digest not in index["data_sets"]:
                now, then = each.files.examples, entry["examples"]
                changed.append(f"data set {each.config.name!r} ({each.config.path}) has changed")
                changed[-1] += f" from {then} pictures to {now}" if now != then else ""
        if changed:
            raise DataError(
                f"data.features={self.folder} has features of other pictures or another encoder: "
                f"{'; '.join(changed)}. {self._remedy().capitalize()}"
            )

    def _check_room(self, missing: Sequence[Shard]) -> None:
        needed = sum(
            len(self.sets[number].files.indices(shard)) * self.sets[number].files.bytes_each
            for number, shard in missing
        )
        place = next(p for p in (self.folder, *self.folder.absolute().parents) if p.is_dir())
        free = shutil.disk_usage(place).free
        if needed > free:
            raise DataError(
                f"data.features={self.folder}: the features take {with_prefix(needed, 'B')}, and "
                f"{with_prefix(free, 'B')} are free there; name a folder on a larger disk, or "
                "leave data.features empty to encode pictures in every step"
            )

    def _remedy(self) -> str:
        return f"name another folder, or remove {self.folder} to compute them again"

    def verify(self) -> None:
        """Raises DataError unless the features of every picture can be read."""
        for each in self.sets:
            each.files.check()

    def describe(self) -> str:
        """One line: how many features of which size, and how many are still to be computed."""
        files = self.sets[0].files
        pictures = sum(each.files.examples for each in self.sets)
        tokens, width = files.spec.shape
        done = not self._missing()
        return (
            f"features of {pictures:,} pictures, {tokens} x {width} {files.spec.dtype.name} or "
            f"{with_prefix(files.bytes_each, 'B')} each, {'are' if done else 'will take'} "
            f"{with_prefix(pictures * files.bytes_each, 'B')} in {self.folder}"
        )

    @contextlib.contextmanager
    def writing(self) -> Iterator[list[Shard]]:
        """Keeps other runs from filling the same folder, and notes in the index what it will hold.

        Where another run is filling it, this waits for its end. Gives what is missing then.

        Raises:
          DataError: as `check`.
        """
        with only_writer(self.folder, wait=True):
            missing = self.check()
            remove_leftovers(self.folder)
            self._write()
            yield missing

    def _write(self) -> None:
        index = self._read() or {"data_sets": {}}
        for each in self.sets:
            index["data_sets"][each.files.digest] = {
                "name": each.config.name,
                "place": list(_absolute(each)),
                "examples": each.files.examples,
                "files": each.files.shards,
            }
        index = {"version": VERSION, **index, "encoder": dict(self.encoder)}
        write_json(self.folder / INDEX, index)

    def fill(
        self,
        shards: Sequence[Shard],
        encode: Encode,
        *,
        rows: int,
        workers: int,
        quiet: bool = False,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        """Computes some of the missing files, one after the other.

        Args:
          shards: of `check`.
          encode: uint8[rows, S, S, 3] to features [rows, N, E]; may return before it is done.
          rows: pictures that are encoded at once.
          workers: processes that decode pictures; 0: threads.
          quiet: without a progress bar.
          check: called for every picture; may raise to stop.

        Raises:
          DataError: a picture cannot be decoded.
        """
        size, resize = (self.encoder[n] for n in ("model.encoder.image_size", "data.resize"))
        pictures = _Pictures(self.sets, tuple(shards), size, resize)
        batches = grain.MapDataset.source(pictures).batch(rows)
        total = len(pictures)
        with (
            contextlib.closing(read_ahead(batches, workers)) as read,
            progress.bar(total=total, desc="computing features", unit="image", quiet=quiet) as bar,
        ):
            made = _encode(read, encode, rows)

            def records(count: int) -> Iterator[bytes]:
                for features in itertools.islice(made, count):
                    check()
                    yield features.tobytes()
                    bar.update()

            for number, shard in shards:
                files = self.sets[number].files
                count = len(files.indices(shard))
                # Features hardly compress, and are read several times faster as they are.
                write_shard(files.path(shard), records(count), compressed=False)


class _Pictures:
    """The pictures whose features some files will hold, in order, by random access."""

    def __init__(
        self, sets: Sequence[FeatureSet], shards: Sequence[Shard], size: int, resize: Resize
    ) -> None:
        self._sets, self._shards, self._size = tuple(sets), shards, size
        self._resize: Resize = resize
        lengths = [len(sets[number].files.indices(shard)) for number, shard in shards]
        self._ends = np.cumsum(lengths)

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    def __getitem__(self, index: int) -> np.ndarray:
        place = int(np.searchsorted(self._ends, index, side="right"))
        number, shard = self._shards[place]
        indices = self._sets[number].files.indices(shard)
        example = self._sets[number].examples[indices[index - int(self._ends[place])]]
        return resize_image(example.image(), self._size, self._resize)


def _encode(batches: Iterator[np.ndarray], encode: Encode, rows: int) -> Iterator[np.ndarray]:
    """Features picture by picture; the next batch is on its way while one is given out."""
    before: tuple[jax.Array, int] | None = None
    for images in batches:
        full = np.concatenate([images, np.zeros((rows - len(images), *images.shape[1:]), np.uint8)])
        made = (encode(full), len(images))
        if before is not None:
            yield from np.asarray(before[0])[: before[1]]
        before = made
    if before is not None:
        yield from np.asarray(before[0])[: before[1]]


def _absolute(each: FeatureSet) -> tuple[str, ...]:
    """`place_of` a data set, however the working directory changes."""
    form, path, split, images = place_of(each.config)
    return (form, os.path.abspath(path), split, os.path.abspath(images) if images else "")


def _short(value: Any) -> Any:
    return value[:12] if isinstance(value, str) else value

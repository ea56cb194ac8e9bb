"""WebDataset: tar files in which neighbours with the same name before the first dot are a sample.

Names with a decimal point in them ("view_0.5m.jpg") do not keep to that. So of neighbours that
agree up to the first dot, those that have a picture and a text of the same name up to the last one
are samples of their own.
"""

import dataclasses
import io
import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from spatialvlm_jax.conversion.images import MAX_BYTES
from spatialvlm_jax.conversion.rows import PairReader, SourceRow, lookup
from spatialvlm_jax.conversion.texts import as_text
from spatialvlm_jax.foreign_files.fingerprints import fingerprint_file
from spatialvlm_jax.foreign_files.json_files import parse_json
from spatialvlm_jax.foreign_files.tar_files import Member, list_members
from spatialvlm_jax.generation.outcomes import Failed, Rejected

_PICTURES = ("jpg", "jpeg", "png", "webp")
_TEXTS = ("json", "txt")
_MAX_TEXT_BYTES = 16 * 2**20


@dataclasses.dataclass(frozen=True)
class Sample:
    """Members of a tar that belong together. key: their common name; kind: what follows it."""

    key: str
    by_kind: Mapping[str, Member]
    twice: str = ""

    def first(self, kinds: Sequence[str]) -> Member | None:
        """The member of the first of these kinds that there is."""
        return next((self.by_kind[kind] for kind in kinds if kind in self.by_kind), None)


class WebDatasetReader:
    """Samples of tar files: a picture, and a `json` record or a `txt` caption.

    The record is read as any other; a caption answers the prompt. Pictures are read later from
    where they lie in the file. Where there are several files, a sample's name begins with its
    file's: publishers number each from 0.
    """

    def __init__(self, files: list[Path], pairs: PairReader):
        self._files = files
        self._pairs = pairs

    def rows(self) -> Iterator[SourceRow]:
        for number, path in enumerate(self._files):
            files = (member for member in list_members(path) if member.is_file)
            with path.open("rb") as file:
                for _, members in itertools.groupby(files, _first_part):
                    for sample in split_samples(list(members)):
                        yield self._row(file, number, sample)

    def _row(self, file: io.BufferedReader, number: int, sample: Sample) -> SourceRow:
        picture = sample.first(_PICTURES)
        reference = f"{number}:{picture.start}:{picture.size}" if picture else ""
        several = len(self._files) > 1
        key = f"{self._file_name(number)}/{sample.key}" if several else sample.key
        record = self._record(file, sample)
        if isinstance(record, str):
            return SourceRow(key, reference, faults=(record,))
        image_id = as_text(lookup(record, self._pairs.fields.image_id)) or key
        return self._pairs.row(record, image_id, reference)

    def _file_name(self, number: int) -> str:
        """The name of a file in the folder that holds them all."""
        path = self._files[number]
        return path.relative_to(os.path.commonpath(self._files)).with_suffix("").as_posix()

    def _record(self, file: io.BufferedReader, sample: Sample) -> Mapping[str, Any] | str:
        """What a sample says, or why it says nothing."""
        member = sample.first(_TEXTS)
        if sample.twice:
            return f"{sample.twice} is there twice"
        if member is None:
            return f"no json or txt; there are {', '.join(sorted(sample.by_kind))}"
        if member.size > _MAX_TEXT_BYTES:
            return f"{member.name} has {member.size} bytes, more than {_MAX_TEXT_BYTES}"
        file.seek(member.start)
        data = file.read(member.size)
        if member is sample.by_kind.get("txt"):
            return {self._pairs.fields.answer: data}
        try:
            record = parse_json(data)
        except ValueError as error:
            return f"{member.name} is not JSON: {error}"
        return record if isinstance(record, Mapping) else f"{member.name} is not a JSON object"

    def image(self, reference: str) -> bytes:
        if not reference:
            raise Rejected("image", "no picture in this sample")
        number, start, size = map(int, reference.split(":"))
        if size > MAX_BYTES:
            raise Rejected("image", f"{size} bytes, more than {MAX_BYTES}")
        with self._files[number].open("rb") as file:
            file.seek(start)
            data = file.read(size)
        if len(data) < size:
            raise Failed("image", f"{self._files[number].name} ends within the picture")
        return data

    def fingerprint(self, reference: str) -> str:
        if not reference:
            return ""
        return fingerprint_file(self._files[int(reference.split(":")[0])], contents=False)


def split_samples(members: Sequence[Member]) -> Iterator[Sample]:
    """The samples among neighbours whose names agree up to the first dot.

    A picture under a second extension ("s0.mask.png") is not the picture of "s0".
    """
    key = _first_part(members[0])
    by_stem: dict[str, list[Member]] = {}
    for member in members:
        by_stem.setdefault(member.name.rpartition(".")[0], []).append(member)
    rest = []
    for stem, its in by_stem.items():
        sample = _sample(stem, its)
        if stem != key and sample.first(_PICTURES) and sample.first(_TEXTS):
            yield sample
        else:
            rest += its
    if rest:
        yield _sample(key, rest)


def _sample(key: str, members: Sequence[Member]) -> Sample:
    by_kind: dict[str, Member] = {}
    twice = ""
    for member in members:
        kind = member.name[len(key) :].removeprefix(".").lower()
        twice = member.name if kind in by_kind else twice
        by_kind[kind] = member
    return Sample(key, by_kind, twice)


def _first_part(member: Member) -> str:
    folder, slash, name = member.name.rpartition("/")
    return folder + slash + name.partition(".")[0]

"""WebDataset: tar files in which neighbours with the same name before the dot are one sample."""

import io
import itertools
import json
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from spatialvlm_jax.conversion.images import MAX_BYTES
from spatialvlm_jax.conversion.rows import PairReader, Row, as_text, lookup
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.outcomes import Failed, Rejected

_PICTURES = ("jpg", "jpeg", "png", "webp")
_MAX_TEXT_BYTES = 16 * 2**20


class WebDatasetReader:
    """Samples of tar files: a picture, and a `json` record or a `txt` caption.

    The record is read as any other; a caption answers the prompt. Pictures are read later from
    where they lie in the file.
    """

    def __init__(self, files: list[Path], pairs: PairReader):
        self._files = files
        self._pairs = pairs

    def rows(self) -> Iterator[Row]:
        for number, path in enumerate(self._files):
            try:
                with tarfile.open(path, "r:") as archive:
                    for key, members in itertools.groupby(_files(archive), _key):
                        yield self._row(archive, number, key, list(members))
            except (tarfile.TarError, OSError) as error:
                raise UserError(
                    f"{path} is no tar file that can be read ({error}); compressed ones "
                    "must be unpacked to .tar first"
                ) from None

    def _row(
        self, archive: tarfile.TarFile, number: int, key: str, members: list[tarfile.TarInfo]
    ) -> Row:
        by_kind = {_kind(member): member for member in members}
        picture = next((by_kind[kind] for kind in _PICTURES if kind in by_kind), None)
        reference = f"{number}:{picture.offset_data}:{picture.size}" if picture else ""
        record = self._record(archive, by_kind)
        if isinstance(record, str):
            return Row(key, reference, faults=(record,))
        image_id = as_text(lookup(record, self._pairs.fields.image_id)) or key
        return self._pairs.row(record, image_id, reference)

    def _record(
        self, archive: tarfile.TarFile, by_kind: Mapping[str, tarfile.TarInfo]
    ) -> Mapping[str, Any] | str:
        """What a sample says, or why it says nothing."""
        member = by_kind.get("json") or by_kind.get("txt")
        if member is None:
            return f"no json or txt; there are {', '.join(sorted(by_kind))}"
        if member.size > _MAX_TEXT_BYTES:
            return f"{member.name} has {member.size} bytes, more than {_MAX_TEXT_BYTES}"
        file = archive.extractfile(member)
        data = file.read() if file else b""
        if member is by_kind.get("txt"):
            return {self._pairs.fields.answer: as_text(data)}
        try:
            record = json.loads(data)
        except ValueError as error:
            return f"{member.name} is not JSON: {error}"
        return record if isinstance(record, Mapping) else f"{member.name} is not a JSON object"

    def image(self, reference: str) -> bytes:
        if not reference:
            raise Rejected("image", "no picture in this sample")
        number, offset, size = map(int, reference.split(":"))
        if size > MAX_BYTES:
            raise Rejected("image", f"{size} bytes, more than {MAX_BYTES}")
        with self._files[number].open("rb") as file:
            file.seek(offset, io.SEEK_SET)
            data = file.read(size)
        if len(data) < size:
            raise Failed("image", f"{self._files[number].name} ends within the picture")
        return data


def _files(archive: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Plain files only: links and devices lead elsewhere."""
    return (member for member in archive if member.isreg())


def _key(member: tarfile.TarInfo) -> str:
    folder, slash, name = member.name.rpartition("/")
    return folder + slash + name.partition(".")[0]


def _kind(member: tarfile.TarInfo) -> str:
    return member.name.rpartition("/")[2].partition(".")[2].rpartition(".")[2].lower()

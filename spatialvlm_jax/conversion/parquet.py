"""Parquet files with the bytes of pictures inside, as hubs store data sets."""

import functools
from collections.abc import Iterator, Mapping
from pathlib import Path

from spatialvlm_jax.conversion.rows import PairReader, SourceRow, lookup
from spatialvlm_jax.conversion.texts import as_text
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.errors import FileError
from spatialvlm_jax.foreign_files.fingerprints import fingerprint_file
from spatialvlm_jax.foreign_files.parquet_files import (
    RowReader,
    Table,
    batch_records,
    picture_bytes,
)
from spatialvlm_jax.generation.outcomes import Failed, Rejected


class ParquetReader:
    """Rows of parquet files. A picture is bytes, or a record {bytes, path}, or a list of one.

    Rows whose `image_id` agrees are about one image, whose picture is that of the first; without
    that column every row has an image of its own.
    """

    def __init__(self, files: list[Path], pairs: PairReader):
        self._files = files
        self._pairs = pairs

    def __reduce__(self) -> tuple[type["ParquetReader"], tuple[list[Path], PairReader]]:
        return type(self), (self._files, self._pairs)

    def rows(self) -> Iterator[SourceRow]:
        fields = self._pairs.fields
        picture = fields.image.partition("/")[0]
        for number, path in enumerate(self._files):
            table = Table(path)
            if picture not in table.names:
                raise UserError(
                    f"{path} has no column {picture!r}; it has {', '.join(table.names)}: "
                    "name the right one with --field image=COLUMN"
                )
            # Pictures are the bulk of a file; here only what is said about them is read.
            wanted = [name for name in table.names if name != picture]
            for group in range(len(table.group_rows)):
                batches = table.batches(group, wanted)
                records = (record for batch in batches for record in batch_records(batch))
                for place, record in enumerate(records):
                    reference = f"{number}:{group}:{place}"
                    image_id = as_text(lookup(record, fields.image_id))
                    yield self._pairs.row(record, image_id or reference, reference)

    def image(self, reference: str) -> bytes:
        number, group, place = map(int, reference.split(":"))
        try:
            value = self._pictures(number).cell(group, place)
        except FileError as error:
            raise Failed("image", str(error)) from None
        for name in self._pairs.fields.image.split("/")[1:]:
            value = value.get(name) if isinstance(value, Mapping) else None
        try:
            return picture_bytes(value)
        except FileError as error:
            raise Rejected("image", str(error)) from None

    def fingerprint(self, reference: str) -> str:
        return fingerprint_file(self._files[int(reference.split(":")[0])], contents=False)

    @functools.lru_cache(maxsize=2)  # noqa: B019 - readers live as long as their process
    def _pictures(self, number: int) -> RowReader:
        """The column of pictures of a file; neighbours are asked for one after another."""
        return RowReader(self._files[number], self._pairs.fields.image.partition("/")[0])

"""The items of a conversion: rows grouped by image, in a file that workers read at random.

The file lies in the data set's directory while it is made. Workers hold none of the questions in
memory, whose text comes to gigabytes in the larger sets.
"""

import collections
import dataclasses
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from spatialvlm_jax.conversion.rows import Asked, Row
from spatialvlm_jax.storage.shards import write_shard


@dataclasses.dataclass(frozen=True)
class Item:
    """An image with everything that is asked about it. The fields are those of `Row`."""

    image_id: str
    image: str
    pairs: tuple[Asked, ...]
    faults: tuple[str, ...]

    def encode(self) -> bytes:
        """Its bytes in the file."""
        return json.dumps(dataclasses.asdict(self)).encode()

    @classmethod
    def decode(cls, record: bytes) -> "Item":
        """The item of bytes made by `encode`."""
        fields = json.loads(record)
        pairs = [
            Asked(pair["question"], pair["answer"], tuple(pair["answers"]))
            for pair in fields["pairs"]
        ]
        return cls(fields["image_id"], fields["image"], tuple(pairs), tuple(fields["faults"]))


@dataclasses.dataclass(frozen=True)
class Tally:
    """What was read: images, questions, and how many of them had which fault.

    digest: of all items; changes with anything that is asked or with a picture's name.
    """

    images: int
    questions: int
    faults: dict[str, int]
    digest: str


def group(rows: Iterable[Row]) -> list[Item]:
    """One item an image, in the order in which images come first."""
    by_image: dict[str, list[Row]] = {}
    for row in rows:
        by_image.setdefault(row.image_id, []).append(row)
    return [
        Item(
            image_id,
            next((row.image for row in its if row.image), ""),
            tuple(pair for row in its for pair in row.pairs),
            tuple(fault for row in its for fault in row.faults),
        )
        for image_id, its in by_image.items()
    ]


def write_items(items: Iterable[Item], path: Path) -> Tally:
    """Writes the items as an ArrayRecord file, and counts them."""
    digest = hashlib.sha256()
    faults: collections.Counter[str] = collections.Counter()
    images = questions = 0

    def records() -> Iterable[bytes]:
        nonlocal images, questions
        for item in items:
            images += 1
            questions += len(item.pairs) + len(item.faults)
            faults.update(item.faults)
            record = item.encode()
            digest.update(record + b"\n")
            yield record

    write_shard(path, records())
    return Tally(images, questions, dict(faults), digest.hexdigest())

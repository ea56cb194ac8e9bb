"""The items of a conversion: rows grouped by image, in a file that workers read at random.

The file lies in the data set's directory while it is made. Workers hold none of the questions in
memory, whose text comes to gigabytes in the larger sets.
"""

import collections
import dataclasses
import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from spatialvlm_jax.conversion.rows import Asked, SourceRow
from spatialvlm_jax.conversion.truths import GENERAL, Truth
from spatialvlm_jax.generation.outcomes import Rejected
from spatialvlm_jax.scene.records import QA
from spatialvlm_jax.storage.shards import write_shard

_MAX_FAULT = 300
_ANOTHER = (
    "its picture is another than that of the first record with this image_id; name the field that "
    "tells pictures apart with --field image_id=FIELD"
)


@dataclasses.dataclass(frozen=True)
class AskedImage:
    """An image with everything that is asked about it. The fields are those of `SourceRow`."""

    image_id: str
    image: str
    pairs: tuple[Asked, ...]
    faults: tuple[str, ...]

    def encode(self) -> bytes:
        """Its bytes in the file."""
        fields = dataclasses.asdict(self)
        for pair, stored in zip(self.pairs, fields["pairs"], strict=True):
            # What sets without such columns are told apart by does not depend on there being any.
            if pair.truth == GENERAL:
                del stored["truth"]
        return json.dumps(fields).encode()

    @classmethod
    def decode(cls, record: bytes) -> "AskedImage":
        """The image of bytes made by `encode`."""
        fields = json.loads(record)
        pairs = [
            Asked(
                pair["question"],
                pair["answer"],
                tuple(pair["answers"]),
                Truth(**pair.get("truth", {})),
            )
            for pair in fields["pairs"]
        ]
        return cls(fields["image_id"], fields["image"], tuple(pairs), tuple(fields["faults"]))

    def records(self, name: str) -> list[QA]:
        """Its pairs as they are stored and trained on, of the type `name` where they have none."""
        return [
            QA(
                pair.question,
                pair.answer,
                pair.truth.type or name,
                pair.truth.kind,
                value=math.nan if pair.truth.value is None else pair.truth.value,
                unit=pair.truth.unit,
                answers=pair.answers,
            )
            for pair in self.pairs
        ]


@dataclasses.dataclass(frozen=True)
class Tally:
    """What was read: images, questions, and how many of them had which fault.

    digest: of all items; changes with anything that is asked or with a picture's name.
    """

    images: int
    questions: int
    faults: dict[str, int]
    digest: str


def group_by_image(
    rows: Iterable[SourceRow], image: Callable[[str], bytes] | None = None
) -> list[AskedImage]:
    """One item an image, in the order in which images come first.

    Args:
      image: reads a row's picture. Where rows that share an image_id name several, only those
        count whose picture is the first one's; None: each image_id names one.
    """
    by_image: dict[str, list[SourceRow]] = {}
    for row in rows:
        by_image.setdefault(row.image_id, []).append(row)
    if image is not None:
        several = [
            row.image
            for its in by_image.values()
            if len({row.image for row in its}) > 1
            for row in its
        ]
        digests = {
            reference: _digest(reference, image) for reference in sorted(several, key=_place)
        }
        for image_id, its in by_image.items():
            if its[0].image in digests:
                by_image[image_id] = _of_one_picture(its, digests)
    return [
        AskedImage(
            image_id,
            next((row.image for row in its if row.image), ""),
            tuple(pair for row in its for pair in row.pairs),
            tuple(fault[:_MAX_FAULT] for row in its for fault in row.faults),
        )
        for image_id, its in by_image.items()
    ]


def _place(reference: str) -> list[int]:
    """Where a picture lies, as numbers: read in this order, nothing is decoded twice."""
    return [int(part) for part in reference.split(":")] if reference else []


def _digest(reference: str, image: Callable[[str], bytes]) -> bytes:
    try:
        return hashlib.sha256(image(reference)).digest()
    except Rejected:
        return b""


def _of_one_picture(rows: Sequence[SourceRow], digests: Mapping[str, bytes]) -> list[SourceRow]:
    """The rows, those with another picture than the first having faults in place of pairs."""
    first = next((row.image for row in rows if digests[row.image]), rows[0].image)
    kept = []
    for row in rows:
        if digests[row.image] in (b"", digests[first]):
            kept.append(dataclasses.replace(row, image=first))
        else:
            faults = (*row.faults, *(_ANOTHER for _ in row.pairs))
            kept.append(dataclasses.replace(row, image=first, pairs=(), faults=faults))
    return kept


def write_items(items: Iterable[AskedImage], path: Path) -> Tally:
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

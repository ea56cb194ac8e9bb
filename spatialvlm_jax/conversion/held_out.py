"""Held-out images: drawn from a set by seed and name alone, or converted on their own.

Either way no picture is on two sides.
"""

import dataclasses
import hashlib
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from spatialvlm_jax import progress
from spatialvlm_jax.bounds import Range
from spatialvlm_jax.conversion.items import AskedImage
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.flags import parse_number, parse_whole_number
from spatialvlm_jax.generation.outcomes import Rejected
from spatialvlm_jax.storage.examples import StoredExample
from spatialvlm_jax.storage.shards import open_split, split_sizes

_FLAG = "--validation-images"


@dataclasses.dataclass(frozen=True)
class HoldOut:
    """How many images are held out, as "200" or "10%", and the seed that draws them."""

    amount: str
    seed: int = 0

    def number(self, images: int, rejected: Sequence[str] = ()) -> int:
        """How many of so many images.

        Args:
          rejected: the reasons of questions that cannot be used, told where images are too few.
        Raises:
          UserError: it is no number or share, or leaves none or all of them.
        """
        if self.amount.endswith("%"):
            share = parse_number(self.amount[:-1], _FLAG, Range(0, 100))
            number = round(images * share / 100)
        else:
            number = parse_whole_number(self.amount, _FLAG)
        if not 0 < number < images:
            raise UserError(
                f"{_FLAG}={self.amount} holds out {number} of {images} images that can be used: "
                "at least one is wanted, and one has to be left" + _told(rejected)
            )
        return number


def hold_out(
    items: Sequence[AskedImage],
    image: Callable[[str], bytes],
    wanted: HoldOut,
    *,
    quiet: bool = False,
) -> tuple[list[AskedImage], int]:
    """The items, those that are held out last, and how many these are.

    Images that are the same to the byte go together, whatever they are called, so a little more may
    be held out than asked for. Those without a question or a picture are not held out. The choice
    depends on no order, and a resumed or repeated conversion makes the same.

    Args:
      image: reads the picture of an item.

    Raises:
      UserError: so many cannot be held out.
    """
    groups: dict[bytes, list[int]] = {}
    bar = progress.bar(items, desc="hold out", unit="image", quiet=quiet)
    for place, item in enumerate(bar):
        if item.pairs:
            try:
                groups.setdefault(hashlib.sha256(image(item.image)).digest(), []).append(place)
            except Rejected:
                continue
    usable = sum(map(len, groups.values()))
    number = wanted.number(usable, [fault for item in items for fault in item.faults])
    ranked = sorted(
        groups.values(),
        key=lambda places: _rank(wanted.seed, min(items[place].image_id for place in places)),
    )
    chosen: set[int] = set()
    for places in ranked:
        if len(chosen) < number:
            chosen.update(places)
    if len(chosen) == usable:
        raise UserError(f"{_FLAG}={wanted.amount}: all images are one picture; none would be left")
    left = [item for place, item in enumerate(items) if place not in chosen]
    return [*left, *(items[place] for place in sorted(chosen))], len(chosen)


def check_apart(
    items: Sequence[AskedImage],
    image: Callable[[str], bytes],
    directory: Path,
    splits: Collection[str],
    *,
    quiet: bool = False,
) -> None:
    """Compares pictures with those of the other splits of a stored set, by their files' bytes.

    Args:
      splits: those that the items will make.

    Raises:
      UserError: a picture is in another split too.
    """
    if not (directory / "dataset_info.json").exists():
        return
    stored: dict[bytes, str] = {}
    for split in split_sizes(directory).keys() - set(splits):
        records = open_split(directory, split)
        for record in progress.bar(records, desc=f"compare {split}", unit="image", quiet=quiet):
            (data,) = StoredExample(record).bytes_of("image")
            stored[hashlib.sha256(data).digest()] = split
    if not stored:
        return
    twice: list[tuple[str, str]] = []
    for item in progress.bar(items, desc="compare", unit="image", quiet=quiet):
        try:
            digest = hashlib.sha256(image(item.image)).digest() if item.pairs else b""
        except Rejected:
            continue
        if digest in stored:
            twice.append((item.image_id, stored[digest]))
    if twice:
        raise UserError(
            f"{len(twice)} of {len(items)} pictures are in split {twice[0][1]!r} of {directory} "
            f"too, the first is {twice[0][0]}: leave them out of one, for nothing is measured on "
            f"what was learned, or let {_FLAG} divide the images"
        )


def _told(rejected: Sequence[str]) -> str:
    return (
        f"; {len(rejected)} questions were rejected, the first: {rejected[0]}" if rejected else ""
    )


def _rank(seed: int, name: str) -> bytes:
    text = f"{seed}\0{name}".encode(errors="surrogateescape")
    return hashlib.blake2b(text, digest_size=16).digest()

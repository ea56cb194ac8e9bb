"""Which images of a finite source are used, and which of them are held out.

An image is held out by the hash of its name (or of its folder's), so the choice depends on no
order, no seed and no clock, and a name that is held out stays so when images are added elsewhere,
as long as fewer than the number asked for hash below it.
"""

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.execution.chunks import first_work

SplitBy = Literal["image", "folder"]


class FiniteSource(Protocol):
    """A `pipeline.Source` that knows how many images it has, and which folder each is from."""

    @property
    def name(self) -> str: ...

    def __len__(self) -> int: ...

    def describe(self) -> Mapping[str, Any]: ...

    def image_id(self, index: int) -> str: ...

    def folder(self, index: int) -> str: ...

    def fingerprint(self, index: int, contents: bool) -> str: ...

    def observe(self, indices: Sequence[int]) -> Sequence[Any]: ...


@dataclasses.dataclass(frozen=True, eq=False)
class Selection:
    """The images `order` of a source, in that order, as a source of their own."""

    source: FiniteSource
    order: tuple[int, ...]

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def first_work(self) -> str:
        return first_work(self.source)

    def __len__(self) -> int:
        return len(self.order)

    def describe(self) -> dict[str, Any]:
        names = "\n".join(map(self.image_id, range(len(self)))).encode()
        digest = hashlib.blake2b(names, digest_size=16).hexdigest()
        return {**self.source.describe(), "images": {"count": len(self), "digest": digest}}

    def image_id(self, index: int) -> str:
        return self.source.image_id(self.order[index])

    def fingerprint(self, index: int, contents: bool) -> str:
        return self.source.fingerprint(self.order[index], contents)

    def observe(self, indices: Sequence[int]) -> Sequence[Any]:
        return self.source.observe([self.order[index] for index in indices])


def _rank(text: str) -> bytes:
    return hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=16).digest()


def select(
    source: FiniteSource, splits: Mapping[str, int], by: SplitBy = "image"
) -> tuple[Selection, dict[str, int]]:
    """The images of each split, split after split, and how many each really has.

    The first split takes what the others leave, in the order of the source; the others take those
    whose hashes come first. `by="folder"` holds out whole folders, so that frames of one video or
    room never lie on both sides, and may hold out more than asked for.

    Raises:
      UserError: there are fewer images than the splits ask for.
    """
    asked, size = sum(splits.values()), len(source)
    if asked > size:
        raise UserError(f"{asked} images are asked for, but there are only {size}")
    first, *others = splits
    groups: dict[str, list[int]] = {}
    for index in range(size):
        name = source.folder(index) if by == "folder" else source.image_id(index)
        groups.setdefault(name, []).append(index)
    ranked = sorted(groups, key=_rank) if others else []
    chosen: dict[str, list[int]] = {name: [] for name in splits}
    held_out: set[int] = set()
    queue = iter(ranked)
    for split in others:
        while len(chosen[split]) < splits[split] and (group := next(queue, None)) is not None:
            chosen[split] += groups[group]
        chosen[split].sort()
        held_out.update(chosen[split])
    chosen[first] = [index for index in range(size) if index not in held_out][: splits[first]]
    empty = [split for split, indices in chosen.items() if not indices]
    if empty:
        raise UserError(
            f"split {empty[0]!r} is left without images: there are only {len(groups)} {by}s"
        )
    order = tuple(index for indices in chosen.values() for index in indices)
    return Selection(source, order), {split: len(indices) for split, indices in chosen.items()}

"""Which images go into which file: splits into shards, shards into chunks.

The plan depends on the number of images only, never on who does the work. A chunk is what one
worker does in one go; its records lie in a part file until all parts of its shard are there.
"""

import dataclasses
from collections.abc import Mapping
from pathlib import Path

from spatialvlm_jax.storage.shards import shard_path

CHUNK = 64
_IMAGES_PER_SHARD, _MANY_SHARDS, _MAX_IMAGES_PER_SHARD = 256, 128, 4096
PARTS, REPORTS = ".parts", ".shards"


@dataclasses.dataclass(frozen=True)
class Chunk:
    """Images `start` to `stop` of the source, which go to one split."""

    split: str
    start: int
    stop: int

    @property
    def indices(self) -> range:
        return range(self.start, self.stop)

    def part_path(self, directory: Path) -> Path:
        """Where its records wait for the other parts of the shard."""
        return directory / PARTS / f"{self.split}-{self.start:010d}.array_record"

    def report_path(self, directory: Path) -> Path:
        """What became of its images; written after the records, so that it says they are whole."""
        return directory / PARTS / f"{self.split}-{self.start:010d}.json"


@dataclasses.dataclass(frozen=True)
class Shard:
    """The images of one shard: indices `start` to `stop` of the source."""

    split: str
    number: int
    count: int
    start: int
    stop: int

    def path(self, directory: Path) -> Path:
        return shard_path(directory, self.split, self.number, self.count)

    def report_path(self, directory: Path) -> Path:
        return directory / REPORTS / f"{self.split}-{self.number:05d}-of-{self.count:05d}.json"

    def checksum_path(self, directory: Path) -> Path:
        """What the file was when it was written; sets of before there were checksums have none."""
        return self.report_path(directory).with_suffix(".checksum")

    def is_done(self, directory: Path) -> bool:
        return self.path(directory).exists() and self.report_path(directory).exists()

    def chunks(self) -> list[Chunk]:
        """Its images in pieces of `CHUNK`, in order."""
        starts = range(self.start, self.stop, CHUNK)
        return [Chunk(self.split, start, min(start + CHUNK, self.stop)) for start in starts]


def plan_shards(splits: Mapping[str, int], shards: Mapping[str, int] | None = None) -> list[Shard]:
    """Divides the images of every split into shards of nearly equal size.

    Args:
      splits: images asked for in each split; splits take consecutive indices, in this order.
      shards: shards of each split; by default of about 256 images, and from 128 shards on larger
        ones instead, up to 4,096 images (some gigabytes).
    """
    plan, start = [], 0
    for split, images in splits.items():
        default = min(_MANY_SHARDS, -(-images // _IMAGES_PER_SHARD))
        default = max(default, -(-images // _MAX_IMAGES_PER_SHARD))
        count = max(1, min(images, (shards or {}).get(split, default)))
        edges = [start + images * number // count for number in range(count + 1)]
        plan += [
            Shard(split, number, count, edges[number], edges[number + 1]) for number in range(count)
        ]
        start += images
    return plan

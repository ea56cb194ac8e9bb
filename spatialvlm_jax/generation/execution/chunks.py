"""The work of generation, a chunk of images at a time: observe, then make the records.

The same two functions run in this process, in worker processes and on a cluster. What they write
depends on the source and the indices only, and appears whole or not at all, so that a chunk may be
done twice, or by two workers at once.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.execution.inputs import describe_contents, describe_files
from spatialvlm_jax.generation.execution.ledger import (
    Report,
    ledger_row,
    report_of,
    write_generation_report,
)
from spatialvlm_jax.generation.execution.plan import Chunk, Shard
from spatialvlm_jax.generation.outcomes import Rejected, stage
from spatialvlm_jax.generation.sources.plausibility import Sizes, add_sizes, measure_sizes
from spatialvlm_jax.generation.stages import Observation, Stages
from spatialvlm_jax.scene.records import QA
from spatialvlm_jax.storage.checksums import describe_file
from spatialvlm_jax.storage.examples import encode_example
from spatialvlm_jax.storage.shards import read_shard, write_shard


class GenerationError(UserError):
    """Generation cannot start or go on."""


class Source(Protocol):
    """Where pictures come from: what there is, and what is observed. Sent to worker processes.

    `observe` may raise `Rejected` (an image left out on purpose), `Failed`, or any other error: the
    image then goes to the ledger. A `UserError` ends the run.
    """

    @property
    def name(self) -> str:
        """What the data set, and scenes that are lifted from it, call it."""

    def describe(self) -> Mapping[str, Any]:
        """All settings of its own that its output depends on, as JSON values."""

    def image_id(self, index: int) -> str:
        """The stable name of the image at an index."""

    def observe(self, indices: Sequence[int]) -> Sequence[Observation | Rejected]:
        """What is seen at these indices, in order: the batched part that may want an accelerator.

        Each entry can be sent to another process; in the place of a lost image stands `Rejected`.
        """


@dataclasses.dataclass(frozen=True)
class Job:
    """All that a worker needs to make any chunk: where pictures come from, and what follows."""

    source: Source
    stages: Stages

    def describe(self) -> dict[str, Any]:
        """JSON values of everything that the bytes depend on."""
        name, own = self.source.name, self.source.describe()
        return {"source": name, **own, **self.stages.describe()}


def first_work(source: Source) -> str:
    """What a process does before it has its first chunk, for those who wait for it.

    A source may say so as `first_work`.
    """
    return getattr(source, "first_work", "making the first images")


def observe(source: Source, indices: Sequence[int]) -> list[Observation | Rejected]:
    """What the source observes; where that fails for all together, one by one.

    Returns:
      As many entries as indices; `Rejected` in the place of an image that is lost.
    """
    try:
        with stage("observe"):
            observed = list(source.observe(indices))
            if len(observed) != len(indices):
                raise ValueError(f"{len(observed)} observations of {len(indices)} images")
            return observed
    except Rejected as outcome:
        if len(indices) == 1:
            return [outcome]
        return [entry for index in indices for entry in observe(source, [index])]


def observe_files(
    source: Source, indices: Sequence[int]
) -> tuple[list[Observation | Rejected], dict[str, str]]:
    """What is observed, and what the files were that it was observed in."""
    files = describe_files(source, indices)
    observations = observe(source, indices)
    return observations, {**files, **describe_contents(source, indices)}


def _example(job: Job, observed: Observation | Rejected) -> tuple[bytes, list[QA], Sizes]:
    """One record, its pairs, and what is measured in its scene.

    Raises:
      Rejected: the image is lost.
    """
    if isinstance(observed, Rejected):
        raise observed
    scene, pairs = job.stages.examine(observed, job.source.name)
    if not pairs:
        raise Rejected("questions", "no question could be asked")
    with stage("store"):
        return encode_example(scene, pairs), pairs, measure_sizes(scene)


def make_records(
    job: Job, chunk: Chunk, observations: Sequence[Observation | Rejected]
) -> tuple[list[bytes], Report]:
    """Records of a chunk of observed images, and what became of each of them."""
    records, stored, ledger = [], [], []
    sizes: Sizes = {}
    for index, observed in zip(chunk.indices, observations, strict=True):
        try:
            record, pairs, measured = _example(job, observed)
        except Rejected as outcome:
            ledger.append(ledger_row(job.source.image_id(index), chunk.split, outcome))
            continue
        records.append(record)
        stored.append(pairs)
        sizes = add_sizes(sizes, measured)
    report = report_of(len(chunk.indices), stored, ledger)
    return records, dataclasses.replace(report, sizes=sizes)


def write_part(
    job: Job,
    chunk: Chunk,
    observations: Sequence[Observation | Rejected],
    inputs: Mapping[str, str],
    directory: Path,
) -> Report:
    """Makes the records of an observed chunk and writes them and their report, in this order.

    Args:
      inputs: what its files were when it was observed.
    """
    records, report = make_records(job, chunk, observations)
    report = dataclasses.replace(report, inputs=(inputs,))
    write_shard(chunk.part_path(directory), records)
    write_generation_report(chunk.report_path(directory), report)
    return report


def make_part(job: Job, chunk: Chunk, directory: Path) -> Report:
    """All the work of a chunk in one process."""
    observations, inputs = observe_files(job.source, chunk.indices)
    return write_part(job, chunk, observations, inputs, directory)


def join_parts(shard: Shard, reports: Sequence[Report], directory: Path) -> None:
    """Writes a shard from its parts, in the order of the images, and removes them."""
    parts = [chunk.part_path(directory) for chunk in shard.chunks()]
    write_shard(shard.path(directory), (record for part in parts for record in read_shard(part)))
    write_json(shard.checksum_path(directory), describe_file(shard.path(directory)))
    write_generation_report(shard.report_path(directory), sum(reports, Report()))
    for chunk in shard.chunks():
        remove_part(chunk, directory)


def remove_part(chunk: Chunk, directory: Path) -> None:
    """Removes a part, its report first: without it the records do not count."""
    chunk.report_path(directory).unlink(missing_ok=True)
    chunk.part_path(directory).unlink(missing_ok=True)

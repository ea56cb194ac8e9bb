"""Makes chunks on a Ray cluster, or on a local Ray: `run_ray` in the place of `run_local`.

A row of the Ray data set is the number of a chunk. Actors make its part file and hand back its
report; pools are elastic, so that lost actors and lost machines are replaced by what is left. Ray
may do a chunk twice, which is harmless: both times it writes the same bytes under the same name.

With GPUs a chunk passes through two pools: observers, each with its share of a GPU and its own copy
of the experts, and writers. Without, one actor does all the work of a chunk, which spares the
transfer of what was observed.
"""

import dataclasses
import json
import logging
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.execution.chunks import (
    GenerationError,
    Job,
    make_part,
    observe_files,
    write_part,
)
from spatialvlm_jax.generation.execution.ledger import Report, report_from
from spatialvlm_jax.generation.execution.plan import Chunk
from spatialvlm_jax.ray_cluster import connected
from spatialvlm_jax.shared_folder import wait_until_visible

_COLUMNS = ("id", "report", "error")


@dataclasses.dataclass(frozen=True)
class _Observed:
    """The observations of a chunk, wrapped so that they arrive as the objects that they are.

    inputs: what its files were. error: what the user must mend, "" if there is nothing.
    """

    entries: list[Any]
    inputs: dict[str, str] = dataclasses.field(default_factory=dict)
    error: str = ""


class _Maker:
    """An actor that makes whole parts."""

    def __init__(self, job: Job, chunks: Sequence[Chunk], directory: Path):
        self._job, self._chunks, self._directory = job, chunks, directory

    def __call__(self, rows: dict[str, np.ndarray]) -> dict[str, list[Any]]:
        def make(row: int) -> Report:
            return make_part(self._job, self._chunks[rows["id"][row]], self._directory)

        return _reported(rows, make)


class _Observer:
    """An actor that observes: decodes and asks the experts."""

    def __init__(self, job: Job, chunks: Sequence[Chunk]):
        self._job, self._chunks = job, chunks

    def __call__(self, rows: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        observed = np.empty(len(rows["id"]), object)
        for row, number in enumerate(rows["id"]):
            try:
                found = observe_files(self._job.source, self._chunks[number].indices)
                observed[row] = _Observed(*found)
            except UserError as error:
                observed[row] = _Observed([], error=str(error))
        return {"id": rows["id"], "observed": observed}


class _Writer:
    """An actor that makes parts of what was observed."""

    def __init__(self, job: Job, chunks: Sequence[Chunk], directory: Path):
        self._job, self._chunks, self._directory = job, chunks, directory

    def __call__(self, rows: dict[str, np.ndarray]) -> dict[str, list[Any]]:
        def write(row: int) -> Report:
            chunk, observed = self._chunks[rows["id"][row]], rows["observed"][row]
            if observed.error:
                raise UserError(observed.error)
            entries, inputs = observed.entries, observed.inputs
            return write_part(self._job, chunk, entries, inputs, self._directory)

        return _reported(rows, write)


def _reported(rows: dict[str, np.ndarray], work: Callable[[int], Report]) -> dict[str, list[Any]]:
    """The reports of these rows as JSON; what the user must mend goes beside them as text.

    Raised here, it would arrive as text within the text of other errors.
    """
    reports, errors = [], []
    for row in range(len(rows["id"])):
        report, error = Report(), ""
        try:
            report = work(row)
        except UserError as mistake:
            error = str(mistake)
        reports.append(json.dumps(dataclasses.asdict(report)))
        errors.append(error)
    return {"id": rows["id"].tolist(), "report": reports, "error": errors}


def run_ray(
    job: Job,
    chunks: Sequence[Chunk],
    directory: Path,
    *,
    address: str,
    workers: int,
    gpus: float = 0.0,
) -> Generator[tuple[Chunk, Report], None, None]:
    """Makes the parts of these chunks; yields each as it is done.

    Args:
      directory: on a file system that all machines of the cluster share.
      address: "local" starts a Ray on this machine, "auto" or HOST:PORT joins a cluster.
      workers: actors of a pool at most; as many are started as there are CPUs and GPUs for.
      gpus: share of a GPU of each observer; 0 for none.

    Raises:
      UserError: Ray is not installed, no cluster answers, or a part cannot be seen from here.
    """
    if not chunks:
        return
    directory = directory.absolute()
    with _data_engine(address) as ray:
        pool = {"batch_size": 1, "concurrency": (1, max(1, workers)), "num_cpus": 1}
        rows = ray.data.range(len(chunks), override_num_blocks=len(chunks))
        if gpus:
            rows = rows.map_batches(
                _Observer, fn_constructor_args=(job, chunks), num_gpus=gpus, **pool
            )
        rows = rows.map_batches(
            _Writer if gpus else _Maker,
            fn_constructor_args=(job, chunks, directory),
            **pool,
        )
        for batch in rows.iter_batches(batch_size=None, batch_format="numpy"):
            for number, report, error in zip(*(batch[name] for name in _COLUMNS), strict=True):
                if error:
                    raise GenerationError(error)
                _await_part(chunks[number], directory)
                yield chunks[number], report_from(report)


@contextmanager
def _data_engine(address: str) -> Iterator[Any]:
    """The module `ray` with its `ray.data`, connected and quiet."""
    with connected(address) as module:
        import ray.data

        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = context.print_on_execution_start = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        yield module


def _await_part(chunk: Chunk, directory: Path) -> None:
    part = chunk.part_path(directory)
    if not wait_until_visible([chunk.report_path(directory), part]):
        raise GenerationError(
            f"a worker wrote {part.name}, but it cannot be seen here: "
            f"{directory} must be on a file system that all machines share"
        )

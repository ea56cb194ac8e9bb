"""Makes chunks on this machine: in this process, or in worker processes."""

import concurrent.futures
import multiprocessing
from collections.abc import Generator, Sequence
from pathlib import Path

from spatialvlm_jax.child_processes import exit_with_parent, without_terminal_signals
from spatialvlm_jax.generation.execution.chunks import GenerationError, Job, make_part
from spatialvlm_jax.generation.execution.ledger import Report
from spatialvlm_jax.generation.execution.plan import Chunk

# A worker process works for one source only, which may hold models: it is sent once.
_JOB: list[Job] = []


def run_local(
    job: Job, chunks: Sequence[Chunk], directory: Path, workers: int
) -> Generator[tuple[Chunk, Report], None, None]:
    """Makes the parts of these chunks; yields each as it is done.

    Raises:
      GenerationError: a worker process was killed.
    """
    if workers <= 1 or len(chunks) <= 1:
        for chunk in chunks:
            yield chunk, make_part(job, chunk, directory)
        return
    # Spawned, because a process that has used JAX must not be forked.
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(workers, context, _start, (job,)) as pool:
        with without_terminal_signals():
            futures = {pool.submit(_make_part, chunk, directory): chunk for chunk in chunks}
        try:
            for future in concurrent.futures.as_completed(futures):
                yield futures.pop(future), future.result()
        except concurrent.futures.process.BrokenProcessPool:
            raise GenerationError(
                "a worker was killed (out of memory?); run the same command again to continue, "
                "with more memory free, or with fewer --workers where it has them"
            ) from None
        finally:
            pool.shutdown(cancel_futures=True)


def _start(job: Job) -> None:
    exit_with_parent()
    _JOB[:] = [job]


def _make_part(chunk: Chunk, directory: Path) -> Report:
    return make_part(_JOB[0], chunk, directory)

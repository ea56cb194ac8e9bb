"""What an earlier run left behind that does not hold any more: named, removed, and made again."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spatialvlm_jax.generation.execution.chunks import Job, remove_part
from spatialvlm_jax.generation.execution.inputs import have_changed
from spatialvlm_jax.generation.execution.ledger import Report, read_generation_report
from spatialvlm_jax.generation.execution.plan import Chunk, Shard
from spatialvlm_jax.storage.checksums import find_change


def drop_stale(job: Job, plan: Sequence[Shard], directory: Path) -> None:
    """Removes shards that are not as they were written, and those and parts of changed files."""
    for shard in plan:
        if shard.is_done(directory):
            path = shard.path(directory)
            if problem := _damage(shard, directory) or _change(job, shard, directory):
                logging.warning("%s %s; it is made again", path, problem)
                shard.report_path(directory).unlink()
                path.unlink()
            continue
        for chunk in shard.chunks():
            path = chunk.report_path(directory)
            if path.exists() and _is_changed(job, [chunk], read_generation_report(path)):
                logging.warning("%s; they are made again", _what_changed(job, chunk))
                remove_part(chunk, directory)


def _damage(shard: Shard, directory: Path) -> str:
    """What is wrong with the file of a shard, "" if nothing is."""
    checksum = shard.checksum_path(directory)
    if not checksum.exists():
        return ""
    return find_change(shard.path(directory), _read_checksum(checksum), contents=True)


def _read_checksum(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def _change(job: Job, shard: Shard, directory: Path) -> str:
    """What has changed of what a shard was made of, "" if nothing has."""
    report = read_generation_report(shard.report_path(directory))
    changed = _is_changed(job, shard.chunks(), report)
    return f"is stale: {_what_changed(job, changed)}" if changed else ""


def _is_changed(job: Job, chunks: Sequence[Chunk], report: Report) -> Chunk | None:
    """The first of the chunks whose files have changed since their report."""
    recorded = report.inputs if len(report.inputs) == len(chunks) else ({},) * len(chunks)
    for chunk, inputs in zip(chunks, recorded, strict=True):
        if have_changed(job.source, chunk.indices, inputs):
            return chunk
    return None


def _what_changed(job: Job, chunk: Chunk) -> str:
    first, last = (job.source.image_id(index) for index in (chunk.start, chunk.stop - 1))
    which = first if first == last else f"one or more of {first} to {last}"
    return f"files of {which} have changed since"

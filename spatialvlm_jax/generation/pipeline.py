"""From a source of scenes to a stored data set: sharded, seeded, resumable, nothing lost silently.

Every image is drawn from the source by its index, so its bytes depend on the source's
configuration and that index only: not on the number of workers, on whether they are processes here
or actors of a cluster, nor on where a run was cut off. Chunks of images are made in any order, by
anyone, into part files; this process joins them to shards in the order of the images. A restart
makes only the chunks that are not there yet, and those whose files have changed since. Beside the
shards lie:

    generation.json   what was asked; once an example is stored, nothing else may be. Under
                      "added", what was asked of splits that were added later
    ledger.jsonl      one line an image that was not stored: stage, status, reason
    summary.json      counts: asked = stored + rejected + failed; doubts about its unit
    card.html, .md    what the set holds, counted and shown
    made.json         when the set was begun and by which commands, for the card
    checksums.json    what every shard was when it was written; one that differs is made again
    .shards/          the report of every shard
    .parts/           parts of shards that are not whole yet
"""

import collections
import contextlib
import dataclasses
import json
import logging
import shutil
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

from spatialvlm_jax import __version__, progress, signals
from spatialvlm_jax.atomic_write import final_name, remove_leftovers, write_json, write_text
from spatialvlm_jax.generation.execution.chunks import (
    GenerationError,
    Job,
    Source,
    first_work,
    join_parts,
    remove_part,
)
from spatialvlm_jax.generation.execution.ledger import Report, read_generation_report
from spatialvlm_jax.generation.execution.local import run_local
from spatialvlm_jax.generation.execution.making import Making
from spatialvlm_jax.generation.execution.on_ray import run_ray
from spatialvlm_jax.generation.execution.plan import (
    CHUNK,
    PARTS,
    REPORTS,
    Chunk,
    Shard,
    plan_shards,
)
from spatialvlm_jax.generation.execution.request import REQUEST_FILE, record_request
from spatialvlm_jax.generation.execution.stale import drop_stale
from spatialvlm_jax.generation.sources.plausibility import describe_doubts
from spatialvlm_jax.generation.stages import Stages
from spatialvlm_jax.storage.checksums import CHECKSUMS, describe_file
from spatialvlm_jax.storage.only_writer import only_writer
from spatialvlm_jax.storage.shards import SplitSize, write_dataset_info

__all__ = ["GenerationError", "Report", "Source", "generate_dataset"]

# Raised whenever the same request makes other records than before: a folder that was begun by other
# rules would mix what they accept. 1: of folders that name none; 2: geometry is checked.
RULES = 2
RECIPE_FILE = "recipe.json"  # there before the data, where a run renders its own


def generate_dataset(
    source: Source,
    splits: Mapping[str, int],
    directory: Path,
    *,
    stages: Stages,
    shards: Mapping[str, int] | None = None,
    workers: int = 1,
    quiet: bool = False,
    ray_address: str | None = None,
    ray_gpus: float = 0.0,
    adds: bool = False,
    making: Making | None = None,
    is_held: bool = False,
) -> Report:
    """Makes, or goes on making, a stored data set.

    Args:
      source: where images come from; each worker has a copy. splits: images of each split.
      stages: what is made of what the source observes; `NO_STAGES` where that is answered scenes.
      shards: of each split; see `plan_shards`.
      workers: processes; on Ray, actors of a pool at most. quiet: no progress bar.
      ray_address: None for this machine without Ray; "local", "auto" or HOST:PORT for Ray, which
        wants a `directory` that all its machines share.
      ray_gpus: share of a GPU of each actor that observes; 0 for none.
      adds: these splits to others of a source of this name that the directory holds; whether they
        show other images is for the caller to know.
      making: by which command this is, for the card; None if it shall not tell.
      is_held: whether the caller is the `only_writer` of the directory, and writes more there.

    Returns:
      What became of the images of these splits; the rows about lost ones are in `ledger.jsonl`.

    Raises:
      GenerationError: the directory holds something else, or no image can be made.
      FolderInUseError: another run makes it.
    """
    check_directory(directory)
    job, plan = Job(source, stages), plan_shards(splits, shards)
    request = _request(job, splits, plan)
    with contextlib.nullcontext() if is_held else only_writer(directory):
        for folder in (directory / PARTS, directory / REPORTS):
            folder.mkdir(exist_ok=True)
        for folder in (directory, directory / PARTS):
            remove_leftovers(folder)
        requests = record_request(directory, request, adds=adds, making=making)
        drop_stale(job, plan, directory)
        assembly = _Assembly(plan, directory)
        chunks = assembly.chunks_to_make()
        if ray_address is None:
            parts = run_local(job, chunks, directory, workers)
        else:
            parts = run_ray(
                job, chunks, directory, address=ray_address, workers=workers, gpus=ray_gpus
            )
        with contextlib.closing(parts):
            assembly.take(_announced(parts, first_work(source), quiet or not chunks), quiet)
        whole = _whole_plan(requests, plan, directory)
        _finish(whole, directory, requests[0], made=bool(chunks))
        return _read_report(plan, directory)


def _announced(
    parts: Generator[tuple[Chunk, Report], None, None], doing: str, quiet: bool
) -> Generator[tuple[Chunk, Report], None, None]:
    """The parts; what has to be done for the first of them is said if it takes long."""
    with contextlib.closing(parts):
        with progress.waiting(doing, "made the first images", quiet=quiet):
            first = next(parts, None)
        if first is not None:
            yield first
            yield from parts


def _request(job: Job, splits: Mapping[str, int], plan: Sequence[Shard]) -> dict[str, Any]:
    """What is asked: images and shards of each split, and everything that the bytes depend on."""
    shards = collections.Counter(shard.split for shard in plan)
    return {
        "version": __version__,
        "rules": RULES,
        "splits": {split: [images, shards[split]] for split, images in splits.items()},
        **job.describe(),
    }


def check_directory(directory: Path) -> None:
    """Refuses a place that a set would be mixed with, or that would be taken for one.

    Raises:
      GenerationError: it is a file, or a folder with files of others.
    """
    if directory.exists() and not directory.is_dir():
        raise GenerationError(f"{directory} is a file, not a directory; name another place")
    if not directory.is_dir() or (directory / REQUEST_FILE).exists():
        return
    names = sorted(path.name for path in directory.iterdir())
    # Another run may begin the set in this moment, or was killed when it did.
    ours = (RECIPE_FILE, REQUEST_FILE)
    foreign = [name for name in names if name[0] != "." and final_name(name) not in ours]
    if foreign:
        raise GenerationError(
            f"{directory} holds {foreign[0]} and no data set that this program began: "
            "name a new or an empty folder"
        )


def _whole_plan(
    requests: Sequence[Mapping[str, Any]], own: Sequence[Shard], directory: Path
) -> list[Shard]:
    """Our own shards and those of other splits that are whole, in the order of the requests."""
    plan: list[Shard] = []
    for request in requests:
        splits = request["splits"].items()
        images, shards = ({name: size[i] for name, size in splits} for i in (0, 1))
        theirs = plan_shards(images, shards)
        if theirs[0].split in {shard.split for shard in own}:
            plan += own
        elif all(shard.is_done(directory) for shard in theirs):
            stored = {shard.split for shard in theirs if _read_report([shard], directory).stored}
            plan += theirs if stored == images.keys() else []
    return plan


def _read_report(plan: Sequence[Shard], directory: Path) -> Report:
    reports = (read_generation_report(shard.report_path(directory)) for shard in plan)
    return sum((report.counts() for report in reports), Report())


def _write_checksums(plan: Sequence[Shard], directory: Path) -> None:
    """Puts those of all shards into one file; of shards of before there were any, takes them."""
    recorded = {}
    for shard in plan:
        path, checksum = shard.path(directory), shard.checksum_path(directory)
        if not checksum.exists():
            write_json(checksum, describe_file(path))
        recorded[path.name] = json.loads(checksum.read_text(encoding="utf-8"))
    write_json(directory / CHECKSUMS, recorded)


class _Assembly:
    """The shards that are not there yet, each joined as soon as its last part is."""

    def __init__(self, plan: Sequence[Shard], directory: Path):
        self._directory = directory
        self._missing = [shard for shard in plan if not shard.is_done(directory)]
        self._asked = sum(shard.stop - shard.start for shard in plan)
        self._shard_of = {chunk: shard for shard in self._missing for chunk in shard.chunks()}
        self._left = {shard: len(shard.chunks()) for shard in self._missing}
        self._reports: dict[Chunk, Report] = {}

    def chunks_to_make(self) -> list[Chunk]:
        """In order; what an earlier run left is taken up first."""
        for chunk in self._shard_of:
            if chunk.report_path(self._directory).exists():
                self._add(chunk, read_generation_report(chunk.report_path(self._directory)))
        return [chunk for shard in self._left for chunk in shard.chunks() if self._wants(chunk)]

    def _wants(self, chunk: Chunk) -> bool:
        return self._shard_of[chunk] in self._left and chunk not in self._reports

    def _add(self, chunk: Chunk, report: Report) -> None:
        shard = self._shard_of[chunk]
        self._reports[chunk] = report
        self._left[shard] -= 1
        if not self._left[shard]:
            join_parts(shard, [self._reports.pop(c) for c in shard.chunks()], self._directory)
            del self._left[shard]

    def take(self, parts: Generator[tuple[Chunk, Report], None, None], quiet: bool) -> None:
        """Takes all parts, in any order; one may come twice.

        Raises:
          GenerationError: the first images all fail alike, which no restart would mend.
        """
        to_do = sum(len(chunk.indices) for chunk in self._shard_of if self._wants(chunk))
        done = Report()
        with (
            signals.telling() as tell,
            progress.bar(
                total=self._asked,
                initial=self._asked - to_do,
                unit="image",
                desc="generate",
                quiet=quiet,
            ) as bar,
        ):
            self._tell_kept(tell, self._asked - to_do)
            for chunk, report in parts:
                if not self._wants(chunk):
                    continue
                if done.failed == done.asked:
                    self._check_setup(done + report, parts)
                done = done.counts() + report
                self._add(chunk, report)
                self._tell_kept(tell, self._asked - to_do + done.asked)
                seconds = max(bar.format_dict["elapsed"], 1e-9)
                bar.set_postfix_str(f"{done.pairs / seconds:.0f} pairs/s", refresh=False)
                bar.update(report.asked)

    def _tell_kept(self, tell: Callable[[str], None], images: int) -> None:
        if images:
            tell(f"kept {images} of {self._asked} pictures; the same command continues")

    def _check_setup(
        self, first: Report, parts: Generator[tuple[Chunk, Report], None, None]
    ) -> None:
        """Ends a run that cannot succeed, after a chunk of it and not after days.

        Images that are rejected, or fail for various reasons, are no sign of a broken set-up.
        """
        if not first.failed == first.asked >= CHUNK or len(first.reasons) != 1:
            return
        parts.close()
        _write_ledger(self._directory, [first])
        # The parts made so far say only that it was broken; the next run makes them again.
        for chunk in self._shard_of:
            path = chunk.report_path(self._directory)
            if path.exists() and not read_generation_report(path).stored:
                remove_part(chunk, self._directory)
        row = first.ledger[0]
        raise GenerationError(f"every image fails; the first, at {row['stage']}: {row['reason']}")


def _write_ledger(directory: Path, reports: Sequence[Report]) -> None:
    rows = [json.dumps(row, sort_keys=True) + "\n" for report in reports for row in report.ledger]
    write_text(directory / "ledger.jsonl", "".join(rows))


def _finish(
    plan: Sequence[Shard], directory: Path, request: Mapping[str, Any], *, made: bool
) -> None:
    """Writes the ledger, the summary, the description that makes it a data set, and its card."""
    reports = [read_generation_report(shard.report_path(directory)) for shard in plan]
    shutil.rmtree(directory / PARTS, ignore_errors=True)
    _write_ledger(directory, reports)
    total = sum((report.counts() for report in reports), Report())
    counts = {
        name: value
        for name, value in dataclasses.asdict(total).items()
        if name not in ("ledger", "inputs", "sizes")
    }
    if said := describe_doubts(total.sizes, str(request["source"])):
        counts["doubts"] = said
        for line in said:
            logging.warning("%s: %s", directory, line)
    write_json(directory / "summary.json", counts, sort_keys=True)
    sizes = {}
    for split in dict.fromkeys(shard.split for shard in plan):
        mine = [i for i, shard in enumerate(plan) if shard.split == split]
        sizes[split] = SplitSize(
            shard_lengths=tuple(reports[i].stored for i in mine),
            num_bytes=sum(plan[i].path(directory).stat().st_size for i in mine),
        )
        if not sum(sizes[split].shard_lengths):
            first = next(row for i in mine for row in reports[i].ledger)
            raise GenerationError(
                f"split {split!r} is empty: no image could be stored; the first was "
                f"{first['status']} at {first['stage']}: {first['reason']}; the reasons of all "
                f"are in {directory / 'ledger.jsonl'}"
            )
    description = f"Images with exact geometry and question-answer pairs ({request['source']})."
    _write_checksums(plan, directory)
    write_dataset_info(directory, sizes, description=description)
    if made or not (directory / "card.html").exists():
        from spatialvlm_jax.generation.card.page import write_card

        with progress.waiting("drawing the data card", "drew the data card"):
            write_card(directory)

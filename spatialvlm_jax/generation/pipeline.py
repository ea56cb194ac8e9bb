"""From a source of scenes to a stored data set: sharded, seeded, resumable, nothing lost silently.

Every image is drawn from the source by its index, so its bytes depend on the source's
configuration and that index only: not on the number of workers, nor on where a run was cut off.
A shard and its report are written under temporary names and renamed; a restart makes only the
shards that are not there yet. Beside the shards lie:

    generation.json   what was asked; a restart that asks for something else is refused
    ledger.jsonl      one line an image that was not stored: stage, status, reason
    summary.json      counts: asked = stored + rejected + failed
    .shards/          the report of every shard
"""

import collections
import concurrent.futures
import dataclasses
import fcntl
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from tqdm import tqdm

from spatialvlm_jax import __version__
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.outcomes import Failed, Rejected, stage
from spatialvlm_jax.generation.records import QA, Scene
from spatialvlm_jax.generation.shards import SplitSize, shard_path, write_dataset_info, write_shard
from spatialvlm_jax.generation.store import encode_example
from spatialvlm_jax.processes import exit_with_parent

CHUNK = 64
_MIN_IMAGES_PER_SHARD = 256
_MAX_SHARDS = 128


class GenerationError(UserError):
    """Generation cannot start or go on."""


class Source(Protocol):
    """Where scenes and their pairs come from. Instances are sent to worker processes.

    Any method may raise `Rejected` (left out on purpose), `Failed`, or any other error; the image
    then goes to the ledger with the stage.
    """

    def describe(self) -> Mapping[str, Any]:
        """Everything its output depends on, as JSON values."""

    def image_id(self, index: int) -> str:
        """The stable name of the image at an index."""

    def observe(self, indices: Sequence[int]) -> list[Any]:
        """What is seen at these indices, in order: the batched part that may want an accelerator.

        Each entry can be sent to another process; in the place of a lost image stands `Rejected`.
        """

    def scene(self, observed: Any) -> Scene:
        """The scene behind one entry of `observe`."""

    def pairs(self, scene: Scene) -> list[QA]:
        """The questions and answers of a scene; none rejects it."""


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
        return directory / ".shards" / f"{self.split}-{self.number:05d}-of-{self.count:05d}.json"


@dataclasses.dataclass(frozen=True)
class Report:
    """What became of the images of a shard, or of a whole run.

    kinds, types: pairs of each kind and type. ledger: a row for each image that was not stored.
    """

    asked: int = 0
    stored: int = 0
    rejected: int = 0
    failed: int = 0
    pairs: int = 0
    kinds: Mapping[str, int] = dataclasses.field(default_factory=dict)
    types: Mapping[str, int] = dataclasses.field(default_factory=dict)
    ledger: tuple[Mapping[str, str], ...] = ()

    def __add__(self, other: "Report") -> "Report":
        return Report(
            asked=self.asked + other.asked,
            stored=self.stored + other.stored,
            rejected=self.rejected + other.rejected,
            failed=self.failed + other.failed,
            pairs=self.pairs + other.pairs,
            kinds=_added(self.kinds, other.kinds),
            types=_added(self.types, other.types),
            ledger=(*self.ledger, *other.ledger),
        )


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return dict(collections.Counter(one) + collections.Counter(other))


def plan_shards(splits: Mapping[str, int], shards: Mapping[str, int] | None = None) -> list[Shard]:
    """Divides the images of every split into shards of nearly equal size.

    Args:
      splits: images asked for in each split; splits take consecutive indices, in this order.
      shards: shards of each split; by default about 256 images each, at most 128 shards.
    """
    plan, start = [], 0
    for split, images in splits.items():
        default = min(_MAX_SHARDS, -(-images // _MIN_IMAGES_PER_SHARD))
        count = max(1, min(images, (shards or {}).get(split, default)))
        edges = [start + images * number // count for number in range(count + 1)]
        plan += [
            Shard(split, number, count, edges[number], edges[number + 1]) for number in range(count)
        ]
        start += images
    return plan


def _write_text(path: Path, text: str) -> None:
    temporary = path.with_name(f"{path.name}.incomplete-{os.getpid()}")
    temporary.write_text(text)
    os.replace(temporary, path)


def observe(source: Source, indices: Sequence[int]) -> list[Any]:
    """What the source observes; where that fails for all together, one by one.

    Returns:
      As many entries as indices; `Rejected` in the place of an image that is lost.
    """
    try:
        with stage("observe"):
            observed = source.observe(indices)
            if len(observed) != len(indices):
                raise ValueError(f"{len(observed)} observations of {len(indices)} images")
            return observed
    except Rejected as outcome:
        if len(indices) == 1:
            return [outcome]
        return [entry for index in indices for entry in observe(source, [index])]


def _example(source: Source, observed: Any) -> tuple[bytes, list[QA]]:
    """One record and its pairs; raises `Rejected` or `Failed` with the stage."""
    if isinstance(observed, Rejected):
        raise observed
    with stage("scene"):
        scene = source.scene(observed)
    with stage("questions"):
        pairs = source.pairs(scene)
    if not pairs:
        raise Rejected("questions", "no question could be asked")
    with stage("store"):
        return encode_example(scene, pairs), pairs


def make_records(
    source: Source, split: str, indices: Sequence[int], observations: Sequence[Any]
) -> tuple[list[bytes], Report]:
    """Records of a chunk of observed images, and what became of each of them."""
    records: list[bytes] = []
    ledger: list[dict[str, str]] = []
    kinds: collections.Counter[str] = collections.Counter()
    types: collections.Counter[str] = collections.Counter()
    for index, observed in zip(indices, observations, strict=True):
        try:
            record, pairs = _example(source, observed)
        except Rejected as outcome:
            ledger.append(
                {
                    "image_id": source.image_id(index),
                    "split": split,
                    "stage": outcome.stage,
                    "status": "failed" if isinstance(outcome, Failed) else "rejected",
                    "reason": str(outcome),
                }
            )
            continue
        records.append(record)
        kinds.update(pair.kind for pair in pairs)
        types.update(pair.type for pair in pairs)
    failed = sum(row["status"] == "failed" for row in ledger)
    report = Report(
        asked=len(indices),
        stored=len(records),
        rejected=len(ledger) - failed,
        failed=failed,
        pairs=kinds.total(),
        kinds=dict(kinds),
        types=dict(types),
        ledger=tuple(ledger),
    )
    return records, report


def make_shard(
    source: Source,
    shard: Shard,
    directory: Path,
    progress: Callable[[Report], None] = lambda report: None,
) -> Report:
    """Draws, asks and writes one shard and its report.

    Raises:
      GenerationError: every image so far failed, which no restart would mend.
    """
    total = Report()

    def records() -> Iterator[bytes]:
        nonlocal total
        for start in range(shard.start, shard.stop, CHUNK):
            indices = range(start, min(start + CHUNK, shard.stop))
            observed = observe(source, indices)
            chunk, report = make_records(source, shard.split, indices, observed)
            total += report
            if total.failed == total.asked:
                raise GenerationError(f"every image fails; the first: {total.ledger[0]['reason']}")
            progress(report)
            yield from chunk

    write_shard(shard.path(directory), records())
    _write_text(shard.report_path(directory), json.dumps(dataclasses.asdict(total)))
    return total


def _read_report(path: Path) -> Report:
    fields = json.loads(path.read_text())
    return Report(**{**fields, "ledger": tuple(fields["ledger"])})


def _check_same_request(directory: Path, request: Mapping[str, Any]) -> None:
    """Writes the request, or compares it with the one that the directory was begun with."""
    path = directory / "generation.json"
    request = json.loads(json.dumps(request))
    if not path.exists():
        _write_text(path, json.dumps(request, indent=2, sort_keys=True))
        return
    before = json.loads(path.read_text())
    changed = sorted(name for name in {*before, *request} if before.get(name) != request.get(name))
    if changed:
        raise GenerationError(
            f"{directory} was begun with other settings ({', '.join(changed)}); "
            "use another --out, or remove it to start again"
        )


@contextmanager
def _only_writer(directory: Path) -> Iterator[None]:
    """Holds a lock that the system releases even if this process is killed."""
    with open(directory / ".lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise GenerationError(f"another run is writing to {directory}") from None
        for leftover in directory.glob("*.incomplete-*"):
            leftover.unlink()
        yield


def _make_missing(
    source: Source, missing: Sequence[Shard], directory: Path, workers: int, bar: tqdm
) -> None:
    stored = pairs = 0

    def advance(report: Report) -> None:
        nonlocal stored, pairs
        stored, pairs = stored + report.stored, pairs + report.pairs
        bar.update(report.asked)
        seconds = max(bar.format_dict["elapsed"], 1e-9)
        bar.set_postfix_str(f"{pairs / seconds:.0f} pairs/s")

    if workers <= 1 or len(missing) <= 1:
        for shard in missing:
            make_shard(source, shard, directory, advance)
        return
    # Spawned, because a process that has used JAX must not be forked.
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(workers, context, exit_with_parent) as pool:
        futures = [pool.submit(make_shard, source, shard, directory) for shard in missing]
        try:
            for future in concurrent.futures.as_completed(futures):
                advance(future.result())
        except concurrent.futures.process.BrokenProcessPool:
            raise GenerationError(
                "a worker was killed (out of memory?); run the same command again to continue, "
                "with fewer --workers"
            ) from None
        finally:
            pool.shutdown(cancel_futures=True)


def generate(
    source: Source,
    splits: Mapping[str, int],
    directory: Path,
    *,
    shards: Mapping[str, int] | None = None,
    workers: int = 1,
    quiet: bool = False,
) -> Report:
    """Makes, or goes on making, a stored data set. Returns what became of all its images.

    Raises:
      GenerationError: the directory holds something else, or every image fails.
    """
    plan = plan_shards(splits, shards)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / ".shards").mkdir(exist_ok=True)
    request = {
        "version": __version__,
        "splits": {
            split: [images, sum(s.split == split for s in plan)] for split, images in splits.items()
        },
        **source.describe(),
    }
    with _only_writer(directory):
        _check_same_request(directory, request)
        missing = [
            shard
            for shard in plan
            if not (shard.path(directory).exists() and shard.report_path(directory).exists())
        ]
        asked = sum(shard.stop - shard.start for shard in plan)
        to_do = sum(shard.stop - shard.start for shard in missing)
        with tqdm(
            total=asked, initial=asked - to_do, unit="image", desc="generate", disable=quiet
        ) as bar:
            _make_missing(source, missing, directory, workers, bar)
        return _finish(plan, directory, request)


def _finish(plan: Sequence[Shard], directory: Path, request: Mapping[str, Any]) -> Report:
    """Writes the summary, the ledger and, last, the description that makes it a data set."""
    reports = [_read_report(shard.report_path(directory)) for shard in plan]
    total = sum(reports, Report())
    rows = [json.dumps(row, sort_keys=True) + "\n" for row in total.ledger]
    _write_text(directory / "ledger.jsonl", "".join(rows))
    counts = {name: value for name, value in dataclasses.asdict(total).items() if name != "ledger"}
    _write_text(directory / "summary.json", json.dumps(counts, indent=2, sort_keys=True))
    sizes = {}
    for split in dict.fromkeys(shard.split for shard in plan):
        mine = [i for i, shard in enumerate(plan) if shard.split == split]
        sizes[split] = SplitSize(
            shard_lengths=tuple(reports[i].stored for i in mine),
            num_bytes=sum(plan[i].path(directory).stat().st_size for i in mine),
        )
        if not sum(sizes[split].shard_lengths):
            raise GenerationError(f"split {split!r} is empty; the reasons are in ledger.jsonl")
    description = f"Images with exact geometry and question-answer pairs ({request['source']})."
    write_dataset_info(directory, sizes, description=description)
    return total

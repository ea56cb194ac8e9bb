"""What became of the images: counts that add up, and a row for each image that was not stored."""

import collections
import dataclasses
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.json_files import parse_json
from spatialvlm_jax.generation.execution.plan import REPORTS
from spatialvlm_jax.generation.outcomes import Failed, Rejected
from spatialvlm_jax.generation.sources.plausibility import Sizes, add_sizes
from spatialvlm_jax.scene.records import QA

_REASON_CLASS_LENGTH = 80


@dataclasses.dataclass(frozen=True)
class Report:
    """What became of the images of a chunk, of a shard, or of a whole run.

    asked = stored + rejected + failed. kinds, types: pairs of each. reasons: images lost for each
    class of reasons, as "rejected at filter: looks like 'a painting' (N)". ledger: a row for each
    lost image. sizes: what things of known kinds measure; see `plausibility`. inputs: what the
    files of each chunk were, in order; see `inputs`.
    """

    asked: int = 0
    stored: int = 0
    rejected: int = 0
    failed: int = 0
    pairs: int = 0
    kinds: Mapping[str, int] = dataclasses.field(default_factory=dict)
    types: Mapping[str, int] = dataclasses.field(default_factory=dict)
    reasons: Mapping[str, int] = dataclasses.field(default_factory=dict)
    sizes: Sizes = dataclasses.field(default_factory=dict)
    ledger: tuple[Mapping[str, str], ...] = ()
    inputs: tuple[Mapping[str, str], ...] = ()

    def __add__(self, other: "Report") -> "Report":
        return Report(
            asked=self.asked + other.asked,
            stored=self.stored + other.stored,
            rejected=self.rejected + other.rejected,
            failed=self.failed + other.failed,
            pairs=self.pairs + other.pairs,
            kinds=_added(self.kinds, other.kinds),
            types=_added(self.types, other.types),
            reasons=_added(self.reasons, other.reasons),
            sizes=add_sizes(self.sizes, other.sizes),
            ledger=(*self.ledger, *other.ledger),
            inputs=(*self.inputs, *other.inputs),
        )

    def counts(self) -> "Report":
        """The same without rows and inputs, which can be millions."""
        return dataclasses.replace(self, ledger=(), inputs=())


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return dict(collections.Counter(one) + collections.Counter(other))


def report_of(
    asked: int, stored: Iterable[Iterable[QA]], ledger: Iterable[Mapping[str, str]]
) -> Report:
    """The report of images of which some were stored, with these pairs, and the others lost."""
    kept, rows = [list(pairs) for pairs in stored], tuple(ledger)
    failed = sum(row["status"] == "failed" for row in rows)
    kinds = collections.Counter(str(pair.kind) for pairs in kept for pair in pairs)
    return Report(
        asked=asked,
        stored=len(kept),
        rejected=len(rows) - failed,
        failed=failed,
        pairs=kinds.total(),
        kinds=dict(kinds),
        types=dict(collections.Counter(pair.type for pairs in kept for pair in pairs)),
        reasons=dict(collections.Counter(map(reason_class, rows))),
        ledger=rows,
    )


def ledger_row(image_id: str, split: str, outcome: Rejected) -> dict[str, str]:
    """The row of an image that was not stored."""
    return {
        "image_id": image_id,
        "split": split,
        "stage": outcome.stage,
        "status": "failed" if isinstance(outcome, Failed) else "rejected",
        "reason": str(outcome),
    }


def reason_class(row: Mapping[str, str]) -> str:
    """Status, stage and reason without what differs from image to image: numbers and details."""
    reason = re.sub(r"\d+(\.\d+)?", "N", row["reason"].partition(":")[0])
    return f"{row['status']} at {row['stage']}: {reason[:_REASON_CLASS_LENGTH]}"


def write_generation_report(path: Path, report: Report) -> None:
    """Writes a report as JSON, atomically."""
    write_json(path, dataclasses.asdict(report), indent=None)


def read_generation_report(path: Path) -> Report:
    """A report that `write_generation_report` wrote.

    Raises:
      UserError: it is damaged.
    """
    try:
        return report_from(path.read_text(encoding="utf-8"))
    except (ValueError, TypeError, AttributeError) as error:
        raise UserError(
            f"{path} is damaged ({error}): remove it, and its images are made again"
        ) from error


def read_split_report(directory: Path, split: str) -> Report:
    """What became of the images of a stored split, without the rows of those that were lost."""
    paths = sorted((directory / REPORTS).glob(f"{split}-?????-of-?????.json"))
    return sum((read_generation_report(path).counts() for path in paths), Report())


def report_from(text: str) -> Report:
    """A report from its JSON."""
    fields = parse_json(text)
    rows = {name: tuple(fields.get(name, ())) for name in ("ledger", "inputs")}
    return Report(**{**fields, **rows})

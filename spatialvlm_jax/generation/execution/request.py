"""What was asked of a directory, in its `generation.json`: the same is asked again, or refused."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.foreign_files.json_files import read_object
from spatialvlm_jax.generation.execution.chunks import GenerationError
from spatialvlm_jax.generation.execution.ledger import read_generation_report
from spatialvlm_jax.generation.execution.making import MADE_FILE, Making, record_making
from spatialvlm_jax.generation.execution.plan import PARTS, REPORTS

REQUEST_FILE = "generation.json"
_ADDED = "added"


class RequestDiffersError(GenerationError):
    """A directory was begun with another request."""


def record_request(
    directory: Path, request: Mapping[str, Any], *, adds: bool, making: Making | None = None
) -> list[dict[str, Any]]:
    """Writes the request, or compares it with the one that its splits were begun with.

    A directory that holds not one example is begun anew by another request: the first one may have
    lacked what every image needed.

    Args:
      request: has "version", "rules", "source" and "splits": name -> [images, shards].
      adds: splits that are not there yet are added to those of the same source.
      making: recorded where the request is a new one.

    Returns:
      All that was asked of the directory, the first request first.

    Raises:
      GenerationError: it was begun with another request, and holds examples.
    """
    asked: dict[str, Any] = json.loads(json.dumps(request))
    if not (directory / REQUEST_FILE).exists():
        return _begin(directory, asked, making)
    try:
        return _go_on(directory, asked, adds, making)
    except RequestDiffersError:
        if holds_examples(directory):
            raise
    _clear(directory)
    return _begin(directory, asked, making)


def _begin(directory: Path, asked: dict[str, Any], making: Making | None) -> list[dict[str, Any]]:
    write_json(directory / REQUEST_FILE, asked, sort_keys=True)
    _record(directory, making)
    return [asked]


def _go_on(
    directory: Path, asked: dict[str, Any], adds: bool, making: Making | None
) -> list[dict[str, Any]]:
    """Compares with what was asked before. Raises RequestDiffersError."""
    first, *added = read_requests(directory)
    known = [first, *added]
    of_splits = [each for each in known if each["splits"].keys() & asked["splits"].keys()]
    is_new = adds and not of_splits and first.get("source") == asked["source"]
    before = first if is_new else next(iter(of_splits), first)
    _check_same(directory, before, asked, ("version", "rules") if is_new else None)
    if is_new:
        known.append(asked)
        write_json(directory / REQUEST_FILE, {**first, _ADDED: [*added, asked]}, sort_keys=True)
        _record(directory, making)
    return known


def _record(directory: Path, making: Making | None) -> None:
    if making is not None:
        record_making(directory, making)


def read_requests(directory: Path) -> list[dict[str, Any]]:
    """All that was asked of a directory that is begun, the first request first.

    Raises:
      UserError: the file is damaged.
    """
    path = directory / REQUEST_FILE
    first = read_object(path, "the request of a generation; remove the folder to start again")
    known = [first, *first.pop(_ADDED, [])]
    if not all(isinstance(each.get("splits"), dict) for each in known):
        raise GenerationError(f"{path} names no splits; remove the folder to start again")
    return known


def holds_examples(directory: Path) -> bool:
    """Whether a shard or a part has an example; a shard without a report counts as one that has."""
    shards = len(list(directory.glob("*.array_record-*")))
    reports = list((directory / REPORTS).glob("*-of-*.json"))
    parts = (directory / PARTS).glob("*.json")
    return shards > len(reports) or any(
        read_generation_report(path).stored for path in (*reports, *parts)
    )


def _clear(directory: Path) -> None:
    """Removes what a request left that no example was made by; the reports before the files."""
    for pattern in (f"{REPORTS}/*", f"{PARTS}/*", "*.array_record-*", MADE_FILE):
        for path in directory.glob(pattern):
            path.unlink()


def _check_same(
    directory: Path,
    before: Mapping[str, Any],
    request: Mapping[str, Any],
    names: tuple[str, ...] | None,
) -> None:
    """Raises RequestDiffersError where two requests differ, in these names or in any."""
    names = names or tuple({*before, *request})
    changed = sorted(name for name in names if before.get(name) != request.get(name))
    if "version" in changed:
        raise RequestDiffersError(
            f"{directory} was begun by version {before.get('version')} of this program, and this "
            f"is {request['version']}; use another folder, or remove it to generate it again"
        )
    if "rules" in changed:
        raise RequestDiffersError(
            f"{directory} was begun by rules {before.get('rules', 1)} of generation, and these are "
            f"rules {request['rules']}, which check and ask otherwise; use another folder, or "
            "remove it to generate it again"
        )
    if changed:
        raise RequestDiffersError(
            f"{directory} was begun with other settings ({', '.join(changed)}); "
            "use another folder, or remove it to start again"
        )

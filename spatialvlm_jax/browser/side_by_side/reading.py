"""What a run has left so far, whatever of it is missing or damaged."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.report.results import (
    ResultRow,
    evaluation_path,
    headline_rows,
    load_evaluations,
    type_rows,
)
from spatialvlm_jax.evaluation.scorer import Summary
from spatialvlm_jax.foreign_files.json_files import read_object
from spatialvlm_jax.metrics_rows import FILE, read_rows

MOST_RUNS = 12
_CONFIG, _SUMMARY = "config.json", "summary.json"


@dataclasses.dataclass(frozen=True, eq=False)
class RunFiles:
    """A run's workdir, read.

    name: by which runs are told apart. headline, types: rows of its last evaluation, by the name of
    the figure. questions: digest of what was asked then; tracks: what the model was given beside,
    by data set; "" where it does not say.
    settings: its configuration, fields by dotted name. problems: what could not be read, and why.
    """

    workdir: Path
    name: str
    headline: Mapping[str, ResultRow]
    types: Mapping[str, ResultRow]
    evaluations: Mapping[int, Summary]
    questions: str
    tracks: str
    rows: Sequence[Mapping[str, Any]]
    settings: Mapping[str, str]
    problems: tuple[str, ...]

    @property
    def step(self) -> int | None:
        """The last step that it wrote down."""
        return max((row["step"] for row in self.rows), default=None)


def find_runs(places: Sequence[Path]) -> list[Path]:
    """The workdirs that are named, or that lie in folders that are.

    Raises:
      UserError: there is none, or there are too many.
    """
    found: dict[Path, None] = {}
    for place in places:
        if not place.is_dir():
            raise UserError(f"{place} is no folder: name the workdirs of runs")
        inside = [place] if _is_run(place) else sorted(filter(_is_run, place.iterdir()))
        if not inside:
            raise UserError(f"{place} is no run's workdir, and holds none: it has no {_CONFIG}")
        found.update(dict.fromkeys(inside))
    if len(found) > MOST_RUNS:
        raise UserError(f"{len(found)} runs are too many to be read side by side: at most 12")
    return list(found)


def _is_run(place: Path) -> bool:
    return any((place / name).is_file() for name in (_CONFIG, _SUMMARY, FILE))


def short_names(workdirs: Sequence[Path]) -> list[str]:
    """The last parts of each path, as many as tell it from all others."""
    parts = [path.resolve().parts for path in workdirs]
    for count in range(1, max(map(len, parts), default=1) + 1):
        names = ["/".join(each[-count:]) for each in parts]
        if len(set(names)) == len(names):
            return names
    return [str(path) for path in workdirs]


def read_run(workdir: Path, name: str) -> RunFiles:
    """Reads a workdir as it is now."""
    problems: list[str] = []
    summary: Summary = _tried(problems, lambda: _object(workdir / _SUMMARY), {})
    headline = _tried(problems, lambda: headline_rows(summary, None), [])
    types = _tried(problems, lambda: type_rows(summary, None), [])
    evaluations: dict[int, Summary] = _tried(problems, lambda: load_evaluations(workdir), {})
    config = _tried(problems, lambda: _object(workdir / _CONFIG), {})
    if not summary:
        problems.append("it has not been evaluated to the end yet")
    return RunFiles(
        workdir=workdir,
        name=name,
        headline={row.name: row for row in headline},
        types={row.name: row for row in types},
        evaluations=evaluations,
        questions=_tried(problems, lambda: _last(workdir, evaluations, "questions"), ""),
        tracks=_tried(problems, lambda: _last(workdir, evaluations, "tracks"), ""),
        rows=_tried(problems, lambda: read_rows(workdir / FILE), []),
        settings=dict(_flat(config)),
        problems=tuple(problems),
    )


def _tried(problems: list[str], read: Any, otherwise: Any) -> Any:
    try:
        return read()
    except (UserError, OSError) as error:
        problems.append(str(error))
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        problems.append(f"a file is not what an evaluation writes: {error!r}")
    return otherwise


def _object(path: Path) -> dict[str, Any]:
    return read_object(path, "what a run writes there") if path.exists() else {}


def _last(workdir: Path, evaluations: Mapping[int, Summary], field: str) -> str:
    """What the file of the last evaluation says beside its figures."""
    if not evaluations:
        return ""
    kept = read_object(evaluation_path(workdir, max(evaluations)), "figures of an evaluation")
    return str(kept.get(field, ""))


def _flat(tree: Any, name: str = "") -> list[tuple[str, str]]:
    """The fields of a configuration with their dotted names."""
    if not isinstance(tree, dict):
        return [(name, str(tree))]
    return [
        row
        for key, value in tree.items()
        for row in _flat(value, f"{name}.{key}" if name else str(key))
    ]

"""Asks all experts about a batch of photos, losing no more than the photos that fail."""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from spatialvlm_jax.generation.experts.base import Experts, Perception, Photo, Region
from spatialvlm_jax.generation.outcomes import Rejected, stage


@dataclasses.dataclass
class _Progress:
    """What is known of a photo so far."""

    photo: Photo
    outcome: Rejected | None = None
    found: dict[str, Any] = dataclasses.field(default_factory=dict)


def perceive(photos: Sequence[Photo], experts: Experts) -> list[Perception | Rejected]:
    """What the experts found in each photo, or why it was left out, in order."""
    rows = [_Progress(photo) for photo in photos]
    if experts.filter is not None:
        _ask(rows, "filter", experts.filter)
        _reject(rows, "filter", _filtered_out)
    _ask(rows, "detect", experts.detector)
    _reject(rows, "detect", _nothing_found)
    _ask(rows, "segment", experts.segmenter, "detect")
    _reject(rows, "segment", _nothing_masked)
    _ask(rows, "depth", experts.depth)
    if experts.ground is not None:
        _ask(rows, "ground", experts.ground)
    if experts.embedder is not None:
        for row in _going(rows):
            _similarity(row, experts)
    return [row.outcome or _perception(row) for row in rows]


def _going(rows: Sequence[_Progress]) -> list[_Progress]:
    return [row for row in rows if row.outcome is None]


def _ask(rows: Sequence[_Progress], name: str, expert: Callable[..., Any], *needs: str) -> None:
    """Asks about all photos at once; if that fails, about one at a time."""
    rows = _going(rows)
    if not rows:
        return
    inputs = [[row.photo for row in rows]]
    inputs += [[row.found[need] for row in rows] for need in needs]
    try:
        with stage(name):
            answers = list(expert(*inputs))
            if len(answers) != len(rows):
                raise ValueError(f"{len(answers)} answers for {len(rows)} photos")
    except Rejected as outcome:
        if len(rows) == 1:
            rows[0].outcome = outcome
            return
        for row in rows:
            _ask([row], name, expert, *needs)
        return
    for row, answer in zip(rows, answers, strict=True):
        row.found[name] = answer


def _reject(rows: Sequence[_Progress], name: str, reason_of: Callable[[Any], str | None]) -> None:
    for row in _going(rows):
        reason = reason_of(row.found[name])
        if reason is not None:
            row.outcome = Rejected(name, reason)


def _filtered_out(verdict: Any) -> str | None:
    return None if verdict.keep else f"looks like {verdict.label!r} ({verdict.score:.2f})"


def _nothing_found(regions: tuple[Region, ...]) -> str | None:
    return None if regions else "nothing was found in it"


def _nothing_masked(regions: tuple[Region, ...]) -> str | None:
    return None if regions else "no mask fits what was found in it"


def _similarity(row: _Progress, experts: Experts) -> None:
    assert experts.embedder is not None
    try:
        with stage("embed"):
            rows = np.asarray(experts.embedder([region.caption for region in row.found["segment"]]))
            row.found["embed"] = rows @ rows.T
    except Rejected as outcome:
        row.outcome = outcome


def _perception(row: _Progress) -> Perception:
    found = row.found
    return Perception(
        row.photo, found["segment"], found["depth"], found.get("ground"), found.get("embed")
    )

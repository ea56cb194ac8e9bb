"""Checks an expert by loading it and asking it about one rendered picture."""

import dataclasses
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from spatialvlm_jax.errors import UserError, describe_failure, one_line
from spatialvlm_jax.generation.experts.base import Photo, Region
from spatialvlm_jax.generation.experts.build import ExpertsConfig, build_expert
from spatialvlm_jax.generation.experts.file_depth import DEPTH_SUFFIXES
from spatialvlm_jax.generation.experts.files import path_in_files, pictures_in


@dataclasses.dataclass(frozen=True)
class CheckResult:
    """What became of a role. said: what its expert answered, or why it did not.

    load_seconds, answer_seconds: how long it took to load, and to look at one picture.
    """

    role: str
    fine: bool
    said: str
    load_seconds: float = 0.0
    answer_seconds: float = 0.0


def check_expert(config: ExpertsConfig, role: str, photo: Photo) -> CheckResult:
    """Loads the expert of a role and asks it about a photo, whatever errors that brings.

    Args:
      photo: rendered: the objects of its truth are what a segmenter or an embedder is asked about.
    """
    begin = time.monotonic()
    try:
        expert = build_expert(config, role)
        loaded = time.monotonic()
        if expert is None:
            return CheckResult(role, True, "left out")
        path = path_in_files(getattr(config, role))
        if path is not None:
            return CheckResult(role, True, _read_files(path, role), loaded - begin)
        said = _ANSWERS[role](expert, photo)
    except (UserError, OSError) as error:
        return CheckResult(role, False, describe_failure(error).removeprefix(f"{role}: "))
    except Exception as error:  # libraries raise whatever a model leads them to
        return CheckResult(role, False, one_line(f"{type(error).__name__}: {error}"))
    return CheckResult(role, True, said, loaded - begin, time.monotonic() - loaded)


def _read_files(path: Path, role: str) -> str:
    """What is read in the place of a model. Raises UserError where it cannot be, or is nothing."""
    if role != "depth":
        return f"{len(pictures_in(path))} pictures"
    count = sum(name.lower().endswith(DEPTH_SUFFIXES) for name in os.listdir(path))
    folders = any(each.is_dir() for each in path.iterdir())
    if not count and not folders:
        raise UserError(f"{path} holds no depth: {', '.join(DEPTH_SUFFIXES)}")
    return f"{count} files of depth" + (", and folders" if folders else "")


def _regions(photo: Photo) -> tuple[Region, ...]:
    assert photo.truth is not None
    return tuple(
        Region(thing.box, thing.caption, thing.category)
        for thing in photo.truth.objects
        if thing.mask is not None
    )


def _filter(expert: Any, photo: Photo) -> str:
    (verdict,) = expert([photo])
    return f"{'keeps' if verdict.keep else 'rejects'} it as {verdict.label!r}"


def _detector(expert: Any, photo: Photo) -> str:
    (found,) = expert([photo])
    captions = ", ".join(region.caption for region in found[:3])
    return f"finds {len(found)} things" + (f" ({captions})" if found else "")


def _segmenter(expert: Any, photo: Photo) -> str:
    regions = _regions(photo)
    (found,) = expert([photo], [regions])
    return f"{len(found)} masks for {len(regions)} boxes"


def _depth(expert: Any, photo: Photo) -> str:
    (answer,) = expert([photo])
    known = answer.depth[np.isfinite(answer.depth) & (answer.depth > 0)]
    if not known.size:
        raise UserError("it gives no depth anywhere in a rendered room")
    return f"{known.min():.1f} to {known.max():.1f} m"


def _ground(expert: Any, photo: Photo) -> str:
    (mask,) = expert([photo])
    return f"{np.mean(mask):.0%} of the picture is ground"


def _embedder(expert: Any, photo: Photo) -> str:
    captions = [region.caption for region in _regions(photo)]
    return f"{len(expert(captions))} captions"


_ANSWERS: Mapping[str, Callable[[Any, Photo], str]] = {
    "filter": _filter,
    "detector": _detector,
    "segmenter": _segmenter,
    "depth": _depth,
    "ground": _ground,
    "embedder": _embedder,
}

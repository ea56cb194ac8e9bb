"""Writes rendered twins of benchmarks: the same files and fields, so that everything reads them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from spatialvlm_jax.atomic_write import write_text
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.benchmarks.loading import RENDERED
from spatialvlm_jax.rendered_benchmarks import lettered, measured, worded
from spatialvlm_jax.rendered_benchmarks.asked_scene import AskedScene

Write = Callable[[Sequence[AskedScene], Path], None]

TWINS: Mapping[str, Write] = {
    "q_spatial": measured.q_spatial,
    "spatial_rgpt": measured.spatial_rgpt,
    "cv_bench": lettered.cv_bench,
    "blink": lettered.blink,
    "emb_spatial": lettered.emb_spatial,
    "msmu": measured.msmu,
    "vsr": worded.vsr,
    "whats_up": lettered.whats_up,
    "3dsr_bench": lettered.three_dsr_bench,
    "robospatial_home": worded.robospatial_home,
    "omni_spatial": lettered.omni_spatial,
    "spatial_457": worded.spatial_457,
    "pope": worded.pope,
    "gqa": worded.gqa,
    "vqa_v2": worded.vqa_v2,
    "ok_vqa": worded.vqa_v2,
    "viz_wiz": worded.viz_wiz,
    "vsi_bench": measured.vsi_bench,
    "spar_bench": measured.spar_bench,
    "mmsi_bench": lettered.mmsi_bench,
}


def check_twins(names: Sequence[str], folder: Path) -> dict[str, Path]:
    """The folders of twins, by name.

    Raises:
      UserError: a benchmark has no twin, or its folder is there and is none of a twin.
    """
    places = {name: folder / name for name in names}
    for name, place in places.items():
        if name not in TWINS:
            known = ", ".join(TWINS)
            raise UserError(f"{name} has no rendered twin: rendered scenes have {known}")
        is_free = not place.exists() or (place.is_dir() and not any(place.iterdir()))
        if not is_free and not (place / RENDERED).is_file():
            raise UserError(f"{place} holds something else: name another folder")
    return places


def write_twins(
    names: Sequence[str], scenes: Sequence[AskedScene], folder: Path, seed: int
) -> dict[str, Path]:
    """Writes twins of some benchmarks, each into a folder of its own.

    Args:
      names: of benchmarks. scenes: that all of them ask about. seed: of the scenes, to be told.

    Returns:
      The folders, by name.

    Raises:
      UserError: as `check_twins`.
    """
    places = check_twins(names, folder)
    for name, place in places.items():
        place.mkdir(parents=True, exist_ok=True)
        told = (
            f"{len(scenes)} rendered scenes of seed {seed}, asked as {name} asks about photos.\n"
            "None of it is of the benchmark: name figures of it so.\n"
        )
        write_text(place / RENDERED, told)
        TWINS[name](scenes, place)
    return places

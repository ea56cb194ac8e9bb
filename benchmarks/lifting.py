"""How well photos are measured: lifted scenes against the exact ones behind them.

    python benchmarks/lifting.py                 # the table of docs/lifting.md
    python benchmarks/lifting.py --scenes=30 --json=lifting.json

Rendered scenes are seen by stand-in experts with errors of a known size; gravity is not given.
Errors are those of objects that may be asked about (at least half visible, at most 30 % cut off),
as shares of the object's longest side. Scale errors that all lengths of a picture share are left
out: they are stated by `scale_std`.
"""

import argparse
from pathlib import Path

import numpy as np
from tqdm import tqdm

from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.generation.experts.base import Experts, Perception, Photo
from spatialvlm_jax.generation.experts.noise import NoiseConfig
from spatialvlm_jax.generation.experts.perceive import perceive
from spatialvlm_jax.generation.experts.rendered import rendered_experts, rendered_photos
from spatialvlm_jax.generation.lifting.lift import LiftConfig, lift
from spatialvlm_jax.generation.outcomes import Rejected
from spatialvlm_jax.questions import QAConfig
from spatialvlm_jax.scene.records import Object3D, Scene
from spatialvlm_jax.worlds.config import WorldConfig

CONDITIONS = {
    "exact": NoiseConfig(),
    "pixels 1 %": NoiseConfig(depth_noise_std=0.01),
    "pixels 2 %, over 4 px": NoiseConfig(depth_noise_std=0.02, depth_noise_length=4.0),
    "masks 1 px too large": NoiseConfig(mask_erosion=-1),
    "masks 1 px too small": NoiseConfig(mask_erosion=1),
    "all of it": NoiseConfig(depth_noise_std=0.02, depth_noise_length=4.0, mask_erosion=-1),
}
COLUMNS = {
    "gravity": "gravity",
    "up_median": "up, deg",
    "up_95": "95 %",
    "centre_median": "centre",
    "centre_95": "95 %",
    "extent_median": "extent",
    "extent_95": "95 %",
    "centre_covered": "in 2 std",
    "extent_covered": "in 2 std",
    "support": "support",
}


def sides(thing: Object3D) -> np.ndarray:
    """Both horizontal extents, the longer first, and the height."""
    return np.array([*sorted(thing.extents[:2], reverse=True), thing.extents[2]])


def compare(scene: Scene, truth: Scene) -> dict[str, list[float]]:
    """Errors of one scene, by what they are errors of."""
    found: dict[str, list[float]] = {name: [] for name in ("up", "centre", "extent", "support")}
    found |= {"centre_covered": [], "extent_covered": []}
    if scene.up is None or truth.up is None:
        return found
    found["up"].append(float(np.rad2deg(np.arccos(np.clip(scene.up @ truth.up, -1, 1)))))
    limits, sources = QAConfig(), scene.extra["regions"]
    for thing, index in zip(scene.objects, sources, strict=True):
        exact = truth.objects[index]
        if thing.visible_fraction < limits.min_visible_fraction:
            continue
        if thing.truncation > limits.max_truncation:
            continue
        size = float(exact.extents.max())
        centre, extent = np.abs(thing.center - exact.center), np.abs(sides(thing) - sides(exact))
        found["centre"].append(float(np.linalg.norm(centre)) / size)
        found["extent"].extend(extent / size)
        found["centre_covered"].extend(centre < 2 * thing.std)
        found["extent_covered"].extend(extent < 2 * thing.extents_std)
        support = None if thing.support is None else sources[thing.support]
        found["support"].append(float(support == exact.support))
    return found


def measure(photos: list[Photo], experts: Experts) -> dict[str, float]:
    """Medians and 95th percentiles over all scenes."""
    found: dict[str, list[float]] = {}
    for photo in photos:
        (perception,) = perceive([photo], experts)
        assert photo.truth is not None
        assert isinstance(perception, Perception)
        try:
            scene = lift(perception, LiftConfig())
        except Rejected:
            continue
        for name, values in compare(scene, photo.truth).items():
            found.setdefault(name, []).extend(values)
    figures = {"gravity": len(found["up"]) / len(photos)}
    for name in ("up", "centre", "extent"):
        median, high = np.percentile(found[name], (50, 95))
        figures |= {f"{name}_median": float(median), f"{name}_95": float(high)}
    for name in ("centre_covered", "extent_covered", "support"):
        figures[name] = float(np.mean(found[name]))
    return figures


def main() -> None:
    """Prints a table; with --json also writes it."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenes", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1, help="0 has the scenes that set constants")
    parser.add_argument("--size", type=int, default=320, help="pixels, width and height")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    args = parser.parse_args()
    world = WorldConfig.preset(
        "rich", image_size=args.size, max_roll=0.15, min_fov=0.7, max_fov=1.5, max_objects=8
    )
    photos = rendered_photos(world, args.seed, range(args.scenes))
    table = {}
    for name, noise in tqdm(CONDITIONS.items(), unit="condition", disable=None):
        table[name] = measure(photos, rendered_experts(noise))
    print("| experts | " + " | ".join(COLUMNS.values()) + " |")
    print("|---" * (len(COLUMNS) + 1) + "|")
    for name, figures in table.items():
        shares = {column: f"{value:.1%}" for column, value in figures.items()}
        shares |= {column: f"{figures[column]:.2f}" for column in ("up_median", "up_95")}
        print(f"| {name} | " + " | ".join(shares[column] for column in COLUMNS) + " |")
    if args.json:
        write_json(args.json, table)


if __name__ == "__main__":
    main()

"""How fast photos become questions once the experts have looked at them: one core, no accelerator.

    OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/generation.py
    python benchmarks/generation.py --json=generation.json

Masks, depth and captions in, question-answer pairs out. The pictures are rendered worlds of
640x480 pixels with eight objects; stand-in experts see them beforehand, with depth that is noisy
and gravity unknown, as from a photo. Figures are processor seconds, which other work on the machine
disturbs less than wall time, added up over threads (with OMP_NUM_THREADS=1 there is one); each
stage counts its fastest of some rounds.
"""

import argparse
import dataclasses
import functools
import importlib.metadata
import os
import platform
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
from tqdm import tqdm

from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.generation.experts.base import Perception, Photo
from spatialvlm_jax.generation.experts.noise import NoiseConfig
from spatialvlm_jax.generation.experts.perceive import perceive
from spatialvlm_jax.generation.experts.rendered import rendered_experts
from spatialvlm_jax.generation.lifting.canonical import find_up
from spatialvlm_jax.generation.lifting.lift import LiftConfig, ground_points, lift
from spatialvlm_jax.generation.questions.generate import QAConfig
from spatialvlm_jax.generation.stages import Stages
from spatialvlm_jax.origin import processor_name
from spatialvlm_jax.scene.records import Scene
from spatialvlm_jax.worlds.config import WorldConfig
from spatialvlm_jax.worlds.source import iterate_scenes

T = TypeVar("T")
WIDTH, HEIGHT = 640, 480
NOISE = NoiseConfig(depth_scale_std=0.08, depth_noise_std=0.01)
STAGES = ("lift", "frame", "ambiguity", "questions")


def cropped(scene: Scene, objects: int) -> Scene | None:
    """The middle 480 rows of a square scene with its `objects` largest objects, if it has them."""
    top = (WIDTH - HEIGHT) // 2
    rows = slice(top, top + HEIGHT)
    intrinsics = scene.intrinsics.copy()
    intrinsics[1, 2] -= top
    things = []
    for thing in scene.objects:
        assert thing.mask is not None
        mask = np.ascontiguousarray(thing.mask[rows])
        lines, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if mask.sum() >= 400:
            box = np.array([columns[0], lines[0], columns[-1] + 1, lines[-1] + 1], np.float32)
            things.append(dataclasses.replace(thing, mask=mask, box=box, support=None))
    if len(things) < objects:
        return None
    things.sort(key=lambda thing: -(thing.box[2] - thing.box[0]) * (thing.box[3] - thing.box[1]))
    assert scene.depth is not None
    return dataclasses.replace(
        scene,
        image=np.ascontiguousarray(scene.image[rows]),
        depth=np.ascontiguousarray(scene.depth[rows]),
        intrinsics=intrinsics,
        objects=tuple(things[:objects]),
    )


def scenes(count: int, objects: int) -> Iterator[Scene]:
    """Rendered scenes of the wanted size, drawn until there are enough."""
    config = WorldConfig.preset(
        "rich", image_size=WIDTH, min_objects=objects, max_objects=objects + 2, min_size=0.1
    )
    made = 0
    bar = tqdm(total=count, desc="rendering", unit="scene", disable=None)
    for scene in iterate_scenes(config, 0, range(40 * count)):
        small = cropped(scene, objects)
        if small is not None:
            made += 1
            bar.update()
            yield small
        if made == count:
            return
    raise SystemExit(f"only {made} scenes with {objects} objects in sight: ask for fewer --objects")


def seen(count: int, objects: int) -> list[Perception]:
    """What stand-in experts find in the scenes; gravity is not given."""
    photos = [
        Photo(scene.image_id, scene.image, scene.intrinsics, truth=scene)
        for scene in scenes(count, objects)
    ]
    found = perceive(photos, rendered_experts(NOISE))
    return [perception for perception in found if isinstance(perception, Perception)]


def fastest(work: Callable[[], T], rounds: int) -> tuple[T, float]:
    """What `work` returns, and its processor seconds at best."""
    best = float("inf")
    for _ in range(rounds):
        start = time.process_time()
        result = work()
        best = min(best, time.process_time() - start)
    return result, best


def frame_seconds(perception: Perception, scene: Scene, config: LiftConfig, rounds: int) -> float:
    """The part of lifting that finds the ground."""
    points = np.concatenate([thing.points for thing in scene.objects if thing.points is not None])
    draws = np.random.default_rng(0)

    def work() -> object:
        ground = ground_points(perception, config, draws)
        noise = perception.depth.noise_std
        return find_up(ground, points, None, config.frame, noise, draws)

    return fastest(work, rounds)[1]


def measure(perceptions: list[Perception], pairs: int, rounds: int) -> dict[str, float]:
    """Milliseconds an image of each stage, and rates a core."""
    questions = QAConfig(pairs_per_image=pairs, spatial_fraction=1.0, general_fraction=0.0)
    stages, lifting_config = Stages(questions=questions), LiftConfig()
    asked = gravity = 0
    spent = dict.fromkeys(STAGES, 0.0)
    for perception in tqdm(perceptions, desc="timing", unit="image", disable=None):
        scene, lifting = fastest(functools.partial(lift, perception, lifting_config), rounds)
        frame = frame_seconds(perception, scene, lifting_config, rounds)
        named, naming = fastest(functools.partial(stages.named, scene), rounds)
        found, asking = fastest(functools.partial(stages.pairs, named), rounds)
        for name, value in zip(STAGES, (lifting - frame, frame, naming, asking), strict=True):
            spent[name] += value
        asked += len(found)
        gravity += named.up is not None
    images, seconds = len(perceptions), sum(spent.values())
    return {
        **{f"{name}_ms": 1e3 * value / images for name, value in spent.items()},
        "total_ms": 1e3 * seconds / images,
        "images_per_second_per_core": images / seconds,
        "pairs_per_second_per_core": asked / seconds,
        "pairs_per_image": asked / images,
        "gravity_known": gravity / images,
    }


def about() -> dict[str, str]:
    """The machine and what runs on it."""
    return {
        "processor": processor_name(),
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
        **{name: importlib.metadata.version(name) for name in ("numpy", "scipy", "scikit-image")},
        "threads": os.environ.get("OMP_NUM_THREADS", "not limited"),
    }


def main() -> None:
    """Prints a table; with --json also writes it."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=12, help="how many different pictures")
    parser.add_argument("--objects", type=int, default=8, help="objects in each")
    parser.add_argument("--pairs", type=int, default=200, help="pairs wanted of each")
    parser.add_argument("--rounds", type=int, default=5, help="of which the fastest counts")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    args = parser.parse_args()
    machine = about()
    figures = measure(seen(args.images, args.objects), args.pairs, args.rounds)
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    print(f"{WIDTH}x{HEIGHT}, {args.objects} objects; processor time")
    print(f"{'stage':12s}{'ms an image':>12s}")
    for name in (*STAGES, "total"):
        print(f"{name:12s}{figures[f'{name}_ms']:12.2f}")
    for name in ("images_per_second_per_core", "pairs_per_second_per_core", "pairs_per_image"):
        print(f"{name.replace('_', ' ')}: {figures[name]:.1f}")
    print(f"gravity known: {figures['gravity_known']:.0%} of images")
    if args.json:
        write_json(args.json, machine | figures)


if __name__ == "__main__":
    main()

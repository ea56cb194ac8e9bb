"""What ten million photos and two billion pairs cost: measured on CPU, assumed for the experts.

    OMP_NUM_THREADS=1 python -m benchmarks.scale
    OMP_NUM_THREADS=1 python -m benchmarks.scale --workers --expert depth=8 --kept=0.3

Measured here, one core: decoding a photo, lifting and asking (`benchmarks/generation.py`), encoding
the record, and joining it to a shard. Assumed: images a second that an expert looks at on one GPU,
and the share of photos that the filter keeps; no GPU is used. With --workers the same images are
also made by one and two workers, as processes and on Ray, in wall time: use an idle machine.
"""

import argparse
import dataclasses
import functools
import io
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.generation import HEIGHT, WIDTH, about, fastest, measure, seen
from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.generation.execution.chunks import Job
from spatialvlm_jax.generation.execution.local import run_local
from spatialvlm_jax.generation.execution.on_ray import run_ray
from spatialvlm_jax.generation.execution.plan import CHUNK, PARTS, plan_shards
from spatialvlm_jax.generation.experts.base import Perception
from spatialvlm_jax.generation.questions.generate import QAConfig
from spatialvlm_jax.generation.sources.images import DecodeSettings, decode
from spatialvlm_jax.generation.stages import Observation, Stages
from spatialvlm_jax.scene.records import QA, Scene
from spatialvlm_jax.storage.examples import encode_example
from spatialvlm_jax.storage.shards import read_shard, write_shard

IMAGES, PAIRS = 10_000_000, 200
ROUNDS = 3
# Images a second on one GPU of the A100 class in bfloat16, batched. Assumptions, not measurements.
EXPERTS = {
    "filter": 400.0,  # CLIP ViT-L/14
    "detect": 4.0,  # Florence-2 large: region captions, word by word
    "segment": 15.0,  # SAM 2.1 large, with all boxes of an image at once
    "depth": 4.0,  # Depth Pro, 1536 x 1536
    "ground": 20.0,  # UPerNet with ConvNeXt-base
    "embed": 2000.0,  # CLIP's text tower, some ten captions
}
SENSOR_NOISE = 4.0


@dataclasses.dataclass(frozen=True, eq=False)
class Looked:
    """A source of what experts have found before, over and over: its work is the CPU's part."""

    perceptions: tuple[Perception, ...]
    name = "perceptions"

    def describe(self) -> Mapping[str, Any]:
        return {}

    def image_id(self, index: int) -> str:
        return f"perception-{index:06d}"

    def observe(self, indices: Sequence[int]) -> list[Perception]:
        found = [self.perceptions[index % len(self.perceptions)] for index in indices]
        return [
            dataclasses.replace(
                each, photo=dataclasses.replace(each.photo, image_id=self.image_id(index))
            )
            for index, each in zip(indices, found, strict=True)
        ]


class WithoutDepth(Stages):
    """Keeps no depth in the scenes, as sets of that size do."""

    def examine(self, observed: Observation, source: str) -> tuple[Scene, list[QA]]:
        scene, pairs = super().examine(observed, source)
        return dataclasses.replace(scene, depth=None), pairs


def as_photo(perception: Perception) -> Perception:
    """With the bytes of a JPEG file, and noise as a sensor has it, so that these are as many."""
    noise = np.random.default_rng(0).normal(0.0, SENSOR_NOISE, perception.photo.image.shape)
    image = np.clip(perception.photo.image + noise, 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(image).save(file, format="jpeg", quality=92)
    photo = dataclasses.replace(perception.photo, image=image, encoded=file.getvalue(), truth=None)
    return dataclasses.replace(perception, photo=photo)


def record_costs(perceptions: Sequence[Perception], stages: Stages) -> dict[str, float]:
    """Milliseconds and bytes an image of what stands around lifting and asking."""
    spent = dict.fromkeys(("decode", "encode", "encode with depth", "join"), 0.0)
    sizes, records = dict.fromkeys(("record", "record with depth"), 0), []
    for perception in perceptions:
        photo = perception.photo
        assert photo.encoded is not None
        settings = DecodeSettings()
        spent["decode"] += fastest(functools.partial(decode, photo.encoded, settings), ROUNDS)[1]
        whole, pairs = stages.examine(perception, "perceptions")
        for name, scene in (("", dataclasses.replace(whole, depth=None)), (" with depth", whole)):
            record, seconds = fastest(functools.partial(encode_example, scene, pairs), ROUNDS)
            spent[f"encode{name}"] += seconds
            sizes[f"record{name}"] += len(record)
        records.append(record)
    with tempfile.TemporaryDirectory() as folder:
        part, shard = Path(folder, "part"), Path(folder, "shard")
        write_shard(part, records)
        spent["join"] = fastest(lambda: write_shard(shard, read_shard(part)), ROUNDS)[1]
    count = len(records)
    return {
        **{f"{name}_ms": 1e3 * value / count for name, value in spent.items()},
        **{f"{name}_bytes": value / count for name, value in sizes.items()},
    }


def worker_rates(job: Job, images: int) -> dict[str, float]:
    """Images a second of wall time by one and two workers: processes, then actors of Ray.

    The clock starts when every worker has done its first chunk, so that start-up does not count.
    """
    rates = {}
    chunks = plan_shards({"train": images}, {"train": 1})[0].chunks()
    for workers in (1, 2):
        for name, run in (
            ("processes", functools.partial(run_local, workers=workers)),
            ("Ray", functools.partial(run_ray, address="local", workers=workers)),
        ):
            with tempfile.TemporaryDirectory() as folder:
                Path(folder, PARTS).mkdir()
                done = [time.perf_counter() for _ in run(job, chunks, Path(folder))]
            seconds = done[-1] - done[workers - 1]
            rates[f"{name}, workers: {workers}"] = (len(chunks) - workers) * CHUNK / seconds
    return rates


def total(
    figures: Mapping[str, float], experts: Mapping[str, float], images: int, kept: float
) -> dict[str, float]:
    """Core-hours, GPU-hours and bytes for so many stored images.

    Every photo is decoded and filtered; what the filter keeps goes on.
    """
    looked_at = images / kept
    core_ms = figures["decode_ms"] * looked_at + images * (
        figures["total_ms"] + figures["encode_ms"] + figures["join_ms"]
    )
    gpu_seconds = sum(
        (looked_at if name == "filter" else images) / rate for name, rate in experts.items()
    )
    return {
        "photos_looked_at": looked_at,
        "pairs": images * figures["pairs_per_image"],
        "core_hours": core_ms / 3.6e6,
        "gpu_hours": gpu_seconds / 3600,
        "terabytes": images * figures["record_bytes"] / 1e12,
        "terabytes_with_depth": images * figures["record with depth_bytes"] / 1e12,
    }


def expert_rates(changes: Sequence[str]) -> dict[str, float]:
    """The assumptions, with changes such as "depth=8"; a rate of inf leaves an expert out."""
    rates = dict(EXPERTS)
    for change in changes:
        name, _, rate = change.partition("=")
        if name not in rates:
            raise SystemExit(f"--expert: no {name!r}; there are {', '.join(rates)}")
        rates[name] = float(rate)
    return rates


def show(figures: Mapping[str, float], experts: Mapping[str, float], args: Any) -> dict[str, float]:
    """Prints the tables; returns the totals."""
    print(f"\nmeasured, one core, {WIDTH}x{HEIGHT}; milliseconds an image")
    rows = ["decode", "lift", "frame", "ambiguity", "questions", "encode", "encode with depth"]
    for name in (*rows, "join"):
        print(f"  {name:22s}{figures[f'{name}_ms']:10.2f}")
    print(f"  pairs an image        {figures['pairs_per_image']:10.1f}")
    for name in ("record", "record with depth"):
        print(f"  {name + ', kB':22s}{figures[f'{name}_bytes'] / 1e3:10.1f}")
    print("\nassumed, one GPU; images a second")
    for name, rate in experts.items():
        print(f"  {name:22s}{rate:10.1f}")
    print(f"  share the filter keeps{args.kept:10.2f}")
    costs = total(figures, experts, args.images, args.kept)
    print(f"\n{args.images:,} images stored")
    for name, value in costs.items():
        print(f"  {name.replace('_', ' '):22s}{value:16,.1f}")
    return costs


def main() -> None:
    """Prints the tables; with --json also writes the figures."""
    assert __doc__ is not None
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=IMAGES, help="images that are stored")
    parser.add_argument("--kept", type=float, default=0.5, help="share that the filter keeps")
    parser.add_argument(
        "--expert", action="append", default=[], metavar="NAME=RATE", help="images a second a GPU"
    )
    parser.add_argument("--pictures", type=int, default=8, help="different pictures to measure on")
    parser.add_argument(
        "--generation", type=Path, metavar="FILE", help="figures of benchmarks/generation.py --json"
    )
    parser.add_argument("--workers", action="store_true", help="also compare one and two workers")
    parser.add_argument("--worker-images", type=int, default=640, help="images for that")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    args = parser.parse_args()
    experts = expert_rates(args.expert)
    perceptions = seen(args.pictures, 8)
    questions = QAConfig(pairs_per_image=PAIRS, spatial_fraction=1.0, general_fraction=0.0)
    stages, photos = Stages(questions=questions), tuple(map(as_photo, perceptions))
    if args.generation:
        figures = json.loads(args.generation.read_text())
    else:
        figures = measure(perceptions, PAIRS, ROUNDS)
    figures |= record_costs(photos, stages)
    machine = about()
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    costs = show(figures, experts, args)
    rates = (
        worker_rates(Job(Looked(photos), WithoutDepth(questions)), args.worker_images)
        if args.workers
        else {}
    )
    for name, rate in rates.items():
        print(f"  {name:22s}{rate:10.1f} images a second, wall time")
    if args.json:
        whole = machine | figures | {"experts": experts, "workers": rates} | costs
        write_json(args.json, whole)


if __name__ == "__main__":
    main()

"""How fast worlds are drawn: the renderer alone, and whole scenes with their records.

    taskset -c 0 python benchmarks/worlds.py            # one core
    python benchmarks/worlds.py --sizes=64 --rays=4194304   # an accelerator

Rates are scenes a second of wall time; `cpu` columns count processor seconds instead, which other
work on the machine disturbs less. Render only: packed arrays in, arrays out. End to end: seeds in,
`Scene` records with masks, boxes, visibility and truncation out.
"""

import argparse
import platform
import time
from collections.abc import Callable
from pathlib import Path

import jax

from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.worlds.config import WorldConfig
from spatialvlm_jax.worlds.layout import draw_layout
from spatialvlm_jax.worlds.pack import pack
from spatialvlm_jax.worlds.render import render
from spatialvlm_jax.worlds.source import chunk_size, generate_scenes


def rates(work: Callable[[int], object], scenes: int, seconds: float) -> tuple[float, float]:
    """Scenes a second (of wall time, of processor time) where `work(i)` makes `scenes` of them."""
    work(0)
    wall, processor, calls = time.perf_counter(), time.process_time(), 0
    while calls < 2 or time.perf_counter() - wall < seconds:
        calls += 1
        work(calls)
    count = calls * scenes
    return (
        count / (time.perf_counter() - wall),
        count / (time.process_time() - processor),
    )


def measure(preset: str, size: int, chunk: int, seconds: float) -> dict[str, float]:
    """Rates of one preset at one image size."""
    config = WorldConfig.preset(preset, image_size=size, chunk=chunk)
    chunk = chunk_size(config)
    packed = [
        pack([draw_layout(config, 0, start * chunk + i) for i in range(chunk)], config)
        for start in range(4)
    ]
    drawn, drawn_cpu = rates(
        lambda i: jax.block_until_ready(render(packed[i % 4], config)), chunk, seconds
    )
    made, made_cpu = rates(
        lambda i: generate_scenes(config, 0, range(i * chunk, (i + 1) * chunk)), chunk, seconds
    )
    return {"render": drawn, "render_cpu": drawn_cpu, "scenes": made, "scenes_cpu": made_cpu}


def main() -> None:
    """Prints a table; with --json also writes it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--presets", nargs="+", default=["simple", "rich"])
    parser.add_argument("--sizes", nargs="+", type=int, default=[64, 128])
    parser.add_argument("--rays", type=int, default=0, help="rays a call; 0 lets the source choose")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each figure")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    args = parser.parse_args()
    figures = {}
    print(f"platform: {jax.default_backend()}, {jax.devices()[0].device_kind}")
    print(f"{'scenes a second':18s}{'render':>10s}{'cpu':>10s}{'end to end':>12s}{'cpu':>10s}")
    for preset in args.presets:
        for size in args.sizes:
            found = measure(preset, size, args.rays // size**2, args.seconds)
            figures[f"{preset}_{size}"] = found
            print(
                f"{preset + ' ' + str(size) + ' px':18s}{found['render']:10.0f}"
                f"{found['render_cpu']:10.0f}{found['scenes']:12.0f}{found['scenes_cpu']:10.0f}"
            )
    if args.json:
        about = {"platform": jax.default_backend(), "python": platform.python_version()}
        write_json(args.json, about | figures)


if __name__ == "__main__":
    main()

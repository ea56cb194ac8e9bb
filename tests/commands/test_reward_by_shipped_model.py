"""`spatialvlm reward` with the model that comes with the code, on a rendered drive to a bucket."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pyarrow import parquet

from spatialvlm_jax import cli
from spatialvlm_jax.rewards.shaping import rank_correlation
from spatialvlm_jax.worlds.camera import look_at
from spatialvlm_jax.worlds.config import WorldConfig
from spatialvlm_jax.worlds.layout import draw_layout
from spatialvlm_jax.worlds.source import chunk_size, render_layouts

FRAMES, DRIVES = 8, 5


def write_drive(folder: Path, index: int) -> tuple[str, np.ndarray]:
    """Frames of a camera that comes nearer to what is nearest in a room, over a third of the way.

    Returns:
      What it is called, and how far it is: float64[FRAMES], metres.
    """
    config = WorldConfig.preset("clear", image_size=128)
    layout = draw_layout(config, seed=9_100, index=index)
    start = np.array(layout.camera.position)
    item = min(layout.items, key=lambda each: math.dist(each.middle(), start))
    middle = np.array(item.middle())
    places = [middle + (1 - share) * (start - middle) for share in np.linspace(0, 0.35, FRAMES)]
    fov = 2 * math.atan(layout.camera.half)
    cameras = [look_at(tuple(place), tuple(middle), 0.0, fov) for place in places]
    layouts = [dataclasses.replace(layout, camera=camera) for camera in cameras]
    names = [f"drive-{place}" for place in range(FRAMES)]
    folder.mkdir()
    for scene in render_layouts(layouts, names, config, chunk_size(config)):
        Image.fromarray(scene.image).save(folder / f"{scene.image_id[6:]}.png")
    name = f"{item.color} {item.category}"
    return name, np.array([math.dist(place, middle) for place in places])


@pytest.mark.slow
def test_the_shipped_model_sees_cameras_come_nearer(tmp_path: Path, capsys) -> None:
    drives = [tmp_path / str(index) for index in range(DRIVES)]
    driven = [write_drive(drive, index) for index, drive in enumerate(drives)]
    ranks, errors, monotonicities = [], [], []
    for drive, (name, truth) in zip(drives, driven, strict=True):
        out = drive.with_suffix(".parquet")
        words = ["reward", str(drive), f"--goal=distance to the {name}", f"--out={out}"]
        words += ["--wordings=2", "--scored-values=32", "--window=3", "--json"]
        assert cli.main(words) == 0
        first = capsys.readouterr().out
        table = parquet.read_table(out)
        read = table["distance_m"].to_numpy()
        assert table["valid"].to_pylist() == [True] * FRAMES
        assert (table["std_m"].to_numpy() > 0).all()
        ranks.append(rank_correlation(read, truth))
        errors.append(np.abs(np.log(read / truth)).max())
        (summary,) = json.loads(first)["episodes"]
        monotonicities.append(summary["monotonicity"])
    assert cli.main(words) == 0  # from what was read before
    assert capsys.readouterr().out == first
    # Of several drives, since no model sees every one of them.
    assert np.median(ranks) > 0.9
    assert np.median(monotonicities) > 0.9
    assert np.median(errors) < math.log(1.5)

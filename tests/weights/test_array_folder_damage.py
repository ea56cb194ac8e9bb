"""Damaged and hostile checkpoints of big_vision: refused by name, nothing outside is touched."""

import contextlib
import gzip
import json
import os
import random
import resource
import shutil
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatialvlm_jax.weights.array_folder import ArrayFolder
from spatialvlm_jax.weights.files import open_weights
from spatialvlm_jax.weights.pieces import WeightsError
from tests.weights.test_array_folder import write_arrays

NAME = "llm/final_norm/scale"
VALUES = np.arange(12, dtype="f4").reshape(3, 4)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """The folder of the one array of a checkpoint."""
    write_arrays(tmp_path / "checkpoint.bv-000000001", {f"params/{NAME}": VALUES})
    return tmp_path / "checkpoint.bv-000000001" / "params~llm~final_norm~scale"


def describe(place: Path, **changes: Any) -> None:
    metadata = json.loads((place / ".zarray").read_text()) | changes
    (place / ".zarray").write_text(json.dumps(metadata))


def read(place: Path) -> np.ndarray:
    files = open_weights(place.parent)
    files.dtype(NAME)
    return files.read(NAME, [slice(0, size) for size in files.shape(NAME)])


def refused(place: Path, message: str) -> None:
    with pytest.raises(WeightsError, match=message) as error:
        read(place)
    assert "checkpoint.bv-000000001" in str(error.value)
    assert "llm" in str(error.value)
    assert "\n" not in str(error.value)
    assert "tensorstore_spec" not in str(error.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"shape": [3, 4.0]}, "its shape is no list of sizes"),
        ({"shape": [3, True]}, "its shape is no list of sizes"),
        ({"shape": [3, -4]}, "its shape is no list of sizes"),
        ({"shape": "34"}, "its shape is no list of sizes"),
        ({"shape": [3, 5]}, "cannot read llm/final_norm/scale"),
        ({"chunks": [3]}, "its chunks do not fit"),
        ({"chunks": [3, 0]}, "its chunks do not fit"),
        ({"chunks": [10**9, 10**9]}, "its chunks do not fit"),
        ({"chunks": [3, 2]}, "cannot read llm/final_norm/scale"),
        ({"dtype": [["a", "<f4"]]}, "its dtype is no name"),
        ({"dtype": "<f8"}, "cannot read llm/final_norm/scale"),
        ({"dtype": "|O"}, "cannot read llm/final_norm/scale"),
        ({"order": "F"}, "its order is not C"),
        ({"dimension_separator": "/"}, "its chunks lie in folders"),
        ({"filters": [{"id": "pickle"}]}, "it has filters"),
        ({"compressor": {"id": "blosc", "cname": "lz4"}}, "its compressor is none of zstd, gzip"),
        ({"compressor": {"id": "pickle"}}, "its compressor is none of"),
        ({"compressor": ["zstd"]}, "its compressor is none of"),
        ({"compressor": {"id": "zstd"}}, "cannot read llm/final_norm/scale"),
        ({"zarr_format": 3}, "its format is not 2"),
    ],
)
def test_a_description_that_does_not_fit_is_named(
    place: Path, changes: dict[str, Any], message: str
) -> None:
    describe(place, **changes)
    refused(place, message)


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 100_000, "nan", "\udcff"])
def test_a_broken_description_is_named(place: Path, text: str) -> None:
    (place / ".zarray").write_bytes(text.encode(errors="surrogateescape"))
    refused(place, ".zarray is not the description of an array")


def test_no_other_place_is_asked(place: Path) -> None:
    """Neither a description nor any file beside it can name a driver, an address or a folder."""
    elsewhere = write_arrays(place.parent.parent / "elsewhere", {"x": VALUES + 1}) / "x"
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.settimeout(0)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/"
        spec = {"driver": "zarr", "kvstore": {"driver": "http", "base_url": address}}
        for name in (".zattrs", ".zgroup", ".zmetadata", "spec.json", "zarr.json", ".ocdbt"):
            (place / name).write_text(json.dumps(spec))
            (place.parent / name).write_text(json.dumps(spec))
        np.testing.assert_array_equal(read(place), VALUES)
        for kvstore in (
            {"driver": "http", "base_url": address},
            {"driver": "gcs", "bucket": "b", "path": "p"},
            {"driver": "file", "path": str(elsewhere)},
        ):
            describe(place, kvstore=kvstore)
            refused(place, "it has the field kvstore")
        with pytest.raises(BlockingIOError):
            server.accept()


@pytest.mark.parametrize("where", ["array", ".zarray", "0.0", "checkpoint"])
def test_links_out_are_not_followed(
    place: Path, where: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = place.parent.parent
    target = {"array": place, "checkpoint": place.parent}.get(where, place / where)
    moved = tmp_path_factory.mktemp("outside") / target.name
    shutil.move(target, moved)
    target.symlink_to(moved)
    if where == "checkpoint":
        np.testing.assert_array_equal(read(place), VALUES)  # named by the user
        (root / "checkpoint.bv-LAST").write_text("000000001")
        with pytest.raises(WeightsError, match="checkpoint.bv-000000001 is a link out of its"):
            open_weights(root)
    else:
        refused(place, "is a link out of its folder|is no plain file")


def test_a_pipe_is_refused_at_once(place: Path) -> None:
    for name in ("0.0", ".zarray"):
        (place / name).unlink()
        os.mkfifo(place / name)
        refused(place, "no plain file")


def test_a_lost_chunk_is_not_read_as_zeros(place: Path) -> None:
    (place / "0.0").unlink()
    refused(place, "cannot read llm/final_norm/scale")


def test_a_lost_description_is_named(place: Path) -> None:
    write_arrays(place.parent, {"params/other": VALUES})
    (place / ".zarray").unlink()
    refused(place, "scale/.zarray: there is no such file")


def test_a_chunk_that_unpacks_to_more_than_it_should_is_not_unpacked(place: Path) -> None:
    describe(place, compressor={"id": "gzip"})
    (place / "0.0").write_bytes(gzip.compress(bytes(1 << 28)))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    refused(place, "cannot read llm/final_norm/scale")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1 << 17  # KiB


def test_older_compression_is_read(place: Path) -> None:
    describe(place, compressor={"id": "gzip", "level": 1})
    (place / "0.0").write_bytes(gzip.compress(VALUES.tobytes()))
    np.testing.assert_array_equal(read(place), VALUES)


def test_no_damage_is_a_crash(place: Path) -> None:
    """Bytes are flipped and cut off at random: each array is read, or refused by name."""
    (place / "0.0").write_bytes(gzip.compress(VALUES.tobytes()))
    describe(place, compressor={"id": "gzip", "level": 1})
    rng, refusals = random.Random(0), 0
    for name in (".zarray", "0.0"):
        whole = (place / name).read_bytes()
        for trial in range(100):
            content = bytearray(whole[: rng.randrange(len(whole))] if trial % 3 == 0 else whole)
            if content:
                content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
            (place / name).write_bytes(content)
            try:
                files = ArrayFolder(place.parent)
                files.dtype(NAME)
                if files.shape(NAME) == VALUES.shape:
                    files.read(NAME, [slice(0, 3), slice(0, 4)])
            except WeightsError as error:
                assert "checkpoint.bv-000000001" in str(error)
                refusals += 1
        (place / name).write_bytes(whole)
    assert refusals > 100

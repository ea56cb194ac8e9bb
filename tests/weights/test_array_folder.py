"""big_vision's checkpoints, written by the calls that big_vision makes, on eight devices."""

import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from spatialvlm_jax.experiment import Experiment, TrainConfig
from spatialvlm_jax.training.pretrained import pretrained
from spatialvlm_jax.weights.array_folder import ArrayFolder
from spatialvlm_jax.weights.files import open_weights
from spatialvlm_jax.weights.load import load_weights, sources_of
from spatialvlm_jax.weights.pieces import WeightsError
from spatialvlm_jax.weights.save import save_big_vision
from tests.weights.test_weights import MODEL, numbered, shapes

BEFORE = numbered(MODEL)
# As `save_checkpoint_ts` in big_vision/utils.py: one array a leaf, "/" of its path turned to "~",
# each device writes its shard, and the pointer appears when all have been written.
WRITE = """
import os, sys
from pathlib import Path
import jax, jax.numpy as jnp, numpy as np
from jax.experimental.array_serialization import serialization
from jax.sharding import NamedSharding, PartitionSpec

source, prefix = sys.argv[1:]
mesh = jax.make_mesh((8,), ("data",))
def place(x):
    axes = [i for i, size in enumerate(x.shape) if size % 8 == 0]
    spec = [None] * x.ndim
    if axes:
        spec[axes[0]] = "data"
    return jax.device_put(x, NamedSharding(mesh, PartitionSpec(*spec)))
tree = {}
with np.load(source) as archive:
    for name in archive.files:
        array = archive[name]
        tree[name] = place(array.astype("bfloat16") if "llm" in name else array)
        tree[name.replace("params/", "opt/0/mu/", 1)] = place(jnp.zeros(array.shape, "bfloat16"))
tree["opt/0/count"] = place(jnp.int32(7))
tree["chrono/accum_program_time"] = place(jnp.float32(1.5))
folder = f"{prefix}-000000007-tmp"
os.makedirs(folder)
manager = serialization.GlobalAsyncCheckpointManager()
def commit():
    Path(f"{prefix}-LAST").write_text("000000007-tmp")
manager.serialize_with_paths(
    list(tree.values()),
    [os.path.join(folder, name.replace("/", "~")) for name in tree],
    on_commit_callback=commit,
)
manager.wait_until_finished()
"""
READ_SHARDED = """
import sys, jax, numpy as np
from pathlib import Path
from jax.sharding import NamedSharding, PartitionSpec
from spatialvlm_jax.weights.load import load_weights
from tests.weights.test_weights import MODEL, numbered, shapes

mesh = jax.make_mesh((4, 2), ("fsdp", "tensor"))
wanted = {}
for name, x in shapes(MODEL).items():
    spec = PartitionSpec(*([None] * (len(x.shape) - 2)), "fsdp", "tensor")
    fits = len(x.shape) > 1 and x.shape[-2] % 4 == 0 and x.shape[-1] % 2 == 0
    where = NamedSharding(mesh, spec if fits else PartitionSpec())
    wanted[name] = jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=where)
arrays, _ = load_weights({"model": Path(sys.argv[1])}, MODEL, wanted)
for name, before in numbered(MODEL).items():
    before = before.astype("bfloat16") if name.startswith("decoder") else before
    assert np.array_equal(arrays[name], before.astype("float32")), name
    assert arrays[name].sharding == wanted[name].sharding
up = arrays["decoder/blocks/mlp/up/kernel"]
assert {shard.data.shape for shard in up.addressable_shards} == {(3, 4, 10)}
print("ok")
"""


def on_eight_devices(script: str, *arguments: Path | str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        env={
            **os.environ,
            "JAX_PLATFORMS": "cpu",
            "XLA_FLAGS": "--xla_force_host_platform_device_count=8",
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def workdir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory of big_vision: the image tower float32, the text tower bfloat16."""
    folder = tmp_path_factory.mktemp("big_vision")
    save_big_vision(folder / "plain.npz", BEFORE, MODEL)
    on_eight_devices(WRITE, folder / "plain.npz", folder / "checkpoint.bv")
    (folder / "plain.npz").unlink()
    return folder


def expected(name: str) -> np.ndarray:
    before = BEFORE[name]
    narrow = before.astype(ml_dtypes.bfloat16).astype(np.float32)
    return narrow if name.startswith("decoder") else before


@pytest.mark.parametrize("place", ["", "checkpoint.bv", "checkpoint.bv-000000007-tmp"])
def test_a_checkpoint_is_read_bit_exact(workdir: Path, place: str) -> None:
    arrays, manifest = load_weights({"model": workdir / place}, MODEL, shapes(MODEL))
    assert arrays.keys() == shapes(MODEL).keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, expected(name), err_msg=name)
    assert not manifest.initialised
    assert "opt/0/mu/img/embedding/kernel" in manifest.ignored
    assert {name.split("/")[0] for name in manifest.ignored} == {"opt", "chrono"}


def test_training_begins_with_it_and_says_what_it_took(workdir: Path, tmp_path: Path) -> None:
    start = Experiment(model=MODEL, train=TrainConfig(init_from=str(workdir)))
    load = pretrained(start, tmp_path, {})
    assert load is not None
    arrays = load(shapes(MODEL))
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, expected(name), err_msg=name)
    manifest = json.loads((tmp_path / "weights.json").read_text())
    assert manifest["loaded"] == dict.fromkeys(shapes(MODEL), str(workdir))
    assert "chrono/accum_program_time" in manifest["ignored"]


def test_every_device_reads_its_share(workdir: Path) -> None:
    assert on_eight_devices(READ_SHARDED, workdir) == "ok\n"


def test_towers_are_read_alone(workdir: Path) -> None:
    config = TrainConfig(init_encoder_from=str(workdir), init_decoder_from=str(workdir))
    arrays, manifest = load_weights(sources_of(config), MODEL, shapes(MODEL))
    assert manifest.initialised == ["connector/bias", "connector/kernel"]
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, expected(name), err_msg=name)


def write_arrays(folder: Path, arrays: dict[str, np.ndarray]) -> Path:
    """A checkpoint in one process, each array one chunk and not compressed."""
    for name, array in arrays.items():
        place = folder / name.replace("/", "~")
        place.mkdir(parents=True)
        metadata = {
            "zarr_format": 2,
            "shape": array.shape,
            "chunks": [max(1, size) for size in array.shape],
            "dtype": array.dtype.str,
            "compressor": None,
            "fill_value": None,
            "filters": None,
            "order": "C",
        }
        (place / ".zarray").write_text(json.dumps(metadata))
        (place / (".".join("0" * array.ndim) or "0")).write_bytes(array.tobytes())
    return folder


def as_published(tmp_path: Path, prefix: str = "params/") -> dict[str, np.ndarray]:
    path = tmp_path / "plain.npz"
    save_big_vision(path, BEFORE, MODEL)
    with np.load(path) as archive:
        return {prefix + name.removeprefix("params/"): archive[name] for name in archive}


@pytest.mark.parametrize("form", ["folder", "npz"])
def test_a_siglip_of_two_towers_gives_its_image_tower(tmp_path: Path, form: str) -> None:
    """SigLIP's image tower has one tensor a layer, and stands beside a text tower."""
    tensors: dict[str, np.ndarray] = {}
    for name, tensor in as_published(tmp_path).items():
        before, block, after = name.partition("/encoderblock/")
        if block:
            layers = {f"{before}/encoderblock_{i}/{after}": x for i, x in enumerate(tensor)}
            tensors |= layers
        elif "/llm/" not in name:
            tensors[name] = tensor
    tensors |= {"params/txt/head/bias": np.zeros(3, np.float32), "params/t": np.ones(1, "f4")}
    if form == "npz":
        np.savez(tmp_path / "siglip.npz", **tensors)
        place = tmp_path / "siglip.npz"
    else:
        place = write_arrays(tmp_path / "checkpoint.bv-000000100", tensors)
    arrays, manifest = load_weights({"encoder": place}, MODEL, shapes(MODEL))
    assert {name for name in shapes(MODEL) if name.startswith("encoder/")} == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, BEFORE[name], err_msg=name)
    assert manifest.ignored == ["img/head/bias", "img/head/kernel", "t", "txt/head/bias"]


@pytest.mark.parametrize("prefix", ["params/", "opt/target/", ""])
def test_older_archives_keep_parameters_elsewhere(tmp_path: Path, prefix: str) -> None:
    """Beside an optimizer of optax, inside one of Flax, or alone."""
    beside = {"opt/state/step": np.int32(7), "extra/accum_train_time": np.float32(1)}
    tensors = as_published(tmp_path, prefix) | (beside if prefix else {})
    np.savez(tmp_path / "old.npz", **tensors)
    arrays, manifest = load_weights({"model": tmp_path / "old.npz"}, MODEL, shapes(MODEL))
    assert manifest.ignored == sorted(beside if prefix else {})
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, BEFORE[name], err_msg=name)


def test_a_mismatch_names_the_tensor(tmp_path: Path) -> None:
    tensors = as_published(tmp_path)
    name = "llm/final_norm/scale"

    def refused(place: str, changed: dict[str, np.ndarray], message: str) -> None:
        folder = write_arrays(tmp_path / place, changed)
        with pytest.raises(WeightsError, match=message):
            load_weights({"model": folder}, MODEL, shapes(MODEL))

    less = {key: x for key, x in tensors.items() if key != f"params/{name}"}
    refused("a", less, f"a lacks {name}$")
    refused("b", tensors | {f"params/{name}": np.zeros(3, "f4")}, rf"{name} is \(3,\), the model")
    refused("c", tensors | {"params/llm/other": np.zeros(3, "f4")}, "unexpected llm/other$")
    refused("d", tensors | {f"params/{name}": np.zeros(16, "i8")}, f"{name} holds .*i8, the model")
    refused("e", tensors | {name: np.zeros(16, "f4")}, f"has {name} twice")
    one = tensors["params/llm/layers/attn/kv_einsum/w"][:, :1]
    key = "llm/layers/attn/kv_einsum/w"
    refused("f", tensors | {f"params/{key}": one}, f"{key} is .*too small for decoder/blocks")


@pytest.mark.parametrize(
    ("pointer", "message"),
    [
        ("000000008", "names checkpoint.bv-000000008, which is not there"),
        ("../elsewhere", "names no step"),
        ("7/../../elsewhere", "names no step"),
        ("", "names no step"),
        ("7" * 1000, "names no step"),
    ],
)
def test_the_pointer_leads_to_a_checkpoint_beside_it(
    tmp_path: Path, pointer: str, message: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "checkpoint.bv-LAST").write_text(pointer)
    for place in (tmp_path / "run", tmp_path / "run" / "checkpoint.bv"):
        with pytest.raises(WeightsError, match=message):
            load_weights({"model": place}, MODEL, shapes(MODEL))


def test_an_address_is_refused() -> None:
    config = TrainConfig(init_encoder_from="gs://bucket/checkpoint.bv")
    with pytest.raises(WeightsError, match="gs://bucket/checkpoint.bv: .* copy it here"):
        sources_of(config)


def test_only_the_chunks_that_a_share_needs_are_read(workdir: Path, tmp_path: Path) -> None:
    """A process of many reads its own part of a checkpoint that is larger than its memory."""
    folder = workdir / "checkpoint.bv-000000007-tmp" / "params~llm~layers~mlp~linear"
    chunks = sorted(path.name for path in folder.iterdir() if path.name != ".zarray")
    assert len(chunks) == 8
    copy = tmp_path / "checkpoint.bv-000000007"
    (copy / folder.name).mkdir(parents=True)
    for name in (".zarray", chunks[0]):
        (copy / folder.name / name).write_bytes((folder / name).read_bytes())
    files = open_weights(copy)
    (name,) = files.names()
    shape = files.shape(name)
    metadata = json.loads((folder / ".zarray").read_text())
    first = [slice(0, size) for size in metadata["chunks"]]
    got = files.read(name, first)
    want = expected("decoder/blocks/mlp/down/kernel")[tuple(first)]
    np.testing.assert_array_equal(got.astype(np.float32), want)
    with pytest.raises(WeightsError, match=f"cannot read {name} in .*checkpoint.bv-000000007"):
        files.read(name, [slice(0, size) for size in shape])


def test_a_layer_of_a_tensor_with_folded_heads_is_read_alone(workdir: Path, monkeypatch) -> None:
    """So that rounding layer by layer reads every tensor once."""
    asked: list[tuple[str, list]] = []
    read = ArrayFolder.read

    def watch(files, name, index):
        asked.append((name, list(index)))
        return read(files, name, index)

    monkeypatch.setattr(ArrayFolder, "read", watch)
    config = dataclasses.replace(MODEL, int8=("decoder/blocks/attention/query",))
    arrays, _ = load_weights({"model": workdir}, config, shapes(config))
    layers = [index[0] for name, index in asked if name == "llm/layers/attn/q_einsum/w"]
    assert layers == [slice(0, 1), slice(1, 2), slice(2, 3)]
    name = "decoder/blocks/attention/query/kernel"
    wide = np.asarray(arrays[name], np.float32) * np.asarray(arrays[f"{name}_scale"])[:, None]
    np.testing.assert_allclose(wide, expected(name), atol=expected(name).max() / 254)

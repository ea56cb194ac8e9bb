"""Our own weight files: what was saved comes back, and what does not fit is named."""

import dataclasses
import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from spatialvlm_jax.experiment import DenseConfig, Experiment
from spatialvlm_jax.training.checkpoints.load_model import restore_model
from spatialvlm_jax.training.state import parameters_of
from spatialvlm_jax.weights.load import Manifest, load_weights
from spatialvlm_jax.weights.pieces import WeightsError
from spatialvlm_jax.weights.safetensor_files import INDEX, SafetensorFiles, read_safetensors
from spatialvlm_jax.weights.save import save_huggingface
from tests.weights.test_weights import MODEL, numbered, shapes

DENSE = DenseConfig(weight=0.1, labels=4, values=2)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a dense head, at step 7."""
    path = tmp_path_factory.mktemp("weights") / "model.safetensors"
    save_file(numbered(MODEL, DENSE), path, {"step": "7"})
    return path


def load(path: Path, dense: DenseConfig | None = DENSE) -> tuple[dict, Manifest]:
    return load_weights({"model": path}, MODEL, shapes(MODEL, dense))


def test_a_process_that_has_not_met_bfloat16_reads_it() -> None:
    """Such as that of `spatialvlm export`, of the shipped file."""
    program = (
        "import pathlib, spatialvlm_jax\n"
        "from spatialvlm_jax.weights.safetensor_files import SafetensorFiles\n"
        "assets = pathlib.Path(spatialvlm_jax.__file__).parent / 'assets'\n"
        "files = SafetensorFiles(assets / 'small128.safetensors')\n"
        "print(files.read(next(iter(files.names())), ()).dtype)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "bfloat16"


def test_what_was_saved_comes_back(saved: Path) -> None:
    arrays, manifest = load(saved)
    assert not manifest.initialised
    written, header = read_safetensors(saved)
    assert header == {"step": "7"}
    assert arrays.keys() == written.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, written[name], err_msg=name)


def test_narrow_files_are_widened(saved: Path, tmp_path: Path) -> None:
    tensors = load_file(saved)
    for dtype in ("float16", "bfloat16", "float64"):
        narrow = {name: x.astype(np.dtype(dtype)) for name, x in tensors.items()}
        save_file(narrow, tmp_path / "narrow.safetensors")
        for name, array in load(tmp_path / "narrow.safetensors")[0].items():
            assert array.dtype == np.float32
            np.testing.assert_array_equal(array, narrow[name].astype(np.float32), err_msg=name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"connector/bias": None}, "lacks connector/bias$"),
        ({"decoder/extra": np.zeros(1)}, "unexpected decoder/extra$"),
        ({"connector/bias": np.zeros(3, "f4")}, r"connector/bias is \(3,\), the model wants"),
        ({"connector/bias": np.zeros(16, "i8")}, "connector/bias holds I64, the model wants float"),
        ({"connector/bias": np.zeros(16, "i1")}, "connector/bias holds int8, the model wants fl"),
    ],
)
def test_what_does_not_fit_is_named(
    saved: Path, tmp_path: Path, change: dict[str, np.ndarray | None], message: str
) -> None:
    changed = {name: x for name, x in {**load_file(saved), **change}.items() if x is not None}
    path = tmp_path / "bad.safetensors"
    save_file(changed, path)
    with pytest.raises(WeightsError, match=f"bad.safetensors.*{message}"):
        load(path)


def test_a_dense_head_may_be_missing_or_surplus(saved: Path, tmp_path: Path) -> None:
    arrays, manifest = load(saved, None)
    assert not any(name.startswith("dense_head") for name in arrays)
    assert all(name.startswith("dense_head") for name in manifest.ignored)
    save_file(numbered(MODEL), tmp_path / "plain.safetensors")
    _, manifest = load(tmp_path / "plain.safetensors")
    assert {name.split("/")[0] for name in manifest.initialised} == {"dense_head"}


def test_a_dense_head_of_joint_labels_starts_one_that_tells_colours_apart(saved: Path) -> None:
    apart = dataclasses.replace(DENSE, colors=3, camera=True, pointer_weight=0.1)
    _, manifest = load(saved, apart)
    parts = {name.split("/")[1] for name in manifest.initialised}
    assert parts == {"categories", "colors", "camera"}
    assert {name.split("/")[1] for name in manifest.ignored} == {"labels"}
    assert {"dense_head/values/kernel", "dense_head/mentions/kernel"} <= manifest.loaded.keys()


def test_a_model_is_restored_from_a_file(saved: Path, tmp_path: Path) -> None:
    experiment = Experiment(model=MODEL, dense=DENSE)
    model, step = restore_model(experiment, tmp_path, str(saved))
    assert step == 7
    written = load_file(saved)
    for name, array in parameters_of(model).items():
        np.testing.assert_array_equal(array, written[name], err_msg=name)


def test_a_model_is_restored_without_a_dense_head_but_not_without_adapters(tmp_path: Path) -> None:
    save_file(numbered(MODEL), tmp_path / "plain.safetensors")
    model, step = restore_model(
        Experiment(model=MODEL, dense=DENSE), tmp_path, str(tmp_path / "plain.safetensors")
    )
    assert step == 0
    parameters = parameters_of(model)
    assert parameters.keys() == shapes(MODEL, DENSE).keys()
    np.testing.assert_array_equal(
        parameters["connector/kernel"], numbered(MODEL)["connector/kernel"]
    )
    rank = dataclasses.replace(MODEL.adapters, rank=2, targets=("*/query",))
    adapted = Experiment(model=dataclasses.replace(MODEL, adapters=rank))
    with pytest.raises(ValueError, match="--checkpoint: .*plain.safetensors lacks .*adapter/a and"):
        restore_model(adapted, tmp_path, str(tmp_path / "plain.safetensors"))


def header(tensors: dict, length: int | None = None) -> bytes:
    text = json.dumps(tensors).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text


def entry(begin: int, end: int, shape: list[int], dtype: str = "F32") -> dict:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a tensor in sight",
        header({"a": entry(0, 8, [2])}) + bytes(7),
        header({"a": entry(0, 8, [2])}) + bytes(9),
        header({"a": entry(0, 8, [2])}, length=1000) + bytes(8),
        header({"a": entry(0, 8, [2])}, length=2**63) + bytes(8),
        header({"a": entry(0, 8, [2])}, length=10**9) + bytes(8),
        header({"a": entry(0, 8, [2]), "b": entry(4, 12, [2])}) + bytes(12),
        header({"a": entry(8, 0, [2])}) + bytes(8),
        header({"a": entry(0, 8, [3])}) + bytes(8),
        header({"a": entry(0, 8, [2**62, 2**62])}) + bytes(8),
        header({"a": entry(0, 8, [2], "O8")}) + bytes(8),
        header({"a": entry(0, 8, [-2])}) + bytes(8),
        (2).to_bytes(8, "little") + b"[]",
        (100_000).to_bytes(8, "little") + b"[" * 100_000,
    ],
)
def test_damaged_headers_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="cannot read the weight file .*bad.safetensors: ."):
        SafetensorFiles(path)


def test_what_is_no_plain_file_is_refused_at_once(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="absent.safetensors: there is no such file"):
        read_safetensors(tmp_path / "absent.safetensors")
    os.mkfifo(tmp_path / "pipe.safetensors")
    (tmp_path / "loop.safetensors").symlink_to(tmp_path / "loop.safetensors")
    (tmp_path / "folder.safetensors").mkdir()
    for name in ("pipe", "loop", "folder"):
        with pytest.raises(WeightsError, match=rf"{name}.safetensors"):
            load(tmp_path / f"{name}.safetensors", None)


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ({"weight_map": {"a": "../outside.safetensors"}}, "names the shard '../outside"),
        ({"weight_map": {"a": "/etc/outside"}}, "names the shard '/etc/outside'"),
        ({"weight_map": {"a": ""}}, "names the shard ''"),
        ({"weight_map": {"a": ".."}}, "names the shard '..'"),
        ({"weight_map": {"a": "x" * 5000}}, "lacks the shard x"),
        ({"weight_map": {"a": "nul\0"}}, "lacks the shard nul"),
        ({"weight_map": {"a": "b.safetensors"}}, "lacks the shard b.safetensors that its index"),
        ({"weight_map": {"a": ["b.safetensors"]}}, "lacks a weight_map of names"),
        ({"weight_map": ["b.safetensors"]}, "lacks a weight_map of names"),
        ({}, "lacks a weight_map of names"),
        (["b.safetensors"], "holds no JSON object"),
    ],
)
def test_an_index_leads_nowhere_else(tmp_path: Path, index: object, message: str) -> None:
    save_file(numbered(MODEL), tmp_path / "outside.safetensors")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / INDEX).write_text(json.dumps(index))
    with pytest.raises(WeightsError, match=message):
        load(tmp_path / "model", None)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\udcff{}"])
def test_a_broken_index_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / INDEX).write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(WeightsError, match=f"{INDEX} is not an index of shards"):
        load(tmp_path, None)


def test_links_are_followed_only_inside_a_folder_and_inside_a_cache(tmp_path: Path) -> None:
    save_huggingface(tmp_path / "real", numbered(MODEL), MODEL)
    file = tmp_path / "real" / "model.safetensors"
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "model.safetensors").symlink_to(file)
    with pytest.raises(WeightsError, match="linked/model.safetensors is a link out of its folder"):
        load(linked, None)
    (linked / INDEX).write_text(json.dumps({"weight_map": {"a": "model.safetensors"}}))
    with pytest.raises(WeightsError, match="linked/model.safetensors is a link out of its folder"):
        load(linked, None)
    assert not load(linked / "model.safetensors", None)[1].initialised  # named by the user
    snapshot = tmp_path / "cache" / "snapshots" / "0123"
    (tmp_path / "cache" / "blobs").mkdir(parents=True)
    snapshot.mkdir(parents=True)
    (tmp_path / "cache" / "blobs" / "abcd").write_bytes(file.read_bytes())
    (snapshot / "model.safetensors").symlink_to("../../blobs/abcd")
    assert not load(snapshot, None)[1].initialised


def test_one_name_in_two_shards_is_refused(tmp_path: Path) -> None:
    save_huggingface(tmp_path, numbered(MODEL), MODEL)
    tensors = load_file(tmp_path / "model.safetensors")
    save_file(tensors, tmp_path / "copy.safetensors")
    with pytest.raises(WeightsError, match="twice, in copy.safetensors and in model.safetensors"):
        load(tmp_path, None)
    (tmp_path / "copy.safetensors").unlink()
    name = "language_model.model.norm.weight"
    tensors[name.replace("language_model.model.", "model.language_model.")] = tensors[name]
    save_file(tensors, tmp_path / "model.safetensors")
    with pytest.raises(WeightsError, match=f"has {name} twice"):
        load(tmp_path, None)


def test_a_folder_or_a_file_of_nothing_is_refused(tmp_path: Path) -> None:
    save_file({}, tmp_path / "empty.safetensors")
    for path in (tmp_path, tmp_path / "empty.safetensors"):
        with pytest.raises(WeightsError, match="holds no tensors"):
            SafetensorFiles(path)


def test_a_file_that_may_not_be_read_is_no_missing_one(saved: Path, monkeypatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(WeightsError, match=r"model\.safetensors: Permission denied$"):
        read_safetensors(saved)

"""Weights in and out without any other library: names, shapes, round trips, errors."""

import dataclasses
import functools
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jax
import ml_dtypes
import numpy as np
import pytest
from flax import nnx
from safetensors.numpy import load_file, save_file

from spatialvlm_jax.experiment import (
    AdapterConfig,
    DecoderConfig,
    DenseConfig,
    EncoderConfig,
    ModelConfig,
)
from spatialvlm_jax.models import variants
from spatialvlm_jax.models.checkpoint_file import flat_params
from spatialvlm_jax.models.quantize import FORMATS
from spatialvlm_jax.models.vlm import VLM
from spatialvlm_jax.weights import big_vision, huggingface
from spatialvlm_jax.weights.files import SafetensorFiles
from spatialvlm_jax.weights.load import Part, load_weights
from spatialvlm_jax.weights.pieces import WeightsError, check_complete
from spatialvlm_jax.weights.read import resize_positions
from spatialvlm_jax.weights.save import save_big_vision, save_huggingface

MODEL = ModelConfig(
    encoder=EncoderConfig(image_size=28, patch_size=14, width=8, depth=2, heads=2, mlp_width=12),
    decoder=DecoderConfig(
        vocab_size=30, width=16, depth=3, heads=4, kv_heads=2, head_size=6, mlp_width=20
    ),
)
TOWERS = ("encoder", "decoder")
GEMMA2 = dataclasses.replace(MODEL, decoder=dataclasses.replace(MODEL.decoder, post_norms=True))


def shapes(
    config: ModelConfig, dense: DenseConfig | None = None, *, reads_rays: bool = False
) -> dict[str, jax.ShapeDtypeStruct]:
    return dict(_shapes(config, dense, reads_rays))


@functools.cache
def _shapes(
    config: ModelConfig, dense: DenseConfig | None, reads_rays: bool
) -> dict[str, jax.ShapeDtypeStruct]:
    model = nnx.eval_shape(lambda: VLM(config, dense, reads_rays=reads_rays, rngs=nnx.Rngs(0)))
    return {name: jax.ShapeDtypeStruct(x.shape, x.dtype) for name, x in flat_params(model).items()}


def numbered(config: ModelConfig, dense: DenseConfig | None = None) -> dict[str, np.ndarray]:
    """Parameters of which no two values are equal."""
    start, arrays = 0, {}
    for name, entry in shapes(config, dense).items():
        size = math.prod(entry.shape)
        arrays[name] = np.arange(start, start + size, dtype=np.float32).reshape(entry.shape)
        start += size
    return arrays


@pytest.mark.parametrize("name", [*variants.PALIGEMMAS, "g/14+gemma_2b"])
def test_every_published_size_has_a_place_for_every_parameter(name: str) -> None:
    config = variants.build_model_config(name)
    whole = {key: tuple(entry.shape) for key, entry in shapes(config).items()}
    check_complete(huggingface.model_pieces(config), whole)
    check_complete(big_vision.model_pieces(config), whole)


def test_shapes_are_those_printed_for_paligemma() -> None:
    config = variants.build_model_config("paligemma_3b")
    pieces = {piece.ours: piece for piece in big_vision.model_pieces(config)}
    query = pieces["decoder/blocks/attention/query/kernel"]
    assert query.published_shape() == (18, 8, 2048, 256)
    assert pieces["encoder/blocks/attention/out/kernel"].published_shape() == (27, 16, 72, 1152)
    hugging = {piece.ours: piece for piece in huggingface.model_pieces(config)}
    assert hugging["encoder/stem/kernel"].published_shape() == (1152, 3, 14, 14)
    assert hugging["decoder/blocks/mlp/down/kernel"].published_shape() == (2048, 16384)


@pytest.mark.parametrize("config", [MODEL, GEMMA2], ids=["gemma", "gemma2"])
@pytest.mark.parametrize("form", ["huggingface", "huggingface shards", "big_vision"])
def test_round_trip_is_bit_exact(config: ModelConfig, form: str, tmp_path: Path) -> None:
    before = numbered(config)
    path = tmp_path / ("model.npz" if form == "big_vision" else "model")
    if form == "big_vision":
        save_big_vision(path, before, config)
    else:
        size = 3000 if form.endswith("shards") else 10**9
        save_huggingface(path, before, config, shard_bytes=size)
        files = len(list(path.glob("*.safetensors")))
        assert files == 1 if size == 10**9 else files > 3
    after, manifest = load_weights({"model": path}, config, shapes(config))
    assert after.keys() == before.keys()
    for name, array in after.items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)
    assert not manifest.initialised
    assert not manifest.ignored


def test_kernels_are_transposed_and_heads_folded(tmp_path: Path) -> None:
    before = numbered(MODEL)
    save_huggingface(tmp_path / "model", before, MODEL)
    tensors = load_file(tmp_path / "model" / "model.safetensors")
    down = tensors["language_model.model.layers.1.mlp.down_proj.weight"]
    np.testing.assert_array_equal(down, before["decoder/blocks/mlp/down/kernel"][1].T)
    save_big_vision(tmp_path / "model.npz", before, MODEL)
    with np.load(tmp_path / "model.npz") as archive:
        kv = archive["params/llm/layers/attn/kv_einsum/w"]
        values = before["decoder/blocks/attention/value/kernel"][2]
        np.testing.assert_array_equal(kv[2, 1, 1], values[:, 6:])


FOUR_DEVICES = """
import sys, jax, numpy as np
from pathlib import Path
from jax.sharding import NamedSharding, PartitionSpec
from spatialvlm_jax.weights.load import load_weights
from tests.weights.test_weights import MODEL, numbered, shapes

name = "decoder/blocks/mlp/up/kernel"
where = NamedSharding(jax.make_mesh((4,), ("fsdp",)), PartitionSpec(None, "fsdp"))
wanted = shapes(MODEL)
shape = wanted[name].shape
wanted[name] = jax.ShapeDtypeStruct(shape, jax.numpy.bfloat16, sharding=where)
for path in sys.argv[1:]:
    array = load_weights({"model": Path(path)}, MODEL, wanted)[0][name]
    assert {shard.data.shape for shard in array.addressable_shards} == {(3, 4, 20)}
    assert np.array_equal(array, numbered(MODEL)[name].astype("bfloat16"))
print("ok")
"""


def test_each_device_gets_its_share(tmp_path: Path) -> None:
    save_huggingface(tmp_path / "model", numbered(MODEL), MODEL)
    save_big_vision(tmp_path / "model.npz", numbered(MODEL), MODEL)
    done = subprocess.run(
        [sys.executable, "-c", FOUR_DEVICES, tmp_path / "model", tmp_path / "model.npz"],
        env={
            **os.environ,
            "XLA_FLAGS": "--xla_force_host_platform_device_count=4",
            "PYTHONPATH": os.pathsep.join(sys.path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "ok\n", done.stderr[-2000:]


def renamed(path: Path, rename: dict[str, str], drop: tuple[str, ...] = ()) -> None:
    tensors = load_file(path)
    out = {}
    for name, tensor in tensors.items():
        for old, new in rename.items():
            name = name.replace(old, new, 1) if name.startswith(old) else name
        if not name.startswith(drop):
            out[name] = tensor
    save_file(out, path)


@pytest.mark.parametrize(
    "rename",
    [
        {
            "vision_tower.vision_model.": "model.vision_tower.vision_model.",
            "language_model.model.": "model.language_model.",
            "multi_modal": "model.multi_modal",
        },
        {"vision_tower.vision_model.": "vision_tower."},
    ],
)
def test_other_prefixes_are_understood(rename: dict[str, str], tmp_path: Path) -> None:
    before = numbered(MODEL)
    save_huggingface(tmp_path, before, MODEL)
    renamed(tmp_path / "model.safetensors", rename)
    after, _ = load_weights({"model": tmp_path}, MODEL, shapes(MODEL))
    np.testing.assert_array_equal(after["encoder/positions"], before["encoder/positions"])


def test_towers_come_from_different_places(tmp_path: Path) -> None:
    before = numbered(MODEL)
    save_huggingface(tmp_path / "both", before, MODEL)
    for tower, prefix, new in (
        ("siglip", "vision_tower.vision_model.", "vision_model."),
        ("gemma", "language_model.model.", "model."),
    ):
        tensors = load_file(tmp_path / "both" / "model.safetensors")
        (tmp_path / tower).mkdir()
        own = {new + k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)}
        if tower == "siglip":
            own["text_model.head.weight"] = np.zeros(3, np.float32)
        save_file(own, tmp_path / tower / "model.safetensors")
    places = {"encoder": tmp_path / "siglip", "decoder": tmp_path / "gemma"}
    after, manifest = load_weights(places, MODEL, shapes(MODEL))
    assert manifest.initialised == ["connector/bias", "connector/kernel"]
    assert manifest.ignored == ["text_model.head.weight"]
    for name, array in after.items():
        np.testing.assert_array_equal(array, before[name], err_msg=name)


def test_adapters_are_initialised_where_a_file_has_none(tmp_path: Path) -> None:
    adapted = dataclasses.replace(MODEL, adapters=AdapterConfig(rank=2, targets=("*/query",)))
    names = {f"{tower}/blocks/attention/query/adapter/{side}" for tower in TOWERS for side in "ab"}
    save_huggingface(tmp_path / "model", numbered(MODEL), MODEL)
    save_file(numbered(MODEL), tmp_path / "ours.safetensors")
    for path in (tmp_path / "model", tmp_path / "ours.safetensors"):
        after, manifest = load_weights({"model": path}, adapted, shapes(adapted))
        assert set(manifest.initialised) == shapes(adapted).keys() - after.keys() == names
    save_file(numbered(adapted), tmp_path / "adapted.safetensors")
    files: dict[Part, Path] = {"model": tmp_path / "adapted.safetensors"}
    assert load_weights(files, adapted, shapes(adapted))[0].keys() == shapes(adapted).keys()
    with pytest.raises(WeightsError, match="unexpected .*adapter/a .*export` merges it"):
        load_weights(files, MODEL, shapes(MODEL))


@pytest.mark.parametrize(("form", "dtype"), [("int8", np.int8), ("nf4", np.uint8)])
def test_kernels_are_rounded_where_the_model_keeps_few_bits(
    form: str, dtype: Any, tmp_path: Path
) -> None:
    maps = ("decoder/blocks/mlp/up", "decoder/blocks/attention/query", "connector")
    config = dataclasses.replace(MODEL, **{form: maps})
    before = numbered(MODEL)
    rounded: dict[str, jax.Array] = {}
    for name in (f"{each}/kernel" for each in maps):
        # What is loaded layer by layer is the same as all layers rounded at once.
        whole = jax.jit(FORMATS[form])(before[name])
        suffixes = zip(("", "_scale", "_blocks"), whole, strict=True)
        rounded |= {name + suffix: x for suffix, x in suffixes if x is not None}
    save_huggingface(tmp_path / "model", before, MODEL)
    save_big_vision(tmp_path / "model.npz", before, MODEL)
    save_file(before, tmp_path / "ours.safetensors")
    for path in (tmp_path / "model", tmp_path / "model.npz", tmp_path / "ours.safetensors"):
        after, manifest = load_weights({"model": path}, config, shapes(config))
        assert after.keys() == shapes(config).keys()
        assert all(manifest.adapted[f"{name}/kernel"] == f"rounded to {form}" for name in maps)
        for name, expected in rounded.items():
            np.testing.assert_array_equal(after[name], expected, err_msg=name)
        assert after["connector/kernel"].dtype == dtype
    save_file({key: np.asarray(x) for key, x in after.items()}, tmp_path / "narrow.safetensors")
    files: dict[Part, Path] = {"model": tmp_path / "narrow.safetensors"}
    again, manifest = load_weights(files, config, shapes(config))
    assert not manifest.adapted
    for name, array in again.items():
        np.testing.assert_array_equal(array, after[name], err_msg=name)
    with pytest.raises(WeightsError, match="unexpected .*kernel_"):
        load_weights(files, MODEL, shapes(MODEL))


def test_a_stack_is_rounded_without_being_read_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, read, sizes = "decoder/blocks/mlp/up/kernel", SafetensorFiles.read, []

    def recorded(files: SafetensorFiles, tensor: str, index: Any) -> np.ndarray:
        values = read(files, tensor, index)
        if tensor == name:
            sizes.append(values.shape)
        return values

    monkeypatch.setattr(SafetensorFiles, "read", recorded)
    config = dataclasses.replace(MODEL, nf4=("decoder/blocks/mlp/up",))
    save_file(numbered(MODEL), tmp_path / "ours.safetensors")
    load_weights({"model": tmp_path / "ours.safetensors"}, config, shapes(config))
    assert sizes == 3 * [(1, 16, 20)]


def test_vocabulary_is_trimmed_and_extended(tmp_path: Path) -> None:
    before = numbered(MODEL)
    save_huggingface(tmp_path, before, MODEL)
    padded = load_file(tmp_path / "model.safetensors")[huggingface.EMBEDDING]
    assert padded.shape == (64, 16)
    larger = dataclasses.replace(MODEL, decoder=dataclasses.replace(MODEL.decoder, vocab_size=66))
    after, manifest = load_weights({"model": tmp_path}, larger, shapes(larger))
    table = np.asarray(after["decoder/embedder/embedding"])
    np.testing.assert_array_equal(table[:30], before["decoder/embedder/embedding"])
    np.testing.assert_allclose(table[64:], np.repeat(padded.mean(0)[None], 2, 0), rtol=1e-6)
    assert manifest.adapted == {"decoder/embedder/embedding": "vocabulary: 64 rows to 66"}


def test_positions_are_resized_between_square_grids(tmp_path: Path) -> None:
    grid = np.stack(np.meshgrid(np.arange(3.0), np.arange(3.0)), -1).reshape(9, 2)
    fine = resize_positions(grid.astype(np.float32), 25).reshape(5, 5, 2)
    np.testing.assert_allclose(fine[0, :, 0], [0, 0.5, 1, 1.5, 2])
    np.testing.assert_allclose(fine[:, 0, 1], [0, 0.5, 1, 1.5, 2])
    with pytest.raises(WeightsError, match="not square"):
        resize_positions(grid.astype(np.float32), 24)
    before = numbered(MODEL)
    save_big_vision(tmp_path / "model.npz", before, MODEL)
    larger = dataclasses.replace(MODEL, encoder=dataclasses.replace(MODEL.encoder, image_size=56))
    after, manifest = load_weights({"model": tmp_path / "model.npz"}, larger, shapes(larger))
    corner = after["encoder/positions"][0]
    np.testing.assert_array_equal(corner, before["encoder/positions"][0])
    assert manifest.adapted == {"encoder/positions": "positions: 4 rows to 16"}


def test_weights_of_ours_begin_a_model_of_smaller_patches(tmp_path: Path) -> None:
    encoder = dataclasses.replace(MODEL.encoder, image_size=32, patch_size=16, stem="conv")
    coarse = dataclasses.replace(MODEL, encoder=encoder)
    smaller = dataclasses.replace(encoder, patch_size=8, stem_overlap=1)
    fine = dataclasses.replace(MODEL, encoder=smaller)
    before = numbered(coarse)
    save_file(before, tmp_path / "coarse.safetensors")
    source: dict[Part, Path] = {"model": tmp_path / "coarse.safetensors"}
    after, manifest = load_weights(source, fine, shapes(fine), begins=True)
    assert manifest.adapted == {"encoder/positions": "positions: 4 rows to 16"}
    for name, array in after.items():
        if name != "encoder/positions":
            np.testing.assert_array_equal(array, before[name], err_msg=name)
    for corner, known in ((0, 0), (3, 1), (12, 2), (15, 3)):
        np.testing.assert_array_equal(
            after["encoder/positions"][corner], before["encoder/positions"][known]
        )
    plain = dataclasses.replace(fine, encoder=dataclasses.replace(smaller, stem_overlap=0))
    with pytest.raises(WeightsError, match="unexpected encoder/stem/convolutions/3/kernel"):
        load_weights(source, plain, shapes(plain), begins=True)
    with pytest.raises(WeightsError, match=r"encoder/positions is \(4, 8\), the model wants"):
        load_weights(source, fine, shapes(fine))


def test_bfloat16_archives_are_read(tmp_path: Path) -> None:
    before = numbered(MODEL)
    save_big_vision(tmp_path / "wide.npz", before, MODEL)
    with np.load(tmp_path / "wide.npz") as archive:
        narrow = {name: archive[name].astype(ml_dtypes.bfloat16) for name in archive}
    np.savez(tmp_path / "narrow.npz", **narrow)
    after, _ = load_weights({"model": tmp_path / "narrow.npz"}, MODEL, shapes(MODEL))
    expected = before["connector/kernel"].astype(ml_dtypes.bfloat16)
    np.testing.assert_array_equal(after["connector/kernel"], expected.astype(np.float32))


def test_a_mismatch_names_the_tensor(tmp_path: Path) -> None:
    save_huggingface(tmp_path, numbered(MODEL), MODEL)
    file = tmp_path / "model.safetensors"
    tensors = load_file(file)

    def refused(change: dict[str, np.ndarray | None], message: str) -> None:
        changed = {name: x for name, x in {**tensors, **change}.items() if x is not None}
        save_file(changed, file)
        with pytest.raises(WeightsError, match=message):
            load_weights({"model": tmp_path}, MODEL, shapes(MODEL))

    name = "language_model.model.layers.1.self_attn.q_proj.weight"
    refused({name: None}, f"lacks {name}$")
    refused(
        {name: np.zeros((4, 4), np.float32)}, rf"{name} is \(4, 4\), the model wants \(24, 16\)"
    )
    extra = "language_model.model.layers.3.self_attn.q_proj.weight"
    refused({extra: np.zeros(1, np.float32)}, f"unexpected {extra}")


def test_damaged_and_foreign_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "broken.safetensors").write_bytes(b"\x00" * 20)
    (tmp_path / "broken.npz").write_bytes(b"PK")
    (tmp_path / "model.bin").write_bytes(b"x")
    (tmp_path / "empty").mkdir()
    (tmp_path / "escaping").mkdir()
    index = {"weight_map": {"a": "../broken.safetensors"}}
    (tmp_path / "escaping" / "model.safetensors.index.json").write_text(json.dumps(index))
    for name, message in (
        ("broken.safetensors", "cannot read"),
        ("broken.npz", "cannot read"),
        ("model.bin", "weights are a folder"),
        ("empty", "holds no .safetensors"),
        ("escaping", "names the shard .*no file beside it"),
        ("nowhere", "no weights at"),
    ):
        with pytest.raises(WeightsError, match=message):
            load_weights({"model": tmp_path / name}, MODEL, shapes(MODEL))


def test_weights_with_and_without_camera_maps_may_begin_each_other(tmp_path: Path) -> None:
    told, plain = shapes(MODEL, reads_rays=True), shapes(MODEL)
    maps = told.keys() - plain.keys()
    for wanted, there, line in (
        (told, plain, "what is told of the camera begins at zero"),
        (plain, told, "what they were told of the camera is left out"),
    ):
        path = tmp_path / "model.safetensors"
        save_file({name: np.ones(x.shape, x.dtype) for name, x in there.items()}, path)
        arrays, manifest = load_weights({"model": path}, MODEL, wanted)
        assert arrays.keys() == plain.keys()
        assert set(manifest.initialised) | set(manifest.ignored) == maps
        assert line in manifest.summary()
    assert "camera" not in load_weights({"model": path}, MODEL, told)[1].summary()

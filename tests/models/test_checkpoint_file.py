"""Weight files: what was saved comes back, and what does not fit is named."""

import dataclasses
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from safetensors.numpy import load_file, save_file

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import ModelConfig
from spatialvlm_jax.models import checkpoint_file
from spatialvlm_jax.models.vlm import VLM


@pytest.fixture(scope="module")
def saved(tiny: ModelConfig, tmp_path_factory: pytest.TempPathFactory) -> tuple[VLM, Path]:
    model = make(tiny, 0)
    path = tmp_path_factory.mktemp("weights") / "deep" / "model.safetensors"
    checkpoint_file.save_safetensors(path, model, {"made by": "a test"})
    return model, path


def make(config: ModelConfig, seed: int) -> VLM:
    definition, shapes = nnx.split(nnx.eval_shape(lambda: VLM(config, rngs=nnx.Rngs(0))))
    rng = np.random.default_rng(seed)
    return nnx.merge(
        definition, jax.tree.map(lambda x: jnp.asarray(rng.normal(size=x.shape), x.dtype), shapes)
    )


def other(config: ModelConfig) -> VLM:
    return make(config, 1)


def test_what_was_saved_comes_back(saved: tuple[VLM, Path], tiny: ModelConfig) -> None:
    model, path = saved
    restored = other(tiny)
    assert checkpoint_file.load_safetensors(path, restored) == {"made by": "a test"}
    wanted = checkpoint_file.flat_params(model)
    assert "decoder/blocks/attention/query/kernel" in wanted
    for name, array in checkpoint_file.flat_params(restored).items():
        assert np.array_equal(array, wanted[name]), name
    assert [file.name for file in path.parent.iterdir()] == ["model.safetensors"]


def test_half_precision_files_are_half_the_size(saved: tuple[VLM, Path], tiny: ModelConfig) -> None:
    model, path = saved
    small = path.with_name("small.safetensors")
    checkpoint_file.save_safetensors(small, nnx.state(model, nnx.Param), dtype="bfloat16")
    assert small.stat().st_size < 0.7 * path.stat().st_size
    restored = other(tiny)
    checkpoint_file.load_safetensors(small, restored)
    wanted = checkpoint_file.flat_params(model)
    for name, array in checkpoint_file.flat_params(restored).items():
        assert array.dtype == np.float32
        np.testing.assert_allclose(array, wanted[name], rtol=2**-8)
    small.unlink()


def test_what_does_not_fit_is_named_and_changes_nothing(
    saved: tuple[VLM, Path], tiny: ModelConfig, tmp_path: Path
) -> None:
    arrays = load_file(saved[1])
    model = other(tiny)
    before = {k: np.asarray(v) for k, v in checkpoint_file.flat_params(model).items()}
    bad = tmp_path / "bad.safetensors"
    lacking = {name: array for name, array in arrays.items() if name != "connector/bias"}
    for content, message in (
        (lacking, "lacks connector/bias$"),
        (arrays | {"decoder/extra": np.zeros(1)}, "unexpected decoder/extra$"),
        (arrays | {"connector/bias": np.zeros(3, np.float32)}, r"connector/bias is \(3,\)"),
    ):
        save_file(content, bad)
        with pytest.raises(UserError, match=message):
            checkpoint_file.load_safetensors(bad, model)
    after = checkpoint_file.flat_params(model)
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_an_optional_part_may_be_missing_or_surplus(
    saved: tuple[VLM, Path], tiny: ModelConfig, tmp_path: Path
) -> None:
    plain = other(dataclasses.replace(tiny, dense_labels=0))
    with pytest.raises(UserError, match="unexpected dense_head"):
        checkpoint_file.load_safetensors(saved[1], plain)
    checkpoint_file.load_safetensors(saved[1], plain, optional=("dense_head",))
    wanted = checkpoint_file.flat_params(saved[0])["connector/kernel"]
    assert np.array_equal(checkpoint_file.flat_params(plain)["connector/kernel"], wanted)
    path = tmp_path / "plain.safetensors"
    checkpoint_file.save_safetensors(path, plain)
    with pytest.raises(UserError, match="lacks dense_head"):
        checkpoint_file.load_safetensors(path, other(tiny))
    checkpoint_file.load_safetensors(path, other(tiny), optional=("dense_head",))


def test_unreadable_files_are_one_line(tmp_path: Path, tiny: ModelConfig) -> None:
    with pytest.raises(UserError, match="cannot read the weight file"):
        checkpoint_file.read_safetensors(tmp_path / "absent.safetensors")
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"not a tensor in sight")
    with pytest.raises(UserError, match="cannot read the weight file"):
        checkpoint_file.read_safetensors(broken)


def test_shipped_files_are_found_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(checkpoint_file, "ASSETS", tmp_path)
    (tmp_path / "small.safetensors").touch()
    assert checkpoint_file.shipped("small") == tmp_path / "small.safetensors"
    with pytest.raises(UserError, match='"large"; there are: small'):
        checkpoint_file.shipped("large")

"""Weight files: what is written; reading them is tested with the other weights."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from safetensors.numpy import load_file

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


def test_every_parameter_is_written_under_its_path(
    saved: tuple[VLM, Path],
) -> None:
    model, path = saved
    wanted = checkpoint_file.flat_params(model)
    assert "decoder/blocks/attention/query/kernel" in wanted
    written = load_file(path)
    assert written.keys() == wanted.keys()
    for name, array in written.items():
        assert np.array_equal(array, wanted[name]), name
    assert [file.name for file in path.parent.iterdir()] == ["model.safetensors"]


def test_half_precision_files_are_half_the_size(saved: tuple[VLM, Path], tmp_path: Path) -> None:
    model, path = saved
    small = tmp_path / "small.safetensors"
    checkpoint_file.save_safetensors(small, nnx.state(model, nnx.Param), dtype="bfloat16")
    assert small.stat().st_size < 0.7 * path.stat().st_size
    wanted = checkpoint_file.flat_params(model)
    for name, array in load_file(small).items():
        assert array.dtype == jnp.bfloat16
        np.testing.assert_allclose(array.astype(np.float32), wanted[name], rtol=2**-8)


def test_shipped_files_are_found_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(checkpoint_file, "ASSETS", tmp_path)
    (tmp_path / "small.safetensors").touch()
    assert checkpoint_file.shipped("small") == tmp_path / "small.safetensors"
    with pytest.raises(UserError, match='"large"; there are: small'):
        checkpoint_file.shipped("large")

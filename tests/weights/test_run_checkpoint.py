"""Weights of a run at a step: what its checkpoint holds, and no other step for it."""

import dataclasses
from pathlib import Path

import grain
import jax.numpy as jnp
import numpy as np
import pytest

from spatialvlm_jax.experiment import TrainConfig
from spatialvlm_jax.training.checkpoints.checkpoint import Checkpoints
from spatialvlm_jax.training.state import TrainState
from spatialvlm_jax.weights.checkpoint_folders import checkpoint_damage, find_step
from spatialvlm_jax.weights.files import open_weights
from spatialvlm_jax.weights.load import load_weights, sources_of
from spatialvlm_jax.weights.pieces import WeightsError
from tests.weights.test_weights import MODEL, numbered, shapes

SAID = {"model.attention": "prefix", "data.tokenizer.content": "abc", "train.seed": 3}


def state_of(step: int) -> TrainState:
    """Towers of `numbered`, the encoder frozen; a slot, and an average of the connector."""
    parameters = {name: jnp.asarray(x) for name, x in numbered(MODEL).items()}
    frozen = {
        name: x.astype(jnp.bfloat16) for name, x in parameters.items() if name.startswith("enc")
    }
    trainable = {name: x + step for name, x in parameters.items() if name not in frozen}
    return TrainState(
        step=jnp.asarray(step, jnp.int32),
        trainable=trainable,
        frozen=frozen,
        opt_state=({"connector/kernel": jnp.full((3,), 9.0)},),
        average={"connector/kernel": trainable["connector/kernel"] * 0 + 0.5},
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with checkpoints of steps 2 and 4, and one that was never finished."""
    workdir = tmp_path_factory.mktemp("run@home")
    checkpoints = Checkpoints(workdir / "checkpoints", keep=3)
    for step in (2, 4):
        data = iter(grain.MapDataset.range(9).to_iter_dataset())
        checkpoints.save(state_of(step), data, SAID)
    checkpoints.close()
    (workdir / "checkpoints" / "5" / "state").mkdir(parents=True)
    return workdir


def test_a_model_begins_with_the_parameters_of_the_step_and_their_averages(run: Path) -> None:
    (source,) = sources_of(TrainConfig(init_from=f"{run}@2")).values()
    assert source == run / "checkpoints" / "2"
    wanted = shapes(MODEL)
    arrays, manifest = load_weights({"model": source}, MODEL, wanted)
    assert manifest.initialised == []
    assert manifest.loaded.keys() == wanted.keys()
    for name, value in state_of(2).averaged.items():
        assert arrays[name].dtype == wanted[name].dtype
        np.testing.assert_array_equal(arrays[name], np.asarray(value, wanted[name].dtype), name)


def test_a_tower_begins_with_that_of_the_step(run: Path) -> None:
    sources = sources_of(TrainConfig(init_from="small", init_encoder_from=f"{run}@4"))
    arrays, _ = load_weights({"encoder": sources["encoder"]}, MODEL, shapes(MODEL))
    assert {name.split("/")[0] for name in arrays} == {"encoder"}


def test_slices_settings_and_step_are_told(run: Path) -> None:
    files = open_weights(run / "checkpoints" / "4")
    kernel = state_of(4).trainable["decoder/final_norm/scale"]
    np.testing.assert_array_equal(
        files.read("decoder/final_norm/scale", [slice(1, 3)]), kernel[1:3]
    )
    assert files.shape("decoder/final_norm/scale") == kernel.shape
    assert files.dtype("decoder/final_norm/scale") == "float32"
    assert files.metadata == {**{name: str(x) for name, x in SAID.items()}, "step": "4"}


def test_a_step_that_there_is_not_is_refused_with_those_there_are(run: Path) -> None:
    with pytest.raises(WeightsError, match=r"has no whole checkpoint of step 3; there are: 2, 4$"):
        sources_of(TrainConfig(init_from=f"{run}@3"))
    with pytest.raises(WeightsError, match=r"of step 5; there are: 2, 4$"):
        sources_of(TrainConfig(init_decoder_from=f"{run}@5"))
    with pytest.raises(WeightsError, match=r"checkpoints does not exist; name the working"):
        sources_of(TrainConfig(init_from="nowhere@3"))
    assert find_step("runs/mine") is None
    assert find_step(f"{run}") is None
    assert find_step("me@example.safetensors") is None


def test_a_checkpoint_that_changed_since_is_not_read(run: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    for path in (run / "checkpoints" / "2").rglob("*"):
        if path.is_file():
            target = copy / path.relative_to(run / "checkpoints" / "2")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    largest = max(copy.glob("state/**/d/*"), key=lambda path: path.stat().st_size)
    content = bytearray(largest.read_bytes())
    content[len(content) // 2] ^= 1
    largest.write_bytes(content)
    with pytest.raises(WeightsError, match=r"has changed since it was written; name another step"):
        load_weights({"model": copy}, MODEL, shapes(MODEL))


def test_what_describes_arrays_otherwise_is_refused(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "manifest.json").write_text('{"files": {}}')
    described = tmp_path / "state" / "_METADATA"
    for content in ("[]", "{}", '{"tree_metadata": {"a": {"key_metadata": [3]}}}', "{"):
        described.write_text(content)
        with pytest.raises(WeightsError, match="description of a checkpoint|in another form"):
            open_weights(tmp_path)


def test_a_model_of_another_size_is_told_which_parameter_differs(run: Path) -> None:
    wider = dataclasses.replace(MODEL, encoder=dataclasses.replace(MODEL.encoder, mlp_width=48))
    with pytest.raises(WeightsError, match="encoder/"):
        load_weights({"model": run / "checkpoints" / "2"}, wider, shapes(wider))


@pytest.mark.parametrize(
    ("files", "damage"),
    [
        ('{"a": {"bytes": 1e999}}', "manifest.json is unreadable"),
        ('{"a": {"bytes": "many"}}', "manifest.json is unreadable"),
        ("[" * 100_000, "manifest.json is unreadable"),
        (f'{{"{"a" * 5_000}": {{"bytes": 1}}}}', "cannot be read: File name too long"),
        ('{"/dev/zero": {"bytes": 0}}', "/dev/zero is missing"),
    ],
)
def test_a_manifest_that_is_none_is_told(tmp_path: Path, files: str, damage: str) -> None:
    (tmp_path / "manifest.json").write_text(f'{{"files": {files}}}')
    assert damage in (checkpoint_damage(tmp_path) or "")

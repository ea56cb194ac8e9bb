import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from spatialvlm_jax import cli
from spatialvlm_jax.experiment import AdapterConfig
from spatialvlm_jax.models.low_bit import NORMAL_FLOAT
from spatialvlm_jax.weights.load import load_weights
from spatialvlm_jax.weights.safetensor_files import read_safetensors
from tests.weights.test_weights import MODEL, numbered, shapes


def test_values_are_rounded_and_the_header_is_kept(tmp_path: Path, capsys) -> None:
    values = {"encoder/positions": np.array([[0.1, -2.0]], np.float32), "a/b": np.ones(3, "f4")}
    save_file(values, tmp_path / "in.safetensors", {"step": "7"})
    command = ["export", str(tmp_path / "in.safetensors"), str(tmp_path / "out.safetensors")]
    assert cli.main(command) == 0
    assert "5 parameters" in capsys.readouterr().out
    arrays, metadata = read_safetensors(tmp_path / "out.safetensors")
    assert metadata == {"step": "7"}
    assert arrays.keys() == values.keys()
    np.testing.assert_array_equal(arrays["encoder/positions"], np.float16([[0.1, -2.0]]))
    assert load_file(tmp_path / "out.safetensors")["a/b"].dtype == np.float16


def test_a_missing_file_is_one_line(tmp_path: Path, capsys) -> None:
    assert cli.main(["export", str(tmp_path / "no.safetensors"), str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert "cannot read the weight file" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(("form", "name"), [("huggingface", "folder"), ("big_vision", "w.npz")])
def test_a_paligemma_is_written_as_published(form: str, name: str, tmp_path: Path) -> None:
    before = numbered(MODEL)
    extra = {"dense_head/labels/kernel": np.zeros(3, np.float32)}
    header = {"config": json.dumps({"model": dataclasses.asdict(MODEL)})}
    save_file(before | extra, tmp_path / "model.safetensors", header)
    command = ["export", f"--format={form}", "--dtype=float32"]
    files = [str(tmp_path / "model.safetensors"), str(tmp_path / name)]
    assert cli.main([*command, *files]) == 0
    after, _ = load_weights({"model": tmp_path / name}, MODEL, shapes(MODEL))
    for parameter, array in after.items():
        np.testing.assert_array_equal(array, before[parameter], err_msg=parameter)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, "does not say what model"),
        ({"encoder": {"stem": "conv"}}, 'stem "patch", this model has "conv"'),
    ],
)
def test_what_is_no_paligemma_is_refused(
    change: dict, message: str, tmp_path: Path, capsys
) -> None:
    header = {"config": json.dumps({"model": change})} if change else {}
    save_file(numbered(MODEL), tmp_path / "model.safetensors", header)
    files = [str(tmp_path / "model.safetensors"), str(tmp_path / "out")]
    assert cli.main(["export", "--format=huggingface", *files]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("form", ["int8", "nf4"])
def test_adapters_are_merged_and_few_bits_widened(form: str, tmp_path: Path) -> None:
    adapters = AdapterConfig(2, 4.0, ("decoder/*/up",))
    config = dataclasses.replace(MODEL, adapters=adapters)
    config = dataclasses.replace(config, **{form: ("decoder/*/up",)})
    before = numbered(config)
    name = "decoder/blocks/mlp/up"
    codes = before[f"{name}/kernel"] % 255
    scale = before[f"{name}/kernel_scale"][:, None]
    if form == "int8":
        before[f"{name}/kernel"] = (codes - 127).astype(np.int8)
        frozen = (codes - 127) * scale
    else:
        before[f"{name}/kernel"] = codes.astype(np.uint8)
        before[f"{name}/kernel_blocks"] = np.full((3, 1, 20), 51, np.uint8)
        pairs = np.stack([codes % 16, codes // 16], 2).reshape(3, 16, 20).astype(int)
        frozen = NORMAL_FLOAT[pairs] * (51 / 255) ** 2 * scale
    a, b = (before[f"{name}/adapter/{side}"] for side in "ab")
    header = {"config": json.dumps({"model": dataclasses.asdict(config)})}
    save_file(before, tmp_path / "model.safetensors", header)
    out = tmp_path / "out.safetensors"
    command = ["export", "--dtype=float32", str(tmp_path / "model.safetensors"), str(out)]
    assert cli.main(command) == 0
    after, _ = load_weights({"model": out}, MODEL, shapes(MODEL))
    np.testing.assert_allclose(after[f"{name}/kernel"], frozen + 2.0 * a @ b, rtol=1e-6)
    model = json.loads(read_safetensors(out)[1]["config"])["model"]
    assert model["adapters"]["rank"] == 0
    assert model["int8"] == model["nf4"] == []
    assert cli.main(["export", "--format=huggingface", str(out), str(tmp_path / "folder")]) == 0

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from spatialvlm_jax import cli
from spatialvlm_jax.models.checkpoint_file import read_safetensors


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

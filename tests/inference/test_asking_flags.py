"""Flags of all commands that ask a model, read before one is loaded."""

from pathlib import Path

import pytest

from spatialvlm_jax import cli
from spatialvlm_jax.inference.asking_flags import model_name


@pytest.mark.parametrize("count", ["1", "4", "31"])
@pytest.mark.parametrize("command", [["serve"], ["demo"], ["ask", "room.png", "how far?"]])
def test_too_few_values_for_an_interval_are_refused(
    command: list[str], count: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*command, f"--scored-values={count}"]) == 2
    said = "argument --scored-values: take at least 32, or 0"
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("where", "name"),
    [
        ("small128", "small128"),
        ("runs/lr0.001", "lr0.001"),
        ("runs/lr0.001/", "lr0.001"),
        ("runs/paligemma/model.safetensors", "model"),
        ("exported.v2.safetensors", "exported.v2"),
    ],
)
def test_a_model_is_called_by_the_last_part_of_its_place(where: str, name: str) -> None:
    assert model_name(where) == name


def test_the_current_folder_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lr0.1").mkdir()
    monkeypatch.chdir(tmp_path / "lr0.1")
    assert model_name(".") == "lr0.1"

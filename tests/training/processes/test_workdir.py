"""Folders that a run may not write into: what is in them is not a run's."""

from pathlib import Path

import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.training.processes.workdir import check_workdir


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("dataset_info.json", "{}", r"holds a data set \(dataset_info.json\): name a new folder"),
        ("generation.json", "{}", r"holds a data set \(generation.json\)"),
        ("config.json", '{"model_type": "paligemma"}', "config.json is no configuration of a run"),
        ("config.json", "[", "cannot be read|is not JSON"),
        ("a.safetensors", "", "holds a.safetensors and no run"),
    ],
)
def test_a_folder_of_something_else_is_refused(
    name: str, text: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=said):
        check_workdir(tmp_path, trains=True)


def test_a_run_and_a_folder_with_a_log_go_on(tmp_path: Path) -> None:
    check_workdir(tmp_path / "new", trains=True)
    (tmp_path / "log.txt").touch()
    check_workdir(tmp_path, trains=True)
    (tmp_path / "model.safetensors").touch()
    check_workdir(tmp_path, trains=False)
    (tmp_path / "config.json").write_text('{"train": {"steps": 3}}')
    check_workdir(tmp_path, trains=True)

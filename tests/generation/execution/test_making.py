import json
import re
import sys
from pathlib import Path

import pytest

from spatialvlm_jax.foreign_files.errors import FileError
from spatialvlm_jax.generation.execution.making import (
    MADE_FILE,
    Making,
    read_making,
    record_making,
)
from spatialvlm_jax.generation.execution.request import record_request

FIRST = {"version": "1", "rules": 2, "source": "own", "splits": {"train": [5, 1]}}
SECOND = {**FIRST, "splits": {"validation": [2, 1]}}
ONE = Making("mugs", "2026-11-28", ("spatialvlm convert --out=mugs",))
TWO = Making("cups", "2026-11-29", ("spatialvlm convert --out=mugs --split=validation",))


def test_the_command_of_a_process_can_be_typed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["bin/spatialvlm", "generate", "--out=my mugs"])
    making = Making.of_this_process(tmp_path / "x" / ".." / "my mugs")
    assert making.name == "my mugs"
    assert making.commands == ("spatialvlm generate '--out=my mugs'",)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", making.date)


def test_the_first_request_tells_name_and_date_and_each_new_one_its_command(
    tmp_path: Path,
) -> None:
    record_request(tmp_path, FIRST, adds=True, making=ONE)
    record_request(tmp_path, FIRST, adds=True, making=TWO)  # only goes on
    assert read_making(tmp_path) == ONE
    record_request(tmp_path, SECOND, adds=True, making=TWO)
    assert read_making(tmp_path) == Making(ONE.name, ONE.date, ONE.commands + TWO.commands)


def test_a_set_that_does_not_say_is_no_fault_and_a_damaged_file_is(tmp_path: Path) -> None:
    record_request(tmp_path, FIRST, adds=True)
    assert read_making(tmp_path) == Making()
    (tmp_path / MADE_FILE).write_text("{")
    with pytest.raises(FileError, match=r"made\.json"):
        read_making(tmp_path)
    (tmp_path / MADE_FILE).write_text(json.dumps({"name": "a", "commands": 3}))
    assert read_making(tmp_path) == Making("a")
    record_making(tmp_path, ONE)
    assert read_making(tmp_path) == ONE

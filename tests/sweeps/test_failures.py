"""What a failed trial is said to have died of."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from spatialvlm_jax.sweeps.failures import last_lines, name_cause, read_failure, record_failure
from spatialvlm_jax.training.logging.recorder import Recorder


@pytest.mark.parametrize(
    ("lines", "code", "cause"),
    [
        (["step 3"], -9, "out of memory"),
        (["jax: RESOURCE_EXHAUSTED: Out of memory while trying"], 1, "out of memory"),
        (["Traceback", "MemoryError"], 1, "out of memory (MemoryError)"),
        (["error: config.x: no such field"], 2, "error: config.x: no such field"),
        ([], 3, "ended with code 3"),
    ],
)
def test_a_cause_is_named(lines, code, cause):
    assert cause in name_cause(lines, code)


def test_a_loss_that_is_not_finite_is_named_with_its_step(tmp_path):
    run = SimpleNamespace(datasets=["spatial"], workdir=tmp_path)
    rows_of_others = SimpleNamespace(dataset_ids=np.ones((1, 1)))
    values = {"loss": float("nan"), "grad_norm": 1.0, "share/spatial": 1.0}
    said = Recorder.non_finite(run, 12, values, rows_of_others)
    assert "not finite at step 12 (NaN)" in name_cause([f"error: {said}"], 1)


def test_the_last_lines_are_kept_with_the_command_that_runs_it_alone(tmp_path):
    drawn = "\rsweep 10 %\rsweep 20 %\n"
    (tmp_path / "log.txt").write_text(
        "".join(f"line {n}\n" for n in range(40)) + drawn + "\nerror: bad\n"
    )
    record_failure(tmp_path, ["train.py", "--config=my runs/config.json"], 2)
    found = read_failure(tmp_path)
    assert found["cause"] == "error: bad"
    assert found["lines"][-2:] == ["sweep 20 %", "error: bad"]
    assert len(found["lines"]) == 20
    assert found["command"] == "python train.py '--config=my runs/config.json'"
    assert json.loads((tmp_path / "failed.json").read_text())["code"] == 2


def test_a_long_log_is_read_from_its_end(tmp_path):
    file = tmp_path / "log.txt"
    file.write_text("x" * 200_000 + "\nlast\n")
    assert last_lines(file)[-1] == "last"
    assert last_lines(tmp_path / "none.txt") == []

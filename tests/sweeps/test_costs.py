"""What the arms of a sweep need, planned and measured."""

import json

import pytest

from spatialvlm_jax.config import load_experiment
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.sweeps.costs import describe_pace, plan_costs
from tests.sweeps.stub_trials import stub_sweep


def test_memory_and_time_are_those_of_the_plan():
    small = ["config.model.encoder.depth=1", "config.model.decoder.depth=1"]
    experiments = {
        name: load_experiment("configs/debug.py", [*small, *changes])
        for name, changes in {
            "one": ["config.train.steps=1000000"],
            "two": ["config.train.steps=2000000"],
        }.items()
    }
    costs = plan_costs(experiments, "h100:1")
    (one_size, one_hours), (two_size, two_hours) = costs["one"], costs["two"]
    assert one_size == two_size
    assert 0 < float(one_size) < 1
    assert float(two_hours) == pytest.approx(2 * float(one_hours), rel=0.05)
    with pytest.raises(UserError, match="wants CHIP:SHAPE"):
        plan_costs(experiments, "h100")


def test_the_rest_takes_as_long_a_step_as_what_is_finished(tmp_path):
    trials = stub_sweep(tmp_path)
    assert describe_pace(trials) == ""
    for trial, seconds in zip(trials, (3600, 1800), strict=False):
        trial.workdir.mkdir(parents=True)
        (trial.workdir / "finished.json").write_text(json.dumps({"seconds": seconds}))
    assert describe_pace(trials) == (
        "at the pace of the finished ones, 45.0 minutes each, the rest takes 3 hours, one at a time"
    )

"""The sweep over auxiliary losses: each arm is what its name says."""

import dataclasses

from configs import common
from configs.sweeps import auxiliary
from spatialvlm_jax.config import load_experiment, to_config_dict
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.sweeps.arms import read_sweep_file

FILE = "configs/sweeps/auxiliary.py"


def test_each_arm_takes_one_thing_away():
    arms = read_sweep_file(FILE)
    assert arms is not None
    found = {arm.name: load_experiment(FILE, arm.overrides()) for arm in arms}
    base = found.pop("all, camera as rays")
    assert len(found) == 9
    all_on = {"colors": True, "camera": True, "plurals": True, "pointer": 0.1, "copy": 0.1}
    without = {
        "no pointer": "pointer", "no copy": "copy", "no colors apart": "colors",
        "no camera targets": "camera", "no plurals": "plurals", "no dense targets": "",
    }  # fmt: skip
    for name, experiment in found.items():
        others = {key: value for key, value in all_on.items() if key != without.get(name)}
        config = to_config_dict(Experiment())
        weight = 0.0 if name == "no dense targets" else 0.3
        common.use_dense_targets(config, weight=weight, **others)
        assert to_config_dict(experiment).dense == config.dense, name
        if name in without:
            assert dataclasses.replace(experiment, dense=base.dense) == base
    told = {found[name].data.camera for name in found if name not in without}
    assert told == {"none", "words", "canonical"}
    assert base.data.camera == "rays"


def test_held_out_scenes_are_the_same_and_read_by_their_distribution():
    evaluation = auxiliary.get_config().eval
    assert evaluation.scored_values == 64
    assert {dataset.split for dataset in evaluation.datasets} == {"validation"}

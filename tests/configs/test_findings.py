"""The sweeps of the findings: each arm is what its name says, and arms that can be are shared."""

import dataclasses

import pytest

from configs import findings
from spatialvlm_jax.config import load_experiment
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.sweeps.arms import read_sweep_file
from spatialvlm_jax.sweeps.findings.catalog import COTRAINING, DATA, ENCODER, FINDINGS, NOISE


def arms_of(file: str) -> dict[str, Experiment]:
    arms = read_sweep_file(file)
    assert arms is not None
    return {
        arm.name: dataclasses.replace(load_experiment(file, arm.overrides()), name="arm")
        for arm in arms
    }


def test_the_branch_point_has_seen_general_questions_and_no_geometry():
    branch = load_experiment("configs/findings.py")
    assert branch.train.init_from == ""
    spatial, general = branch.data.datasets
    assert (spatial.weight, general.kinds) == (0.0, ("general",))
    assert branch.dense is not None
    assert branch.dense.value_weight == 0.0
    assert not branch.dense.camera
    assert general.worlds == findings.RECIPE
    assert not {"on_what", "what_is_on"} & set(findings.RECIPE.questions.types)


def test_three_sweeps_share_the_arm_with_half_of_the_tokens_spatial():
    shared = arms_of(COTRAINING.config)["50 % spatial"]
    assert arms_of(ENCODER.config)["unfrozen"] == shared
    assert arms_of(NOISE.config)["no noise"] == shared


def test_shares_are_of_loss_tokens():
    found = arms_of(COTRAINING.config)
    weights = {name: [each.weight for each in arm.data.datasets] for name, arm in found.items()}
    assert weights == {
        "0 % spatial": [0.0, 1.0],
        "5 % spatial": [0.05, 0.95],
        "20 % spatial": [0.2, 0.8],
        "50 % spatial": [0.5, 0.5],
    }
    assert {arm.data.unit for arm in found.values()} == {"loss_tokens"}


def test_noise_and_freezing_are_all_that_their_arms_change():
    base, *noisy = arms_of(NOISE.config).values()
    stds = [arm.data.datasets[0].noise_std_metres for arm in noisy]
    assert stds == [0.1, 0.2, 0.3]
    for arm in noisy:
        exact = dataclasses.replace(arm.data.datasets[0], noise_std_metres=0.0)
        data = dataclasses.replace(arm.data, datasets=(exact, arm.data.datasets[1]))
        assert dataclasses.replace(arm, data=data) == base
    first, frozen = arms_of(ENCODER.config).values()
    assert frozen.optim.freeze == ("encoder",)
    assert dataclasses.replace(frozen, optim=first.optim) == first


def test_pictures_are_equal_and_shown_once_whatever_is_packed_on_them():
    found = arms_of(DATA.config)
    spatial = {name: arm.data.datasets[0] for name, arm in found.items()}
    assert [each.pairs_per_image for each in spatial.values()] == [16, 1, 4, 40, 16, 16, 16]
    assert spatial["5 % of relations false"].flipped_relations == 0.05
    assert spatial["20 % of relations false"].flipped_relations == 0.2
    assert spatial["depth 8 % off"].scale_error_std == 0.08
    for arm in found.values():
        assert arm.data.unit == "examples"
        rows = arm.train.steps * arm.data.batch_size
        assert rows / 2 <= findings.RECIPE.images
        # A pair has 28 tokens at most, and 19 on average.
        assert arm.data.datasets[0].pairs_per_image * 19 <= arm.data.length


@pytest.mark.parametrize("finding", FINDINGS)
def test_all_are_asked_the_same_and_enough(finding):
    for arm in arms_of(finding.config).values():
        assert arm.train.init_from == findings.BRANCH_POINT
        assert arm.eval == load_experiment(COTRAINING.config).eval
        assert arm.eval.images == finding.pictures == 1000
        assert arm.eval.images * arm.eval.pairs_per_image >= 5000
    assert finding.seeds >= (3 if finding is DATA else 5)

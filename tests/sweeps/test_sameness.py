"""What the arms of a seed share is told, and who differs."""

import json

from spatialvlm_jax.sweeps.sameness import compare_trials, sameness_rows
from tests.sweeps.stub_trials import stub_sweep


def leave(trial, weights, pictures, questions="q"):
    trial.workdir.mkdir(parents=True)
    kept = {"weights": {"encoder": weights, "decoder": "d"}, "pictures": pictures}
    (trial.workdir / "fingerprints.json").write_text(json.dumps(kept))
    folder = trial.workdir / "evaluations"
    folder.mkdir()
    for step, digest in ((0, "other"), (40, questions)):
        content = {"questions": digest}
        (folder / f"step_{step:08d}.json").write_text(json.dumps(content))


def test_equal_digests_are_the_same_and_others_are_named(tmp_path):
    trials = stub_sweep(tmp_path, seeds=2)
    for trial in trials:
        name, seed = trial.arm.name, trial.seed
        pictures = {"10": f"{seed} b", "1": f"{seed} a"}
        leave(trial, weights=f"{name if seed == 2 else seed}", pictures=pictures)
    said = compare_trials(trials)
    assert list(said) == [
        "first weights: encoder", "first weights: decoder",
        "pictures of step 1", "pictures of step 10", "held-out questions",
    ]  # fmt: skip
    assert said["first weights: encoder"] == {1: "same", 2: "differs: b, c"}
    assert said["pictures of step 1"] == {1: "same", 2: "same"}
    rows = sameness_rows(said)
    assert rows[0] == ["compared", "seed 1", "seed 2"]
    assert rows[1] == ["first weights: encoder", "same", "differs: b, c"]


def test_what_one_arm_alone_has_is_not_compared(tmp_path):
    first, second, third = stub_sweep(tmp_path, seeds=1)
    leave(first, "1", {"1": "x", "40": "y"})
    leave(second, "1", {"1": "x", "20": "y"})
    leave(third, "1", {"1": "z"}, questions="others")
    said = compare_trials([first, second, third])
    assert said["pictures of step 1"] == {1: "differs: c"}
    assert said["held-out questions"] == {1: "differs: c"}
    assert "pictures of step 40" not in said
    assert sameness_rows(compare_trials([first])) == []
    assert compare_trials([]) == {}

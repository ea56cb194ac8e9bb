"""An arm is told by its configuration, data, weights and code, and by nothing else."""

import dataclasses
import os
from pathlib import Path

import pytest

from spatialvlm_jax.config import load_experiment
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import DatasetConfig, Experiment
from spatialvlm_jax.sweeps.identity import digest_code, digest_place, identify, seeded
from spatialvlm_jax.weights.checkpoint_folders import write_manifest

BASE = load_experiment("configs/debug.py")


def with_data(path: Path) -> Experiment:
    stored = DatasetConfig(name="a", path=str(path))
    return dataclasses.replace(BASE, data=dataclasses.replace(BASE.data, datasets=(stored,)))


def test_seeds_and_names_make_no_other_arm_and_all_else_does():
    own = identify(BASE, "code")
    assert identify(dataclasses.replace(seeded(BASE, 7), name="other"), "code") == own
    longer = dataclasses.replace(BASE.train, steps=41)
    assert identify(dataclasses.replace(BASE, train=longer), "code") != own
    assert identify(BASE, "other code") != own


def test_a_seed_is_of_order_weights_and_noise_together_and_not_of_what_is_held_out():
    found = seeded(BASE, 3)
    assert (found.train.seed, found.data.seed) == (3, 3)
    assert [each.noise_seed for each in found.data.datasets] == [3, 3]
    assert found.eval == BASE.eval


def test_stored_data_counts_by_what_it_holds_and_not_by_what_lies_beside(tmp_path):
    (tmp_path / "dataset_info.json").write_text("{}")
    (tmp_path / "checksums.json").write_text('{"shard": 1}')
    own = identify(with_data(tmp_path), "code")
    (tmp_path / "card.html").write_text("a page")
    assert identify(with_data(tmp_path), "code") == own
    (tmp_path / "checksums.json").write_text('{"shard": 2}')
    assert identify(with_data(tmp_path), "code") != own


def test_a_file_of_records_counts_by_its_contents(tmp_path):
    file = tmp_path / "records.jsonl"
    file.write_text("one")
    os.utime(file, ns=(1, 1))
    own = digest_place(file)
    os.utime(file, ns=(2, 2))
    assert digest_place(file) == own
    file.write_text("two")
    os.utime(file, ns=(3, 3))
    assert digest_place(file) != own


def test_weights_to_begin_with_count_by_their_contents(tmp_path):
    weights = tmp_path / "mine.safetensors"
    begin = dataclasses.replace(BASE.train, init_from=str(weights))
    experiment = dataclasses.replace(BASE, train=begin)
    weights.write_bytes(b"1")
    own = identify(experiment, "code")
    weights.write_bytes(b"22")
    assert identify(experiment, "code") != own


def test_folders_of_equal_names_and_sizes_are_told_by_what_they_hold(tmp_path):
    for name, text in (("one", "aa"), ("two", "ab"), ("three", "aa")):
        (tmp_path / name / "part").mkdir(parents=True)
        (tmp_path / name / "part" / "model.safetensors").write_text(text)
    one, two, three = (digest_place(tmp_path / name) for name in ("one", "two", "three"))
    assert one == three
    assert one != two


def test_a_set_without_digests_of_its_shards_is_told_by_the_shards(tmp_path):
    (tmp_path / "dataset_info.json").write_text("{}")
    shard = tmp_path / "set-train.array_record-00000-of-00001"
    shard.write_text("one")
    own = identify(with_data(tmp_path), "code")
    shard.unlink()
    shard.write_text("two")
    os.utime(shard, ns=(3, 3))
    assert identify(with_data(tmp_path), "code") != own


def test_digests_of_files_and_of_generated_sets_are_those_that_results_are_kept_by(tmp_path):
    # By sha256sum; a sweep goes on where it was started with the version of before.
    (tmp_path / "one").write_text("one")
    sha = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
    assert digest_place(tmp_path / "one") == sha
    (tmp_path / "checksums.json").write_text("one")
    with_one = identify(with_data(tmp_path), "code")
    (tmp_path / "one").write_text("other")
    assert identify(with_data(tmp_path), "code") == with_one


def test_missing_data_that_no_recipe_renders_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        identify(with_data(tmp_path / "nothing"), "code")


def test_code_counts_but_for_what_runs_no_trial(tmp_path):
    for name in ("train.py", "eval.py", "data_loaders/build.py", "spatialvlm_jax/batch.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    own = digest_code(tmp_path)
    (tmp_path / "spatialvlm_jax" / "sweeps").mkdir()
    (tmp_path / "spatialvlm_jax" / "sweeps" / "arms.py").write_text("a table")
    assert digest_code(tmp_path) == own
    (tmp_path / "data_loaders" / "build.py").write_text("changed")
    assert digest_code(tmp_path) != own


def test_a_checkpoint_to_begin_with_counts_by_the_digests_of_its_files(tmp_path):
    step = tmp_path / "checkpoints" / "30"
    (step / "state").mkdir(parents=True)
    (step / "state" / "array").write_text("one")
    write_manifest(step)
    begin = dataclasses.replace(BASE.train, init_from=f"{tmp_path}@30")
    branch = dataclasses.replace(BASE, train=begin)
    own = identify(branch, "code")
    (step / "state" / "array").write_text("two")  # of the same size
    write_manifest(step)
    assert identify(branch, "code") != own
    other = dataclasses.replace(begin, init_from=f"{tmp_path}@20")
    with pytest.raises(UserError, match="no whole checkpoint of step 20; there are: 30"):
        identify(dataclasses.replace(BASE, train=other), "code")

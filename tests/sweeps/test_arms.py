"""Arms from values, files and words of a command line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.sweeps.arms import Arm, arm, parse_grid, read_sweep_file, vary

RATES = vary("optim.peak_lr", [1e-3, 3e-3], names=["slow", "fast"])
PAIRS = vary("data.pairs_per_image", [4, 16])


def test_a_product_has_each_with_each_the_last_fastest():
    arms = RATES.product(PAIRS)
    assert [each.name for each in arms] == [
        "slow, data.pairs_per_image=4",
        "slow, data.pairs_per_image=16",
        "fast, data.pairs_per_image=4",
        "fast, data.pairs_per_image=16",
    ]
    assert arms[1].overrides() == ["config.optim.peak_lr=0.001", "config.data.pairs_per_image=16"]


def test_zipped_arms_go_side_by_side_and_must_be_equally_many():
    assert [each.changes for each in RATES.zip(PAIRS)] == [
        (("optim.peak_lr", 1e-3), ("data.pairs_per_image", 4)),
        (("optim.peak_lr", 3e-3), ("data.pairs_per_image", 16)),
    ]
    with pytest.raises(UserError, match=r"equally many, not \[2, 1\]"):
        RATES.zip(arm("one"))


def test_chained_arms_follow_each_other_and_stay_arms():
    arms = arm("all").chain(RATES, PAIRS).product(arm("x", {"name": "x"}))
    assert [each.name for each in arms][:2] == ["all, x", "slow, x"]
    assert len(arms) == 5


def test_a_later_change_of_a_field_wins():
    (both,) = arm("a", {"name": "one"}).product(arm("b", {"name": "two"}))
    assert both.overrides() == ["config.name=two"]


def test_texts_are_as_typed_and_other_values_are_literals():
    changes = {"data.camera": "rays", "optim.freeze": ("encoder",), "dense": None}
    (found,) = arm("a", changes)
    assert found.overrides() == [
        "config.data.camera=rays", "config.optim.freeze=('encoder',)", "config.dense=None",
    ]  # fmt: skip


def test_arms_branch_off_a_checkpoint_unless_one_has_weights_of_its_own():
    arms = RATES.chain(arm("own", {"train.init_from": "small"})).branch("runs/base@300")
    assert [each.name for each in arms] == ["slow", "fast", "own"]
    assert arms[0].overrides() == [
        "config.train.init_from=runs/base@300", "config.optim.peak_lr=0.001",
    ]  # fmt: skip
    assert arms[2].overrides() == ["config.train.init_from=small"]


@pytest.mark.parametrize("value", [print, object(), (1, {2: print})])
def test_a_value_that_cannot_be_written_down_is_refused(value):
    with pytest.raises(UserError, match="cannot be written down"):
        Arm("a", (("train.steps", value),))


def test_commas_inside_brackets_and_quotes_part_nothing():
    found = parse_grid("optim.freeze=(),('encoder','decoder'),('a,b',)")
    assert [each.changes[0][1] for each in found] == ["()", "('encoder','decoder')", "('a,b',)"]
    assert found[0].name == "optim.freeze=()"
    assert parse_grid("config.train.steps=1,2")[1].overrides() == ["config.train.steps=2"]


@given(st.lists(st.integers() | st.floats(allow_nan=False) | st.tuples(st.text(), st.integers())))
def test_literals_of_any_kind_are_parted_as_they_were_joined(values):
    texts = [repr(value) for value in values]
    if texts:
        found = parse_grid(f"train.steps={','.join(texts)}")
        assert [each.changes[0][1] for each in found] == texts


@pytest.mark.parametrize("text", ["train.steps", "=1,2", "train.steps=", "train.steps=1,,2"])
def test_a_grid_without_field_or_value_is_refused(text):
    with pytest.raises(UserError, match="write FIELD=VALUE,VALUE"):
        parse_grid(text)


def test_a_sweep_file_gives_its_arms_and_another_file_none(tmp_path: Path):
    file = tmp_path / "mine.py"
    file.write_text("from spatialvlm_jax.sweeps.arms import arm\ndef get_sweep(): return arm('a')")
    assert read_sweep_file(str(file)) == arm("a")
    assert read_sweep_file("configs/debug.py") is None
    assert read_sweep_file("runs/mine/config.json") is None
    file.write_text("def get_sweep(): return [1]")
    with pytest.raises(UserError, match="get_sweep must return Arms"):
        read_sweep_file(str(file))
    file.write_text("def get_sweep():\n  return [][0]")
    with pytest.raises(UserError, match=r"mine.py line 2: IndexError"):
        read_sweep_file(str(file))

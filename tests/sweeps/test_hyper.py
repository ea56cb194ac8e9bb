"""Sweeps of other projects' configuration files are run arm by arm, and not as one."""

from pathlib import Path

import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.sweeps.arms import Arms, read_sweep_file


def arms_of(folder: Path, text: str, argument: str = "") -> Arms | None:
    file = folder / "mine.py"
    file.write_text(text)
    return read_sweep_file(f"{file}{argument}")


def changes_of(folder: Path, text: str, argument: str = "") -> list[dict[str, object]]:
    return [dict(arm.changes) for arm in arms_of(folder, text, argument) or ()]


def test_products_chains_and_zips_of_get_hyper_are_arms(tmp_path):
    found = arms_of(
        tmp_path,
        """
def get_hyper(hyper):
    pair = hyper.zipit([
        hyper.sweep("config.train.steps", [10, 20]), hyper.sweep("config.data.length", (1, 2))
    ])
    rates = hyper.chainit([
        hyper.sweep("config.optim.peak_lr", hyper.discrete([0.1])),
        hyper.fixed("config.optim.freeze", ("encoder",)),
    ])
    return hyper.product([pair, rates, hyper.product([])])
""",
    )
    assert [each.name for each in found or ()] == [
        "train.steps=10, data.length=1, optim.peak_lr=0.1",
        "train.steps=10, data.length=1, optim.freeze=('encoder',)",
        "train.steps=20, data.length=2, optim.peak_lr=0.1",
        "train.steps=20, data.length=2, optim.freeze=('encoder',)",
    ]
    assert (found or Arms())[1].overrides() == [
        "config.train.steps=10",
        "config.data.length=1",
        "config.optim.freeze=('encoder',)",
    ]


def test_parts_of_a_zip_must_be_equally_many(tmp_path):
    text = (
        "def get_hyper(h): return h.zipit([h.sweep('config.a', [1]), h.sweep('config.b', [1, 2])])"
    )
    with pytest.raises(UserError, match=r"hyper.zipit joins must be equally many, not \[1, 2\]"):
        arms_of(tmp_path, text)


def test_arms_are_added_one_by_one_and_may_have_no_changes(tmp_path):
    text = """
def sweep_best(add, arg=None):
    add(**{"optim.peak_lr": 1e-5}, name=str(arg))
    add()

sweep = sweep_best
"""
    assert changes_of(tmp_path, text) == [{"optim.peak_lr": 1e-5, "name": "None"}, {}]
    assert changes_of(tmp_path, text, ":long")[0]["name"] == "long"
    assert [each.name for each in arms_of(tmp_path, text) or ()][1] == "as configured"


def test_arms_are_yielded(tmp_path):
    text = "def sweep():\n  for n in (16, 32):\n    yield {'cfg.data.batch_size': n}"
    assert changes_of(tmp_path, text) == [{"data.batch_size": 16}, {"data.batch_size": 32}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def sweep_a(): ...\ndef sweep_b(): ...", "sweep_a, sweep_b.*write sweep = sweep_a"),
        ("def sweep(): return [1]", "its sweep gives no arms: they are dictionaries"),
        ("def sweep(add): ...", "its sweep gives no arms: they are dictionaries"),
        ("def get_hyper(h): return h.interval(1)", "line 1: AttributeError"),
        ("def sweep(): yield {'cfg.a': print}", "cannot be written down"),
    ],
)
def test_what_cannot_be_run_arm_by_arm_is_refused_and_not_run_as_one(tmp_path, text, said):
    with pytest.raises(UserError, match=said):
        arms_of(tmp_path, text)


def test_a_file_without_a_sweep_has_none(tmp_path):
    assert arms_of(tmp_path, "from math import sqrt as sweep_root\nsweeps = 1") is None

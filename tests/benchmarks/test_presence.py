"""What a model is asked to find out where it cannot see, and the threshold that is kept."""

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from benchmarks.presence import (
    NOT_THERE,
    OTHER_COLOR,
    THERE,
    Thing,
    keep,
    least_seen,
    shares,
    table,
    things_of,
)
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import WorldsRecipe
from spatialvlm_jax.taught import TaughtNames
from spatialvlm_jax.weights.run_record import RunRecord
from spatialvlm_jax.weights.safetensor_files import read_safetensors
from tests.browser.demo.rooms import room

NAMES = TaughtNames(("mug", "chair", "box", "sofa"), ("red", "blue", "green"))


def test_things_are_those_there_those_in_another_color_and_those_not_there() -> None:
    found = things_of(room(), WorldsRecipe(), NAMES)
    sorts = {sort: [name for each, name in found if each == sort] for sort, _ in found}
    assert sorts[THERE] == ["red mug", "blue chair", "green box"]
    assert len(set(sorts[OTHER_COLOR])) == 3
    assert all(name.split()[1] in ("mug", "chair", "box") for name in sorts[OTHER_COLOR])
    assert not {"red mug", "blue chair", "green box"} & {*sorts[OTHER_COLOR]}
    assert sorted(sorts[NOT_THERE]) == ["blue sofa", "green sofa", "red sofa"]


def things() -> list[Thing]:
    there = [Thing("clear", THERE, "red mug", seen) for seen in np.linspace(0.01, 1, 100)]
    missing = [Thing("clear", NOT_THERE, "red sofa", seen) for seen in (0.005, 0.5)]
    return [*there, *missing, Thing("clear", OTHER_COLOR, "blue mug", 0.029)]


def test_a_threshold_misses_as_many_as_it_may() -> None:
    assert least_seen(things(), 0.0) == 0.01
    least = least_seen(things(), 0.02)
    assert least == 0.03
    rows = shares(things(), least)
    assert [(row["sort"], row["count"], row["unseen"]) for row in rows] == [
        (THERE, 100, pytest.approx(0.02)),
        (OTHER_COLOR, 1, 1.0),
        (NOT_THERE, 2, 0.5),
    ]
    assert [row["doubted"] for row in rows] == [pytest.approx(0.17, abs=0.011), 0.0, 0.0]
    assert table(rows)[-1].split() == "clear not there 2 50.0 % 0.0 %".split()


def test_a_threshold_is_kept_with_the_weights(tmp_path) -> None:
    path = tmp_path / "model.safetensors"
    save_file({"a/b": np.arange(3, dtype="f4")}, path, {"step": "7"})
    keep(path, 0.0123)
    assert read_safetensors(path)[1] == {"step": "7", "least_seen": "0.0123"}
    assert load_file(path)["a/b"].tolist() == [0, 1, 2]
    record = RunRecord.of(path, read_safetensors(path)[1])
    assert record.belongs == {"least_seen": "0.0123"}


def test_a_threshold_that_declines_nothing_is_not_kept(tmp_path) -> None:
    with pytest.raises(UserError, match="nothing was kept"):
        keep(tmp_path / "model.safetensors", 0.0)

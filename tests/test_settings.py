"""Every record of settings in the product checks its fields, and every number has its bounds."""

import dataclasses
import importlib
import inspect
import math
import pkgutil
import re
import typing
from typing import Annotated, Any

import pytest

import data_loaders
import spatialvlm_jax
from spatialvlm_jax.bounds import Range, SettingError, Settings, field_types
from spatialvlm_jax.experiment import DatasetConfig, DenseConfig
from spatialvlm_jax.generation.experts.depth import DepthError
from spatialvlm_jax.training.step import StepConfig

NAMED = re.compile(r"(Config|Settings|Options|Recipe|Runtime)$")
MADE_OF_SETTINGS = {StepConfig}  # of an experiment's, which are checked
NEEDED: dict[Any, dict[str, Any]] = {
    DenseConfig: {"weight": 0.1, "labels": 4, "values": 2},
    DatasetConfig: {"name": "a", "path": "b"},
    DepthError: {"scale_std": 0.1, "noise_std": 0.1},
}


def records() -> list[Any]:
    """Dataclasses that are called settings, those that are checked as such, and their members."""
    found = set()
    for package in (spatialvlm_jax, data_loaders):
        for entry in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for name, cls in inspect.getmembers(
                importlib.import_module(entry.name), dataclasses.is_dataclass
            ):
                if isinstance(cls, type) and (NAMED.search(name) or issubclass(cls, Settings)):
                    found |= members(cls)
    return sorted(found, key=lambda cls: (cls.__module__, cls.__name__))


def members(hint: Any) -> set[Any]:
    """The dataclasses of a type."""
    if hint in MADE_OF_SETTINGS:
        return set()
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return {hint}.union(*map(members, field_types(hint).values()))
    return set().union(*map(members, typing.get_args(hint)))


def bounds(hint: Any) -> tuple[list[Any], list[Range]]:
    """Numbers without bounds in a type, and the ranges of those that have some."""
    if typing.get_origin(hint) is Annotated:
        return [], [bound for bound in typing.get_args(hint)[1:] if isinstance(bound, Range)]
    if hint in (int, float):
        return [hint], []
    found = [bounds(arg) for arg in typing.get_args(hint)]
    return [x for free, _ in found for x in free], [x for _, own in found for x in own]


RECORDS = records()
NUMBERS = [
    (cls, name, own[0])
    for cls in RECORDS
    for name, hint in field_types(cls).items()
    for own in [bounds(hint)[1]]
    if own and typing.get_origin(hint) not in (tuple, dict) and "Mapping" not in str(hint)
]


def test_every_number_has_bounds() -> None:
    assert len(RECORDS) > 25
    assert len(NUMBERS) > 140
    free = [
        f"{cls.__name__}.{name}"
        for cls in RECORDS
        for name, hint in field_types(cls).items()
        if bounds(hint)[0]
    ]
    assert free == []
    assert [cls.__name__ for cls in RECORDS if not issubclass(cls, Settings)] == []


@pytest.mark.parametrize(
    ("cls", "name", "bound"), NUMBERS, ids=[f"{c.__name__}.{n}" for c, n, _ in NUMBERS]
)
def test_no_number_is_not_finite_or_out_of_its_bounds(cls: Any, name: str, bound: Range) -> None:
    for value in (math.nan, math.inf, -math.inf, 1e30, 10**30, bound.low - 1, True, "1"):
        if value in bound.also:
            continue
        with pytest.raises(SettingError) as error:
            cls(**{**NEEDED.get(cls, {}), name: value})
        assert str(error.value).startswith(f"{name}: ")


@pytest.mark.parametrize("cls", RECORDS, ids=[cls.__name__ for cls in RECORDS])
def test_no_field_takes_a_value_of_another_type(cls: Any) -> None:
    for name in field_types(cls):
        with pytest.raises(SettingError) as error:
            cls(**{**NEEDED.get(cls, {}), name: object()})
        assert str(error.value).startswith(f"{name}: ")

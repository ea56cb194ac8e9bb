import dataclasses
from typing import Annotated, Literal

import pytest

import eval as evaluation_script
import train
from spatialvlm_jax.bounds import OneOf, Range
from spatialvlm_jax.config_help import describe_fields
from spatialvlm_jax.experiment import Experiment


@dataclasses.dataclass(frozen=True)
class Member:
    """One of several."""

    path: str
    weight: Annotated[float, Range(0, 10_000, above=True)] = 1.0


@dataclasses.dataclass(frozen=True)
class Whole:
    """All there is.

    how: in which way.
    """

    members: tuple[Member, ...] = ()
    how: Literal["fast", "well"] = "well"
    steps: Annotated[int, Range(1, 9, also=(-1,))] | None = None
    names: tuple[Annotated[str, OneOf("a", "b")], ...] = ("a",)
    extra: Member | None = None
    on: bool = True


def test_every_field_has_its_type_and_its_default() -> None:
    assert describe_fields(Whole).splitlines()[3:] == [
        "config: All there is.",
        "  how                         fast | well                             well",
        "  steps                       integer, 1 to 9, or -1, or none         none",
        "  names                       tuple: text (a, b)                      ('a',)",
        "  extra                       the fields below, or none               none",
        "  on                          true or false                           true",
        "",
        "config.members[0]: One of several.",
        "  path                        text                                    must be given",
        "  weight                      number, more than 0 to 10,000           1.0",
        "",
        "config.extra: as config.members[0]",
    ]


def test_an_experiment_fits_a_terminal_and_lacks_no_field() -> None:
    lines = describe_fields(Experiment).splitlines()
    assert max(map(len, lines)) <= 100
    rows = {line.split()[0] for line in lines if line.startswith("  ")}
    optim = {field.name for field in dataclasses.fields(Experiment().optim)}
    assert len(optim) > 10
    assert optim <= rows
    (peak,) = [line for line in lines if line.startswith("  peak_lr ")]
    assert peak.split() == ["peak_lr", "number,", "0", "to", "1,000", "0.001"]


@pytest.mark.parametrize("script", [train, evaluation_script])
def test_help_lists_the_fields(script, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        script.main(["--help"])
    assert done.value.code == 0
    said = capsys.readouterr().out
    assert "--workdir" in said
    assert "config.optim: Optimiser, schedule, clipping, freezing." in said
    assert max(map(len, said.splitlines())) <= 100

"""Answers in a trace are read again as they were written."""

import dataclasses
import json
import os
from pathlib import Path

import pytest

from spatialvlm_jax.inference.spatial_answer import SpatialAnswer
from spatialvlm_jax.reasoning import trace
from spatialvlm_jax.reasoning.plan import ReasoningPlan, reason
from spatialvlm_jax.reasoning.replay import derive_again
from spatialvlm_jax.reasoning.trace import (
    TraceError,
    plan_trace,
    read_answer,
    read_traces,
    write_answer,
)

IN_A_ROW = "How many of the mug would fit side by side across the sofa?"


def line_of(question: str, *values: float) -> str:
    """A trace of exact answers."""
    words = ReasoningPlan.of(question).questions
    found = [
        SpatialAnswer(asked, f"{value} m", value, "m")
        for asked, value in zip(words, values, strict=True)
    ]
    return plan_trace(reason(question, lambda asked: found), {"checkpoint": "small"}).line()


def told(path: Path) -> str:
    """Why a file is refused, in a line."""
    with pytest.raises(TraceError) as caught:
        list(read_traces(path, derive_again))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(("note", "seen"), [("", None), ("", 0.0), ("so", 0.4)])
def test_answers_are_read_as_they_were_written(note: str, seen: float | None) -> None:
    answer = SpatialAnswer(
        "how wide is the red ball?", "2 m", 2.0, "m", interval=(1.0, 3.0), note=note, seen=seen
    )
    written = write_answer(answer)
    assert read_answer(written) == answer
    untold = dataclasses.replace(answer, asked=False)
    assert read_answer(write_answer(untold)) == untold
    assert "asked" not in written
    known = json.loads(written).keys() & {"note", "seen"}
    assert known == {name for name, here in (("note", note), ("seen", seen is not None)) if here}


def test_the_mean_and_the_entropy_of_an_answer_are_kept_and_are_numbers() -> None:
    answer = SpatialAnswer("how wide?", "2 m", 2.0, "m", mean=2.25, entropy=-0.5)
    assert read_answer(write_answer(answer)) == answer
    fields = {**json.loads(write_answer(answer)), "entropy": "little"}
    with pytest.raises(TraceError, match="has numbers that are none"):
        read_answer(json.dumps(fields))


def test_a_unit_that_is_none_is_no_answer() -> None:
    answer = SpatialAnswer("how wide?", "2 parsecs", 2.0, "parsec")
    with pytest.raises(TraceError, match="is in no unit that is known"):
        read_answer(write_answer(answer))


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    for place in (Path("/dev/zero"), pipe, tmp_path):
        assert told(place) == f"{place} is no file: name one of traces"


def test_a_file_is_read_up_to_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line, path = line_of(IN_A_ROW, 0.5, 1.5), tmp_path / "trace.jsonl"
    path.write_text(line.replace("\n", "\r\n"), newline="")
    (found,) = read_traces(path, derive_again)
    assert (found.meta["outcome"], found.line()) == ("3", line)
    monkeypatch.setattr(trace, "MOST_BYTES", len(line))
    path.write_text(line)
    assert len(list(read_traces(path, derive_again))) == 1
    path.write_text(line + line)
    assert "MiB: split it" in told(path)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda line: line.replace('"small"', "[" * 900 + "]" * 900), "cannot be derived"),
        (lambda line: line.replace('"small"', "[" * 90_000 + "]" * 90_000), "is no trace"),
        (
            lambda line: line.replace('value\\": 0.5', f'value\\": 1{"0" * 400}'),
            "cannot be derived",
        ),
        (lambda line: line.replace('value\\": 0.5', 'value\\": 0'), "does not follow"),
        (lambda line: line.replace('value\\": 0.5', 'value\\": -0.5'), "does not follow"),
    ],
)
def test_a_line_that_cannot_be_is_refused(spoil, said: str, tmp_path: Path) -> None:
    line, path = line_of(IN_A_ROW, 0.5, 1.5), tmp_path / "trace.jsonl"
    assert spoil(line) != line
    path.write_text(spoil(line))
    assert said in told(path)
    assert f"{path}:1 " in told(path)

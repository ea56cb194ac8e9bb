"""Answers in a trace are read again as they were written."""

import dataclasses
import json

import pytest

from spatialvlm_jax.inference.spatial_answer import SpatialAnswer
from spatialvlm_jax.reasoning.trace import TraceError, read_answer, write_answer


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

"""One answer from what is said to a question in all the ways it is put."""

import pytest

from spatialvlm_jax.inference.conclude import Heard
from spatialvlm_jax.inference.putting import PutQuestion
from spatialvlm_jax.inference.spatial_answer import UNSURE
from spatialvlm_jax.inference.ways import QuestionWays


@pytest.mark.parametrize(
    ("dimension", "value"), [("area", 1.6), ("", 1.6), ("length", None), ("volume", None)]
)
def test_a_quantity_of_another_dimension_is_no_answer(dimension, value) -> None:
    put = PutQuestion("how deep is the sofa?", "", (), dimension)
    ways = QuestionWays.of("How deep is the sofa?", put, 1)
    answer = ways.concluded(iter([Heard("1.6 m²", "m²")]))
    assert answer.value == value
    assert answer.question == "How deep is the sofa?"
    if value is None:
        assert answer.text == UNSURE
        assert answer.note == (
            f"the model says '1.6 m²', of the dimension area, where {dimension} is asked for"
        )


def test_words_without_a_quantity_are_left_to_be_read() -> None:
    put = PutQuestion("how deep is the sofa?", "", (), "length")
    answer = QuestionWays.of("how deep is the sofa?", put, 1).concluded(iter([Heard("gray")]))
    assert (answer.text, answer.note) == ("gray", "")

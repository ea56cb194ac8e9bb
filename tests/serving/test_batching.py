"""Questions of different people go to the model together, and come back to whom they belong."""

import numpy as np
import pytest

from spatialvlm_jax.inference.picture import open_picture
from spatialvlm_jax.serving.batching import Batching
from tests.serving.asking import Telling, told

PICTURES = [open_picture(np.full((4, 4, 3), red, np.uint8)) for red in range(20)]


def batching(model, together=32):
    model.gate.clear()
    return Batching(model, together=together, linger=0.05, scored_values=96)


def put(queue, red, question):
    return queue.put(str(red), PICTURES[red], question)


def test_questions_about_one_picture_share_a_row_and_pictures_a_call() -> None:
    model, sizes = Telling(), list[int]()
    model.gate.clear()
    queue = Batching(model, together=32, linger=5.0, scored_values=96, note=sizes.append)
    asked = [(red, f"{red} {number}") for red in range(10) for number in range(1 + (red == 4))]
    found = [put(queue, *each) for each in asked]
    model.gate.set()
    queue.close()
    assert [each.result() for each in found] == [told(*each) for each in asked]
    # Nine pictures with one question each, and the one with two beside the last of them.
    assert model.batches == [[1] * 8, [1, 2]]
    assert sizes == [8, 3]


def test_batching_can_be_switched_off() -> None:
    model = Telling()
    queue = batching(model, together=1)
    found = [put(queue, 1, "a"), put(queue, 1, "b")]
    model.gate.set()
    queue.close()
    assert [each.result().question for each in found] == ["a", "b"]
    assert model.batches == [[1], [1]]


def test_a_question_that_fails_fails_alone_and_one_that_nobody_waits_for_is_not_asked() -> None:
    model = Telling()
    queue = Batching(model, together=8, linger=5.0, scored_values=96)
    found = [put(queue, *each) for each in ((1, "a"), (1, "fail"), (2, "b"), (3, "left"))]
    assert found[3].cancel()
    queue.close()
    assert (found[0].result(), found[2].result()) == (told(1, "a"), told(2, "b"))
    with pytest.raises(RuntimeError, match="in the middle"):
        found[1].result()
    assert model.batches == [[1, 2], [1], [1], [1]]

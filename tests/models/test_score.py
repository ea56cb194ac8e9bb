"""Scores of answers in a tree against the losses of each answer, given to the model alone."""

from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spatialvlm_jax.experiment import AttentionRule
from spatialvlm_jax.models.score import ROOT, grow_tree, pad_tree, read_questions, score_answers
from spatialvlm_jax.models.vlm import VLM
from spatialvlm_jax.training.losses import token_losses

pytestmark = pytest.mark.usefixtures("compile_quickly_rather_than_well")
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (2, 16, 16, 3), np.uint8)
PREFIXES = RNG.integers(3, 40, (2, 2, 4)).astype(np.int32)
LENGTHS = np.array([[4, 2], [3, 0]], np.int32)
# Common beginnings, an answer within another, a token alone, twice the same, one longer than the
# sliding window below.
ANSWERS = [[5, 6, 7, 1], [5, 6, 8, 1], [5, 1], [9, 6, 1], [1], [5, 1], [4, 4, 5, 5, 6, 6, 7, 1]]
GEMMA2 = {"sliding_window": 6, "attention_softcap": 2.0, "final_softcap": 4.0, "query_scale": 0.5}


def teacher_forced(model: VLM, image: np.ndarray, prefix: np.ndarray) -> np.ndarray:
    """Minus the summed training loss of every answer, each in a row of its own."""
    length = PREFIXES.shape[-1] + max(map(len, ANSWERS))  # of all questions, which share programs
    rows = np.zeros((len(ANSWERS), length), np.int32)
    targets, suffix, loss, segments = (np.zeros_like(rows) for _ in range(4))
    for row, answer in enumerate(ANSWERS):
        middle, stop = len(prefix), len(prefix) + len(answer)
        rows[row, :middle], rows[row, middle:stop] = prefix, answer
        targets[row, middle - 1 : stop - 1] = answer
        loss[row, middle - 1 : stop - 1] = suffix[row, middle:stop] = segments[row, :stop] = 1
    embeddings, _ = model.encode_image(np.repeat(image[None], len(ANSWERS), axis=0))
    positions = np.broadcast_to(np.arange(length, dtype=np.int32), rows.shape)
    hidden, _ = model.text_states(embeddings, rows, segments, positions, suffix.astype(bool))
    losses, _ = token_losses(hidden, targets, loss.astype(bool), model.logits)
    return -np.asarray(losses).sum(1)


@pytest.mark.parametrize(
    ("rule", "decoder"),
    [("image_prefix", {}), ("prefix", {}), ("image_prefix", GEMMA2), ("prefix", GEMMA2)],
)
def test_scores_equal_teacher_forced_losses(
    lively: Callable[..., VLM], rule: AttentionRule, decoder: dict[str, float]
) -> None:
    model = lively(rule, **decoder)
    tree = pad_tree(grow_tree(ANSWERS), 20, 9)
    trees = jax.tree.map(lambda array: jnp.broadcast_to(array, (2, 2, *array.shape)), tree)
    questions = read_questions(model, IMAGES, PREFIXES, LENGTHS)
    scores = np.asarray(score_answers(model, questions, trees))
    assert scores.shape == (2, 2, 9)
    assert np.isneginf(scores[1, 1]).all()  # no question
    assert np.isneginf(scores[..., len(ANSWERS) :]).all()  # no answer
    for image, question in [(0, 0), (0, 1), (1, 0)]:
        alone = teacher_forced(
            model, IMAGES[image], PREFIXES[image, question, : LENGTHS[image, question]]
        )
        assert np.ptp(alone) > 5  # lively enough to tell answers apart
        np.testing.assert_allclose(
            scores[image, question, : len(ANSWERS)], alone, rtol=2e-5, atol=2e-5
        )


@pytest.mark.parametrize("rule", ["image_prefix", "prefix"])
def test_some_questions_are_scored_as_all_are(
    lively: Callable[..., VLM], rule: AttentionRule
) -> None:
    model = lively(rule)
    tree = pad_tree(grow_tree(ANSWERS), 20, 9)
    other = pad_tree(grow_tree(ANSWERS[::-1]), 20, 9)
    rows = jax.tree.map(lambda *each: np.stack([np.stack(each), np.stack(each[::-1])]), tree, other)
    questions = read_questions(model, IMAGES, PREFIXES, LENGTHS)
    scores = np.asarray(score_answers(model, questions, rows))
    one, two = np.array([[1, 0, 1], [0, 0, 1]], np.int32), np.array([[0, 1, 0], [1, 1, 0]])
    for chosen in (one, two):
        picked = jax.tree.map(lambda array: array[[[0], [1]], chosen], rows)  # noqa: B023
        places = (chosen + np.array([[0], [2]])).reshape(-1, 1) if rule == "prefix" else chosen
        some = np.asarray(score_answers(model, questions, picked, places.astype(np.int32)))
        np.testing.assert_allclose(some, scores[[[0], [1]], chosen], rtol=1e-5, atol=1e-5)
    assert not np.allclose(scores[0, 0, 0], scores[0, 1, 0])
    assert not np.allclose(scores[0, 0, 0], scores[1, 0, 0])


def test_a_tree_holds_common_beginnings_once() -> None:
    tree = grow_tree([[2, 9, 1], [2, 8, 1], [3, 1], [4]])
    assert tree.tokens.tolist() == [2, 9, 8, 3]
    assert tree.parents.tolist() == [ROOT, 0, 0, ROOT]
    assert tree.depths.tolist() == [0, 1, 1, 0]
    assert tree.ends.tolist() == [1, 2, 3, ROOT]
    assert tree.last.tolist() == [1, 1, 1, 4]
    assert tree.sees.astype(int).tolist() == [
        [1, 0, 0, 0],
        [1, 1, 0, 0],
        [1, 0, 1, 0],
        [0, 0, 0, 1],
    ]


answer_lists = st.lists(st.lists(st.integers(1, 5), min_size=1, max_size=6), max_size=12)


@given(answer_lists)
def test_every_answer_can_be_read_off_its_tree(answers: Sequence[Sequence[int]]) -> None:
    tree = pad_tree(grow_tree(answers), 80, 12)
    for place, answer in enumerate(answers):
        path, node = [int(tree.last[place])], int(tree.ends[place])
        seen = np.flatnonzero(tree.sees[node]).tolist() if node != ROOT else []
        assert tree.depths[seen].tolist() == list(range(len(answer) - 1))
        while node != ROOT:
            path.append(int(tree.tokens[node]))
            node = int(tree.parents[node])
        assert path[::-1] == list(answer)
    assert not tree.last[len(answers) :].any()


def test_an_empty_answer_and_a_tree_too_large_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one token"):
        grow_tree([[]])
    with pytest.raises(ValueError, match="does not fit"):
        pad_tree(grow_tree([[2, 3, 1]]), 1, 1)

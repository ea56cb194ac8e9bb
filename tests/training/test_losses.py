"""Token losses against the plain definition, and what is never materialised."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spatialvlm_jax.batch import Batch, DenseTargets
from spatialvlm_jax.models.attention import HIDDEN
from spatialvlm_jax.models.dense_head import PatchPredictions
from spatialvlm_jax.training import losses

ROWS, LENGTH, WIDTH, VOCABULARY = 3, 10, 4, 50


@pytest.fixture
def case():
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(ROWS, LENGTH, WIDTH)).astype(np.float32)
    table = rng.normal(size=(VOCABULARY, WIDTH)).astype(np.float32)
    targets = rng.integers(0, VOCABULARY, (ROWS, LENGTH)).astype(np.int32)
    mask = rng.random((ROWS, LENGTH)) < 0.4
    mask[2] = False
    return hidden, table, targets, mask


def mean_loss(hidden, table, targets, mask, chunk):
    each, _ = losses.token_losses(hidden, targets, mask, lambda h: h @ table.T, chunk)
    return losses.masked_mean(each, mask)


def plain_mean_loss(hidden, table, targets, mask):
    log_probabilities = jax.nn.log_softmax(hidden @ table.T)
    picked = jnp.take_along_axis(log_probabilities, targets[..., None], axis=-1)[..., 0]
    return -jnp.sum(picked * mask) / jnp.sum(mask)


@pytest.mark.parametrize("chunk", [1, 3, 10, 64])
def test_chunked_losses_and_gradients_are_those_of_the_plain_definition(case, chunk):
    hidden, table, targets, mask = case
    value, gradients = jax.value_and_grad(mean_loss, (0, 1))(hidden, table, targets, mask, chunk)
    expected, wanted = jax.value_and_grad(plain_mean_loss, (0, 1))(hidden, table, targets, mask)
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    for got, want in zip(gradients, wanted, strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_each_token_keeps_its_place():
    hidden = np.zeros((1, 4, 3), np.float32)
    hidden[0, 1] = [0, 2, 0]
    hidden[0, 3] = [0, 0, 1]
    targets = np.array([[9, 1, 9, 0]], np.int32)
    mask = np.array([[False, True, False, True]])
    each, correct = losses.token_losses(hidden, targets, mask, lambda h: h, chunk=2)
    expected = [0, np.log(np.exp(2) + 2) - 2, 0, np.log(np.e + 2)]
    np.testing.assert_allclose(each[0], expected, rtol=1e-6)
    np.testing.assert_array_equal(correct[0], [False, True, False, False])


def test_a_row_of_logits_never_exists(case):
    hidden, table, targets, mask = case
    jaxpr = jax.make_jaxpr(jax.grad(mean_loss, (0, 1)), static_argnums=4)(
        hidden, table, targets, mask, 2
    )
    text = str(jaxpr)
    assert f"{ROWS},2,{VOCABULARY}]" in text
    assert f"{LENGTH},{VOCABULARY}]" not in text


def test_means_and_shares_by_data_set():
    values = np.array([[1, 2, 3, 4]], np.float32)
    mask = np.array([[True, True, False, True]])
    ids = np.array([[0, 0, 1, 2]], np.int32)
    means, shares = losses.means_and_shares(*losses.by_dataset(values, mask, ids, 3))
    np.testing.assert_allclose(means, [1.5, np.nan, 4.0])
    np.testing.assert_allclose(shares, [2 / 3, 0, 1 / 3])


def test_dense_loss_is_of_labels_known_values_and_known_words():
    logits = np.zeros((1, 2, 4), np.float32)
    targets = DenseTargets(
        labels=np.array([[0, 3]], np.int32),
        values=np.array([[[0.5, 9.0], [3.0, 0.0]]], np.float32),
        value_mask=np.array([[[True, False], [True, False]]]),
        words=np.array([[[2, 0], [0, 0]]], np.int32),
        mention_values=np.zeros((1, 1, 2), np.float32),
        mention_mask=np.zeros((1, 1, 2), bool),
    )
    words = np.array([[[0.0, 0.0, 5.0], [7.0, 0.0, 0.0]]], np.float32)
    # Huber of 0.5 is 0.125; of 3 it is 2.5.
    totals = {"labels": jnp.int32(2), "words": jnp.int32(1), "values": jnp.int32(2)}
    predicted = PatchPredictions(logits, np.zeros((1, 2, 2), np.float32), None, None)
    value = losses.dense_loss(predicted, words, targets, totals)
    named = np.log(2 + np.exp(5.0)) - 5.0
    expected = np.log(4) + losses.VALUE_WEIGHT * (0.125 + 2.5) / 2 + named
    np.testing.assert_allclose(value, expected, rtol=1e-6)
    names = losses.dense_loss(predicted, words, targets, totals, value_weight=0.0)
    np.testing.assert_allclose(names, np.log(4) + named, rtol=1e-6)


def test_nothing_to_learn_from_is_loss_zero_not_nan():
    none = np.zeros((1, 4), bool)
    assert losses.masked_mean(jnp.ones((1, 4)), none) == 0.0


def test_colours_are_told_apart_from_categories_and_the_camera_is_asked_for():
    """Three categories in two colours: label 4 is 1 + 1 * 2 + 1."""
    targets = DenseTargets(
        labels=np.array([[0, 4, -1]], np.int32),
        values=np.zeros((1, 3, 1), np.float32),
        value_mask=np.zeros((1, 3, 1), bool),
        words=np.zeros((1, 3, 1), np.int32),
        mention_values=np.zeros((1, 1, 1), np.float32),
        mention_mask=np.zeros((1, 1, 1), bool),
        camera=np.array([[0.5, 0.0, -1.0, 9.0]], np.float32),
        camera_mask=np.array([[True, True, True, False]]),
    )
    categories = np.zeros((1, 3, 4), np.float32)
    categories[0, 0, 0] = categories[0, 1, 2] = 1.0
    colors = np.zeros((1, 3, 2), np.float32)
    colors[0, 1, 1] = 2.0
    predicted = PatchPredictions(
        categories, np.zeros((1, 3, 1), np.float32), colors, np.zeros((1, 3, 4), np.float32)
    )
    batch = batch_of([0], [0], [0], targets)
    totals = losses.totals_of(batch)
    assert {name: int(totals[name]) for name in ("labels", "colors", "camera")} == {
        "labels": 2,
        "colors": 1,
        "camera": 9,
    }
    value = losses.dense_loss(predicted, np.zeros((1, 3, 5), np.float32), targets, totals)
    # Each of three patches: Huber of 0.5 is 0.125, of 0 is 0, of 1 is 0.5.
    camera = losses.VALUE_WEIGHT * (0.125 + 0.5) / 3
    expected = np.log(3 + np.e) - 1 + np.log(1 + np.exp(2.0)) - 2 + camera
    np.testing.assert_allclose(value, expected, rtol=1e-6)


def targets_of(mentioned: list[int], owners: list[int]) -> DenseTargets:
    """Of names and patches; nothing else is known."""
    patches, text = (1, len(owners), 1), (1, len(mentioned), 1)
    return DenseTargets(
        labels=np.zeros(patches[:2], np.int32),
        values=np.zeros(patches, np.float32),
        value_mask=np.zeros(patches, bool),
        words=np.zeros(patches, np.int32),
        mention_values=np.zeros(text, np.float32),
        mention_mask=np.zeros(text, bool),
        owners=np.array([owners], np.int32),
        mentioned=np.array([mentioned], np.int32),
    )


def batch_of(
    tokens: list[int], targets: list[int], segments: list[int], dense: DenseTargets
) -> Batch:
    """One row, of which loss counts wherever there is a target."""
    right = np.array([targets], np.int32)
    return Batch(
        images=None,
        tokens=np.array([tokens], np.int32),
        targets=right,
        segment_ids=np.array([segments], np.int32),
        positions=np.zeros_like(right),
        suffix_mask=right < 0,
        loss_mask=right > 0,
        dataset_ids=np.zeros_like(right),
        dense=dense,
    )


def test_a_name_points_from_its_last_token_at_its_object_s_patches():
    targets = targets_of([0, 2, 2, 1, 0, 3], [2, 1, 0, 2])
    right = losses.pointed_at(targets)
    assert right.astype(int).tolist() == [
        [[0] * 4, [0] * 4, [1, 0, 0, 1], [0, 1, 0, 0], [0] * 4, [0] * 4]
    ]
    # The third object fills no patch.
    assert int(losses.totals_of(batch_of([0] * 6, [0] * 6, [1] * 6, targets))["pointers"]) == 2
    scores = np.zeros((1, 6, 4), np.float32)
    scores[0, 2, 0] = 1.0
    scores[0, 3, 0] = 2.0
    loss, hits = losses.look_loss(scores, right, jnp.int32(2))
    first, second = np.log((np.e + 1) / (np.e + 3)), np.log(1 / (np.exp(2.0) + 3))
    np.testing.assert_allclose(loss, -(first + second) / 2, rtol=1e-6)
    assert hits == 0.5


@pytest.mark.parametrize(
    ("padding", "blocks", "expected"),
    [([], 1, [[0, 0, 4, 1], [0, 0, 8, 6]]), ([0] * 3, 2, [[0, 0, 4, 1], [0, 1, 2, 0]])],
)
def test_an_answer_copies_from_the_names_in_its_own_question(padding, blocks, expected):
    # "red mug or lamp ? mug or" and "lamp ? mug lamp"; "or" (7) stands in no name.
    rows = [
        [[5, 6, 7, 8, 9, 6], [8, 9, 6]],
        [[0, 0, 0, 0, 6, 7], [0, 6, 8]],
        [[1, 1, 1, 1, 1, 1], [2, 2, 2]],
        [[1, 1, 0, 2, 0, 0], [2, 0, 0]],
    ]
    tokens, targets, segments, mentioned = (
        [*first, *padding, *second, *(0 for _ in range(6 if padding else 0))]
        for first, second in rows
    )
    dense = targets_of(mentioned, [0, 0])
    batch = batch_of(tokens, targets, segments, dense)
    right = losses.copied_from(batch, dense.mentioned, blocks)
    assert np.argwhere(right).tolist() == expected
    assert int(losses.totals_of(batch)["copies"]) == 2


def test_a_head_with_nowhere_to_look_has_no_loss_and_no_gradient():
    scores = jnp.array([[[1.0, 2.0], [HIDDEN, HIDDEN]]])
    none = np.zeros((1, 2, 2), bool)
    (loss, hits), gradient = jax.value_and_grad(losses.look_loss, has_aux=True)(
        scores, none, jnp.int32(0)
    )
    assert (loss, hits) == (0, 0)
    np.testing.assert_array_equal(gradient, np.zeros((1, 2, 2)))

"""Token losses against the plain definition, and what is never materialised."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spatialvlm_jax.batch import DenseTargets
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
    value = losses.dense_loss(logits, np.zeros((1, 2, 2), np.float32), words, targets, totals)
    named = np.log(2 + np.exp(5.0)) - 5.0
    expected = np.log(4) + losses.VALUE_WEIGHT * (0.125 + 2.5) / 2 + named
    np.testing.assert_allclose(value, expected, rtol=1e-6)


def test_nothing_to_learn_from_is_loss_zero_not_nan():
    none = np.zeros((1, 4), bool)
    assert losses.masked_mean(jnp.ones((1, 4)), none) == 0.0

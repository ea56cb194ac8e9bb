"""Attention against a loop over every query and head."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spatialvlm_jax.models import attention
from spatialvlm_jax.models.attention import Keys

attend = jax.jit(attention.attend)

ROWS, TEXTS, QUERIES, HEADS, SIZE = 2, 3, 4, 2, 8
RNG = np.random.default_rng(0)


def draw(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


def attend_one_by_one(query: np.ndarray, parts: list[Keys]) -> np.ndarray:
    out = np.zeros_like(query)
    group = query.shape[3] // HEADS
    for b, s, q, n in np.ndindex(query.shape[:4]):
        weights, values = [], []
        for part in parts:
            text = s if part.key.shape[2] > 1 else 0
            for k in range(part.key.shape[3]):
                if part.mask is not None and not part.mask[b, s, q, k]:
                    continue
                key = part.key[b, n // group, text, k]
                weights.append(np.exp(query[b, s, q, n] @ key / np.sqrt(SIZE)))
                values.append(part.value[b, n // group, text, k])
        out[b, s, q, n] = np.array(weights) @ np.array(values) / np.sum(weights)
    return out


def keys(texts: int, count: int, mask: np.ndarray | None = None) -> Keys:
    shape = (ROWS, HEADS, texts, count, SIZE)
    return Keys(draw(*shape), draw(*shape), mask)


@pytest.mark.parametrize("group", [1, 3])
def test_attention_over_shared_and_own_keys(group: int) -> None:
    query = draw(ROWS, TEXTS, QUERIES, HEADS * group, SIZE)
    mask = RNG.random((ROWS, TEXTS, QUERIES, 6)) < 0.5
    parts = [keys(1, 5), keys(TEXTS, 6, mask), keys(TEXTS, 1)]
    np.testing.assert_allclose(attend(query, parts), attend_one_by_one(query, parts), atol=1e-5)


def test_hidden_keys_do_not_touch_a_bit() -> None:
    query = draw(ROWS, 1, QUERIES, HEADS, SIZE)
    mask = np.broadcast_to(np.arange(6) < 3, (ROWS, 1, QUERIES, 6))
    shared, own = keys(1, 5), keys(1, 6, mask)
    loud = np.where(np.arange(6)[:, None] < 3, own.key, 1e3 * own.key)
    before = attend(query, [shared, own])
    after = attend(query, [shared, Keys(loud, 7 - own.value * mask[0, 0, 0, :, None], mask)])
    assert not np.array_equal(before, after)  # visible values did change
    after = attend(query, [shared, Keys(loud, own.value, mask)])
    assert np.array_equal(before, after)


def test_a_query_that_sees_nothing_stays_finite() -> None:
    hidden = keys(1, 3, np.zeros((ROWS, 1, QUERIES, 3), bool))
    assert np.isfinite(attend(draw(ROWS, 1, QUERIES, HEADS, SIZE), [hidden])).all()


def test_large_scores_do_not_overflow() -> None:
    query = jnp.full((1, 1, 1, 1, SIZE), 100.0)
    key = jnp.stack([jnp.full((SIZE,), 100.0), jnp.zeros(SIZE)])[None, None, None]
    value = jnp.stack([jnp.ones(SIZE), jnp.zeros(SIZE)])[None, None, None]
    assert np.array_equal(attend(query, [Keys(key, value)]), np.ones((1, 1, 1, 1, SIZE)))


@pytest.mark.parametrize("head", [0, 3, -1])
def test_scores_of_one_head_are_those_that_it_attends_by(head: int) -> None:
    """Grouped heads; values that are one-hot show how much each key is attended to."""
    query = draw(ROWS, TEXTS, QUERIES, 3 * HEADS, SIZE)
    shared = keys(1, 5, RNG.random((ROWS, TEXTS, QUERIES, 5)) < 0.7)
    part = shared._replace(
        value=np.broadcast_to(np.eye(5, SIZE, dtype=np.float32), shared.key.shape)
    )
    options = {"scale": 0.5, "score_limit": 2.0}
    scores = attention.head_scores(query, part, head, **options)
    found = jax.nn.softmax(scores)
    expected = attention.attend(query, [part], **options)[..., head, :5]
    some = np.asarray(part.mask).any(-1)
    np.testing.assert_allclose(found[some], expected[some], atol=1e-6)

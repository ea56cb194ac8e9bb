"""Every backend against the dense one, on the attention patterns that the models have."""

import functools
import sys
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import AttentionBackend
from spatialvlm_jax.models import masks
from spatialvlm_jax.models.attention import Keys, attend
from spatialvlm_jax.models.vlm import VLM

ROWS, IMAGE, TEXT, SIZE = 2, 6, 8, 8
HEADS, GROUP = 2, 2
RNG = np.random.default_rng(0)
LIBRARIES: list[AttentionBackend] = ["xla", "tokamax"]


def draw(*shape: int) -> jax.Array:
    return jnp.asarray(RNG.normal(size=shape), jnp.float32)


def keys(texts: int, count: int, mask: Any = None) -> Keys:
    shape = (ROWS, HEADS, texts, count, SIZE)
    return Keys(draw(*shape), draw(*shape), mask)


def prefix_lm() -> tuple[jax.Array, list[Keys]]:
    """One question a row with padding at its end: prefix, then suffix."""
    segments = jnp.asarray([[1] * 8, [1] * 6 + [0] * 2])
    suffix = jnp.asarray([[0] * 5 + [1] * 3, [0] * 4 + [1] * 2 + [0] * 2], bool)
    mask = masks.text_mask(segments, suffix)[:, None]
    return draw(ROWS, 1, TEXT, HEADS * GROUP, SIZE), [keys(1, IMAGE), keys(1, TEXT, mask)]


def image_that_sees_its_prefix() -> tuple[jax.Array, list[Keys]]:
    segments, suffix = jnp.ones((ROWS, TEXT), int), jnp.arange(TEXT)[None] >= jnp.array([[3], [5]])
    mask = masks.image_text_mask("prefix", segments, suffix)
    assert mask is not None
    parts = [keys(1, IMAGE), keys(1, TEXT, mask[:, None])]
    return draw(ROWS, 1, IMAGE, HEADS * GROUP, SIZE), parts


def segments_on_one_image() -> tuple[jax.Array, list[Keys]]:
    """Three segments and padding in two blocks that share the image's keys."""
    segments = jnp.asarray([[[1, 1, 2, 2], [3, 3, 3, 0]]] * ROWS)
    suffix = jnp.asarray([[[0, 1, 0, 1], [0, 1, 1, 0]]] * ROWS, bool)
    mask = masks.text_mask(segments, suffix)
    return draw(ROWS, 2, 4, HEADS * GROUP, SIZE), [keys(1, IMAGE), keys(2, 4, mask)]


def image_alone() -> tuple[jax.Array, list[Keys]]:
    return draw(ROWS, 1, IMAGE, HEADS * GROUP, SIZE), [keys(1, IMAGE)]


CASES = [prefix_lm, image_that_sees_its_prefix, segments_on_one_image, image_alone]


@pytest.mark.parametrize("backend", LIBRARIES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
@pytest.mark.parametrize("score_limit", [0.0, 1.5])
def test_results_and_gradients_are_those_of_the_dense_backend(
    case: Any, backend: AttentionBackend, score_limit: float
) -> None:
    query, parts = case()
    settings = {"scale": 0.3, "score_limit": score_limit}
    arrays = (query, [(part.key, part.value) for part in parts])

    @functools.partial(jax.jit, static_argnums=1)
    def run(arrays: Any, backend: AttentionBackend) -> Any:
        def loss(query: jax.Array, pairs: Any) -> tuple[jax.Array, jax.Array]:
            own = [part._replace(key=k, value=v) for part, (k, v) in zip(parts, pairs, strict=True)]
            mixed = attend(query, own, backend=backend, **settings)
            return jnp.sum(jnp.sin(mixed)), mixed

        return jax.grad(loss, argnums=(0, 1), has_aux=True)(*arrays)

    if score_limit and backend == "xla":
        with pytest.raises(UserError, match=r'no softcap .*\(1.5\): use "tokamax" or "dense"'):
            run(arrays, backend)
        return
    gradients, mixed = run(arrays, backend)
    expected_gradients, expected = run(arrays, "dense")
    np.testing.assert_allclose(mixed, expected, atol=1e-5)
    jax.tree.map(
        lambda x, y: np.testing.assert_allclose(x, y, atol=1e-5), gradients, expected_gradients
    )


def test_a_query_alone_is_computed_densely() -> None:
    query, parts = draw(ROWS, 3, 1, HEADS, SIZE), [keys(1, IMAGE), keys(3, 4)]
    dense = attend(query, parts)
    np.testing.assert_array_equal(attend(query, parts, backend="cudnn"), dense)


def test_what_a_device_cannot_do_is_told() -> None:
    query, parts = image_alone()
    with pytest.raises(UserError, match=r'"cudnn" cannot attend here: .*; use "dense", or "tokam'):
        attend(query, parts, backend="cudnn")


def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tokamax", None)
    with pytest.raises(UserError, match="run `make setup`"):
        attend(*image_alone(), backend="tokamax")


def test_a_model_takes_its_backend_from_its_configuration(lively: Any) -> None:
    models = {
        backend: lively(attention_backend=backend, scan_layers=True) for backend in ("dense", "xla")
    }
    tokens = np.array([[5, 6, 7, 8, 9, 10, 0, 0]], np.int32)
    segments, places = np.array([[[1, 1, 1, 2, 2, 2, 0, 0]], [[0, 1, 2, 0, 1, 2, 0, 0]]], np.int32)

    @functools.partial(jax.jit, static_argnums=0)
    def hidden(backend: str) -> jax.Array:
        model: VLM = models[backend]
        embeddings, _ = model.encode_image(np.full((1, 16, 16, 3), 77, np.uint8))
        return model.text_states(embeddings, tokens, segments, places, places == 2)[0]

    np.testing.assert_allclose(hidden("xla"), hidden("dense"), atol=1e-4)
    assert models["xla"].decoder.blocks.backend == models["xla"].encoder.blocks.backend == "xla"

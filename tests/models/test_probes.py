"""What auxiliary losses read inside the decoder: where its pointer and its copy head look."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from spatialvlm_jax.experiment import ModelConfig
from spatialvlm_jax.models.attention import HIDDEN
from spatialvlm_jax.models.vlm import VLM, Probes
from tests.models.conftest import DENSE
from tests.models.test_vlm import IMAGE, TOKENS, row

pytestmark = pytest.mark.usefixtures("compile_quickly_rather_than_well")
HEADS = dataclasses.replace(
    DENSE, pointer_weight=1.0, pointer_layer=0, copy_weight=1.0, copy_layer=1
)


def with_heads(model: VLM, config: ModelConfig) -> VLM:
    """The same parameters in a model that keeps what the losses of its heads read."""
    definition = nnx.split(nnx.eval_shape(lambda: VLM(config, HEADS, rngs=nnx.Rngs(0))))[0]
    return nnx.merge(definition, nnx.split(model)[1])


def probes(model: VLM, text: dict[str, np.ndarray], **options: Any) -> Probes:
    definition, state = nnx.split(model)
    text = jax.tree.map(jnp.asarray, text)

    @jax.jit
    def of(state: Any) -> Probes:
        made = nnx.merge(definition, state)
        return made.text_states(made.encode_image(IMAGE)[0], **text, **options)[1]

    return of(state)


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("image_prefix", {}),
        ("image_prefix", {"scan_layers": True, "remat": "layers"}),
        ("prefix", {}),
    ],
)
def test_heads_look_the_same_in_any_packing_and_any_form_of_the_stack(
    lively: Callable[..., VLM], rule: Any, changes: dict[str, Any]
) -> None:
    plain = lively()
    alone = probes(with_heads(plain, dataclasses.replace(plain.config, attention=rule)), row([1]))
    config = dataclasses.replace(plain.config, attention=rule, **changes)
    packed = [1] if rule == "prefix" else [0, 1, 2]
    found = probes(with_heads(lively(), config), row(packed))
    start, length = (0 if rule == "prefix" else 5), len(TOKENS[1])
    span = slice(start, start + length)
    np.testing.assert_allclose(
        found.pointer[0, span], alone.pointer[0, :length], rtol=1e-4, atol=1e-5
    )
    copy, expected = found.copy[0, 0, span], alone.copy[0, 0, :length, :length]
    np.testing.assert_allclose(copy[:, span], expected, rtol=1e-4, atol=1e-5)
    # Two tokens of prefix see each other, two of the suffix what is before them.
    seen = [[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]
    assert (copy[:, span] != HIDDEN).astype(int).tolist() == seen
    assert (np.delete(copy, range(*span.indices(16)), axis=1) == HIDDEN).all()


def test_blocks_of_a_row_are_read_apart(lively: Callable[..., VLM]) -> None:
    model = with_heads(lively(), lively().config)
    text = {
        name: np.concatenate([row([i])[name][:, :8] for i in (1, 2)], axis=1) for name in row([1])
    }
    text["segment_ids"][:, 8:] *= 2
    whole, blocks = probes(model, text), probes(model, text, block_length=8)
    np.testing.assert_allclose(blocks.pointer, whole.pointer, rtol=1e-4, atol=1e-5)
    assert blocks.copy.shape == (1, 2, 8, 8)
    for i in range(2):
        span = slice(8 * i, 8 * i + 8)
        np.testing.assert_allclose(
            blocks.copy[0, i], whole.copy[0, 0, span, span], rtol=1e-4, atol=1e-5
        )


def test_the_pointer_does_not_look_at_words_about_the_camera(lively: Callable[..., VLM]) -> None:
    model = with_heads(lively(), lively().config)
    told = probes(model, row([0]), camera_words=jnp.array([[5, 6, 0]]))
    assert told.pointer.shape == (1, 16, 4)


def test_the_pointer_teaches_what_lies_below_its_scores_alone(lively: Callable[..., VLM]) -> None:
    definition, state = nnx.split(with_heads(lively(), lively().config))

    text = jax.tree.map(jnp.asarray, row([0]))

    @jax.jit
    @jax.grad
    def gradients(state: Any) -> jax.Array:
        model = nnx.merge(definition, state)
        states = model.text_states(model.encode_image(IMAGE)[0], **text)[1]
        return jax.nn.log_softmax(states.pointer)[..., 0].sum()

    layers, taught = set(), set()
    for path, gradient in nnx.to_flat_state(gradients(state)):
        name, size = "/".join(map(str, path)), np.abs(gradient[...])
        if name.startswith("decoder/blocks"):
            layers |= {i for i in range(2) if size[i].max() > 0}
        if size.max() > 0 and not name.startswith("encoder"):
            taught.add(name)
    assert layers == {0}
    assert taught == {
        "connector/kernel",
        "connector/bias",
        "decoder/embedder/embedding",
        "decoder/blocks/attention_norm/scale",
        "decoder/blocks/attention/query/kernel",
        "decoder/blocks/attention/key/kernel",
    }


def test_without_losses_of_heads_nothing_is_kept(lively: Callable[..., VLM]) -> None:
    found = probes(lively(), row([0]))
    assert found.pointer is None
    assert found.copy is None

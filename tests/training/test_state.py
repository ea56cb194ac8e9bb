"""Parameters by name, modules from them, and the first state."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from spatialvlm_jax.experiment import (
    AdapterConfig,
    DataConfig,
    DecoderConfig,
    DenseConfig,
    EncoderConfig,
    Experiment,
    ModelConfig,
    OptimConfig,
    TrainConfig,
)
from spatialvlm_jax.models.vlm import VLM
from spatialvlm_jax.training.state import (
    ModelTemplate,
    create_state,
    model_template,
    parameters_of,
)

ENCODER = EncoderConfig(image_size=16, patch_size=8, width=16, depth=2, heads=2, mlp_width=32)
DECODER = DecoderConfig(
    vocab_size=40, width=16, depth=2, heads=4, kv_heads=2, head_size=8, mlp_width=32
)


def experiment_with(model: dict, data: dict) -> Experiment:
    return Experiment(
        model=ModelConfig(encoder=ENCODER, decoder=DECODER, **model),
        data=DataConfig(batch_size=8, length=16, **data),
        optim=OptimConfig(warmup_steps=2, freeze=("encoder",)),
        train=TrainConfig(steps=10),
        dense=DenseConfig(weight=1.0, labels=5, values=3),
    )


@pytest.mark.parametrize(
    ("model", "data"),
    [
        ({}, {"camera": "rays"}),
        ({"scan_layers": True, "adapters": AdapterConfig(rank=2)}, {}),
        ({"int8": ("encoder/*/query",), "nf4": ("encoder/*/up",)}, {}),
    ],
)
def test_what_is_not_drawn_has_the_layout_of_what_is(model, data):
    experiment = experiment_with(model, data)
    outlined, drawn = model_template(experiment), ModelTemplate.of(lambda: VLM.of(experiment))
    assert outlined.graphdef == drawn.graphdef
    assert list(outlined.shapes.items()) == list(drawn.shapes.items())
    first, again = outlined.initialise(), drawn.initialise()
    assert all(np.array_equal(first[name], x) for name, x in again.items())
    assert np.any(first["encoder/positions"])


def test_a_model_made_from_its_parameters_is_the_model(template):
    parameters = template.initialise()
    assert {name: x.shape for name, x in parameters.items()} == {
        name: x.shape for name, x in template.shapes.items()
    }
    model = template.model(parameters)
    again = parameters_of(model)
    assert all(np.array_equal(again[name], x) for name, x in parameters.items())
    images = np.zeros((1, 16, 16, 3), np.uint8)
    np.testing.assert_array_equal(
        model.encode_image(images)[0], template.build().encode_image(images)[0]
    )


def test_frozen_parameters_take_the_compute_dtype_and_own_no_slots():
    parameters = {"a/kernel": jnp.ones((2, 3)), "b/kernel": jnp.ones((4,))}
    state = create_state(parameters, lambda name: name[0] == "a", optax.adam(1.0), jnp.bfloat16)
    assert {name: x.dtype for name, x in state.frozen.items()} == {"a/kernel": jnp.bfloat16}
    assert {name: x.dtype for name, x in state.trainable.items()} == {"b/kernel": jnp.float32}
    slots = [leaf.shape for leaf in jax.tree.leaves(state.opt_state) if leaf.ndim]
    assert slots == [(4,), (4,)]
    assert state.parameters.keys() == parameters.keys()

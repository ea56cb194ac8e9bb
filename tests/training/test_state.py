"""Parameters by name, modules from them, and the first state."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from spatialvlm_jax.training.state import create_state, parameters_of


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

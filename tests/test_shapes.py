"""That a wrong shape or dtype is caught while tests run, and named."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import TypeCheckError

from spatialvlm_jax.batch import Batch
from spatialvlm_jax.models.masks import text_mask
from spatialvlm_jax.training.losses import totals_of
from tests.fake_batches import SPEC
from tests.shapes import check_records


def test_a_wrong_dtype_names_the_argument():
    with pytest.raises(TypeCheckError, match="parameter 'suffix_mask'"):
        text_mask(jnp.ones((2, 5), jnp.int32), jnp.ones((2, 5), jnp.int32))


def test_an_axis_has_one_length_in_all_arguments():
    with pytest.raises(TypeCheckError, match="parameter 'suffix_mask'"):
        text_mask(jnp.ones((2, 5), jnp.int32), jnp.ones((2, 6), bool))


def test_shapes_are_checked_under_jit():
    with pytest.raises(TypeCheckError, match="parameter 'segment_ids'"):
        jax.jit(text_mask)(jnp.ones((2, 5), jnp.float32), jnp.ones((2, 5), bool))


@pytest.mark.parametrize("batch", [SPEC.fake(0), SPEC.abstract(), jax.device_put(SPEC.fake(0))])
def test_batches_on_the_host_on_devices_and_without_arrays_are_in_order(batch: Batch):
    check_records(batch)


def test_a_field_of_a_batch_is_named():
    batch = SPEC.fake(0)
    short = dataclasses.replace(batch, targets=batch.targets[:, :-1])
    with pytest.raises(TypeError, match=r"Batch.targets: int32\[2, 11\] is not .*'B L'"):
        check_records(short)
    wide = dataclasses.replace(batch, positions=batch.positions.astype(np.int64))
    with pytest.raises(TypeError, match=r"Batch.positions: int64\[2, 12\]"):
        check_records(wide)
    with pytest.raises(TypeError, match=r"Batch.tokens: list is not"):
        check_records(dataclasses.replace(batch, tokens=batch.tokens.tolist()))


def test_dense_targets_are_as_long_as_their_batch():
    batch, longer = SPEC.fake(0), dataclasses.replace(SPEC, length=16).fake(0)
    with pytest.raises(TypeError, match=r"DenseTargets.mention_values: float32\[2, 16, 3\]"):
        check_records(dataclasses.replace(batch, dense=longer.dense))


def test_functions_check_the_batches_that_they_take():
    batch = SPEC.fake(0)
    flat = dataclasses.replace(batch, loss_mask=batch.loss_mask.reshape(-1))
    with pytest.raises(TypeCheckError, match=r"parameter 'batch'"):
        totals_of(flat)

"""Digests that tell whether runs begin alike and see the same data."""

import dataclasses

import jax.numpy as jnp
import numpy as np

from spatialvlm_jax.training.fingerprints import read_fingerprints, record_batch, record_weights
from tests.fake_batches import BATCH

WEIGHTS = {"encoder/a/kernel": jnp.ones((2, 3)), "decoder/kernel": jnp.zeros(4, jnp.bfloat16)}


def weights_of(folder, parameters, step=0):
    folder.mkdir()
    record_weights(folder, parameters, step)
    return read_fingerprints(folder).get("weights", {})


def test_each_part_of_the_model_has_a_digest_of_its_own(tmp_path):
    own = weights_of(tmp_path / "a", WEIGHTS)
    assert own.keys() == {"encoder", "decoder"}
    assert weights_of(tmp_path / "b", dict(reversed(WEIGHTS.items()))) == own
    other = weights_of(tmp_path / "c", {**WEIGHTS, "decoder/kernel": jnp.ones(4, jnp.bfloat16)})
    assert other["encoder"] == own["encoder"]
    assert other["decoder"] != own["decoder"]
    turned = weights_of(tmp_path / "d", {**WEIGHTS, "encoder/a/kernel": jnp.ones((3, 2))})
    assert turned["encoder"] != own["encoder"]


def test_a_run_that_goes_on_keeps_what_it_began_with(tmp_path):
    own = weights_of(tmp_path / "a", WEIGHTS)
    record_weights(tmp_path / "a", {"encoder/x": jnp.ones(1)}, 10)
    assert read_fingerprints(tmp_path / "a")["weights"] == own
    assert weights_of(tmp_path / "b", WEIGHTS, step=10) == {}


def test_pictures_and_texts_of_some_steps_are_told_apart(tmp_path):
    other_words = dataclasses.replace(BATCH, tokens=np.asarray(BATCH.tokens) + 1)
    for folder, each in (("a", BATCH), ("b", other_words)):
        (tmp_path / folder).mkdir()
        for step in range(1, 13):
            record_batch(tmp_path / folder, step, 12, each)
    one, two = (read_fingerprints(tmp_path / folder) for folder in "ab")
    assert list(one["pictures"]) == ["1", "10", "12"]
    assert one["pictures"] == two["pictures"]
    assert one["texts"].keys() == two["texts"].keys()
    assert all(one["texts"][step] != two["texts"][step] for step in one["texts"])

"""How fast training goes, on figures that can be done in one's head."""

import math

from data_loaders.batch import BatchSpec
from spatialvlm_jax.training import rates
from spatialvlm_jax.training.freezing import StepFlops

BATCH = BatchSpec(batch_size=2, image_size=4, length=8, vocab_size=9).fake(0, segments=2)


def test_a_batch_is_counted_and_stands_for_other_processes():
    counts = rates.count(BATCH, 2)
    assert (counts.steps, counts.images, counts.pairs) == (1, 2, 4)
    assert (counts.tokens, counts.places) == (16, 16)
    assert counts.loss_tokens == BATCH.loss_mask.sum()
    assert rates.count(BATCH, 6).pairs == 12


def test_rates_of_two_steps():
    counts = rates.count(BATCH, 2) + rates.count(BATCH, 2)
    values = rates.rates(counts, 4.0, None, 1, None)
    assert values == {
        "step_seconds": 2.0,
        "images_per_second": 1.0,
        "pairs_per_second": 2.0,
        "tokens_per_second": 8.0,
    }


def test_mfu_counts_what_a_step_must_do():
    flops = StepFlops(forward=100, backward=200, recomputed=90, logits=120)
    assert flops.needed(1.0) == 300
    assert flops.needed(0.25) == 210
    counts = rates.Counts(steps=2, loss_tokens=8, places=32)
    values = rates.rates(counts, 3.0, flops, devices=4, peak_flops=50.0)
    assert math.isclose(values["mfu"], 2 * 210 / (3.0 * 4 * 50.0))
    assert "mfu" not in rates.rates(counts, 3.0, flops, devices=4, peak_flops=None)


def test_a_meter_leaves_out_what_is_before_its_first_step():
    meter = rates.Meter(2)
    assert meter.peak_flops is None
    assert meter.take() == {}
    meter.add(BATCH)
    assert meter.take() == {}
    meter.add(BATCH)
    assert meter.take()["step_seconds"] >= 0
    assert meter.counts.steps == 0

"""How fast training goes, on figures that can be done in one's head."""

import dataclasses
import math
import types

import numpy as np

from spatialvlm_jax.training.logging import throughput
from spatialvlm_jax.training.logging.metrics_file import MEASURED
from spatialvlm_jax.training.parameter_report import StepFlops
from tests.fake_batches import BATCH


def test_a_batch_is_counted_and_stands_for_other_processes():
    counts = throughput.count_step(BATCH, 2)
    assert (counts.steps, counts.images, counts.pairs) == (1, 2, 4)
    assert (counts.tokens, counts.places) == (16, 16)
    assert counts.loss_tokens == BATCH.loss_mask.sum()
    assert throughput.count_step(BATCH, 6).pairs == 12


def test_rates_of_two_steps():
    counts = throughput.count_step(BATCH, 2) + throughput.count_step(BATCH, 2)
    values = throughput.rates(counts, 4.0, None, 1, None)
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
    counts = throughput.StepCounts(steps=2, loss_tokens=8, places=32)
    values = throughput.rates(counts, 3.0, flops, devices=4, peak_flops=50.0)
    assert math.isclose(values["mfu"], 2 * 210 / (3.0 * 4 * 50.0))
    assert values.keys() <= MEASURED
    assert "mfu" not in throughput.rates(counts, 3.0, flops, devices=4, peak_flops=None)


def test_rows_are_as_full_as_their_tokens_make_them():
    segments = np.where(np.arange(8) < [[8], [3]], BATCH.segment_ids, 0)
    counts = throughput.count_step(dataclasses.replace(BATCH, segment_ids=segments), 2)
    assert throughput.row_fill(counts) == {"fill": 11 / 16, "pairs_per_row": 1.5}


def clock(monkeypatch):
    made = types.SimpleNamespace(now=100.0)
    made.monotonic = lambda: made.now
    monkeypatch.setattr(throughput, "time", made)
    return made


def test_a_meter_leaves_out_what_is_before_its_first_step(monkeypatch):
    time, meter, counts = clock(monkeypatch), throughput.Meter(), throughput.count_step(BATCH, 2)
    assert meter.peak_flops is None
    assert meter.take() == {}
    with meter.waiting():
        time.now += 50
    meter.add(counts)
    assert meter.take() == {}
    for _ in range(2):
        with meter.waiting():
            time.now += 1
        time.now += 3
        meter.add(counts)
    values = meter.take()
    assert (values["step_seconds"], values["data_wait_share"]) == (4.0, 0.25)
    time.now += 5
    meter.add(counts)
    assert meter.take()["data_wait_share"] == 0
    meter.restart()
    assert meter.take() == {}


def test_time_until_a_loader_gives_up_is_waiting_too(monkeypatch):
    time, meter, counts = clock(monkeypatch), throughput.Meter(), throughput.count_step(BATCH, 2)
    meter.add(counts)
    try:
        with meter.waiting():
            time.now += 2
            raise StopIteration
    except StopIteration:
        meter.add(counts)
    assert meter.take()["data_wait_share"] == 1


def test_memory_is_that_of_the_fullest_device(monkeypatch):
    def device(**stats):
        return types.SimpleNamespace(memory_stats=lambda: stats or None)

    cpu = device()
    first = device(bytes_in_use=2_000_000_000, peak_bytes_in_use=3_500_000_000, num_allocs=7)
    second = device(bytes_in_use=2_500_000_000, peak_bytes_in_use=3_000_000_000)
    expected = {"device_memory_gigabytes": 2.5, "device_memory_peak_gigabytes": 3.5}
    assert throughput.device_memory([first, second]) == expected
    assert throughput.device_memory([cpu]) == {}
    assert throughput.device_memory([cpu, device(bytes_in_use=1_000_000_000)]) == {
        "device_memory_gigabytes": 1.0
    }
    meter, counts = throughput.Meter(), throughput.count_step(BATCH, 2)
    monkeypatch.setattr(throughput.jax, "local_devices", lambda: [first, second])
    time = clock(monkeypatch)
    meter.add(counts)
    time.now += 1
    meter.add(counts)
    values = meter.take()
    assert {name: values[name] for name in expected} == expected
    assert values.keys() <= MEASURED

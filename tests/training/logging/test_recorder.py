"""What a run says while it goes: figures on the line, and what to do about a slow loader."""

import types

import numpy as np
import pytest

from spatialvlm_jax.experiment import DataConfig, Experiment, OptimConfig, TrainConfig
from spatialvlm_jax.training.logging.metrics_file import MetricsWriter
from spatialvlm_jax.training.logging.recorder import Recorder, figures, loader_hint
from tests.fake_batches import BATCH


def test_the_line_shows_waiting_only_where_it_matters():
    row = {"loss": 0.25, "pairs_per_second": 41.6, "mfu": 0.551, "data_wait_share": 0.04}
    assert figures(row) == {"loss": "0.250", "pairs/s": "42", "MFU": "55 %"}
    assert figures({"loss": 1.0, "data_wait_share": 0.5}) == {
        "loss": "1.000",
        "waiting for data": "50 %",
    }


@pytest.mark.parametrize(
    ("workers", "cores", "advice"),
    [
        (0, 8, "--config.data.workers=1 (it is 0)"),
        (3, 8, "--config.data.workers=6 (it is 3)"),
        (6, 8, "--config.data.workers=8 (it is 6)"),
        (8, 8, "data.workers=8 keeps all 8 cores busy"),
    ],
)
def test_the_hint_names_the_next_number_of_workers(workers, cores, advice):
    hint = loader_hint(0.5, workers, cores)
    assert hint.startswith("the loader is the bottleneck: 50 % of the time")
    assert advice in hint


def test_the_hint_comes_once(tmp_path, capsys):
    shares = iter([0.1, 0.5, 0.6])
    meter = types.SimpleNamespace(
        add=lambda counts: None, take=lambda: {"data_wait_share": next(shares)}
    )
    experiment = Experiment(
        data=DataConfig(batch_size=2),
        optim=OptimConfig(warmup_steps=0),
        train=TrainConfig(steps=3, log_every_steps=1),
    )
    writer = MetricsWriter(tmp_path, 0)
    recorder = Recorder(writer, experiment, tmp_path, 0, meter)
    said = []
    for step in (1, 2, 3):
        recorder.add(step, dict.fromkeys(("loss", "grad_norm"), np.float32(1)), BATCH)
        recorder.flush()
        said.append(capsys.readouterr().out.count("the loader is the bottleneck"))
    recorder.close()
    writer.close()
    assert said == [0, 1, 0]

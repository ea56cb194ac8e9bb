"""metrics.jsonl: one row a step, also after kills."""

import json

from hypothesis import given
from hypothesis import strategies as st

from spatialvlm_jax.metrics_rows import read_rows
from spatialvlm_jax.training.logging.metrics_file import (
    MetricsWriter,
    realised_shares,
    reproducible,
    truncate,
)


class ListSink:
    def __init__(self):
        self.rows, self.flushed, self.closed = [], 0, 0

    def write(self, step, values):
        self.rows.append((step, dict(values)))

    def flush(self):
        self.flushed += 1

    def close(self):
        self.closed += 1


def write_steps(workdir, resume_step, steps):
    writer = MetricsWriter(workdir, resume_step)
    for step in steps:
        writer.write(step, {"loss": step / 3})
    writer.close()


def test_rows_keep_every_bit_and_leave_out_nan(tmp_path):
    writer = MetricsWriter(tmp_path, 0)
    writer.write(1, {"loss": 0.1 + 0.2, "loss/a": float("nan")})
    writer.close()
    assert read_rows(tmp_path / "metrics.jsonl") == [{"step": 1, "loss": 0.1 + 0.2}]


def test_sinks_take_chosen_rows_and_are_closed(tmp_path):
    sinks = [ListSink(), ListSink()]
    writer = MetricsWriter(tmp_path, 0, sinks)
    writer.write(1, {"loss": 2.0}, everywhere=False)
    writer.write(2, {"loss": 1.0, "loss/a": float("nan")})
    writer.write_evaluation(2, {"accuracy": 0.5})
    writer.close()
    for sink in sinks:
        assert sink.rows == [(2, {"loss": 1.0}), (2, {"eval/accuracy": 0.5})]
        assert (sink.flushed, sink.closed) == (1, 1)
    assert [row["step"] for row in read_rows(writer.path)] == [1, 2, 2]


def test_what_the_machine_decides_is_no_part_of_a_reproducible_row():
    row = {"step": 3, "loss": 1.5, "fill": 0.5, "mfu": 0.4, "step_seconds": 0.1}
    assert reproducible(row) == {"step": 3, "loss": 1.5, "fill": 0.5}


def test_a_resumed_run_replaces_the_rows_after_its_checkpoint(tmp_path):
    write_steps(tmp_path, 0, range(1, 8))
    write_steps(tmp_path, 4, range(5, 7))
    assert [row["step"] for row in read_rows(tmp_path / "metrics.jsonl")] == [1, 2, 3, 4, 5, 6]


def test_evaluations_on_record_are_known_after_resuming(tmp_path):
    writer = MetricsWriter(tmp_path, 0)
    for step in (2, 4):
        writer.write(step, {"loss": 1.0})
        writer.write_evaluation(step, {"accuracy": 0.5})
    writer.close()
    writer = MetricsWriter(tmp_path, 3)
    writer.close()
    assert writer.evaluated == {2}
    assert read_rows(tmp_path / "metrics.jsonl")[-1] == {"step": 2, "eval/accuracy": 0.5}


@given(st.integers(0, 200))
def test_a_line_torn_anywhere_loses_only_itself(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("torn") / "metrics.jsonl"
    rows = [{"step": step, "loss": 1 / step} for step in range(1, 6)]
    lines = [json.dumps(row) + "\n" for row in rows]
    text = "".join(lines)[: max(0, sum(map(len, lines)) - cut)]
    path.write_text(text)
    whole = text.count("\n")
    kept = truncate(path, 4)
    # A last line that lacks only its newline is whole too.
    assert kept in (rows[: min(whole, 4)], rows[: min(whole + 1, 4)])
    assert read_rows(path) == kept
    assert path.read_text() == "".join(lines[: len(kept)])


def test_bytes_that_are_no_rows_are_passed_over(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"step": 1, "loss": 2}\n\xff\xfe\n[1]\n{"step": "x"}\n{"no": 1}\n')
    assert truncate(path, 9) == [{"step": 1, "loss": 2}]


def test_requested_shares_are_one_row_and_realised_ones_the_mean(tmp_path):
    for _ in range(2):
        writer = MetricsWriter(tmp_path, 0)
        writer.write_requested_shares({"a": 0.25, "b": 0.75})
        writer.close()
    assert read_rows(tmp_path / "metrics.jsonl") == [
        {"step": 0, "requested_share/a": 0.25, "requested_share/b": 0.75}
    ]
    assert realised_shares(tmp_path / "metrics.jsonl") == {}
    writer = MetricsWriter(tmp_path, 0)
    writer.write(1, {"loss": 1.0, "share/a": 0.5, "share/b": 0.5})
    writer.write(2, {"loss": 1.0, "share/a": 0.0, "share/b": 1.0})
    writer.close()
    assert realised_shares(tmp_path / "metrics.jsonl") == {"a": 0.25, "b": 0.75}

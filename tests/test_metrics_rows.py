from pathlib import Path

from spatialvlm_jax.metrics_rows import read_rows


def test_torn_and_foreign_lines_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"step": 1, "loss": 2.5}\n[1]\n{"loss": 1}\n\xff\n{"step": 2, "lo')
    assert read_rows(path) == [{"step": 1, "loss": 2.5}]


def test_rows_of_anything_but_numbers_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(
        '{"step": 1, "share/a": "half"}\n{"step": true}\n{"step": 2, "loss": null}\n'
        '{"step": 3, "loss": [1]}\n{"step": 4, "loss": 1, "share/a": 0.5}\n'
    )
    assert read_rows(path) == [{"step": 4, "loss": 1, "share/a": 0.5}]


def test_a_missing_file_has_no_rows(tmp_path: Path) -> None:
    assert read_rows(tmp_path / "metrics.jsonl") == []

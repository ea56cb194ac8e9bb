from spatialvlm_jax.evaluation.benchmarks.registry import BENCHMARKS
from tests.evaluation.benchmarks.example_records import example_records_page
from tests.test_repository import ROOT

COMMAND = "python -m tests.evaluation.benchmarks.example_records > docs/benchmark_records.md"


def test_the_page_has_the_records_that_the_tests_read() -> None:
    page = (ROOT / "docs" / "benchmark_records.md").read_text(encoding="utf-8")
    assert page == example_records_page(), f"run: {COMMAND}"
    assert COMMAND in page
    assert [line[3:] for line in page.splitlines() if line.startswith("## ")] == [*BENCHMARKS]

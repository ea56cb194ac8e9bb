from pathlib import Path

import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.execution.ledger import (
    Report,
    ledger_row,
    read_generation_report,
    reason_class,
    report_of,
    write_generation_report,
)
from spatialvlm_jax.generation.outcomes import Failed, Rejected
from tests.generation.pictures import pairs


def example() -> Report:
    rows = [
        ledger_row("a", "train", Rejected("filter", "looks like 'a painting' (0.93)")),
        ledger_row("b", "train", Rejected("filter", "looks like 'a painting' (0.41)")),
        ledger_row("c", "train", Failed("depth", "RuntimeError: c.jpg: out of memory")),
    ]
    return report_of(5, [pairs(0), pairs(1)], rows)


def test_everything_asked_is_stored_rejected_or_failed() -> None:
    report = example()
    assert (report.asked, report.stored, report.rejected, report.failed) == (5, 2, 2, 1)
    assert report.pairs == 10
    assert report.types == {"left_of": 2, "height": 4, "color": 2, "count": 2}


def test_reasons_are_classes_without_what_differs_between_images() -> None:
    assert example().reasons == {
        "rejected at filter: looks like 'a painting' (N)": 2,
        "failed at depth: RuntimeError": 1,
    }
    long = ledger_row("d", "train", Rejected("lift", "x" * 500))
    assert len(reason_class(long)) < 120


def test_reports_add_up_and_come_back(tmp_path: Path) -> None:
    total = example() + example()
    assert (total.asked, total.pairs, len(total.ledger)) == (10, 20, 6)
    assert total.kinds == {"qualitative": 4, "quantitative": 8, "general": 8}
    write_generation_report(tmp_path / "report.json", total)
    assert read_generation_report(tmp_path / "report.json") == total
    assert total.counts().ledger == ()


@pytest.mark.parametrize("outcome", [Rejected("a", "b"), Failed("a", "b")])
def test_a_row_says_whether_it_was_on_purpose(outcome: Rejected) -> None:
    row = ledger_row("image", "train", outcome)
    status = "failed" if isinstance(outcome, Failed) else "rejected"
    assert row == {
        "image_id": "image",
        "split": "train",
        "stage": "a",
        "status": status,
        "reason": "b",
    }


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "3", '{"asked": 1, "asekd": 2}', "[" * 100_000, "\xff"]
)
def test_a_damaged_report_is_named_with_its_remedy(tmp_path, text):
    path = tmp_path / "report.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(UserError, match=r"report\.json is damaged .* remove it, and its images"):
        read_generation_report(path)

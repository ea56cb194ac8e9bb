"""What the report of several models and benchmarks says beside its figures."""

import re
from pathlib import Path

import numpy as np
import pytest

from spatialvlm_jax.evaluation.benchmarks.item import Item, Mark
from spatialvlm_jax.evaluation.benchmarks.measured import MEASURED, measured_numbers
from spatialvlm_jax.evaluation.benchmarks.predictions import Prediction
from spatialvlm_jax.evaluation.benchmarks.registry import find_benchmark
from spatialvlm_jax.evaluation.benchmarks.report import (
    ModelScores,
    as_document,
    blocks_of,
    chance_of,
    markdown,
)
from spatialvlm_jax.evaluation.benchmarks.report_page import write_report_page
from spatialvlm_jax.evaluation.benchmarks.scoring import ROBUST, MarkedReply, Scores, score_replies

ITEMS = [Item(str(n), "?", "?", "no", f"picture {n // 2}", group="random") for n in range(40)]


def model(name: str, *said: str, benchmark: str = "pope") -> ModelScores:
    """A model whose replies go round."""
    replies = {str(n): Prediction(said[n % len(said)], str(n)) for n in range(40)}
    return ModelScores(name, "pixels", score_replies(find_benchmark(benchmark), ITEMS, replies))


def table_of(text: str) -> list[dict[str, str]]:
    """The rows of the first table of a Markdown text, by the names of their columns."""
    lines = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    rows = []
    for line in lines[2:]:
        if len(line) != len(lines[0]):
            break
        rows.append(dict(zip(lines[0], line, strict=True)))
    return rows


def test_the_headline_table_says_what_the_sample_can_show() -> None:
    (row,) = table_of(markdown([model("a", "no", "no", "yes", "no")]))
    # Half of the pictures have both right, half have one: the error over pictures is .0574, that of
    # 40 answers .0693, and what four of five samples show 2.954 times the former.
    assert (row["questions"], row["pictures"]) == ("40", "20")
    scores = model("a", "no", "no", "yes", "no").headlines[ROBUST]
    assert row["design effect"] == f"{scores.design_effect:.2f}" == "0.68"
    assert row["can show"] == "16.9 %"
    (row,) = table_of(markdown([model("b", "no")]))
    assert (row["design effect"], row["can show"]) == ("–", "–")


def test_rules_that_differ_are_told_with_ten_replies(tmp_path: Path) -> None:
    # Officially "NO" is yes; what it says is no.
    found = [model("a", "no", "NO"), model("b", "no")]
    text = markdown(found)
    assert [row["rules differ"] for row in table_of(text)] == ["50.0 %", "0.0 %"]
    assert "- a: official and robust differ in 20 of 40 (50.00 %)\n" in text
    assert "- b: official and robust differ in 0 of 40 (0.00 %)\n" in text
    assert text.count("official 0 robust 1; true 'no', said \"NO\"") == 10
    write_report_page(tmp_path / "a.html", found)
    page = (tmp_path / "a.html").read_text()
    assert "<summary>a: official and robust differ in 20 of 40 (50.00 %)</summary>" in page
    assert page.count("<li>") == 10
    assert "b: official and robust differ in 0 of 40 (0.00 %)." in page


def test_many_differences_are_adjusted_together() -> None:
    models = [model(name, "yes") for name in ("a", "b")] + [model("c", "no")]
    vsr = [model("a", "yes", benchmark="vsr"), model("c", "yes", "no", benchmark="vsr")]
    blocks = blocks_of([*models, *vsr])
    lines = [each for block in blocks for each in block.differences]
    # Two models and one, under two rules each: six lines, and Holm's factors begin with six.
    assert len(lines) == 6
    least = min(lines, key=lambda each: each.found.p_value)
    assert least.adjusted == pytest.approx(6 * least.found.p_value)
    told = "4 of 6 differ at p ≤ .05, where chance alone shows 0.3; 4 after Holm's adjustment"
    assert chance_of(blocks) == f"Of all differences below, {told}."
    text = markdown([*models, *vsr])
    assert chance_of(blocks) in text
    assert "| second | rule | difference | 95 % interval | p | p (Holm) | can show |" in text
    found = as_document([*models, *vsr])["differences"]
    assert [each["p_holm"] for each in found] == [each.adjusted for each in lines]
    assert chance_of(blocks_of(models[:1])) == ""
    assert "Of all differences" not in markdown(models[:1])


def test_the_page_has_the_line_on_chance(tmp_path: Path) -> None:
    write_report_page(tmp_path / "a.html", [model("a", "yes"), model("b", "no")])
    page = (tmp_path / "a.html").read_text()
    assert "Of all differences below, 2 of 2 differ at p ≤ .05, where chance alone shows" in page
    assert "p (Holm)" in page


def test_numbers_have_curves_and_points_and_words_have_none(tmp_path: Path) -> None:
    items = [
        Item(str(n), "?", "?", "?", f"{n}", value=100.0 + n, unit="cm", group="far")
        for n in range(4)
    ]
    said = ["1 m", "300 cm", "I cannot tell", "1.03 m"]
    replies = {str(n): Prediction(text, str(n)) for n, text in enumerate(said)}
    scores = score_replies(find_benchmark("q_spatial"), items, replies)
    predicted, true = measured_numbers(scores, MEASURED)
    assert true == pytest.approx([1.0, 1.01, 1.02, 1.03])
    assert predicted == pytest.approx([1.0, 3.0, float("nan"), 1.03], nan_ok=True)
    found = [ModelScores("a <b>", "pixels", scores), ModelScores("other", "pixels", scores)]
    write_report_page(tmp_path / "numbers.html", found)
    page = (tmp_path / "numbers.html").read_text("utf-8")
    assert page.count("Answers in range by factor") == 2  # a label and a title of one chart
    (first, second) = re.findall(r'<g class="dots s\d">(.*?)</g>', page)
    assert first.count("<circle") == second.count("<circle") == 3
    assert "a &lt;b&gt;" in page
    write_report_page(tmp_path / "words.html", [model("a", "no")])
    words = (tmp_path / "words.html").read_text("utf-8")
    assert "Answers in range" not in words
    assert "Predicted against true" not in words


def test_counts_hours_and_several_numbers_are_no_measures() -> None:
    items = [
        Item("0", "?", "?", "?", "0", value=3.0, unit="", group="count"),
        Item("1", "?", "?", "?", "1", answers=("1 m",), value=1.0, unit="m", group="size"),
        Item("2", "?", "?", "no", "2"),
    ]
    marked = [MarkedReply(items[0], "3", {ROBUST: Mark(1.0, "3")})]
    marked += [MarkedReply(items[1], "1 m, 2 m", {ROBUST: Mark(0.0, "1, 2")})]
    marked += [MarkedReply(items[2], "no", {ROBUST: Mark(1.0, "no")})]
    predicted, true = measured_numbers(Scores(find_benchmark("msmu"), marked), MEASURED)
    assert true.tolist() == [1.0]
    assert np.isnan(predicted).all()

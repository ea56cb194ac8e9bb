import xml.etree.ElementTree as ET

import numpy as np

from spatialvlm_jax.evaluation.report import charts
from spatialvlm_jax.evaluation.scorer import Scorer, Summary
from spatialvlm_jax.scene.records import QA


def length_answers(count):
    scorer = Scorer()
    for i, value in enumerate(np.geomspace(0.1, 20, count)):
        record = QA("How tall?", "", ("height", "width")[i % 2], "quantitative", value=float(value))
        scorer.add(record, f"{value * 1.5:.3f} m" if i % 5 else "no number")
    return scorer.answers()


def test_nothing_to_show_is_an_empty_text():
    assert charts.loss_chart([]) == ""
    assert charts.loss_chart([{"step": 0, "eval/within_25": 0.5}]) == ""
    assert charts.accuracy_chart({0: {}}) == ""
    assert charts.scatter_chart([]) == ""
    assert charts.ratio_chart([]) == ""
    assert charts.range_chart({"": charts.asked_numbers([])}) == ""


def test_the_loss_is_drawn_raw_and_smoothed_with_few_points():
    rows = [{"step": step, "loss": 5.0 / (1 + step)} for step in range(3_000)]
    chart = charts.loss_chart(rows)
    assert chart.count('class="line') == 2
    assert chart.count("L") < 1_000
    assert charts.loss_chart(rows[:1]).count('class="line') == 2


def test_figures_are_drawn_over_steps():
    figures: Summary = {"within_25": {"value": 0.2}, "general_accuracy": {"value": None}}
    chart = charts.accuracy_chart({0: figures, 10: {"within_25": {"value": 0.6}}})
    assert "lengths within 25 %" in chart
    assert "general VQA" not in chart


def test_every_predicted_length_is_a_dot_up_to_a_limit():
    few = charts.scatter_chart(length_answers(100))
    assert few.count("<circle") == 80
    assert "height" in few
    assert "width" in few
    assert 500 < charts.scatter_chart(length_answers(4_000)).count("<circle") <= 1_500


def test_an_absurd_prediction_does_not_squeeze_the_others():
    scorer = Scorer()
    for text in ("1 m", "1000000 m"):
        scorer.add(QA("How tall?", "", "height", "quantitative", value=1.0), text)
    labels = ET.fromstring(f"<div>{charts.scatter_chart(scorer.answers())}</div>").iter("text")
    ticks = [float(label.text) for label in labels if label.text and label.text[0].isdigit()]
    assert max(ticks) <= 10


def test_ratios_are_counted_in_the_right_bin():
    scorer = Scorer()
    for _ in range(4):
        scorer.add(QA("How tall?", "", "height", "quantitative", value=1.0), "1.05 m")
    scorer.add(QA("How tall?", "", "height", "quantitative", value=1.0), "500 m")
    chart = charts.ratio_chart(scorer.answers())
    assert chart.count("<rect") == 2


def test_the_curve_of_answers_in_range_ends_where_all_are_in():
    numbers = (np.array([1.0, 1.9, 3.9, np.nan]), np.array([1.0, 1.0, 1.0, 1.0]))
    drawn = charts.range_chart({"a <b>": numbers, "right": (numbers[1], numbers[1])})
    assert drawn.count('class="line s') == 2
    assert "a &lt;b&gt;" in drawn

import dataclasses
import json

import pytest

from spatialvlm_jax.evaluation.evaluators.distributions import CORRELATION, SUFFIX
from spatialvlm_jax.evaluation.metrics import CURVE
from spatialvlm_jax.evaluation.probes import CONSISTENCY
from spatialvlm_jax.evaluation.report import results
from spatialvlm_jax.evaluation.scorer import Scorer, Scoring
from spatialvlm_jax.foreign_files.errors import FileError
from spatialvlm_jax.scene.records import QA
from spatialvlm_jax.scene.sight import Sight


def answers(prediction):
    scorer = Scorer()
    for value in (1.0, 2.0):
        record = QA("How tall?", "", "height", "quantitative", value=value, unit="m")
        scorer.add(record, prediction, image_id="image")
    return scorer.answers()


def test_every_metric_has_a_title():
    read = {name for name in results.TITLES if name.endswith(SUFFIX)}
    assert set(results.TITLES) - read == {
        *Scorer().summary().keys() - CURVE.keys(),
        "angle_within_15_degrees",
        "cider",
        CONSISTENCY,
    }


def test_results_are_kept_by_step_and_read_back_in_order(tmp_path):
    results.save_results(tmp_path, 200, answers("1 m"))
    summary = results.save_results(tmp_path, 0, answers("7 m"))
    assert list(results.load_evaluations(tmp_path)) == [0, 200]
    assert results.load_evaluations(tmp_path)[0] == summary
    assert json.loads((tmp_path / "summary.json").read_text()) == summary
    assert len((tmp_path / "predictions.jsonl").read_text().splitlines()) == 2
    assert not list(tmp_path.rglob("*.incomplete*"))


def test_only_figures_of_answers_that_were_read_alike_are_compared(tmp_path):
    results.save_results(tmp_path, 10, answers("1 m"))
    first = results.save_results(tmp_path, 20, answers("7 m"), Scoring("first"))
    assert list(results.load_evaluations(tmp_path)) == [10]
    assert results.load_evaluations(tmp_path, "first") == {20: first}
    assert json.loads(results.evaluation_path(tmp_path, 20).read_text())["which"] == "first"


def test_only_figures_of_the_same_questions_are_compared(tmp_path):
    worse = results.save_results(tmp_path, 10, answers("about a metre"))
    results.save_results(tmp_path, 20, answers("1 m")[:1])
    scorer = Scorer()
    for value in (3.0, 4.5):
        record = QA("How tall?", "", "height", "quantitative", value=value, unit="m")
        scorer.add(record, "1 m", image_id="image")
    results.save_results(tmp_path, 30, scorer.answers())
    last = results.save_results(tmp_path, 40, answers("1 m"))
    asked = results.digest_questions(answers("about a metre"))
    assert results.load_evaluations(tmp_path, questions=asked) == {10: worse, 40: last}
    assert list(results.load_evaluations(tmp_path)) == [10, 20, 30, 40]


def test_only_figures_of_the_same_tracks_are_compared(tmp_path):
    def on(track):
        found = answers("1 m")
        return [dataclasses.replace(a, row=dataclasses.replace(a.row, track=track)) for a in found]

    for step, track in enumerate(("camera", "pixels", "camera")):
        results.save_results(tmp_path, step, on(track))
    path = results.evaluation_path(tmp_path, 0)
    assert json.loads(path.read_text())["tracks"] == {"": "camera"}
    assert list(results.load_comparable(tmp_path, "conclusion", on("camera"))) == [0, 2]
    assert list(results.load_evaluations(tmp_path)) == [0, 1, 2]
    old = json.loads(path.read_text())
    del old["tracks"]
    path.write_text(json.dumps(old))
    assert list(results.load_comparable(tmp_path, "conclusion", on("pixels"))) == [0, 1]


def test_other_questions_with_equal_figures_are_told_apart(tmp_path):
    def asked(image_id, question="How tall?"):
        scorer = Scorer()
        record = QA(question, "", "height", "quantitative", value=1.0, unit="m")
        scorer.add(record, "1 m", image_id=image_id, dataset="worlds")
        return scorer.answers()

    one, two = asked("a"), asked("b")
    results.save_evaluation(tmp_path, 10, one)
    assert results.save_evaluation(tmp_path, 20, two) == results.summarize(one)
    found = results.load_evaluations(tmp_path, questions=results.digest_questions(two))
    assert list(found) == [20]
    digests = {results.digest_questions(each) for each in (one, two, asked("a", "How high?"))}
    assert len(digests) == 3
    assert results.digest_questions(one + two) == results.digest_questions(two + one)


def test_figures_of_unknown_questions_are_compared_with_none(tmp_path):
    results.save_evaluation(tmp_path, 10, answers("1 m"))
    path = results.evaluation_path(tmp_path, 10)
    path.write_text(json.dumps({**json.loads(path.read_text()), "questions": None}))
    asked = results.digest_questions(answers("1 m"))
    assert results.load_evaluations(tmp_path, questions=asked) == {}
    assert list(results.load_evaluations(tmp_path)) == [10]


def test_figures_that_are_none_are_refused_by_name(tmp_path):
    path = results.evaluation_path(tmp_path, 10)
    path.parent.mkdir()
    path.write_text('{"step": 10, "summary": {"within_25": 0.5}}')
    with pytest.raises(FileError, match=r"step_00000010\.json is not figures of an evaluation"):
        results.load_evaluations(tmp_path)


def test_before_is_the_earliest_evaluation_that_is_earlier():
    evaluations: dict[int, results.Summary] = {0: {"a": {}}, 50: {"b": {}}, 100: {"c": {}}}
    assert results.before(evaluations, 100) == (0, {"a": {}})
    assert results.before(evaluations, 0) is None
    assert results.before({}, 10) is None


def test_rows_hold_before_and_after():
    early = results.summarize(answers("7 m"))
    late = results.summarize(answers("1 m"))
    rows = {row.name: row for row in results.headline_rows(late, early)}
    assert rows["within_25"].before == 0.0
    assert rows["within_25"].value == 0.5
    assert "qualitative_accuracy" not in rows  # nothing was asked that a word answers
    (height,) = results.type_rows(late, None)
    assert (height.title, height.value, height.before) == ("height", 0.5, None)


def test_the_curve_is_a_table_of_factors_of_all_answers():
    early, late = results.summarize(answers("7 m")), results.summarize(answers("1.3 m"))
    rows = results.curve_rows(late, early)
    assert [row.title for row in rows] == [
        *("factor 1.1", "factor 1.25", "factor 1.5", "factor 2", "factor 3", "factor 4"),
    ]
    values = [row.value or 0.0 for row in rows]
    assert values == sorted(values)
    assert values[0] < values[-1]
    assert all(row.before is not None and row.baseline is not None for row in rows)
    assert not any(name.startswith("in_range_1.5/") for name in late)


def test_a_type_of_several_kinds_is_told_with_the_kind():
    scorer = Scorer()
    for kind, value, unit in (("quantitative", 1.0, "m"), ("general", float("nan"), "")):
        record = QA("What?", "1 m", "mine", kind, value=value, unit=unit)
        scorer.add(record, "1 m", image_id="image")
    rows = results.type_rows(results.summarize(scorer.answers()), None)
    assert [row.title for row in rows] == ["mine, quantities", "mine, general"]


def test_the_table_shows_the_baseline_beside_each_figure():
    early = results.summarize(answers("7 m"))
    late = results.summarize(answers("1 m"))
    table = results.format_table(results.headline_rows(late, early))
    lines = {line.split("  ")[0]: line.split() for line in table.splitlines()}
    assert lines["metric"][1:4] == ["before", "after", "baseline"]
    assert lines["Within 25 % of truth"][5:11] == ["0.0", "%", "50.0", "%", "50.0", "%"]
    widths = {len(line) for line in table.splitlines()}
    assert len(widths) == 1
    assert "before" not in results.format_table(results.headline_rows(late, None))


def test_missing_figures_are_dashes():
    assert results.percent(None) == "–"
    assert results.interval(None) == "–"
    assert results.percent(0.876) == "87.6 %"
    assert results.interval((0.1, 0.256)) == "10.0–25.6 %"
    assert results.interval((-0.249, -0.039)) == "-24.9 to -3.9 %"


def test_what_is_known_of_the_objects_has_rows_of_its_own():
    scorer = Scorer()
    record = QA("How tall?", "", "height", "quantitative", value=1.0, unit="m")
    scorer.add(record, "1 m", image_id="image", sight=Sight(1.5, 0.5, 1.0, usual_size=1.0))
    scorer.add(record, "2 m", image_id="image", sight=Sight(usual_size=0.0))
    summary = scorer.summary()
    rows = results.breakdown_rows(summary, "within_25", ("distance", "size", "occlusion"))
    found = [(row.title, row.value, row.count) for row in rows]
    assert found == [
        ("distance 1 to 2 m", 1.0, 1),
        ("size 30 cm to 1 m", 1.0, 1),
        ("occlusion not hidden", 1.0, 1),
    ]
    rows = results.breakdown_rows(summary, "within_25", ("usual_size",))
    assert [(row.title, row.value) for row in rows] == [
        ("usual size agrees", 1.0),
        ("usual size disagrees", 0.0),
        ("usual size gap", 1.0),
    ]


def test_the_correlation_of_spread_and_error_stands_in_the_table() -> None:
    summary = {CORRELATION: {"value": 0.424, "baseline": None, "count": 9, "ci95": None}}
    table = results.format_table(results.headline_rows(summary, None))
    (line,) = [line for line in table.splitlines() if line.startswith("Rank correlation")]
    assert line.removeprefix("Rank correlation of spread and error").split()[0] == "0.42"

import dataclasses
import itertools
import json

import pytest

from spatialvlm_jax.evaluation import metrics
from spatialvlm_jax.evaluation.scorer import METRICS, Scorer, write_predictions
from spatialvlm_jax.generation.phrasing import METRES, format_quantity
from spatialvlm_jax.generation.qa import REGISTRY
from spatialvlm_jax.generation.records import QA
from spatialvlm_jax.generation.templates import TEMPLATES
from spatialvlm_jax.generation.templates_qualitative import (
    OPPOSITES,
    PLACE_WORDS,
    RELATION_WORDS,
)
from spatialvlm_jax.generation.templates_thresholds import THRESHOLD_WORDS


def length(value, kind="height"):
    return QA("How tall?", f"{value} m", kind, "quantitative", value=value, unit="m")


def scored(*pairs):
    scorer = Scorer()
    for record, prediction in pairs:
        scorer.add(record, prediction, image_id="image", dataset="worlds")
    return scorer


def test_length_metrics_of_literal_answers():
    scorer = scored(
        (length(1.0), "1.05 m"),
        (length(1.0), "1.2 m"),
        (length(1.0), "1.4 m"),
        (length(1.0), "1.9 m"),
        (length(10.0), "big"),
    )
    summary = scorer.summary()
    values = {name: summary[name]["value"] for name in METRICS}
    assert values == {
        "qualitative_accuracy": None,
        "number_given": 0.8,
        "within_50_200": 0.8,
        "within_66_150": 0.6,
        "within_90_110": 0.2,
        "within_25": 0.4,
        "mean_absolute_relative_error": pytest.approx((0.05 + 0.2 + 0.4 + 0.9) / 4),
        "general_accuracy": None,
    }
    assert summary["within_25"]["baseline"] == 0.8
    assert summary["within_25"]["count"] == 5
    assert summary["within_25"]["ci95"] == list(metrics.wilson_interval(2, 5))
    assert summary["mean_absolute_relative_error"]["count"] == 4
    assert summary["qualitative_accuracy"]["count"] == 0


def test_the_baseline_is_one_constant_for_each_type():
    one_type = scored((length(0.1), "x"), (length(10.0), "x"))
    two_types = scored((length(0.1, "height"), "x"), (length(10.0, "distance"), "x"))
    assert one_type.summary()["within_50_200"]["baseline"] == 0.5
    assert two_types.summary()["within_50_200"]["baseline"] == 1.0


def test_figures_by_type_have_their_own_names_and_counts():
    yes = QA("Is the mug left of it?", "yes", "left_of", "qualitative", verdict="yes")
    no = dataclasses.replace(yes, verdict="no")
    red = QA("What color?", "red", "color", "general", verdict="red")
    summary = scored((yes, "yes"), (no, "yes"), (no, "no"), (red, "red")).summary()
    assert summary["qualitative_accuracy/left_of"]["value"] == pytest.approx(2 / 3)
    assert summary["qualitative_accuracy/left_of"]["baseline"] == pytest.approx(2 / 3)
    assert summary["general_accuracy/color"]["count"] == 1
    assert "general_accuracy/left_of" not in summary


def test_data_sets_are_told_apart_only_where_there_are_several():
    scorer = scored((length(1.0), "1 m"))
    assert not any("@" in name for name in scorer.summary())
    scorer.add(length(1.0), "9 m", dataset="photographs")
    summary = scorer.summary()
    assert summary["within_25@worlds"]["value"] == 1.0
    assert summary["within_25@photographs"]["value"] == 0.0


def test_always_the_first_named_is_a_baseline_for_choices():
    pairs = [("red mug", "blue lamp"), ("green box", "white ball"), ("tan chair", "grey bed")]
    records = [
        QA(f"Which is taller, the {a} or the {b}?", a, "which", "qualitative", verdict=a)
        for a, b in pairs
    ]
    summary = scored(*((record, "") for record in records)).summary()
    assert summary["qualitative_accuracy"]["baseline"] == 1.0


def test_an_empty_scorer_still_names_every_metric():
    summary = Scorer().summary()
    assert list(summary) == list(METRICS)
    json.dumps(summary, allow_nan=False)


def test_predictions_are_one_object_a_line(tmp_path):
    scorer = scored((length(1.0), "1\nm"), (length(2.0), "“5”"))
    write_predictions(tmp_path / "p.jsonl", scorer.answers())
    rows = [json.loads(line) for line in (tmp_path / "p.jsonl").read_text("utf-8").splitlines()]
    assert [row["prediction"] for row in rows] == ["1\nm", "“5”"]
    assert [row["correct"] for row in rows] == [True, False]


CAPTIONS = [("red mug", "blue lamp"), ("mug", "thing on the brown table")]


def every_wording():
    """Records in which every question meets every answer of its spatial type."""
    for name, kind in REGISTRY.items():
        if kind.kind == "general":
            continue
        wording = TEMPLATES[name]
        for turn, (question, answer) in enumerate(
            itertools.product(wording.questions, wording.answers)
        ):
            a, b = CAPTIONS[turn % len(CAPTIONS)]
            for slots, truth in truths(kind, a, b):
                yield QA(
                    question.format(a=a, b=b, size="60 cm"),
                    answer.format(a=a, b=b, size="60 cm", **slots),
                    name,
                    kind.kind,
                    **truth,
                )


def truths(kind, a, b):
    """The answers' placeholders, with the fields of the record that they mean."""
    if kind.answer_form == "number":
        yield {"value": "0.52 m"}, {"value": 0.52, "unit": "m"}
    elif kind.name == "clock":
        for hour in ("1", "3", "12"):
            yield {"hour": hour}, {"verdict": hour}
    elif kind.answer_form == "word":
        for place, words in PLACE_WORDS.items():
            yield {"direction": place, "place": words}, {"verdict": place}
    elif kind.answer_form == "choice":
        for winner, loser in ((a, b), (b, a)):
            slots = {"winner": winner, "loser": loser, "long": RELATION_WORDS[kind.asks][1]}
            yield slots, {"verdict": winner}
    else:
        for verdict in ("yes", "no"):
            if kind.name in THRESHOLD_WORDS:
                short, long = THRESHOLD_WORDS[kind.name][verdict]
            else:
                word = kind.asks if verdict == "yes" else OPPOSITES[kind.asks]
                short, long = RELATION_WORDS[word]
            yield {"short": short, "long": long, "verdict": verdict}, {"verdict": verdict}


def test_every_wording_of_our_own_questions_is_read_rightly():
    scorer = scored(*((record, record.answer) for record in every_wording()))
    wrong = [answer for answer in scorer.answers() if answer.mark != "right"]
    assert len(scorer) > 1_000
    assert wrong == []


@pytest.mark.parametrize("answer", TEMPLATES["height"].answers)
def test_lengths_in_every_unit_are_read_rightly(answer):
    for value, unit in itertools.product((0.07, 0.5, 1.23, 23.0), METRES):
        spoken = answer.format(a="red mug", value=format_quantity(value, unit))
        record = QA("How tall?", spoken, "height", "quantitative", value=value, unit=unit)
        (judged,) = scored((record, spoken)).answers()
        assert judged.mark == "right", spoken

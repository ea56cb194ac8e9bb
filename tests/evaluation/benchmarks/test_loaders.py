"""Every benchmark of the registry, read from its fixture and marked."""

import json
from pathlib import Path
from typing import Any

import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.benchmarks.item import Item
from spatialvlm_jax.evaluation.benchmarks.joining import join
from spatialvlm_jax.evaluation.benchmarks.loading import load_questions
from spatialvlm_jax.evaluation.benchmarks.predictions import Prediction
from spatialvlm_jax.evaluation.benchmarks.registry import BENCHMARKS, find_benchmark
from spatialvlm_jax.evaluation.benchmarks.scoring import score_replies
from spatialvlm_jax.foreign_files.parquet_files import read_parquet_records
from tests.evaluation.benchmarks.published import (
    PNG,
    SAMPLES,
    write_json,
    write_lines,
    write_parquet,
)


def test_every_benchmark_has_a_fixture() -> None:
    assert set(SAMPLES) == set(BENCHMARKS)


@pytest.mark.parametrize("name", SAMPLES)
def test_a_benchmark_is_read_and_marked(name: str, tmp_path: Path) -> None:
    sample, benchmark = SAMPLES[name], BENCHMARKS[name]
    sample.write(tmp_path)
    items = load_questions(benchmark, tmp_path).items
    assert tuple(item.id for item in items) == sample.ids
    assert all(item.question in item.prompt and item.image_id for item in items)
    first = items[0]
    assert benchmark.official(first, sample.right).score == 1
    assert benchmark.robust(first, sample.right).score == 1
    assert benchmark.robust(first, sample.prose).score == 1
    assert benchmark.official(first, sample.prose).score == sample.official
    assert benchmark.robust(first, "").said is None
    assert benchmark.robust(first, "").score == 0


@pytest.mark.parametrize("name", SAMPLES)
def test_figures_of_right_replies_are_whole_and_of_none_are_nothing(
    name: str, tmp_path: Path
) -> None:
    sample, benchmark = SAMPLES[name], BENCHMARKS[name]
    sample.write(tmp_path)
    items = load_questions(benchmark, tmp_path).items
    # A quantity, a word, a letter: as its file has them.
    replies = {item.id: Prediction(item.answer, item.id) for item in items}
    figures = score_replies(benchmark, items, replies).figures()
    other = ("yes_share", "mean relative error")
    shares = {key: value for key, value in figures["robust"].items() if key not in other}
    assert shares
    assert all(value == pytest.approx(1) for value in shares.values())
    nothing = score_replies(benchmark, items, {}).figures()
    assert all(value == 0 for figure in nothing.values() for value in figure.values())
    assert [*figures] == ["official", "robust", *benchmark.rules]


@pytest.mark.parametrize("name", SAMPLES)
def test_the_headline_is_the_weighted_mean_of_marks(name: str, tmp_path: Path) -> None:
    sample, benchmark = SAMPLES[name], BENCHMARKS[name]
    sample.write(tmp_path)
    items = load_questions(benchmark, tmp_path).items
    # Half of them right, so that groups differ.
    replies = {item.id: Prediction(item.answer, item.id) for item in items[::2]}
    scores = score_replies(benchmark, items, replies)
    for rule, figures in scores.figures().items():
        assert next(iter(figures.values())) == pytest.approx(scores.headlines()[rule].value)


def test_cv_bench_weighs_its_sources(tmp_path: Path) -> None:
    SAMPLES["cv_bench"].write(tmp_path)
    benchmark = find_benchmark("cv_bench")
    items = load_questions(benchmark, tmp_path).items
    replies = {id_: Prediction("B", id_) for id_ in ("0", "2")}
    figures = score_replies(benchmark, items, replies).figures()["official"]
    expected = {"combined": 0.5, "2D": 0.5, "3D": 0.5, "ADE20K": 1.0, "COCO": 0.0, "Omni3D": 0.5}
    assert {name: figures[name] for name in expected} == expected
    assert next(iter(figures)) == "combined"


def test_spatial_rgpt_marks_hours_regions_and_verdicts(tmp_path: Path) -> None:
    SAMPLES["spatial_rgpt"].write(tmp_path)
    benchmark = find_benchmark("spatial_rgpt")
    _, hour, predicate, choice = load_questions(benchmark, tmp_path).items
    assert benchmark.official(hour, "Region [1] is at 3 o'clock").score == 1
    assert benchmark.official(hour, "at 12 o'clock").score == 0
    assert benchmark.official(predicate, "No, Region [0] is right of it.").score == 0
    assert benchmark.official(predicate, "Indeed. Yes.").score == 1
    assert benchmark.official(choice, "Region [0]").score == 0
    assert benchmark.official(choice, "region 1 it is").score == 1


def test_spatial_rgpt_takes_the_error_of_what_was_read(tmp_path: Path) -> None:
    SAMPLES["spatial_rgpt"].write(tmp_path)
    benchmark = find_benchmark("spatial_rgpt")
    items = load_questions(benchmark, tmp_path).items
    figures = score_replies(benchmark, items, {"q0": Prediction("3 m", "q0")}).figures()["official"]
    assert figures["mean relative error"] == pytest.approx(1.5 / 1.5001)
    assert figures["quantitative accuracy"] == 0


def test_dumps_of_spatial_rgpt_tell_its_answers_as_they_are(tmp_path: Path) -> None:
    SAMPLES["spatial_rgpt"].write(tmp_path)
    items = load_questions(find_benchmark("spatial_rgpt"), tmp_path).items
    truths = ["Region [0] is 1.5 meters wide.", "Yes, Region [0] is to the left of Region [1]."]
    said = [Prediction("x", "q0", truth=truths[0]), Prediction("x", "q2", truth=truths[1])]
    assert join(items, said).strangers == 0
    with pytest.raises(UserError, match="and the file says 'No.'"):
        join(items, [Prediction("x", "q2", truth="No.")])


def test_robospatial_marks_points_by_their_polygon(tmp_path: Path) -> None:
    SAMPLES["robospatial_home"].write(tmp_path)
    benchmark = find_benchmark("robospatial_home")
    item = load_questions(benchmark, tmp_path).items[1]
    reply = r"(1, 1), no: \boxed{(0.5, 0.4)}"
    assert benchmark.official(item, reply).score == 0
    assert benchmark.robust(item, reply).score == 1
    assert benchmark.official(item, "on the left").said is None


def test_robospatial_is_joined_whatever_form_a_harness_asks_for(tmp_path: Path) -> None:
    SAMPLES["robospatial_home"].write(tmp_path)
    items = load_questions(find_benchmark("robospatial_home"), tmp_path).items
    asked = ["Is the mug left of the bowl?\nAnswer in JSON.", "Point at free space.\nAs points."]
    said = [Prediction("x", place=n, prompt=prompt) for n, prompt in enumerate(asked)]
    assert join(items, said).strangers == 0
    assert [item.prompt for item in items] == [
        "Is the mug left of the bowl? Answer yes or no.",
        "Point at free space. Your answer should be formatted as a list of tuples.",
    ]


MSMU_REPLIES = [
    (1, "80 cm, 60 cm and 55 cm", 1, 1),
    (1, "0.8 x 0.63 x 0.55 m", 1, 1),
    # One is off by half, and the mean ratio is 1.17.
    (1, "0.8 m x 0.63 m x 0.82 m", 1, 0),
    (1, "0.8 m", 0, 0),
    (1, "0.8 m x 0.63 m x 0.55 m, or 31 inches", 1, 0),
    (2, "about 2.5 feet", 1, 1),
    (3, "six", 1, 0),
    (3, "five", 1, 1),
    (4, "(0.3, 0.6)", 1, 1),
    (4, "(0.3, 0.8)", 0, 0),
    (4, "on the left", 0, 0),
    (5, "At the bottom left.", 1, 1),
    (5, "lower right", 0, 0),
    (6, "The bed being 0.81 m, the table is 1 m and the nightstand 0.9 m.", 1, 1),
    (6, "1.0 m and 1.9 m", 0, 0),
    (7, "Yes, it is.", 1, 1),
    (7, "It is to the right, so no.", 0, 0),
    (8, "the table", 1, 1),
    (8, "The chair.", 0, 0),
    (9, "There is none, so no.", 1, 1),
    (9, "yes", 0, 0),
]


@pytest.mark.parametrize(("number", "reply", "official", "robust"), MSMU_REPLIES)
def test_msmu_marks_numbers_places_and_words(
    number: int, reply: str, official: int, robust: int, tmp_path: Path
) -> None:
    SAMPLES["msmu"].write(tmp_path)
    benchmark = find_benchmark("msmu")
    item = load_questions(benchmark, tmp_path).items[number]
    assert benchmark.official(item, reply).score == official
    assert benchmark.robust(item, reply).score == robust


def test_msmu_weighs_its_types_alike(tmp_path: Path) -> None:
    SAMPLES["msmu"].write(tmp_path)
    benchmark = find_benchmark("msmu")
    items = load_questions(benchmark, tmp_path).items
    figures = score_replies(benchmark, items, {"3": Prediction("5", "3")}).figures()["official"]
    assert figures["mean of types"] == pytest.approx(1 / 8)
    assert figures["count"] == 1


def test_vsi_bench_reads_units_only_by_our_rule(tmp_path: Path) -> None:
    SAMPLES["vsi_bench"].write(tmp_path)
    benchmark = find_benchmark("vsi_bench")
    distance, count, *directions = load_questions(benchmark, tmp_path).items
    rules = [benchmark.official, *benchmark.rules.values(), benchmark.robust]
    assert [rule(distance, "3.0m").score for rule in rules] == [0, 1, 1, 1]
    assert [rule(distance, "3 (300 cm)").score for rule in rules] == [1, 1, 0, 1]
    assert [rule(distance, "300 cm").score for rule in rules] == [0, 0, 0, 1]
    assert [rule(count, "four").score for rule in rules] == [0, 1, 1, 1]
    replies = {item.id: Prediction("B", item.id) for item in directions[:1]}
    figures = score_replies(benchmark, [distance, *directions], replies).figures()["official"]
    expected = {"mean of tasks": 0.25, "object_abs_distance": 0.0, "object_rel_direction": 0.5}
    assert figures == expected


@pytest.mark.parametrize(
    ("name", "row", "said"),
    [
        ("vsr", {"caption": "x", "label": 2, "relation": "on", "image": "a"}, "neither 0 nor 1"),
        ("vsr", {"caption": "x", "relation": "on", "image": "a"}, "'label' is missing"),
        ("vsr", {"caption": " ", "label": 1, "relation": "on", "image": "a"}, "is empty"),
        ("vsr", {"caption": ["x"], "label": 1, "relation": "on", "image": "a"}, "is no text"),
        ("vsr", {"caption": "x", "label": "one", "relation": "on", "image": "a"}, "is no number"),
        ("vsr", {"caption": "x", "label": "nan", "relation": "on", "image": "a"}, "no finite"),
    ],
)
def test_a_record_that_lacks_a_field_is_told_or_counted(
    name: str, row: dict[str, object], said: str, tmp_path: Path
) -> None:
    good = {"caption": "x", "label": 1, "relation": "on", "image": "a"}
    write_lines(tmp_path / "test.jsonl", [good, row])
    with pytest.raises(UserError, match=said) as error:
        load_questions(find_benchmark(name), tmp_path)
    assert "test.jsonl: line 2: field" in str(error.value)
    assert "--allow-missing" in str(error.value)
    questions = load_questions(find_benchmark(name), tmp_path, allow_missing=True)
    assert len(questions.items) == 1
    assert len(questions.missing) == 1


def test_truths_that_cannot_be_are_told(tmp_path: Path) -> None:
    options = {"question": "?", "choices": ["a", "b"], "idx": 1, "prompt": "?"}
    cv = options | {"task": "t"}
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("cv_bench", {**cv, "answer": "(C)", "source": "COCO"}, "'C', none of A, B"),
        ("cv_bench", {**cv, "answer": "(A)", "source": "X"}, "'X', none of ADE20K, COCO"),
        ("blink", {**options, "answer": "", "sub_task": "t"}, "'answer' is empty"),
        ("blink", {**options, "choices": ["a"], "answer": "A", "sub_task": "t"}, "2 to 26 texts"),
        ("msmu", {"type": "size", "conversations": []}, "'size', none of scale_estimation"),
        ("msmu", {"type": "count", "conversations": [{"value": "?"}]}, "no text in turn 2"),
        (
            "msmu",
            {"type": "count", "conversations": [{"value": "?"}, {"value": "many"}]},
            "an answer that tells no count",
        ),
        ("q_spatial", {"question": "?", "answer_value": 0.0, "answer_unit": "m"}, "more than 0"),
    ]
    for number, (name, row, said) in enumerate(cases):
        folder = tmp_path / str(number)
        folder.mkdir()
        write_parquet(folder / "a.parquet", [row])
        with pytest.raises(UserError, match=said):
            load_questions(find_benchmark(name), folder)
    base = {"question_id": 1, "question": "?", "relation": "r", "answer_options": ["a", "b"]}
    write_json(tmp_path / "e.json", [base | {"answer": 2}])
    with pytest.raises(UserError, match=r"e.json: record 0 \(from 0\): .*there are 2 options"):
        load_questions(find_benchmark("emb_spatial"), tmp_path / "e.json")


def test_files_that_cannot_be_are_told_in_a_line(tmp_path: Path) -> None:
    pope, vqa, gqa = map(find_benchmark, ("pope", "vqa_v2", "gqa"))
    with pytest.raises(UserError, match="does not exist; pope reads coco_pope"):
        load_questions(pope, tmp_path / "none")
    with pytest.raises(UserError, match="has no file .json or .jsonl"):
        load_questions(pope, tmp_path)
    (tmp_path / "coco_pope_random.json").write_text("\n7\n")
    with pytest.raises(UserError, match="line 2 is no record"):
        load_questions(pope, tmp_path)
    (tmp_path / "coco_pope_random.json").write_text("{\n")
    with pytest.raises(UserError, match="line 1 is no record: "):
        load_questions(pope, tmp_path)
    with pytest.raises(UserError, match="name the folder of both"):
        load_questions(vqa, tmp_path / "coco_pope_random.json")
    row = {"question_id": 1, "image": "a", "text": "?", "label": "yes"}
    write_lines(tmp_path / "coco_pope_random.json", [row, row])
    with pytest.raises(UserError, match="line 2: question 'random/1' is there twice"):
        load_questions(pope, tmp_path)
    (tmp_path / "x_questions.json").write_text(json.dumps({"1": 7}))
    with pytest.raises(UserError, match="record '1' is no record"):
        load_questions(gqa, tmp_path)
    (tmp_path / "x_questions.json").write_text("{}")
    with pytest.raises(UserError, match="has no question of gqa"):
        load_questions(gqa, tmp_path)


def test_names_that_are_none_are_told() -> None:
    with pytest.raises(
        UserError, match="no benchmark 'cvbench': there are q_spatial.*did you mean cv_bench"
    ):
        find_benchmark("cvbench")
    with pytest.raises(UserError, match="--track is one of boxes, names"):
        find_benchmark("spatial_rgpt").check_track("")
    with pytest.raises(UserError, match="pope has no track 'boxes': --track is one of pix"):
        find_benchmark("pope").check_track("boxes")
    find_benchmark("spatial_rgpt").check_track("names")
    find_benchmark("pope").check_track("")


@pytest.mark.parametrize("name", ["robospatial_home", "msmu"])
def test_pictures_without_a_name_are_told_by_what_they_show(name: str, tmp_path: Path) -> None:
    """Questions about one picture are not independent, and behind another one they see another."""
    SAMPLES[name].write(tmp_path)
    (path, *others) = sorted(tmp_path.iterdir())
    field = {"robospatial_home": "img", "msmu": "image_base64"}[name]
    row = next(read_parquet_records(path))
    for other in others:
        other.unlink()
    turned = row | {field: {"bytes": PNG + b" ", "path": None} if name != "msmu" else "QUJD"}
    write_parquet(path, [row, turned, row])
    items = load_questions(find_benchmark(name), tmp_path).items
    assert [item.id for item in items] == ["0", "1", "2"]
    first, second, third = (item.image_id for item in items)
    assert first == third != second
    scores = score_replies(find_benchmark(name), items, {})
    assert {found.clusters for found in scores.headlines().values()} == {2}


@pytest.mark.parametrize(
    ("answer", "reply", "official", "robust"),
    [
        ("sedan", "{'Reasoning': 'low', 'Answer': 'SUV'}", 1, 0),  # of one class
        ("sedan", '{"Reasoning": "low", "Answer": "sedan"}', 1, 1),
        ("sedan", "It is a sedan.", 0, 0),
        ("sedan", "sedan", 1, 1),
        ("Yes", "{'Answer': 3}", 1, 1),
        ("Yes", "10", 0, 1),
        ("No", "{'Answer': 'none'}", 1, 1),
        ("No", "0", 1, 1),
        ("No", "Yes", 0, 0),
        ("2", "{'Answer': 'two'}", 1, 1),
        ("2", "There are two.", 0, 1),
        ("left", "Answer: Left.", 0, 1),
        ("left", "", 0, 0),
    ],
)
def test_spatial_457_reads_its_template(answer, reply, official, robust) -> None:
    benchmark = BENCHMARKS["spatial_457"]
    item = Item(id="0", question="?", prompt="?", answer=answer, image_id="0", group="L1_single")
    assert benchmark.official(item, reply).score == official
    assert benchmark.robust(item, reply).score == robust


def test_viz_wiz_asks_for_what_cannot_be_answered(tmp_path: Path) -> None:
    SAMPLES["viz_wiz"].write(tmp_path)
    benchmark = BENCHMARKS["viz_wiz"]
    color, unclear = load_questions(benchmark, tmp_path).items
    assert "respond with 'Unanswerable'" in unclear.prompt
    assert [benchmark.official(unclear, said).score for said in ("unanswerable", "yes")] == [1, 0]
    assert benchmark.official(color, "unsuitable").score == pytest.approx(0.6)

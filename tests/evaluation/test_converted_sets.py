"""The truth as prediction, on sets that were converted or are read in place: what the rules give.

Each set is made by the command, loaded as an evaluation loads it, and scored.
"""

import dataclasses
import json
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from data_loaders.evaluation import eval_batches
from spatialvlm_jax import cli
from spatialvlm_jax.evaluation.scorer import Scorer, Summary
from spatialvlm_jax.experiment import DataConfig, DatasetConfig, EncoderConfig, ModelConfig
from tests.conversion import published
from tests.conversion.published import photo, ten, write_folder, write_json

MODEL = ModelConfig(encoder=EncoderConfig(image_size=16, patch_size=8))
# Ten people's answers, the one that most gave, and what that scores: three of ten agree in the
# second after normalisation, two in the third, all in the last.
PEOPLE = [
    (["red mug"] * 6 + ["mug"] * 4, "red mug", 1.0),
    (["2", "two", "Two.", "3", "4", "5", "6", "7", "8", "9"], "2", 0.9),
    (["a dog", "dog!", "cat", "fox", "owl", "elk", "hen", "cow", "pig", "bee"], "a dog", 0.6),
    (["Yes, sir"] * 10, "Yes, sir", 1.0),
]


def convert(form: str, paths: dict[str, str], out: Path, *more: str) -> DatasetConfig:
    files = [f"--{name}={path}" for name, path in paths.items()]
    assert cli.main(["convert", f"--format={form}", *files, f"--out={out}", "--quiet", *more]) == 0
    return DatasetConfig(form, str(out), split="train")


def truth_as_prediction(config: DatasetConfig) -> Summary:
    scorer = Scorer()
    batches = eval_batches(
        [config], DataConfig(datasets=(config,)), MODEL, batch_size=4, pairs_per_image=8
    )
    for batch in batches:
        for image_id, records in zip(batch.image_ids, batch.records, strict=True):
            for record in records:
                scorer.add(record, record.answer, image_id, config.name)
    return scorer.summary()


def check(summary: Summary, value: float, baseline: float, count: int) -> None:
    figure = summary["general_accuracy"]
    assert figure["value"] == pytest.approx(value)
    assert figure["baseline"] == pytest.approx(baseline)
    assert figure["count"] == count
    low, high = figure["ci95"]
    assert low <= value <= high


@pytest.mark.parametrize("form", ["vqa_v2", "okvqa"])
def test_ten_answers_score_by_the_official_rule(form: str, tmp_path: Path) -> None:
    paths = published.vqa(tmp_path, images=2, questions_each=2)
    document = json.loads(Path(paths["annotations"]).read_text())
    for annotation, (answers, preferred, _) in zip(document["annotations"], PEOPLE, strict=True):
        annotation.update(answers=ten(*answers), multiple_choice_answer=preferred)
    write_json(Path(paths["annotations"]), document)
    config = convert(form, paths, tmp_path / "out")
    check(truth_as_prediction(config), (1.0 + 0.9 + 0.6 + 1.0) / 4, 1 / 4, 4)


def test_gqa_scores_by_its_one_answer(tmp_path: Path) -> None:
    paths = published.gqa(tmp_path, images=2, questions_each=2)
    document = json.loads(Path(paths["questions"]).read_text())
    for record, answer in zip(document.values(), ("yes", "no", "yes", "Sofa"), strict=True):
        record["answer"] = answer
    write_json(Path(paths["questions"]), document)
    check(truth_as_prediction(convert("gqa", paths, tmp_path / "out")), 1.0, 1 / 2, 4)


def test_llava_scores_by_its_replies(tmp_path: Path) -> None:
    config = convert("llava", published.llava(tmp_path, images=3), tmp_path / "out")
    check(truth_as_prediction(config), 1.0, 1 / 2, 6)


RECORDS: list[dict[str, Any]] = [
    {"image": "a.jpg", "question": "which?", "answer": PEOPLE[1][0]},
    {"image": "a.jpg", "question": "what?", "answer": "A red mug."},
    {"image": "b.jpg", "question": "how many?", "answer": 3},
]


@pytest.mark.parametrize("converted", [True, False])
def test_json_lines_score_by_one_answer_or_ten(converted: bool, tmp_path: Path) -> None:
    images = write_folder(tmp_path / "images", {"a.jpg": photo(0), "b.jpg": photo(1)})
    questions = tmp_path / "mine.jsonl"
    questions.write_text("".join(json.dumps(record) + "\n" for record in RECORDS))
    if converted:
        paths = {"questions": str(questions), "images": str(images)}
        config = convert("jsonl", paths, tmp_path / "out")
    else:
        config = DatasetConfig("mine", str(questions), format="jsonl", images=str(images))
    # "3" is one of the ten's answers, too, and so the best constant.
    check(truth_as_prediction(config), (0.9 + 1.0 + 1.0) / 3, (0.3 + 0.0 + 1.0) / 3, 3)


def own_records(asked: int, pictures: int) -> list[dict[str, Any]]:
    """Questions about lengths in several units, and one in five about something else."""
    said = ["0.{0} m", "{0} cm", "1{0} inches", "{0}.5 feet"]
    return [
        {
            "image": f"{number % pictures}.jpg",
            "question": "What color is it?" if number % 5 == 4 else f"How far is mark {number}?",
            "answer": "red" if number % 5 == 4 else said[number % 4].format(1 + number % 9),
        }
        for number in range(asked)
    ]


@pytest.mark.parametrize("columns", [False, True])
def test_own_lengths_are_measured_and_the_truth_is_right(columns: bool, tmp_path: Path) -> None:
    records = own_records(50, 20)
    if columns:
        for record in records:
            if record["answer"] != "red":
                value, unit = record["answer"].split()
                record.update(kind="quantitative", type="distance", value=float(value), unit=unit)
                record["answer"] = f"It is {record['answer']} away."
    files = {f"{number}.jpg": photo(number) for number in range(20)}
    images = write_folder(tmp_path / "images", files)
    questions = write_json(tmp_path / "own.json", records)
    paths = {"questions": str(questions), "images": str(images)}
    more = [] if columns else ["--kind=auto"]
    train = convert("jsonl", paths, tmp_path / "out", "--validation-images=25%", *more)
    held = dataclasses.replace(train, name="held", split="validation")
    counts = []
    for config in (train, held):
        summary = truth_as_prediction(config)
        for name in ("within_25", "within_90_110", "number_given", "general_accuracy"):
            assert summary[name]["value"] == 1.0
        figures = [summary[name]["count"] for name in ("within_25", "general_accuracy")]
        counts.append(figures)
    assert [sum(of_kind) for of_kind in zip(*counts, strict=True)] == [40, 10]
    assert 0 < sum(counts[1]) < 25


def test_parquet_scores_by_one_answer_or_ten(tmp_path: Path) -> None:
    rows = {
        "image": [photo(0), photo(1)],
        "question": ["which?", "where?"],
        "answer": [PEOPLE[1][0], ["left"]],
    }
    pyarrow.parquet.write_table(pyarrow.table(rows), tmp_path / "0.parquet")
    config = convert("parquet", {"data": str(tmp_path / "0.parquet")}, tmp_path / "out")
    check(truth_as_prediction(config), (0.9 + 1.0) / 2, 1.0 / 2, 2)

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.benchmarks.item import Item
from spatialvlm_jax.evaluation.benchmarks.joining import join
from spatialvlm_jax.evaluation.benchmarks.loading import load_questions
from spatialvlm_jax.evaluation.benchmarks.predictions import Prediction, read_predictions
from spatialvlm_jax.evaluation.benchmarks.registry import find_benchmark
from tests.evaluation.benchmarks.published import write_json, write_lines
from tests.foreign_files.spreadsheets import write_table

OPTIONS = {"A": "right", "B": "left"}
ITEMS = [
    Item(str(number), f"Where is {thing}?", f"Where is {thing}? Choose.", "B", "a", options=OPTIONS)
    for number, thing in enumerate(("the mug", "the lamp", "the door"), 10)
]


@pytest.mark.parametrize(
    "record",
    [
        {"id": 7, "text": "B"},
        {"id": "7", "prediction": "B"},
        {"question_id": 7, "answer": "B"},
        {"questionId": "7", "prediction": "B"},
        {"index": 7, "pred": "B"},
    ],
)
def test_replies_are_records_of_id_and_text(record: dict[str, Any], tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", [record])
    write_json(tmp_path / "a.json", [record])
    for name in ("a.jsonl", "a.json"):
        assert read_predictions(tmp_path / name) == [Prediction("B", "7")]


@pytest.mark.parametrize("said", ["B", ["B"], [["B"]]])
def test_samples_of_lmms_eval_are_read(said: object, tmp_path: Path) -> None:
    record = {"doc_id": 1, "target": "(B)", "filtered_resps": said, "input": "Where is the lamp?\n"}
    write_lines(tmp_path / "x_samples_cv_bench.jsonl", [record | {"doc_hash": "1f", "acc": {}}])
    (found,) = read_predictions(tmp_path / "x_samples_cv_bench.jsonl", "lmms")
    assert found == Prediction("B", place=1, truth="(B)", prompt="Where is the lamp?\n")
    assert join(ITEMS, [found]).replies == {"11": found}


@pytest.mark.parametrize("suffix", ["tsv", "csv"])
def test_tables_of_vlmevalkit_are_read(suffix: str, tmp_path: Path) -> None:
    sign = "\t" if suffix == "tsv" else ","
    rows = [["index", "question", "A", "B", "answer", "prediction"]]
    rows += [["10", "Where is the mug?", "right", "left", "B", '"=cmd()\nso B"']]
    path = tmp_path / f"model_SET.{suffix}"
    path.write_text("\n".join(sign.join(row) for row in rows) + "\n")
    (found,) = read_predictions(path, "vlmeval")
    assert found.text == "=cmd()\nso B"
    assert join(ITEMS, [found]).replies == {"10": found}


def test_messages_of_failed_requests_are_known() -> None:
    failed = ["[LMMS_EVAL_REQUEST_FAILED after 5 retries] x", "[LMMS_EVAL_BUDGET_EXCEEDED]"]
    failed += ["Failed to obtain answer via API.", " Failed to obtain answer via API"]
    assert all(Prediction(text).has_failed for text in failed)
    assert not Prediction("B").has_failed
    assert Prediction("x" * 32_767).is_cut


def test_spreadsheets_of_vlmevalkit_are_read_as_its_tables(tmp_path: Path) -> None:
    head = ["index", "question", "answer", "prediction"]
    rows: list[list[str | float]] = [
        [7, "Which?", "B", "=B"],
        [8, "How many?", 3, 3],
        ["x9", "Where?", "", "left\nof it"],
    ]
    write_table(tmp_path / "a.xlsx", [head, *rows])
    assert read_predictions(tmp_path / "a.xlsx", "vlmeval") == [
        Prediction("=B", "7", 7, "B", "Which?"),
        Prediction("3", "8", 8, "3", "How many?"),
        Prediction("left\nof it", "x9", None, "", "Where?"),
    ]


@pytest.mark.parametrize(
    ("name", "form", "content", "said"),
    [
        ("a.xlsx", "vlmeval", "PK", "no spreadsheet that is read"),
        ("a.xls", "vlmeval", "", "save it as .xlsx, or as .tsv"),
        ("a.pkl", "vlmeval", "", "save it as .xlsx, or as .tsv"),
        ("a.jsonl", "excel", "", "there are jsonl, lmms, vlmeval"),
        ("a.jsonl", "jsonl", "", "has no prediction"),
        ("a.jsonl", "jsonl", "{", "line 1: "),
        ("a.jsonl", "jsonl", "7", "line 1: it is no record"),
        ("a.jsonl", "jsonl", '{"text": "B"}', "line 1: no field 'id'"),
        ("a.jsonl", "jsonl", '{"id": 1}', "line 1: no field 'text'"),
        ("a.jsonl", "jsonl", '{"id": 1, "text": null}', "line 1: field 'text' is empty"),
        ("a.jsonl", "jsonl", '{"id": 1, "text": NaN}', "line 1: field 'text' is empty"),
        (
            *("a.jsonl", "jsonl", '{"id": 1, "text": "B", "tied": ["B", "B"]}'),
            "'tied' has a reply twice",
        ),
        ("a.jsonl", "jsonl", '{"id": [1], "text": "B"}', "an id is text or a whole number"),
        ("a.jsonl", "jsonl", '{"id": 1.5, "text": "B"}', "an id is text or a whole number"),
        ("a.jsonl", "jsonl", '{"id": 1, "text": ["B"]}', "a reply is one text"),
        ("a.jsonl", "lmms", '{"doc_id": "1", "filtered_resps": "B"}', "no number 'doc_id'"),
        ("a.jsonl", "lmms", '{"doc_id": 1, "filtered_resps": ["a", "b"]}', "a reply is one text"),
        ("a.jsonl", "lmms", '{"doc_id": 1}', "no field 'filtered_resps'"),
        ("a.tsv", "vlmeval", "index\tanswer\n1\tB\n", "no column 'index' or 'prediction'"),
        ("a.tsv", "vlmeval", "index\tprediction\n1\n", "it is no record"),
    ],
)
def test_files_of_other_forms_are_told_in_a_line(
    name: str, form: str, content: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=said):
        read_predictions(tmp_path / name, form)


def test_a_reply_of_another_question_is_found_by_truth_and_prompt() -> None:
    good = [
        Prediction("B", "10"),
        Prediction("B", "11", truth="left", prompt="WHERE is the  lamp?"),
    ]
    assert join(ITEMS, good).strangers == 0
    for odd, said in (
        (Prediction("B", "99"), "no question has the id '99'"),
        (Prediction("B", place=99), "no question has the id 99"),
        (Prediction("B", "12", truth="A"), "has the answer 'B', and the file says 'A'"),
        (Prediction("B", "12", prompt="What colour?"), "and the file asks 'What colour"),
    ):
        with pytest.raises(UserError, match=said) as error:
            join(ITEMS, [*good, odd])
        assert str(error.value).startswith("1 of 3 replies are of other questions")
    with pytest.raises(UserError, match="question '10' has two replies"):
        join(ITEMS, [*good, Prediction("A", "10")])


def test_the_true_option_is_told_by_letter_words_or_place() -> None:
    for truth in ("B", "(B)", "left", "1"):
        assert not join(ITEMS, [Prediction("B", "10", truth=truth)]).strangers
    for truth in ("A", "right", "0", "2"):
        with pytest.raises(UserError, match="has the answer 'B'"):
            join(ITEMS, [Prediction("B", "10", truth=truth)])


def test_few_strangers_are_counted() -> None:
    items = [Item(str(number), "?", "?", "yes", "a") for number in range(200)]
    replies = [Prediction("yes", str(number)) for number in (*range(199), 999)]
    joined = join(items, replies)
    assert joined.strangers == 1
    assert len(joined.replies) == 199


def test_numbers_and_several_truths_are_compared_as_such() -> None:
    number = Item("1", "?", "?", "96 cm", "a", value=96.0, unit="cm")
    table = Prediction("x", "1", truth="(96.0, 'cm')")
    assert not join([number], [table]).strangers
    people = Item("2", "?", "?", "two", "a", answers=("two", "2"))
    for truth in ("96", "96.0", "96 cm", "96 centimeters"):
        assert not join([number], [Prediction("x", "1", truth=truth)]).strangers
    for truth in ("1.5", "(95.0, 'cm')", "'"):
        with pytest.raises(UserError, match="the file says"):
            join([number], [Prediction("x", "1", truth=truth)])
    assert not join([people], [Prediction("x", "2", truth=json.dumps(["two"]))]).strangers


def _pope(folder: Path, files: dict[str, list[tuple[str, str, str]]]) -> list[Item]:
    """POPE's questions: by category picture, thing and label."""
    for name, rows in files.items():
        records = [
            {"question_id": n, "image": f"{picture}.jpg", "text": asked(thing), "label": label}
            for n, (picture, thing, label) in enumerate(rows, 1)
        ]
        write_lines(folder / f"coco_pope_{name}.json", records)
    return list(load_questions(find_benchmark("pope"), folder).items)


def asked(thing: str) -> str:
    return f"Is there a {thing} in the image?"


def _vlmeval_pope(path: Path, head: str, *rows: str) -> list[Prediction]:
    path.write_text("\n".join(["\t".join(line.split("|")) for line in (head, *rows)]) + "\n")
    return read_predictions(path, "vlmeval")


POPE = {
    "random": [("a", "mug", "yes"), ("a", "dog", "no"), ("b", "mug", "no")],
    "popular": [("a", "mug", "yes"), ("a", "car", "no"), ("b", "mug", "no")],
}


def test_a_question_that_several_files_of_pope_ask_is_once_in_vlmevalkits_table(tmp_path) -> None:
    items = _pope(tmp_path, POPE)
    replies = _vlmeval_pope(
        tmp_path / "a.tsv",
        "index|question|answer|category|image_path|prediction",
        f"0|{asked('mug')}|Yes|random,popular|a.jpg|first",
        f"1|{asked('dog')}|No|random|a.jpg|second",
        f"2|{asked('mug')}|No|popular,random|val2014/b.jpg|third",
        f"3|{asked('car')}|No|popular|a.jpg|fourth",
        f"4|{asked('car')}|No|adversarial|a.jpg|of a file that is not there",
    )
    joined = join(items, replies)
    assert {key: each.text for key, each in joined.replies.items()} == {
        **{"random/1": "first", "popular/1": "first", "random/2": "second"},
        **{"popular/2": "fourth", "random/3": "third", "popular/3": "third"},
    }
    assert joined.strangers == 1
    with pytest.raises(UserError, match="'popular/2' has two replies"):
        join(items, [*replies, replies[3]])
    changed = dataclasses.replace(replies[0], truth="No")
    with pytest.raises(UserError, match="1 of 1 replies .*: 0 questions of popular are 'Is there"):
        join(items, [changed])


def test_such_a_table_without_pictures_is_refused(tmp_path) -> None:
    items = _pope(tmp_path, POPE)
    replies = _vlmeval_pope(
        tmp_path / "a.tsv",
        "index|question|answer|category|prediction",
        f"0|{asked('mug')}|Yes|random,popular|yes",
    )
    with pytest.raises(UserError, match="once for all groups .*'random,popular'.* image_path"):
        join(items, replies)

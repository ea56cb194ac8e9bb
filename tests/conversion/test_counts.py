"""Whatever a set holds, in every format: each image and question is stored, or listed."""

import io
import json
import tempfile
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import hypothesis
import hypothesis.strategies as st
import pyarrow
import pyarrow.parquet
import pytest

from spatialvlm_jax import cli
from spatialvlm_jax.storage.examples import StoredExample
from spatialvlm_jax.storage.shards import open_split
from tests.conversion.published import photo, write_folder, write_json, write_tar

# Pictures are good, damaged, missing, or lead out of their folder.
PICTURES = {"a.jpg": photo(0), "b.jpg": photo(1), "bad.jpg": photo(2)[:40], "empty.jpg": b""}
NAMES = st.sampled_from([*PICTURES, "gone.jpg", "../a.jpg", "", "./a.jpg", "sub/a.jpg"])
QUESTIONS = st.sampled_from(["What?", "", "<image>", "<video> what?", "<image 2>?", None])
ANSWERS = st.sampled_from(["red", "", "null", None, "<mask>"])
RECORDS = st.lists(st.tuples(NAMES, QUESTIONS, ANSWERS), min_size=1, max_size=8)
Records = list[tuple[str, Any, Any]]


def jsonl(folder: Path, records: Records) -> list[str]:
    lines = [
        json.dumps({"image": name, "question": question, "answer": answer})
        for name, question, answer in records
    ]
    (folder / "q.jsonl").write_text("\n".join(lines))
    images = write_folder(folder / "images", PICTURES)
    return [f"--questions={folder / 'q.jsonl'}", f"--images={images}"]


def llava(folder: Path, records: Records) -> list[str]:
    content = [
        {
            "image": name,
            "conversations": [
                {"from": "human", "value": question},
                {"from": "gpt", "value": answer},
            ],
        }
        for name, question, answer in records
    ]
    images = write_folder(folder / "images", PICTURES)
    return [f"--questions={write_json(folder / 'q.json', content)}", f"--images={images}"]


def vqa_v2(folder: Path, records: Records) -> list[str]:
    asked, answered = [], []
    for number, (name, question, answer) in enumerate(records):
        both = {"question_id": number, "image_id": name}
        asked.append({**both, "question": question})
        answered.append({**both, "answers": [{"answer": answer}], "multiple_choice_answer": answer})
    images = write_folder(folder / "images", PICTURES)
    return [
        f"--questions={write_json(folder / 'q.json', {'questions': asked})}",
        f"--annotations={write_json(folder / 'a.json', {'annotations': answered})}",
        f"--images={images}",
        "--image-name={image_id}",
    ]


def gqa(folder: Path, records: Records) -> list[str]:
    content = {
        str(number): {"imageId": name, "question": question, "answer": answer}
        for number, (name, question, answer) in enumerate(records)
    }
    images = write_folder(folder / "images", PICTURES)
    questions = f"--questions={write_json(folder / 'q.json', content)}"
    return [questions, f"--images={images}", "--image-name={image_id}"]


def parquet(folder: Path, records: Records) -> list[str]:
    columns = {
        "image": pyarrow.array([PICTURES.get(name) for name, _, _ in records], pyarrow.binary()),
        "question": pyarrow.array([question for _, question, _ in records], pyarrow.string()),
        "answer": pyarrow.array([answer for _, _, answer in records], pyarrow.string()),
    }
    pyarrow.parquet.write_table(pyarrow.table(columns), folder / "0.parquet")
    return [f"--data={folder}"]


def webdataset(folder: Path, records: Records) -> list[str]:
    files = {}
    for number, (name, question, answer) in enumerate(records):
        if name in PICTURES:
            files[f"{number}.jpg"] = PICTURES[name]
        text = json.dumps({"question": question, "answer": answer})
        files[f"{number}.json"] = text.encode()
    write_tar(folder / "0.tar", files)
    return [f"--data={folder}"]


FORMATS: dict[str, Callable[[Path, Records], list[str]]] = {
    "jsonl": jsonl,
    "llava": llava,
    "vqa_v2": vqa_v2,
    "gqa": gqa,
    "parquet": parquet,
    "webdataset": webdataset,
}


def check_counts(out: Path, records: Records) -> None:
    summary = json.loads((out / "summary.json").read_text())
    counts = json.loads((out / "questions.json").read_text())
    ledger = [json.loads(line) for line in (out / "ledger.jsonl").read_text().splitlines()]
    rejected = (out / "rejected_questions.jsonl").read_text().splitlines()
    examples = [StoredExample(record) for record in open_split(out, "train")]
    ids = [example.image_id for example in examples]
    assert len(set(ids)) == len(ids) == summary["stored"]
    assert len(ledger) == summary["rejected"] + summary["failed"]
    assert summary["asked"] == len(ids) + len(ledger)
    assert not set(ids) & {row["image_id"] for row in ledger}
    assert all(row["reason"] for row in ledger)
    stored = sum(len(example.pairs()) for example in examples)
    assert counts["stored"] == stored
    assert counts["rejected"] == len(rejected) == sum(counts["reasons"].values())
    assert counts["asked"] == len(records) == stored + len(rejected) + counts["lost_with_image"]


@pytest.mark.parametrize("form", FORMATS)
@hypothesis.settings(max_examples=8, deadline=None, derandomize=True)
@hypothesis.given(records=RECORDS)
def test_what_goes_in_is_stored_or_listed(form: str, records: Records) -> None:
    records = [("a.jpg", "What?", "red"), *records]  # a set of faults alone is refused
    with tempfile.TemporaryDirectory() as name:
        folder, out = Path(name) / "in", Path(name) / "out"
        folder.mkdir()
        options = FORMATS[form](folder, records)
        said = io.StringIO()
        with redirect_stdout(said), redirect_stderr(said):
            code = cli.main(["convert", f"--format={form}", *options, f"--out={out}", "--quiet"])
        assert code == 0, said.getvalue()
        check_counts(out, records)

"""Small sets with the faults that published ones have: each is right, listed or refused."""

import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import hypothesis
import hypothesis.strategies as st
import pyarrow
import pyarrow.parquet
import pytest

from spatialvlm_jax import cli
from spatialvlm_jax.conversion.formats import Request, build_reader
from spatialvlm_jax.conversion.items import AskedImage, group_by_image
from spatialvlm_jax.storage.examples import StoredExample
from spatialvlm_jax.storage.shards import open_split
from tests.conversion.published import photo, write_folder, write_json, write_tar

DATA = Path(__file__).resolve().parents[1] / "data" / "convert"
PICTURES = DATA / "llava" / "img"


def convert(out: Path, *options: str) -> int:
    return cli.main(["convert", *options, f"--out={out}", "--quiet"])


def stored(out: Path) -> dict[str, list[tuple[str, str]]]:
    """Image id -> its questions and answers; in = stored + listed is checked."""
    summary = json.loads((out / "summary.json").read_text())
    assert summary["asked"] == summary["stored"] + summary["rejected"] + summary["failed"]
    counts = json.loads((out / "questions.json").read_text())
    listed = len((out / "rejected_questions.jsonl").read_text().splitlines())
    assert counts["rejected"] == listed
    examples = [StoredExample(record) for record in open_split(out, "train")]
    pairs = {
        example.image_id.partition("/")[2]: [(p.question, p.answer) for p in example.pairs()]
        for example in examples
    }
    assert counts["asked"] == sum(map(len, pairs.values())) + listed + counts["lost_with_image"]
    return pairs


def reasons(out: Path) -> dict[str, str]:
    rows = map(json.loads, (out / "rejected_questions.jsonl").read_text().splitlines())
    return {row["image_id"].partition("/")[2]: row["reason"] for row in rows}


def test_shards_that_number_from_zero_keep_their_own_pictures(tmp_path: Path) -> None:
    assert convert(tmp_path, "--format=webdataset", f"--data={DATA / 'wds/restart'}") == 0
    colours = {"red": 0, "green": 1, "blue": 2}
    for record in open_split(tmp_path, "train"):
        example = StoredExample(record)
        (pair,) = example.pairs()
        mean = example.image().mean((0, 1))
        if pair.answer in colours:
            assert mean.argmax() == colours[pair.answer]
    assert len(stored(tmp_path)) == 4


def test_dots_in_names_lose_no_sample(tmp_path: Path) -> None:
    assert convert(tmp_path, "--format=webdataset", f"--data={DATA / 'wds/dots'}") == 0
    assert sorted(stored(tmp_path)) == ["view_0.5m", "view_0.7m"]


def refused(capsys: pytest.CaptureFixture[str], out: Path, *options: str) -> str:
    assert convert(out, *options) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    return error


def test_one_name_in_two_folders_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = f"--questions={DATA}/jsonl/folders.jsonl", f"--images={DATA}/jsonl/folders"
    error = refused(capsys, tmp_path, "--format=jsonl", *paths)
    assert "scene_a/0001.jpg" in error
    assert "scene_b/0001.jpg" in error


def test_files_of_different_vqa_sets_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    annotations = json.loads((DATA / "vqa/a.json").read_text())
    questions = json.loads((DATA / "vqa/q.json").read_text())

    def error() -> str:
        return refused(
            capsys, tmp_path / "out", "--format=vqa_v2", f"--images={DATA}/vqa/img",
            f"--questions={write_json(tmp_path / 'q.json', questions)}",
            f"--annotations={write_json(tmp_path / 'a.json', annotations)}",
        )  # fmt: skip

    questions["questions"].pop(1)
    assert "are of different sets: train2014 and val2014" in error()
    annotations["data_subtype"] = "train2014"
    assert "question 92 is about image 9 and 25" in error()
    questions["questions"][-1]["question_id"] = 91
    assert "has question_id 91 twice" in error()


def test_odd_records_are_read_or_listed(tmp_path: Path) -> None:
    paths = f"--questions={DATA}/jsonl/odd.jsonl", f"--images={PICTURES}"
    assert convert(tmp_path, "--format=jsonl", *paths) == 0
    pairs = stored(tmp_path)
    assert pairs["red.jpg"] == [("What colour is it?", "red"), ("caption en", "a red square")]
    assert pairs["green.jpg"] == [("How many?", "0"), ("Is it green?", "yes")]
    assert pairs["blue.jpg"] == [("What?", "blue"), ("Null text?", "null")]
    assert pairs["yellow.jpg"] == [("dot?", "yellow"), ("no dot?", "yellow")]
    assert reasons(tmp_path) == {"green.jpg": "empty answer", "blue.jpg": "empty answer"}
    assert "WHITE.JPG" in (tmp_path / "ledger.jsonl").read_text()


def test_conversations_keep_to_their_one_picture(tmp_path: Path) -> None:
    paths = f"--questions={DATA}/llava/llava.json", f"--images={PICTURES}"
    assert convert(tmp_path, "--format=llava", *paths) == 0
    pairs = stored(tmp_path)
    assert pairs["green.jpg"] == [("What colour is it?", "Green.")]
    assert pairs["white.jpg"] == [("What colour is it?", "White.")] * 2
    assert ("What colour is it?", "Red.") in pairs["red.jpg"]
    assert ("Upper case?", "Yes.") in pairs["red.jpg"]
    assert not any("<" in text for its in pairs.values() for pair in its for text in pair)
    told = (tmp_path / "rejected_questions.jsonl").read_text()
    for reason in ("a second picture: '<image>'", "speaks of '<video>'", "2 images in one record"):
        assert reason in told


@pytest.mark.parametrize("name", ["openspatial.json", "openspatial_jpg.json"])
def test_regions_and_masks_are_listed_and_unused_options_refused(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--format=llava", f"--questions={DATA}/llava/{name}", f"--images={PICTURES}"]
    options += ["--field", "image=filename"]
    assert "speaks of '<mask>'" in refused(capsys, tmp_path, *options)
    error = refused(capsys, tmp_path, *options, "--image-name={image_id}.jpg")
    assert "format llava does not use --image-name; leave it out" in error


def test_captions_without_a_prefix_answer_the_prompt(tmp_path: Path) -> None:
    paths = f"--questions={DATA}/jsonl/longcap.jsonl", f"--images={PICTURES}"
    assert convert(tmp_path, "--format=jsonl", *paths, "--prompt=Describe it.") == 0
    assert stored(tmp_path) == {
        "red.jpg": [("Describe it.", "a red square")],
        "green.jpg": [("Describe it.", "a green square")],
    }


def test_messages_of_parts_are_pairs(tmp_path: Path) -> None:
    fields = "--field", "image=images", "--field", "conversations=messages"
    data = f"--data={DATA}/parquet/openspaces"
    assert convert(tmp_path, "--format=parquet", data, *fields) == 0
    pairs = [("How far is the mug from the lamp?", "About 1.2 meters.")]
    assert list(stored(tmp_path).values()) == [pairs]


def test_labels_have_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = [f"--questions={DATA}/jsonl/vsr.jsonl", f"--images={PICTURES}", "--format=jsonl"]
    options += ["--field", "question=caption", "--field", "answer=label"]
    assert convert(tmp_path / "a", *options, "--answer-map", "1=yes,0=no") == 0
    assert stored(tmp_path / "a") == {
        "red.jpg": [("The cup is left of the plate.", "yes")],
        "green.jpg": [("The cup is above the plate.", "no")],
    }
    asked = json.loads((tmp_path / "a" / "generation.json").read_text())
    assert asked["answer_map"] == {"1": "yes", "0": "no"}
    assert convert(tmp_path / "b", *options, "--answer-map=1=yes") == 0
    assert reasons(tmp_path / "b") == {"green.jpg": "answer '0' is not in the answer map"}
    assert "LABEL=WORD" in refused(capsys, tmp_path / "c", *options, "--answer-map=1=yes,1=no")


def test_cards_hold_neither_scripts_nor_pictures_of_others(tmp_path: Path) -> None:
    paths = f"--questions={DATA}/jsonl/html.jsonl", f"--images={PICTURES}"
    assert convert(tmp_path, "--format=jsonl", *paths) == 0
    for name in ("card.md", "card.html"):
        text = (tmp_path / name).read_text()
        assert "&lt;script&gt;" in text
        assert "<script" not in text
        assert "<img" not in text
    assert "![x](" not in (tmp_path / "card.md").read_text()


def test_cards_stay_small_whatever_the_texts(tmp_path: Path) -> None:
    images = write_folder(tmp_path / "images", {"a.jpg": photo(0)})
    record = {"image": "a.jpg", "question": "long " * 19_000, "answer": "x" * 99_000}
    questions = tmp_path / "mine.jsonl"
    questions.write_text((json.dumps(record) + "\n") * 60)
    paths = f"--questions={questions}", f"--images={images}"
    assert convert(tmp_path / "out", "--format=jsonl", *paths, f"--name={'n' * 60}") == 0
    for name in ("card.md", "card.html"):
        assert (tmp_path / "out" / name).stat().st_size < 200_000


def items(form: str, data: Path, **more: Any) -> list[AskedImage]:
    reader = build_reader(Request(form, data=str(data), **more))
    return group_by_image(reader.rows(), reader.image)


def test_one_image_id_with_two_pictures_keeps_the_first(tmp_path: Path) -> None:
    rows = {
        "image": [photo(0), photo(1), photo(0), None],
        "image_id": [7, 7, 7, 7],
        "question": ["a?", "b?", "c?", "d?"],
        "answer": ["1", "2", "3", "4"],
    }
    pyarrow.parquet.write_table(pyarrow.table(rows), tmp_path / "0.parquet")
    (item,) = items("parquet", tmp_path)
    assert [pair.answer for pair in item.pairs] == ["1", "3", "4"]
    (fault,) = item.faults
    assert fault.startswith("its picture is another than that of the first record")


NAMES = st.sampled_from(["0", "1", "a/0", "v_0.5", "v_0.7", "0.mask", "x.y.z"])
KINDS = st.sampled_from(["jpg", "json", "txt", "png", "seg.png", "cls"])


@hypothesis.settings(max_examples=60, deadline=None)
@hypothesis.given(st.lists(st.tuples(NAMES, KINDS), min_size=1, max_size=12, unique=True))
def test_every_text_of_a_tar_is_stored_or_listed(names: list[tuple[str, str]]) -> None:
    # Publishers write the members of a sample one after another.
    files = dict.fromkeys(sorted(f"{name}.{kind}" for name, kind in names), b"")
    for number, path in enumerate(files):
        if path.endswith("json"):
            files[path] = json.dumps({"question": "?", "answer": str(number)}).encode()
        elif path.endswith("txt"):
            files[path] = str(number).encode()
        else:
            files[path] = photo(number)
    with tempfile.TemporaryDirectory() as folder:
        write_tar(Path(folder) / "0.tar", files)
        found = items("webdataset", Path(folder), prompt="What?")
    answers = [pair.answer for item in found for pair in item.pairs]
    assert len(answers) == len(set(answers))
    plain = [path for path in files if path.endswith(".jpg")]
    complete = [p for p in plain if {f"{p[:-4]}.json", f"{p[:-4]}.txt"} & set(files)]
    assert len(answers) >= len(complete)
    silent = [item for item in found if not item.pairs and not item.faults]
    assert silent == []


def test_a_zip_that_names_a_picture_twice_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.jpg", photo(0))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("a.jpg", photo(1))
    (tmp_path / "x.zip").write_bytes(buffer.getvalue())
    (tmp_path / "x.jsonl").write_text('{"image": "a.jpg", "question": "?", "answer": "1"}')
    options = f"--questions={tmp_path / 'x.jsonl'}", f"--images={tmp_path / 'x.zip'}"
    assert convert(tmp_path / "out", "--format=jsonl", *options) == 2

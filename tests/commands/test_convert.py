"""The command on tiny sets in their official forms: stored, counted, resumed, refused."""

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds

from spatialvlm_jax import cli
from spatialvlm_jax.storage.examples import StoredExample
from spatialvlm_jax.storage.only_writer import only_writer
from spatialvlm_jax.storage.shards import open_split
from tests.conversion import published
from tests.conversion.published import coco_name, photo, write_json, write_zip


def command(form: str, paths: dict[str, str], out: Path, *more: str) -> list[str]:
    files = [f"--{name}={path}" for name, path in paths.items()]
    return ["convert", f"--format={form}", *files, f"--out={out}", "--quiet", *more]


def examples(out: Path, split: str = "train") -> list[StoredExample]:
    return [StoredExample(record) for record in open_split(out, split)]


def test_a_converted_set_holds_each_image_once_with_all_its_pairs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert cli.main(command("vqa_v2", published.vqa(tmp_path), out)) == 0
    assert "6 images = 6 stored + 0 rejected + 0 failed; 18 questions = 18 stored + 0 rejected" in (
        capsys.readouterr().out
    )
    first, *rest = examples(out)
    assert len(rest) == 5
    assert first.image_id == "vqa_v2/100"
    assert first.texts("source") == ["vqa_v2"]
    assert first.image().shape == (48, 64, 3)
    assert np.isnan(first.floats("intrinsics")).all()
    assert first.up() is None
    assert first.objects() == ()
    pairs = first.pairs()
    assert {(pair.type, pair.kind, pair.answer) for pair in pairs} == {
        ("vqa_v2", "general", "red mug")
    }
    assert [len(pair.answers) for pair in pairs] == [10, 10, 10]
    assert not list(out.glob(".items*"))


def test_jpeg_files_are_kept_and_tfds_reads_them(tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert cli.main(command("gqa", published.gqa(tmp_path), out, "--name=gqa_balanced")) == 0
    first = examples(out)[0]
    assert first.bytes_of("image") == [photo(10)]
    read = tfds.builder_from_directory(out).as_data_source("train")[0]
    assert np.array_equal(read["image"], first.image())
    assert read["qa"]["type"][0] == b"gqa_balanced"
    assert first.image_id == "gqa_balanced/2000"


def test_what_is_bad_is_in_the_ledger_and_the_counts_add_up(tmp_path: Path) -> None:
    paths, out = published.vqa(tmp_path, images=8, questions_each=2), tmp_path / "out"
    files = {coco_name(100 + i): photo(i) for i in range(8)}
    del files[coco_name(101)]
    files[coco_name(102)] = photo(2)[:40]
    files[coco_name(103)] = photo(3, mode="L")
    files[coco_name(104)] = photo(4, mode="CMYK")
    write_zip(Path(paths["images"]), files)
    document = json.loads(Path(paths["annotations"]).read_text())
    for place in (5, 13, 6):  # both questions about 105, one of 106
        document["annotations"][place].update(answers=[], multiple_choice_answer="")
    write_json(Path(paths["annotations"]), document)
    assert cli.main(command("vqa_v2", paths, out)) == 0
    ledger = [json.loads(line) for line in (out / "ledger.jsonl").read_text().splitlines()]
    assert {row["image_id"]: (row["stage"], row["reason"].split(":")[0]) for row in ledger} == {
        "vqa_v2/101": ("image", f"{coco_name(101)!r} is missing"),
        "vqa_v2/102": ("decode", "damaged"),
        "vqa_v2/105": ("questions", "empty answer"),
    }
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["asked"], summary["stored"]) == (8, 5)
    assert summary["rejected"] + summary["failed"] == 3
    assert json.loads((out / "questions.json").read_text()) == {
        "asked": 16,
        "stored": 9,
        "rejected": 3,
        "lost_with_image": 4,
        "reasons": {"empty answer": 3},
    }
    rejected = (out / "rejected_questions.jsonl").read_text().splitlines()
    assert [json.loads(line) for line in rejected] == [
        {"image_id": f"vqa_v2/{number}", "reason": "empty answer"} for number in (105, 105, 106)
    ]
    shapes = {each.image_id: each.image().shape for each in examples(out)}
    assert shapes["vqa_v2/103"] == (30, 80, 3)
    assert shapes["vqa_v2/104"] == (48, 64, 3)


def test_the_same_bytes_for_any_number_of_workers_and_again(tmp_path: Path) -> None:
    paths = published.llava(tmp_path, images=300)
    for name, workers in (("one", 1), ("two", 2)):
        out = tmp_path / name
        assert cli.main(command("llava", paths, out, f"--workers={workers}")) == 0
    one, two = (
        {path.name: path.read_bytes() for path in sorted((tmp_path / name).glob("spatialvlm-*"))}
        for name in ("one", "two")
    )
    assert one
    assert one == two
    first, second = sorted((tmp_path / "one").glob("spatialvlm-*"))
    before = first.stat().st_mtime_ns
    second.unlink()  # as if the run had been cut off
    assert cli.main(command("llava", paths, tmp_path / "one")) == 0
    assert second.read_bytes() == two[second.name]
    assert first.stat().st_mtime_ns == before


def test_kinds_that_are_not_held_out_and_numbers_that_are_not_read_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    images = published.write_folder(tmp_path / "images", {f"{i}.jpg": photo(i) for i in range(3)})
    out = tmp_path / "out"
    for split, rows in (
        ("train", "0.jpg,How tall?,5 ft 7 in\n0.jpg,How wide?,2 m\n1.jpg,How far?,Two metres\n"),
        ("validation", "2.jpg,Who?,the left one\n"),
    ):
        (tmp_path / "own.csv").write_text(f"image,question,answer\n{rows}")
        paths = {"questions": str(tmp_path / "own.csv"), "images": str(images)}
        assert cli.main(command("csv", paths, out, "--kind=auto", f"--split={split}")) == 0
    assert caplog.messages == [
        f"{out}: 2 answers with a number stay general, as '5 ft 7 in': give value and unit of "
        "those that measure",
        f"{out}: validation has no quantitative question, and train has",
    ]
    splits = "\ntrain 2 images: 2 general, 1 quantitative; validation 1 images: 1 general\n"
    assert splits in capsys.readouterr().out


def test_images_are_held_out_once_and_for_all(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths, held = published.gqa(tmp_path, images=20), ["--validation-images=20%", "--seed=3"]
    for name, workers in (("one", 1), ("two", 2)):
        assert cli.main(command("gqa", paths, tmp_path / name, *held, f"--workers={workers}")) == 0
        assert "20 images = 20 stored" in (said := capsys.readouterr().out)
        assert said.endswith("card.html\n")
        assert "train 16 images: 48 general; validation 4 images: 12 general\n" in said
    out = tmp_path / "one"
    before = {path.name: path.read_bytes() for path in out.glob("spatialvlm-*")}
    assert before == {path.name: path.read_bytes() for path in tmp_path.glob("two/spatialvlm-*")}
    ids = {split: [e.image_id for e in examples(out, split)] for split in ("train", "validation")}
    assert [len(found) for found in ids.values()] == [16, 4]
    assert len({*ids["train"], *ids["validation"]}) == 20
    assert {len(each.pairs()) for split in ids for each in examples(out, split)} == {3}
    card = (out / "card.md").read_text()
    assert "train" in card
    assert "validation" in card

    next(out.glob("spatialvlm-validation*")).unlink()  # as if the run had been cut off
    assert cli.main(command("gqa", paths, out, *held)) == 0
    assert {path.name: path.read_bytes() for path in out.glob("spatialvlm-*")} == before
    for other in (["--validation-images=5", "--seed=3"], ["--validation-images=20%"]):
        assert cli.main(command("gqa", paths, out, *other)) == 2
        assert "begun with other settings (items" in capsys.readouterr().err


def bytes_in(out: Path) -> dict[str, bytes]:
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


def test_a_split_is_added_to_a_set(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, parts = tmp_path / "out", {}
    for split, images, first in (("train", 5, 0), ("validation", 3, 5)):
        folder = tmp_path / split
        names = {f"{i}.jpg": photo(first + i) for i in range(images)}
        records = [{"image": name, "question": "What?", "answer": "a mug"} for name in names]
        records.append({"image": "0.jpg", "question": "Which?", "answer": ""})
        parts[split] = {
            "images": str(published.write_folder(folder / "images", names)),
            "questions": str(write_json(folder / "q.json", records)),
        }
        assert cli.main(command("jsonl", parts[split], out, f"--split={split}")) == 0
    assert "3 images = 3 stored" in (said := capsys.readouterr().out)
    assert "4 questions = 3 stored + 1 rejected" in said
    assert "train 5 images: 5 general; validation 3 images: 3 general\n" in said
    before = bytes_in(out)
    for split in ("train", "validation", "train"):
        assert cli.main(command("jsonl", parts[split], out, f"--split={split}")) == 0
        assert bytes_in(out) == before
    assert [len(examples(out, split)) for split in parts] == [5, 3]
    assert len(tfds.builder_from_directory(out).as_data_source("validation")) == 3
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["asked"], summary["stored"], summary["pairs"]) == (8, 8, 8)
    questions = json.loads((out / "questions.json").read_text())
    assert (questions["asked"], questions["stored"], questions["rejected"]) == (10, 8, 2)
    assert len((out / "rejected_questions.jsonl").read_text().splitlines()) == 2
    assert len(json.loads((out / "checksums.json").read_text())) == 2
    card = (out / "card.md").read_text()
    assert "train" in card
    assert "validation" in card

    next(out.glob("spatialvlm-validation*")).unlink()  # as if it had been cut off
    assert cli.main(command("jsonl", parts["validation"], out, "--split=validation")) == 0
    assert bytes_in(out) == before
    for split, more, message in (
        ("train", ["--split=test"], "of 5 pictures are in split 'train' of"),
        ("train", ["--split=train", "--prompt=x", "--name=other"], "with other settings (source"),
        ("validation", ["--split=test", "--name=other"], "3 of 3 pictures are in split 'validat"),
    ):
        assert cli.main(command("jsonl", parts[split], out, *more)) == 2
        assert message in capsys.readouterr().err
        assert bytes_in(out) == before


TABLE = """image,question,answer,kind,type,value,unit
a.jpg,How wide?,10 centimeters,quantitative,width,10,cm
a.jpg,Is it red?,yes,qualitative,color,,
b.jpg,How tall?,quite,,,0.5,miles?
b.jpg,What?,a mug,,,,
b.jpg,Why?
"""


def test_tables_carry_kinds_types_and_values_with_units(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own.csv").write_text(TABLE)
    images = published.write_folder(tmp_path / "images", {"a.jpg": photo(0), "b.jpg": photo(1)})
    paths = {"questions": str(tmp_path / "own.csv"), "images": str(images)}
    assert cli.main(command("csv", paths, tmp_path / "out", "--name=own")) == 0
    said = capsys.readouterr().out
    assert "5 questions = 3 stored + 2 rejected" in said
    assert "train 2 images: 1 general, 1 qualitative, 1 quantitative\n" in said
    first, second = examples(tmp_path / "out")
    assert [(pair.type, pair.kind, pair.unit) for pair in (*first.pairs(), *second.pairs())] == [
        ("width", "quantitative", "cm"),
        ("color", "qualitative", ""),
        ("own", "general", ""),
    ]
    np.testing.assert_allclose([pair.value for pair in first.pairs()], [0.1, np.nan])
    reasons = json.loads((tmp_path / "out" / "questions.json").read_text())["reasons"]
    assert sorted(reason[:35] for reason in reasons) == [
        "the row has more or fewer fields th",
        "unknown unit 'miles?': m, cm, mm, k",
    ]


@pytest.mark.parametrize("form", ["vqa_v2", "gqa", "parquet"])
def test_pictures_that_were_replaced_are_read_again(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    make = {"vqa_v2": published.vqa}.get(form) or getattr(published, form)
    paths, out = make(tmp_path, images=3), tmp_path / "out"
    assert cli.main(command(form, paths, out)) == 0
    before = {each.image_id: each.image() for each in examples(out)}
    assert cli.main(command(form, paths, out)) == 0
    assert caplog.text == ""
    monkeypatch.setattr(published, "photo", lambda seed: photo(seed + 4))  # of the same sizes
    make(tmp_path, images=3)
    assert cli.main(command(form, paths, out)) == 0
    assert "have changed since; it is made again" in caplog.text
    after = {each.image_id: each.image() for each in examples(out)}
    assert before.keys() == after.keys()
    for name, picture in before.items():
        assert picture.shape == after[name].shape
        assert (picture != after[name]).any()


def test_a_tar_whose_members_moved_is_another_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    paths, out = published.webdataset(tmp_path, images=3), tmp_path / "out"
    assert cli.main(command("webdataset", paths, out)) == 0
    monkeypatch.setattr(published, "photo", lambda seed: photo(seed, "L"))
    published.webdataset(tmp_path, images=3)
    assert cli.main(command("webdataset", paths, out)) == 2
    assert "begun with other settings (items)" in capsys.readouterr().err


def test_another_set_in_the_same_place_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths, out = published.vqa(tmp_path, images=3), tmp_path / "out"
    assert cli.main(command("vqa_v2", paths, out)) == 0
    assert cli.main(command("vqa_v2", paths, out, "--answer=sampled", "--seed=1")) == 2
    assert "begun with other settings (items)" in capsys.readouterr().err


def test_wrong_images_are_found_out_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = published.gqa(tmp_path)
    paths["images"] = str(tmp_path)
    assert cli.main(command("gqa", paths, tmp_path / "out")) == 0
    (tmp_path / "empty").mkdir()
    paths["images"] = str(tmp_path / "empty")
    assert cli.main(command("gqa", paths, tmp_path / "other")) == 2
    error = capsys.readouterr().err
    assert "of 6 images tried not one is there; the first: '2000.jpg' is missing" in error
    assert list((tmp_path / "other").iterdir()) == []


def test_a_conversion_beside_the_same_one_is_refused_and_leaves_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths, out = published.vqa(tmp_path, images=3), tmp_path / "out"
    assert cli.main(command("vqa_v2", paths, out)) == 0
    digest = json.loads((out / "generation.json").read_text())["items"][:16]
    in_use = out / f".items-{digest}.array_record"
    in_use.write_bytes(b"of another process")
    with only_writer(out):
        assert cli.main(command("vqa_v2", paths, out)) == 2
        assert "another run is writing to" in capsys.readouterr().err
        assert in_use.exists()
        assert cli.main(command("vqa_v2", paths, out, "--answer=sampled", "--seed=1")) == 2
    assert [path.name for path in out.glob(".items-*")] == [in_use.name]


def test_questions_of_another_set_are_found_out_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = published.vqa(tmp_path)
    document = json.loads(Path(paths["annotations"]).read_text())
    for annotation in document["annotations"]:
        annotation["question_id"] += 10_000
    write_json(Path(paths["annotations"]), document)
    assert cli.main(command("vqa_v2", paths, tmp_path / "out")) == 2
    reason = "not one of 18 questions can be used; of 18 the reason is: no annotation has its que"
    assert reason in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--workers=0"], "--workers: 0 is less than 1"),
        (["--validation-images=6"], "--validation-images=6 holds out 6 of 6 images"),
        (["--validation-images=2", "--split=validation"], "out of another split than validation"),
        (["--seed=2"], "--seed is of --answer=sampled and --validation-images"),
        (["--field=unit=x"], "format gqa does not use --field unit"),
        (["--split=a-b"], "--split=a-b: letters, digits"),
        (["--field=colour=x"], "field 'colour': wanted is NAME=FIELD"),
        (["--answer=best"], "there are most_frequent, sampled"),
        (["--annotations=x"], "format gqa takes no --annotations; it reads --questions and --imag"),
    ],
)
def test_mistakes_are_one_line_and_code_2(
    more: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*command("gqa", published.gqa(tmp_path), tmp_path / "out"), *more]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_help_has_an_example_of_every_format(capsys: pytest.CaptureFixture[str]) -> None:
    from spatialvlm_jax.conversion.formats import FORMATS

    with pytest.raises(SystemExit):
        cli.main(["convert", "--help"])
    told = capsys.readouterr().out
    assert [form for form in FORMATS if f"--format={form} " not in told] == []

import decimal
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from spatialvlm_jax.conversion.formats import Request, build_reader
from spatialvlm_jax.conversion.items import AskedImage, group_by_image
from spatialvlm_jax.conversion.rows import Asked, Fields
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.outcomes import Failed, Rejected
from tests.conversion import published
from tests.conversion.published import photo, write_folder, write_json, write_tar
from tests.generation.pictures import PictureSource, store_pictures


def request(format_: str, paths: Mapping[str, Any], **more: Any) -> Request:
    files = {name: path if name == "data" else Path(path) for name, path in paths.items()}
    return Request(format_, **files, **more)


def items(asked: Request) -> list[AskedImage]:
    return group_by_image(build_reader(asked).rows())


@pytest.mark.parametrize("form", ["vqa_v2", "okvqa"])
def test_vqa_joins_questions_with_their_ten_answers(form: str, tmp_path: Path) -> None:
    asked = request(form, published.vqa(tmp_path, images=2))
    first, second = items(asked)
    assert (first.image_id, second.image_id) == ("100", "101")
    assert [pair.question for pair in first.pairs] == [
        f"What is stripe number {number}?" for number in (0, 2, 4)
    ]
    assert {pair.answer for pair in first.pairs} == {"red mug"}
    assert first.pairs[0].answers == ("red mug",) * 6 + ("blue mug",) * 3 + ("mug",)
    assert build_reader(asked).image(second.image) == photo(1)
    sampled = items(request(form, published.vqa(tmp_path), answer="sampled", seed=1))
    assert {pair.answer for item in sampled for pair in item.pairs} > {"red mug", "blue mug"}


def test_vqa_names_what_is_wrong_with_a_question(tmp_path: Path) -> None:
    paths = published.vqa(tmp_path, images=4, questions_each=1)
    document = json.loads(Path(paths["questions"]).read_text())
    del document["questions"][0]["question"]
    document["questions"][1]["question_id"] = 7
    del document["questions"][2]["image_id"]
    write_json(Path(paths["questions"]), document)
    first, second, third, fourth = items(request("vqa_v2", paths))
    assert first.faults[0].startswith("no field 'question'; there are image_id, question_id")
    assert second.faults == ("no annotation has its question_id",)
    assert (third.image_id, third.faults) == ("q.json:2", ("no field 'image_id'",))
    assert len(fourth.pairs) == 1


def test_pictures_may_have_other_names(tmp_path: Path) -> None:
    paths = published.vqa(tmp_path, images=1)
    write_folder(tmp_path / "images", {"000000000100.jpg": b"here"})
    paths["images"] = str(tmp_path / "images")
    asked = request("vqa_v2", paths, image_name="{image_id:0>12}.jpg")
    assert build_reader(asked).image(items(asked)[0].image) == b"here"
    with pytest.raises(UserError, match="it may use {image_id}, {subset}"):
        build_reader(request("vqa_v2", paths, image_name="{id}.jpg"))
    for pattern in ("{image_id.stem}.jpg", "{image_id[a]}.jpg"):
        with pytest.raises(UserError, match="it may use {image_id}, {subset}"):
            build_reader(request("vqa_v2", paths, image_name=pattern))
    for pattern in ("{image_id:0>999999999}.jpg", "{image_id:.300}.jpg", "{image_id:{subset}}.jpg"):
        with pytest.raises(UserError, match="a file's name has at most 255 characters"):
            build_reader(request("vqa_v2", paths, image_name=pattern))
    with pytest.raises(UserError, match="it may use {image_id}, {subset}"):
        build_reader(request("vqa_v2", paths, image_name="{image_id"))


def test_gqa_groups_its_questions_by_image(tmp_path: Path) -> None:
    asked = request("gqa", published.gqa(tmp_path, images=2))
    first, second = items(asked)
    assert first.pairs[1] == Asked("Is stripe 2 green?", "yes")
    assert len(first.pairs) == len(second.pairs) == 3
    assert build_reader(asked).image(first.image) == photo(10)
    write_json(tmp_path / "q.json", {"1": {"question": "a?", "answer": "b"}, "2": 3})
    assert [item.faults for item in items(asked)] == [("no field 'imageId'",)] * 2


def test_llava_turns_become_pairs_without_the_image_token(tmp_path: Path) -> None:
    asked = request("llava", published.llava(tmp_path, images=2))
    first, _ = items(asked)
    assert first.image_id == "coco/train2017/000000000000.jpg"
    assert first.pairs == (
        Asked("What is the picture of?", "It shows stripes of many colors."),
        Asked("How many are there?", "There are many of them."),
    )
    assert build_reader(asked).image(first.image) == photo(20)


def test_json_lines_are_read_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text(
        '{"image": "a.jpg", "question": "one?", "answer": "1"}\n\n'
        '{"image": "b.jpg", "prefix": "two?", "suffix": "2"}\n'
        '{"image": "a.jpg", "question": "three?", "answer": "3"}\n'
        '{"image": ["a.jpg", "b.jpg"], "question": "four?", "answer": "4"}\n'
        '{"image": "a.jpg", "question": "five?", "question": "six?", "answer": "5"}\n'
        '{"question": "five?", "answer": "5"}\n'
    )
    asked = request("jsonl", {"questions": tmp_path / "x.jsonl", "images": tmp_path})
    first, second, *lost = items(asked)
    assert (first.image_id, [pair.answer for pair in first.pairs]) == ("a.jpg", ["1", "3"])
    assert second.pairs == (Asked("two?", "2"),)
    assert [(item.image_id, *item.faults) for item in lost] == [
        ("x.jsonl:3", "2 images in one record"),
        (
            "x.jsonl:4",
            "the record is not a JSON object: the key 'question' stands twice in one object",
        ),
        (
            "x.jsonl:5",
            "no field 'image'; there are answer, question: --field NAME=FIELD tells which is which",
        ),
    ]


def test_numbers_and_bytes_of_tables_are_stored_as_they_were_written(tmp_path: Path) -> None:
    given = {
        "float": pyarrow.array([0.3, 2.0, None], pyarrow.float32()),
        "half": pyarrow.array(np.array([0.1, 1e-4, 1.5], np.float16)),
        "bytes": pyarrow.array(["café".encode(), b"caf\xe9", b""]),
        "decimal": pyarrow.array([decimal.Decimal("1.5"), None, None]),
    }
    for name, answers in given.items():
        write_parquet(
            tmp_path / f"{name}.parquet", image=[b"p"] * 3, question=["?"] * 3, answer=answers
        )
    said = items(request("parquet", {"data": tmp_path}))
    assert [item.pairs[0].answer if item.pairs else item.faults[0] for item in said] == [
        *("café", "a text that is not in UTF-8", "empty answer"),
        *("a value of type Decimal in place of a text", "empty answer", "empty answer"),
        *("0.3", "2.0", "empty answer"),
        *("0.1", "0.0001", "1.5"),
    ]


def write_parquet(path: Path, **columns: Any) -> Path:
    pyarrow.parquet.write_table(pyarrow.table(columns), path, row_group_size=2)
    return path


def test_parquet_pictures_are_bytes_or_records(tmp_path: Path) -> None:
    structs = [{"bytes": photo(i), "path": f"{i}.jpg"} for i in (0, 1, 0)]
    questions, answers = ["a?", "b?", "c?"], [["1", "1", "2"], ["3"], ["4"]]
    write_parquet(
        tmp_path / "0.parquet", img=structs, image_id=[5, 6, 5], question=questions, answer=answers
    )
    asked = request("parquet", {"data": str(tmp_path)}, fields=Fields(image="img"))
    first, second = items(asked)
    assert first.pairs == (Asked("a?", "1", ("1", "1", "2")), Asked("c?", "4"))
    assert build_reader(asked).image(first.image) == photo(0)
    assert build_reader(asked).image(second.image) == photo(1)
    write_parquet(tmp_path / "1.parquet", img=[b"x", None], question=["a?"] * 2, answer=["1"] * 2)
    *_, plain, empty = items(asked)
    assert (plain.image_id, build_reader(asked).image(plain.image)) == ("1:0:0", b"x")
    with pytest.raises(Rejected, match="no image bytes in this row"):
        build_reader(asked).image(empty.image)


def test_a_damaged_parquet_page_loses_its_images_and_is_named(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "0.parquet", image=[photo(0)], question=["?"], answer=["1"])
    data = bytearray(path.read_bytes())
    data[4:40] = bytes(36)
    path.write_bytes(data)
    asked = request("parquet", {"data": str(tmp_path)})
    (item,) = items(asked)
    with pytest.raises(Failed, match=r"0\.parquet: row group 0 cannot be read"):
        build_reader(asked).image(item.image)


def test_parquet_without_the_columns_is_named(tmp_path: Path) -> None:
    write_parquet(tmp_path / "0.parquet", picture=[b"x"], question=["a?"], answer=["1"])
    paths = {"data": str(tmp_path / "0.parquet")}
    with pytest.raises(UserError, match=r"no column 'image'; it has picture, .* --field image="):
        items(request("parquet", paths))
    (tmp_path / "0.parquet").write_bytes(b"PAR1")
    with pytest.raises(UserError, match="no parquet file that can be read"):
        items(request("parquet", paths))


def test_webdataset_samples_are_neighbours_of_one_name(tmp_path: Path) -> None:
    record = json.dumps({"question": "what?", "answer": "that"}).encode()
    chat = json.dumps({"conversations": [{"user": "<image>", "assistant": "x"}]}).encode()
    files = {
        "a/0.jpg": photo(0),
        "a/0.json": record,
        "a/1.txt": b"stripes\n",
        "a/1.PNG": photo(1, form="png"),
        "a/1.seg.png": photo(2, form="png"),
        "a/2.json": record,
        "a/3.cls": b"3",
        "a/4.json": b"{",
        "a/5.json": b"3",
        "a/6.json": chat,
    }
    write_tar(tmp_path / "0.tar", files)
    asked = request("webdataset", {"data": str(tmp_path)}, prompt="Describe it.")
    reader, found = build_reader(asked), {item.image_id: item for item in items(asked)}
    assert list(found) == [f"a/{number}" for number in range(7)]
    assert found["a/0"].pairs == (Asked("what?", "that"),)
    assert found["a/1"].pairs == (Asked("Describe it.", "stripes"),)
    assert reader.image(found["a/0"].image) == photo(0)
    assert reader.image(found["a/1"].image) == photo(1, form="png")
    with pytest.raises(Rejected, match="no picture in this sample"):
        reader.image(found["a/2"].image)
    faults = ["no json or txt; there are cls", "a/4.json is not JSON", "a/5.json is not a JSON obj"]
    for number, fault in zip((3, 4, 5), faults, strict=True):
        assert found[f"a/{number}"].faults[0].startswith(fault)
    assert found["a/6"].pairs == (Asked("Describe it.", "x"),)
    (tmp_path / "0.tar").write_bytes((tmp_path / "0.tar").read_bytes()[:600])
    with pytest.raises(Failed, match="ends within the picture"):
        reader.image(found["a/0"].image)


def test_webdataset_names_with_dots_are_told_apart(tmp_path: Path) -> None:
    files: dict[str, bytes] = {}
    for number, name in enumerate(("view_0.5m", "view_0.7m")):
        files[f"{name}.jpg"] = photo(number)
        files[f"{name}.json"] = json.dumps({"question": "?", "answer": name}).encode()
    files |= {"s0.mask.png": photo(3, form="png"), "s0.txt": b"no picture", "s1.seg.png": b"x"}
    write_tar(tmp_path / "0.tar", files)
    asked = request("webdataset", {"data": str(tmp_path / "0.tar")}, prompt="What?")
    reader, found = build_reader(asked), items(asked)
    assert [(item.image_id, *[pair.answer for pair in item.pairs]) for item in found] == [
        ("view_0.5m", "view_0.5m"),
        ("view_0.7m", "view_0.7m"),
        ("s0", "no picture"),
        ("s1",),
    ]
    assert [reader.image(item.image) for item in found[:2]] == [photo(0), photo(1)]
    with pytest.raises(Rejected, match="no picture in this sample"):
        reader.image(found[2].image)
    assert found[3].faults == ("no json or txt; there are seg.png",)


def test_webdataset_shards_may_use_the_same_names(tmp_path: Path) -> None:
    for number, folder in enumerate(("a", "b")):
        record = json.dumps({"question": "?", "answer": str(number)}).encode()
        (tmp_path / folder).mkdir()
        write_tar(tmp_path / f"{number}.tar", {"0.jpg": photo(number), "0.json": record})
        write_tar(tmp_path / folder / "x.tar", {"0.jpg": photo(number), "0.json": record})
    asked = request("webdataset", {"data": str(tmp_path)})
    reader, found = build_reader(asked), items(asked)
    assert [item.image_id for item in found] == ["0/0", "1/0", "a/x/0", "b/x/0"]
    assert [reader.image(item.image) for item in found] == [photo(0), photo(1)] * 2


def test_a_name_that_a_tar_holds_twice_is_a_fault(tmp_path: Path) -> None:
    member = tarfile.TarInfo("0.txt")
    with tarfile.open(tmp_path / "0.tar", "w") as archive:
        archive.addfile(member)
        archive.addfile(member)
    (item,) = items(request("webdataset", {"data": str(tmp_path / "0.tar")}, prompt="What?"))
    assert item.faults == ("0.txt is there twice",)


def test_a_packed_tar_is_refused(tmp_path: Path) -> None:
    (tmp_path / "0.tar").write_bytes(b"\x1f\x8b" * 600)
    with pytest.raises(UserError, match=r"must be unpacked to \.tar first"):
        items(request("webdataset", {"data": str(tmp_path / "0.tar")}))


def test_tfds_sets_are_read_without_tensorflow(tmp_path: Path) -> None:
    store_pictures(PictureSource(), {"train": 3}, tmp_path)
    fields = Fields(question="qa/question", answer="qa/answer")
    asked = request("tfds", {"data": str(tmp_path)}, fields=fields)
    first, *_ = items(asked)
    assert first.image_id == "fake-0000"
    assert first.pairs[3] == Asked("what color is the red mug?", "red")
    assert build_reader(asked).image(first.image)[1:4] == b"PNG"
    with pytest.raises(UserError, match="no field 'label'; it has .* --field answer=FIELD"):
        items(request("tfds", {"data": str(tmp_path)}, fields=Fields(answer="label")))
    with pytest.raises(UserError, match="split 'test' cannot be read .* it has train"):
        items(request("tfds", {"data": str(tmp_path)}, fields=fields, data_split="test"))
    info = json.loads((tmp_path / "dataset_info.json").read_text())
    write_json(tmp_path / "dataset_info.json", {**info, "fileFormat": "tfrecord"})
    with pytest.raises(UserError, match="stored as tfrecord, which only TensorFlow reads; prepare"):
        items(asked)


def test_tfds_sets_have_a_name_below_their_data_dir(tmp_path: Path) -> None:
    store_pictures(PictureSource(), {"train": 2}, tmp_path / "spatialvlm" / "1.0.0")
    fields = Fields(question="qa/question", answer="qa/answer")
    asked = Request("tfds", data="spatialvlm", data_dir=tmp_path, fields=fields)
    assert [item.image_id for item in items(asked)] == ["fake-0000", "fake-0001"]


@pytest.mark.parametrize(
    ("format_", "paths", "message"),
    [
        ("coco", {}, "no format 'coco'; there are vqa_v2, okvqa"),
        ("vqa_v2", {"questions": "q", "images": "."}, "format vqa_v2 needs --annotations"),
        ("gqa", {"questions": "q", "images": ".", "data": "x"}, "format gqa takes no --data"),
        ("gqa", {"questions": "q", "images": "."}, "q cannot be read: No such file or directory"),
        ("parquet", {"data": "."}, r"there is no \.parquet file"),
        ("webdataset", {"data": "nowhere.tar"}, r"there is no \.tar file"),
        ("tfds", {"data": "no_such_set"}, "neither a directory of a TFDS data set nor"),
    ],
)
def test_wrong_requests_are_named(
    format_: str, paths: dict[str, str], message: str, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=message):
        items(request(format_, paths))


@pytest.mark.parametrize("text", ["{", "[]", '{"questions": 3}'])
def test_files_of_another_kind_are_named(text: str, tmp_path: Path) -> None:
    paths = published.vqa(tmp_path)
    Path(paths["annotations"]).write_text(text)
    with pytest.raises(UserError, match=r"a\.json (is not JSON|has no list 'annotations')"):
        items(request("vqa_v2", paths))

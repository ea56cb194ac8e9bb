import dataclasses
import json
import re
import runpy
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
from PIL import Image

from data_loaders.answer_errors import AnswerErrors
from data_loaders.build import Loader, train_loader
from data_loaders.contents import digest_examples
from data_loaders.errors import DataError
from data_loaders.evaluation import eval_batches
from data_loaders.in_place import open_in_place
from spatialvlm_jax.bounds import SettingError
from spatialvlm_jax.conversion.formats import FORMATS
from spatialvlm_jax.conversion.rows import Fields
from spatialvlm_jax.experiment import (
    DataConfig,
    DatasetConfig,
    EncoderConfig,
    Experiment,
    ModelConfig,
)
from tests.conversion.published import photo, write_folder, write_zip

MODEL = ModelConfig(encoder=EncoderConfig(image_size=16, patch_size=8))
FILES = {"a.jpg": photo(0), "sub/b.png": photo(1, "L", "png"), "c.jpg": photo(2)}
RECORDS: list[dict[str, Any]] = [
    {"image": "a.jpg", "question": "what is it?", "answer": "stripes"},
    {"image": "sub/b.png", "prefix": "which color?", "suffix": "grey"},
    {"image": "a.jpg", "question": "how many?", "answer": ["9", "8", "9"]},
    {"image": "c.jpg", "question": "is it a mug?", "answer": "no"},
]


def write(folder: Path, records: list[dict[str, Any]], zipped: bool = False) -> DatasetConfig:
    path = folder / "records.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    if zipped:
        images = write_zip(folder / "images.zip", FILES)
    else:
        images = write_folder(folder / "images", FILES)
    return DatasetConfig("mine", str(path), format="jsonl", images=str(images))


@pytest.mark.parametrize("zipped", [False, True])
def test_records_of_a_picture_are_one_example(tmp_path: Path, zipped: bool) -> None:
    first, second, third = open_in_place(write(tmp_path, RECORDS, zipped))
    assert [each.image_id for each in (first, second, third)] == ["a.jpg", "sub/b.png", "c.jpg"]
    pairs = first.pairs()
    assert [(pair.question, pair.answer) for pair in pairs] == [
        ("what is it?", "stripes"),
        ("how many?", "9"),
    ]
    assert (pairs[0].type, pairs[0].kind) == ("mine", "general")
    assert pairs[1].answers == ("9", "8", "9")
    assert first.image().shape == (48, 64, 3)
    assert second.image().shape == (64, 48, 3)


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("resize", ["squash", "pad"])
def test_a_loader_reads_them_like_any_set(
    tmp_path: Path, stored: Path, zipped: bool, resize: str
) -> None:
    mine = write(tmp_path, RECORDS, zipped)
    data = DataConfig(
        datasets=(mine, DatasetConfig("stored", str(stored))),
        batch_size=4,
        length=64,
        pairs_per_image=4,
        resize=resize,
    )
    one, two = next(read(data)), next(read(data))
    assert all(map(np.array_equal, jax.tree.leaves(one), jax.tree.leaves(two)))
    assert set(one.dataset_ids[:, 0].tolist()) == {0, 1}
    assert one.images.shape == (4, 16, 16, 3)
    (batch,) = eval_batches([mine], data, MODEL, batch_size=4, pairs_per_image=2)
    assert batch.valid.tolist() == [True, True, True, False]
    assert batch.image_ids[:3] == ("a.jpg", "sub/b.png", "c.jpg")


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"image": "no.jpg", "question": "a?", "answer": "b"}, r"1 of 4 pictures .* is no\.jpg"),
        ({"image": "../a.jpg", "question": "a?", "answer": "b"}, r"the first is \.\./a\.jpg"),
        ({"image": "a.jpg", "question": "a?", "answer": ""}, r"a record of a\.jpg .* empty answer"),
        (
            {"image": "a.jpg", "answer": "b"},
            r"no field 'question'; there are .*; mend it, or leave it out with",
        ),
        ({"question": "a?", "answer": "b"}, r"records\.jsonl:4 in .*: no field 'image'"),
    ],
)
def test_what_is_missing_is_an_error_that_names_it(
    tmp_path: Path, record: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=f"data set 'mine': .*{message}"):
        open_in_place(write(tmp_path, [*RECORDS, record]))


def test_labels_have_words(tmp_path: Path) -> None:
    records = [
        {"image": "a.jpg", "caption": "it is red", "label": 1},
        {"image": "c.jpg", "caption": "it is blue", "label": 0},
    ]
    config = dataclasses.replace(
        write(tmp_path, records),
        fields=("question=caption", "answer=label"),
        answer_map="1=yes,0=no",
    )
    answers = [[pair.answer for pair in each.pairs()] for each in open_in_place(config)]
    assert answers == [["yes"], ["no"]]
    plain = digest_examples(open_in_place(dataclasses.replace(config, answer_map="")), config)
    assert digest_examples(open_in_place(config), config) != plain
    with pytest.raises(DataError, match="answer '0' is not in the answer map; mend it"):
        open_in_place(dataclasses.replace(config, answer_map="1=yes"))
    with pytest.raises(DataError, match="LABEL=WORD"):
        open_in_place(dataclasses.replace(config, answer_map="1=yes,1=no"))
    with pytest.raises(SettingError, match="answer_map.*convert --answer-map"):
        DatasetConfig("mine", "data", answer_map="1=yes")


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    config = write(tmp_path, RECORDS)
    for change in ({"path": str(tmp_path / "no.jsonl")}, {"images": str(tmp_path / "no")}):
        with pytest.raises(DataError, match=r"data set 'mine': .*no"):
            open_in_place(dataclasses.replace(config, **change))
    with pytest.raises(DataError, match="there is no record"):
        open_in_place(write(tmp_path, []))


def read(data: DataConfig) -> Loader:
    return train_loader(Experiment(data=data, model=MODEL))


def test_a_portrait_is_turned_as_the_camera_was_held(tmp_path: Path) -> None:
    config = write(tmp_path, RECORDS)
    exif = Image.Exif()
    exif[274] = 6  # the first column of what is stored is the top
    lying = np.zeros((48, 64, 3), np.uint8)
    lying[:, :8] = 255
    Image.fromarray(lying).save(tmp_path / "images" / "c.jpg", exif=exif)
    upright = open_in_place(config)[2].image()
    assert upright.shape == (64, 48, 3)
    assert upright[:6].min() > 200
    assert upright[12:].max() < 60


def test_a_broken_picture_is_an_error_that_names_it_and_the_remedy(tmp_path: Path) -> None:
    config = write(tmp_path, RECORDS)
    (tmp_path / "images" / "c.jpg").write_bytes(photo(2)[:50])
    message = r"c\.jpg of 'mine': .*" + re.escape("spatialvlm convert --format=jsonl")
    with pytest.raises(DataError, match=message):
        open_in_place(config)[2].image()
    data = DataConfig(datasets=(config,), batch_size=3, length=64)
    with pytest.raises(DataError, match=message):
        next(read(data))


def test_what_the_page_shows_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "cotraining.md").read_text()
    (snippet,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    write_folder(tmp_path / "data" / "photos", FILES)
    lines = [json.dumps(record) for record in RECORDS]
    (tmp_path / "data" / "mine.jsonl").write_text("\n".join(lines))
    (tmp_path / "snippet.py").write_text(snippet)
    monkeypatch.chdir(tmp_path)
    runpy.run_path("snippet.py")


def test_the_page_names_every_format_and_option() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "cotraining.md").read_text()
    assert [name for name in FORMATS if f"--format={name} " not in page] == []
    for field in dataclasses.fields(Fields):
        assert f"`{field.name}`" in page


def test_lengths_of_ones_own_are_trained_on_but_not_with_noise(tmp_path: Path) -> None:
    images = write_folder(tmp_path / "images", {"a.jpg": photo(0)})
    record = {"image": "a.jpg", "question": "wide?", "answer": "0.1 m", "value": 10, "unit": "cm"}
    (tmp_path / "own.jsonl").write_text(json.dumps(record))
    config = DatasetConfig("own", str(tmp_path / "own.jsonl"), format="jsonl", images=str(images))
    (example,) = open_in_place(config)
    (pair,) = example.pairs()
    assert (pair.type, pair.kind, pair.unit) == ("own", "quantitative", "cm")
    assert pair.value == pytest.approx(0.1)
    measured = digest_examples([example], config)
    del record["value"], record["unit"]
    (tmp_path / "own.jsonl").write_text(json.dumps(record))
    assert digest_examples(open_in_place(config), config) != measured
    with pytest.raises(DataError, match="noise_std_metres: the answer '0.1 m' .* not made of a"):
        AnswerErrors(0.1).apply(pair, "a.jpg", 0, ())

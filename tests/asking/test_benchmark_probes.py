"""Benchmarks asked again behind grey and other pictures, through the command."""

import io
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from PIL import Image

from spatialvlm_jax import cli
from spatialvlm_jax.scene.altered_pictures import GREY
from tests.asking.saying import Saying, write_benchmarks
from tests.evaluation.benchmarks.published import write_parquet

PROBES = "--probes=blind,other_picture"


class Looking(Saying):
    """Says B, or yes, of a picture that shows something, and A, or no, of a grey one."""

    def reply_each(self, asked, *, max_tokens, **_):
        self.asked.append(asked)
        return [[self._seen(picture.image, question) for question in row] for picture, row in asked]

    def _seen(self, image: np.ndarray, question: str) -> str:
        sees = bool((image != GREY).any())
        words = ("no", "yes") if "yes or no" in question or "true or false" in question else "AB"
        return words[sees]


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Looking:
    found = Looking()
    monkeypatch.setattr(
        "spatialvlm_jax.asking.respondents.load_to_ask", lambda where, tokenizer: found
    )
    return found


def evaluate(folder: Path, *more: str) -> int:
    return cli.main(["evaluate", f"--data={folder}/data", f"--out={folder}/out", *more])


def coloured(number: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 6), (40 * number, 200 - 40 * number, 10)).save(file, "png")
    return file.getvalue()


def write_cv_bench(folder: Path) -> int:
    """The fixture with another picture in each record; how many questions there are."""
    write_benchmarks(folder, ["cv_bench"])
    count = 0
    for path in sorted((folder / "cv_bench").glob("*.parquet")):
        rows = pyarrow.parquet.read_table(path).to_pylist()
        for row in rows:
            row["image"] = {"bytes": coloured(count), "path": None}
            count += 1
        write_parquet(path, rows)
    return count


def shown(model: Looking, count: int) -> list[dict[str, bytes]]:
    """Of each time that all was asked, the pixels of the picture of each question."""
    pairs = [
        (question, picture.image.tobytes())
        for call in model.asked
        for picture, questions in call
        for question in questions
    ]
    return [dict(pairs[start : start + count]) for start in range(0, len(pairs), count)]


def test_probes_stand_beside_the_figures(model, tmp_path, capsys) -> None:
    count = write_cv_bench(tmp_path / "data")
    assert evaluate(tmp_path, "--benchmark=cv_bench", PROBES) == 0
    own, blind, other = shown(model, count)
    assert set(blind.values()) == {bytes([GREY]) * (8 * 6 * 3)}
    assert all(own[question] != picture for question, picture in other.items())
    assert sorted(own.values()) == sorted(other.values())
    (found,) = json.loads((tmp_path / "out" / "report.json").read_text())["scores"]
    assert found["headline"]["robust"]["value"] == 1
    assert found["probes"]["blind"]["headline"]["robust"]["value"] == 0
    assert found["probes"]["other_picture"]["headline"]["robust"]["value"] == 1
    seen = found["probes"]["blind"]["seen_less_probed"]["robust"]
    assert (seen["difference"], seen["questions"]) == (1, count)
    text = (tmp_path / "out" / "report.md").read_text()
    head, _, row = text.splitlines()[4:7]
    cells = dict(zip(head.split(" | "), row.split(" | "), strict=True))
    assert (cells["blind"], cells["other picture"]) == ("0.0 %", "100.0 %")
    assert "| small128, blind | robust | +100.0 |" in text
    page = (tmp_path / "out" / "report.html").read_text()
    assert "With the picture less without it" in page
    assert "small128, other picture" in page


def test_what_was_said_to_probes_is_kept_and_not_asked_again(model, tmp_path) -> None:
    count = write_cv_bench(tmp_path / "data")
    assert evaluate(tmp_path, "--benchmark=cv_bench", "--questions=2", PROBES) == 0
    replies = tmp_path / "out" / "replies" / "small128"
    names = ["cv_bench.blind.jsonl", "cv_bench.jsonl", "cv_bench.other_picture.jsonl"]
    assert sorted(path.name for path in replies.iterdir()) == names
    first = json.loads((replies / names[0]).read_text().splitlines()[0])
    assert (first["text"], first["probe"], first["track"]) == ("A", "blind", "pixels")
    model.asked.clear()
    assert evaluate(tmp_path, "--benchmark=cv_bench", "--questions=2", PROBES) == 0
    assert model.asked == []
    # Of more questions the ring is another: the two that were asked are shown others now.
    assert evaluate(tmp_path, "--benchmark=cv_bench", PROBES) == 0
    asked = [len(questions) for call in model.asked for _, questions in call]
    assert sum(asked) >= 3 * (count - 2)


def test_pictures_in_files_and_questions_that_share_one(model, tmp_path) -> None:
    write_benchmarks(tmp_path / "data", ["pope"])
    folder = tmp_path / "data" / "pope"
    (one,) = (folder / "images").iterdir()
    other = one.with_name("COCO_val2014_000000000001.jpg")
    one.write_bytes(coloured(0))
    other.write_bytes(coloured(1))
    path = folder / "coco_pope_random.json"
    path.write_text(path.read_text().replace(one.name, other.name).replace("mug", "bin"))
    assert evaluate(tmp_path, "--benchmark=pope", "--probes=other_picture") == 0
    (found,) = json.loads((tmp_path / "out" / "report.json").read_text())["scores"]
    assert set(found["probes"]) == {"other_picture"}
    assert found["questions"] == 4
    (first, second) = model.asked
    assert [len(questions) for _, questions in (*first, *second)] == [2, 2, 2, 2]
    pictures = [[picture.image.tobytes() for picture, _ in call] for call in (first, second)]
    questions = [[each for _, each in call] for call in (first, second)]
    assert pictures[1] == pictures[0][::-1]
    assert questions[1] == questions[0]
    assert pictures[0][0] != pictures[0][1]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--probes=swap"], "there are blind, other_picture, not 'swap'"),
        (["--probes=other_picture", "--questions=1"], "leave out --probes=other_picture"),
    ],
)
def test_what_cannot_be_probed_is_told(flags, said, model, tmp_path, capsys) -> None:
    write_cv_bench(tmp_path / "data")
    assert evaluate(tmp_path, "--benchmark=cv_bench", *flags) == 2
    told = capsys.readouterr().err
    assert said in told
    assert len(told.splitlines()) == 1

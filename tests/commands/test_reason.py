"""`spatialvlm reason` with a model whose answers are known, and its traces."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from spatialvlm_jax import cli
from spatialvlm_jax.inference.spatial_answer import SpatialAnswer
from tests.docs.commands import ROOT
from tests.generation.pictures import PictureSource, store_pictures

PICTURE = str(ROOT / "docs" / "images" / "world_11.png")
NEAREST = "Which of the blue ball and the gray sofa is nearest to the camera?"
PATH = "How long is the path from the blue ball to the white chair?"


class Known:
    """A model that says 1 m of the ball, 2 m of all else."""

    def ask(self, image, questions: Sequence[str], **how) -> list[SpatialAnswer]:
        found = []
        for words in questions:
            value = 1.0 if "ball from the camera" in words else 2.0
            interval = (value / 1.25, value * 1.25)
            note = "asked otherwise" if "chair" in words else ""
            found.append(SpatialAnswer(words, f"{value} m", value, "m", 0.1, interval, note=note))
        return found


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spatialvlm_jax.inference.load.load_to_ask", lambda *where: Known())


def test_it_prints_sub_questions_reasoning_and_conclusion(known, capsys) -> None:
    assert cli.main(["reason", PICTURE, NEAREST, PATH]) == 0
    nearest, path = capsys.readouterr().out.split("\n\n->")[0].split(f"\n\n{PATH}\n")
    row = next(line for line in nearest.splitlines() if line.startswith("how far is the blue"))
    assert row.split("?")[1].split() == ["1.0", "m", "1", "m", "0.8", "to", "1.2", "m"]
    assert "Compare distances from the camera.\n-> the blue ball (probability 1.00)" in nearest
    assert path.rstrip().endswith("-> 2 m (1.6 to 2.5 m)")


def test_notes_are_numbered_behind_the_answers_and_told_below_them(
    known, capsys, tmp_path: Path
) -> None:
    trace, page = tmp_path / "trace.jsonl", tmp_path / "page.html"
    assert cli.main(["reason", PICTURE, PATH, f"--trace={trace}", f"--page={page}"]) == 0
    told = capsys.readouterr().out.split("\n\n")
    there, back = (
        f"how far is the center of the {a} from the center of the {b}?"
        for a, b in (("blue ball", "white chair"), ("white chair", "blue ball"))
    )
    rows = told[1].splitlines()[2:]
    assert [row.split("?")[1].split()[:3] for row in rows] == [["2.0", "m", "(1)"]] * 2
    assert told[2] == f'(1) "{there}", "{back}": asked otherwise'
    assert told[3].startswith("Distance between the centers of the blue ball and the white chair")
    assert cli.main(["reason", f"--replay={trace}"]) == 0
    assert capsys.readouterr().out.split("\n\n")[2] == told[2]
    shown = f'<th scope="row">{back}<br><small class="note">asked otherwise</small></th>'
    assert shown in page.read_text()


def test_a_table_without_notes_has_no_lines_of_them(known, capsys) -> None:
    assert cli.main(["reason", PICTURE, NEAREST]) == 0
    told = capsys.readouterr().out.split("\n\n")
    assert [part.split()[0] for part in told] == ["Which", "asked", "Distance"]


def test_a_replayed_trace_has_the_same_bytes(known, capsys, tmp_path) -> None:
    trace, again = tmp_path / "trace.jsonl", tmp_path / "again.jsonl"
    assert cli.main(["reason", PICTURE, NEAREST, PATH, "--json", f"--trace={trace}"]) == 0
    said = capsys.readouterr().out
    assert cli.main(["reason", f"--replay={trace}", "--json", f"--trace={again}"]) == 0
    assert capsys.readouterr().out == said
    assert again.read_bytes() == trace.read_bytes()
    nearest, path = json.loads(said)["reasoned"]
    assert (nearest["outcome"], nearest["text"], nearest["kind"]) == (
        "0",
        "the blue ball",
        "nearest",
    )
    assert (path["value"], path["unit"]) == (2.0, "m")
    assert path["interval"] == pytest.approx([1.6, 2.5], rel=1e-3)
    first = json.loads(trace.read_text().splitlines()[0])
    assert [each["role"] for each in first["messages"]] == [
        *("user", "assistant", "tool", "tool", "assistant")
    ]
    assert {"image_sha256", "checkpoint", "seed", "value", "std", "verdict"} < first["meta"].keys()
    assert len(first["meta"]["image_sha256"]) == 64


def test_what_was_not_asked_and_what_was_refused_are_told_apart(
    known, capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ball = SpatialAnswer("", "I can't tell.", note="this model was not taught it", asked=False)
    sofa = SpatialAnswer("", "I can't tell.", None, "m", 3.0, (0.5, 9.0))
    said = {"ball": ball, "sofa": sofa}

    def ask(self, image, questions: Sequence[str], **how) -> list[SpatialAnswer]:
        names = [next(name for name in said if name in words) for words in questions]
        return [
            dataclasses.replace(said[name], question=words)
            for name, words in zip(names, questions, strict=True)
        ]

    monkeypatch.setattr(Known, "ask", ask)
    trace, page = tmp_path / "trace.jsonl", tmp_path / "page.html"
    written = [f"--trace={trace}", f"--page={page}"]
    assert cli.main(["reason", PICTURE, NEAREST, *written]) == 0
    shown = capsys.readouterr().out
    for text in (shown, page.read_text().replace("&#39;", "'")):
        assert text.count("I can't tell. (not asked)") == 1
        assert text.count("I can't tell. (refused)") == 1
        assert "Not asked: this model was not taught it." in text
    replies = [
        json.loads(each["content"])
        for each in json.loads(trace.read_text())["messages"]
        if each["role"] == "tool"
    ]
    assert ["asked" in each for each in replies] == [True, False]
    assert replies[0]["asked"] is False
    assert cli.main(["reason", f"--replay={trace}"]) == 0


def test_a_page_shows_the_truth_of_a_stored_picture(known, capsys, tmp_path: Path) -> None:
    store_pictures(PictureSource(), {"train": 2}, tmp_path / "set")
    page, again, trace = (tmp_path / name for name in ("a.html", "b.html", "trace.jsonl"))
    stored = str(tmp_path / "set" / "train" / "1")
    question = "Which of the red mug and the blue chair is nearest to the camera?"
    assert cli.main(["reason", stored, question, f"--page={page}", f"--trace={trace}"]) == 0
    assert capsys.readouterr().out.endswith(f")\n\n{trace}\n{page}\n")
    assert "In truth: the red mug" in page.read_text()
    assert cli.main(["reason", stored, f"--replay={trace}", f"--page={again}"]) == 0
    assert again.read_bytes() == page.read_bytes()
    capsys.readouterr()
    for words, said in (
        ([stored[:-1] + "2", question], "a picture of"),
        ([stored[:-1] + "one", question], "'one' is not a whole number"),
        ([PICTURE, f"--replay={trace}", f"--page={again}"], "world_11.png is not the picture that"),
        ([f"--replay={trace}", f"--page={again}"], "--page shows the picture"),
        ([stored, question, "--page=a.txt"], "--page must name a .html file"),
    ):
        assert cli.main(["reason", *words]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert said in line


def test_nothing_but_a_file_of_traces_is_written_over(known, capsys, tmp_path: Path) -> None:
    picture = tmp_path / "room.png"
    picture.write_bytes(Path(PICTURE).read_bytes())
    before = picture.read_bytes()
    assert cli.main(["reason", str(picture), NEAREST, f"--trace={picture}"]) == 2
    assert picture.read_bytes() == before
    (line,) = capsys.readouterr().err.splitlines()
    assert f"--trace must name a .jsonl file, not '{picture}'" in line


def test_what_a_trace_names_is_printed_without_escapes(known, capsys, tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    question = "Which of the \x1b[31mblue ball and the gray sofa is nearest to the camera?"
    assert cli.main(["reason", PICTURE, question, f"--trace={trace}"]) == 0
    assert cli.main(["reason", f"--replay={trace}"]) == 0
    shown = capsys.readouterr().out
    assert "-> the [31mblue ball (probability" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "name a picture and a question"),
        ([PICTURE], "name a picture and a question"),
        ([PICTURE, "What color is it?"], "no way is known to break up 'What color is it'"),
        ([PICTURE, NEAREST, "--replay=x"], "--replay takes pictures and questions from the trace"),
        (["--replay=nowhere.jsonl"], "nowhere.jsonl"),
    ],
)
def test_what_cannot_be_reasoned_about_is_one_line(words, said, known, capsys) -> None:
    assert cli.main(["reason", *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda line: line.replace("1.0 m", "3.0 m", 1).replace('"value\\": 1.0', '"value\\": 3.0'),
         "does not follow from the answers that it holds"),
        (lambda line: line[:-40], "is no trace"),
        (lambda line: "[]", "is no trace"),
        (lambda line: line.replace('"by": "plan"', '"by": "me"'), "by 'me' cannot be replayed"),
        (lambda line: line.replace('value\\": 1.0', 'value\\": NaN'), "numbers that are none"),
        (lambda line: line.replace('\\"unit\\"', '\\"units\\"'), "is no answer of a model"),
        (lambda line: line.replace(NEAREST, "Why?"), "cannot be derived"),
        (lambda line: line.replace('"seed": 0', '"seed": NaN'), "cannot be derived"),
        (lambda line: line + "{}", "trace.jsonl:2 is no trace"),
    ],
)  # fmt: skip
def test_a_trace_that_was_changed_is_refused(spoil, said, known, capsys, tmp_path: Path) -> None:
    trace = tmp_path / "trace.jsonl"
    assert cli.main(["reason", PICTURE, NEAREST, "--json", f"--trace={trace}"]) == 0
    capsys.readouterr()
    line = trace.read_text()
    assert spoil(line) != line
    trace.write_text(spoil(line))
    assert cli.main(["reason", f"--replay={trace}"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line

import dataclasses
import json
import re

import numpy as np
import pytest

from spatialvlm_jax import cli
from spatialvlm_jax.evaluation.scorer import Scorer, write_predictions
from spatialvlm_jax.evaluation.shown_pictures import ShownPictures, write_small_pictures
from spatialvlm_jax.scene.records import QA
from tests.evaluation.report.test_page import check

EVIL = "<script>alert('x')</script> & \"co\""


def workdir(place, said, yes, track=""):
    scorer = Scorer()
    for number in range(6):
        tall = QA("How tall?", "2 m", "height", "quantitative", value=2.0, unit="m")
        left = QA(f"Is it left? {EVIL}", "yes", "left_of", "qualitative", verdict="yes")
        image = f"{EVIL}{number // 2}"
        scorer.add(tall, said, image, "worlds")
        scorer.add(left, yes if number else "no", image, "worlds")
    place.mkdir(parents=True)
    answers = [
        dataclasses.replace(answer, row=dataclasses.replace(answer.row, track=track))
        for answer in scorer.answers()
    ]
    write_predictions(place / "predictions.jsonl", answers)
    return place


def test_two_runs_are_compared_in_text_and_on_a_page(tmp_path, capsys):
    first = workdir(tmp_path / "a", "9 m", "yes")
    second = workdir(tmp_path / "b", "2.1 m", "no")
    page = tmp_path / "page.html"
    assert cli.main(["compare", str(first), str(second), f"--out={page}"]) == 0
    printed = capsys.readouterr().out
    assert "12 common questions about 3 pictures" in printed
    lines = {line.split("  ")[0]: line.split() for line in printed.splitlines()}
    assert lines["Within 25 % of truth"][5:10] == ["0.0", "%", "100.0", "%", "+100.0"]
    assert lines["Within 25 % of truth"][-4:] == ["0", "0", "6", "0"]
    assert lines["left_of"][1:6] == ["83.3", "%", "0.0", "%", "-83.3"]
    assert lines["left_of"][-4:] == ["0", "5", "0", "1"]
    checker = check(page.read_text("utf-8"))
    assert "script" not in checker.seen
    assert {"svg", "table"} <= set(checker.seen)
    # A way is a color: six lengths each, those of the first far above the line.
    dots = re.findall(r'<g class="dots s(\d)">(.*?)</g>', page.read_text("utf-8"))
    assert [(color, group.count("<circle")) for color, group in dots] == [("0", 6), ("1", 6)]
    assert any(EVIL in text for text in checker.texts)
    assert not [source for source in checker.sources if not source.startswith("data:")]


def distributed(place, factor):
    """Gives each height of a run a distribution that is off by a factor."""
    path = place / "predictions.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows:
        if row["kind"] == "quantitative":
            median = factor * row["true_value"]
            row["distribution"] = {
                "median": median, "mean": median, "std": 1.0, "entropy": 0.0, "below_truth": 0.9,
                "interval_50": [median / 1.2, median * 1.2],
                "interval_90": [median / 2, median * 2],
            }  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_distributions_are_held_against_truths(tmp_path):
    ways = [workdir(tmp_path / name, "2 m", "yes") for name in ("a", "b")]
    page = tmp_path / "page.html"
    command = ["compare", *map(str, ways), f"--out={page}"]
    assert cli.main(command) == 0
    text = page.read_text("utf-8")
    assert "No answer has a distribution, so that there is nothing to calibrate" in text
    assert "Coverage of intervals" not in text
    distributed(ways[1], 1.5)
    assert cli.main(command) == 0
    text = page.read_text("utf-8")
    assert f"No answer of first: {ways[0]} has a distribution with both intervals." in text
    assert f"second: {ways[1]}, 6 answers" in text
    assert "Error by stated spread" in text
    distributed(ways[0], 1.1)
    assert cli.main(command) == 0
    text = page.read_text("utf-8")
    assert "No answer" not in text
    # In each of two charts a line or a dot of each way.
    assert text.count(", 6 answers</span>") == 4
    check(text)


def test_a_type_of_two_kinds_is_two_lines_that_say_which(tmp_path, capsys):
    ways = [workdir(tmp_path / name, "2 m", "yes") for name in ("a", "b")]
    for way in ways:
        path = way / "predictions.jsonl"
        rows = [json.loads(line) | {"type": "own"} for line in path.read_text().splitlines()]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    page = tmp_path / "page.html"
    assert cli.main(["compare", *map(str, ways), f"--out={page}"]) == 0
    printed = [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()]
    for called in ("own, Qualitative accuracy", "own, Within 25 % of truth"):
        assert called in printed
        assert called in check(page.read_text("utf-8")).texts


def test_pictures_are_shown_where_they_are_kept(tmp_path):
    first = workdir(tmp_path / "a", "9 m", "yes")
    second = workdir(tmp_path / "b", "2.1 m", "no")
    page = tmp_path / "page.html"
    command = ["compare", str(first), str(second / "predictions.jsonl"), f"--out={page}"]
    assert cli.main(command) == 0
    text = page.read_text("utf-8")
    assert "None of 3 pictures can be shown" in text
    assert "<img" not in text
    shown = ShownPictures()
    for number in range(2):
        shown.add(f"{EVIL}{number}", np.full((8, 8, 3), 100 * number, np.uint8))
    write_small_pictures(second, shown.small)
    assert cli.main(command) == 0
    text = page.read_text("utf-8")
    assert "2 of 3 pictures can be shown" in text
    checker = check(text)
    assert set(checker.sources) == set(shown.small.values())
    assert "script" not in checker.seen
    assert {"✓", "✗"} <= set(checker.texts)
    assert "true: 2 m" in checker.texts
    assert any("pictures that carry the difference" in each for each in checker.texts)


def test_a_run_that_was_stopped_early_is_told(tmp_path, capsys):
    first = workdir(tmp_path / "a", "2 m", "yes")
    second = workdir(tmp_path / "b", "2 m", "yes")
    path = second / "predictions.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[0] |= {"prediction": "", "failure": f"not asked yet {EVIL}"}
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert cli.main(["compare", str(first), str(second), f"--out={tmp_path}/page.html"]) == 0
    said = f"{second}: 1 of 12 questions have no reply and count as not answered (1: not asked yet"
    assert said in capsys.readouterr().out
    page = (tmp_path / "page.html").read_text("utf-8")
    assert page.count("Partial:") == 1
    assert "script" not in check(page).seen


def test_runs_of_different_tracks_are_compared_only_where_that_is_meant(tmp_path, capsys):
    first = workdir(tmp_path / "a", "2 m", "yes", "camera")
    second = workdir(tmp_path / "b", "2 m", "yes", "pixels")
    ways, page = [str(first), str(second)], tmp_path / "page.html"
    assert cli.main(["compare", *ways, f"--out={page}"]) == 2
    said = capsys.readouterr().err
    assert "first: track camera; second: track pixels; 12 of 12 questions" in said
    assert "--across-tracks" in said
    assert not page.exists()
    assert cli.main(["compare", *ways, f"--out={page}", "--across-tracks"]) == 0
    printed = capsys.readouterr().out
    assert f"first: {first}, track camera\nsecond: {second}, track pixels\n" in printed
    assert "\n12 of 12 questions were asked on different tracks" in printed
    assert page.read_text("utf-8").count("Different tracks:") == 1
    assert cli.main(["compare", ways[0], ways[0], f"--out={page}"]) == 0
    assert "Different tracks:" not in page.read_text("utf-8")


def test_seeds_are_joined_by_commas(tmp_path, capsys):
    first = [workdir(tmp_path / f"a{n}", said, "yes") for n, said in enumerate(("9 m", "2 m"))]
    second = [workdir(tmp_path / f"b{n}", "2.1 m", "yes") for n in range(2)]
    page = tmp_path / "page.html"
    ways = [",".join(map(str, way)) for way in (first, second)]
    assert cli.main(["compare", *ways, f"--out={page}"]) == 0
    lines = {line.split("  ")[0]: line.split() for line in capsys.readouterr().out.splitlines()}
    assert lines["Within 25 % of truth"][5:10] == ["50.0", "%", "100.0", "%", "+50.0"]
    assert "2 seeds each" in page.read_text("utf-8")


def test_mistakes_are_told_in_a_line(tmp_path, capsys):
    first = workdir(tmp_path / "a", "9 m", "yes")
    assert cli.main(["compare", f"{first},{first}", str(first)]) == 2
    assert "the first way has 2 seeds and the second 1" in capsys.readouterr().err
    assert cli.main(["compare", str(first), str(tmp_path)]) == 2
    assert "evaluate the run first" in capsys.readouterr().err
    assert cli.main(["compare", str(first), str(first), "--out=x.txt"]) == 2
    assert "must name a .html file" in capsys.readouterr().err


@pytest.mark.parametrize("run", ["", "a,", ","])
def test_a_run_without_a_name_is_refused(run, capsys):
    assert cli.main(["compare", run, "b"]) == 2
    assert "it is empty" in capsys.readouterr().err

"""The shipped model asked every benchmark of one picture, from its files to one report."""

import json
from pathlib import Path

import pytest

from spatialvlm_jax import cli
from tests.asking.saying import ONE_PICTURE, write_benchmarks
from tests.evaluation.benchmarks.published import SAMPLES

pytestmark = pytest.mark.slow


def test_every_benchmark_of_one_picture_is_asked_of_it(
    compile_quickly_rather_than_well, tmp_path: Path, capsys
) -> None:
    write_benchmarks(tmp_path / "data", ONE_PICTURE)
    words = ["evaluate", f"--data={tmp_path}/data", f"--out={tmp_path}/out", "--track=boxes"]
    words += [f"--benchmark={name}" for name in ONE_PICTURE]
    assert cli.main(words) == 0, capsys.readouterr().err
    found = json.loads((tmp_path / "out" / "report.json").read_text())["scores"]
    assert [each["benchmark"] for each in found] == ONE_PICTURE
    for each in found:
        asked = each["questions"] + each["several_pictures"]
        assert asked == len(SAMPLES[each["benchmark"]].ids)
        assert each["states"]["not answered"] == 0
        assert not each["failures"]
        low, high = each["headline"]["robust"]["ci95"]
        value = each["headline"]["robust"]["value"]
        assert 0 <= low <= value + 1e-9 <= high + 1e-9 <= 1 + 1e-9
    replies = tmp_path / "out" / "replies" / "small128"
    texts = [json.loads(line)["text"] for line in (replies / "pope.jsonl").read_text().splitlines()]
    assert all(texts)
    assert (tmp_path / "out" / "report.html").read_text().count("<h2>") == len(ONE_PICTURE)


def test_rendered_twins_are_asked_of_it_from_two_commands(
    compile_quickly_rather_than_well, tmp_path: Path, capsys
) -> None:
    names = ("emb_spatial", "pope", "q_spatial")
    for name in names:
        assert cli.main(["benchmarks", name, f"--render={tmp_path}/twins", "--scenes=3"]) == 0
    words = ["evaluate", f"--data={tmp_path}/twins", f"--out={tmp_path}/out"]
    assert cli.main([*words, *(f"--benchmark={name}" for name in names)]) == 0
    found = json.loads((tmp_path / "out" / "report.json").read_text())["scores"]
    assert [each["benchmark"] for each in found] == [f"rendered_{name}" for name in names]
    assert all(each["questions"] >= 2 and not each["failures"] for each in found)

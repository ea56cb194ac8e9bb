"""Rendered twins: what reads a benchmark reads its twin, and marks its truths as right."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from spatialvlm_jax import cli
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.benchmarks.item import Item
from spatialvlm_jax.evaluation.benchmarks.loading import RENDERED, as_found, load_questions
from spatialvlm_jax.evaluation.benchmarks.pictures import PictureFolder
from spatialvlm_jax.evaluation.benchmarks.registry import BENCHMARKS
from spatialvlm_jax.rendered_benchmarks.asked_scene import AskedScene, draw_scenes
from spatialvlm_jax.rendered_benchmarks.write import TWINS, write_twins


@pytest.fixture(scope="module")
def scenes() -> Sequence[AskedScene]:
    return list(draw_scenes(10, seed=3))


@pytest.fixture(scope="module")
def twins(scenes: Sequence[AskedScene], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("twins")
    write_twins(list(TWINS), scenes, folder, seed=3)
    return folder


def truth(name: str, item: Item) -> str:
    """A reply as the official rule reads it."""
    if name == "q_spatial":
        value, unit = item.answer.split()
        return rf"\scalar{{{value}}} \distance_unit{{{unit}}}"
    if name == "omni_spatial":
        return f"Answer: {item.answer}"
    return item.answers[0] if name == "msmu" else item.answer


@pytest.mark.parametrize("name", TWINS)
def test_truths_are_right_and_others_are_not(twins: Path, name: str) -> None:
    benchmark = BENCHMARKS[name]
    items = load_questions(benchmark, twins / name).items
    assert len(items) >= 2
    for rule in (benchmark.official, benchmark.robust):
        assert [rule(item, truth(name, item)).score for item in items] == [1.0] * len(items)
        wrong = [rule(item, "Pardon, I was not listening.").score for item in items]
        assert np.mean(wrong) <= 0.5
    assert "None of it is of the benchmark" in (twins / name / RENDERED).read_text()


@pytest.mark.parametrize("name", TWINS)
def test_pictures_are_the_scenes(twins: Path, scenes: Sequence[AskedScene], name: str) -> None:
    benchmark = BENCHMARKS[name]
    items = load_questions(benchmark, twins / name).items
    if benchmark.picture_field:
        folder = PictureFolder(twins / name)
        assert all(folder.find(item.picture) for item in items)
    elif benchmark.pictures != "video":
        assert benchmark.stored is not None or name == "mmsi_bench"


def test_right_options_take_turns(twins: Path) -> None:
    for name in ("cv_bench", "blink", "emb_spatial", "3dsr_bench"):
        letters = [item.answer for item in load_questions(BENCHMARKS[name], twins / name).items]
        assert 0.1 < np.mean([letter == "A" for letter in letters]) < 0.8, name


def test_a_twin_has_a_name_of_its_own(twins: Path, tmp_path: Path, capsys) -> None:
    benchmark = BENCHMARKS["vsr"]
    assert as_found(benchmark, twins / "vsr").name == "rendered_vsr"
    assert as_found(benchmark, twins / "vsr" / "test.jsonl").name == "rendered_vsr"
    assert as_found(benchmark, tmp_path) is benchmark
    replies = tmp_path / "replies.jsonl"
    replies.write_text('{"id": "0", "text": "yes"}\n{"id": "1", "text": "yes"}\n')
    words = ["score", str(replies), "--benchmark=vsr", f"--data={twins}/vsr", "--allow-missing"]
    cli.main(words)
    said = capsys.readouterr().out
    assert said.startswith("rendered_vsr: ")
    words[3] = f"--data={twins}"  # a folder of several, as `evaluate` takes it
    cli.main(words)
    assert capsys.readouterr().out == said


def test_what_is_no_twin_is_not_written_over(tmp_path: Path, scenes: Sequence[AskedScene]) -> None:
    published = tmp_path / "pope" / "coco_pope_random.json"
    published.parent.mkdir()
    published.write_text("{}\n")
    with pytest.raises(UserError, match="holds something else"):
        write_twins(["vsr", "pope"], scenes, tmp_path, seed=3)
    assert published.read_text() == "{}\n"
    assert not (tmp_path / "vsr").exists()
    write_twins(["vsr"], scenes, tmp_path, seed=3)
    write_twins(["vsr"], scenes, tmp_path, seed=3)  # one's own is


def test_the_command_writes_one_or_says_why_not(tmp_path: Path, capsys) -> None:
    words = ["benchmarks", "vsr", f"--render={tmp_path}", "--scenes=2"]
    assert cli.main(words) == 0
    assert capsys.readouterr().out == f"vsr: {tmp_path}/vsr\n"
    assert load_questions(BENCHMARKS["vsr"], tmp_path / "vsr").items
    assert cli.main(["benchmarks", "text_vqa", f"--render={tmp_path}"]) == 2
    assert "text_vqa has no rendered twin" in capsys.readouterr().err
    assert cli.main([*words, "--questions=a.jsonl"]) == 2
    assert cli.main(["benchmarks", "vsr", "--seed=3"]) == 2
    assert "are of twins" in capsys.readouterr().err
    assert set(BENCHMARKS) - set(TWINS) == {"text_vqa"}  # nothing is written on what is rendered

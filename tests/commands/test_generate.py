import argparse
import json
from pathlib import Path

import pytest

from spatialvlm_jax import cli
from spatialvlm_jax.commands.generate import WorldsSource, parse_splits, worlds_source
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.shards import open_split
from spatialvlm_jax.generation.store import StoredExample

TINY = ["generate", "--preset=simple", "--image-size=32", "--pairs-per-image=6", "--quiet"]


def arguments(**fields: object) -> argparse.Namespace:
    return argparse.Namespace(**{"split": None, "images": 100, "validation_images": None} | fields)


def test_splits_from_images_or_by_name() -> None:
    assert parse_splits(arguments()) == {"train": 90, "validation": 10}
    assert parse_splits(arguments(validation_images=0)) == {"train": 100}
    assert parse_splits(arguments(split="a=3,b=4")) == {"a": 3, "b": 4}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"split": "train"}, "--split wants NAME=N"),
        ({"split": "train=0"}, "not 'train=0'"),
        ({"split": "a=1,a=2"}, "names 'a' twice"),
        ({"images": 0}, "--images must be at least 1"),
        ({"validation_images": 100}, "must be from 0 to 99"),
    ],
)
def test_wrong_splits_are_named(fields: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_splits(arguments(**fields))


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--preset=castle"], "no world preset 'castle'"),
        (["--image-size=0"], "--image-size must be at least 1"),
        (["--pairs-per-image=-1"], "--pairs-per-image must be at least 1"),
        (["--workers=0"], "--workers must be at least 1"),
        (["--shards=0"], "--shards must be at least 1"),
    ],
)
def test_wrong_settings_are_one_line_and_code_2(
    extra: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["generate", f"--out={tmp_path / 'data'}", *extra]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "data").exists()


def test_a_file_in_the_way_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").touch()
    assert cli.main(["generate", f"--out={tmp_path / 'file'}"]) == 2
    assert "is a file, not a directory" in capsys.readouterr().err


def test_worlds_are_made_asked_about_and_stored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [*TINY, f"--out={tmp_path}", "--split=train=5,validation=2"]
    assert cli.main(command) == 0
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["failed"] == 0
    assert summary["stored"] + summary["rejected"] == 7
    assert f"{summary['stored']} images, {summary['pairs']} pairs" in capsys.readouterr().out
    examples = [StoredExample(record) for record in open_split(tmp_path, "train")]
    assert all(example.image().shape == (32, 32, 3) for example in examples)
    assert all(1 <= len(example.pairs()) <= 6 for example in examples)
    assert {example.image_id[:9] for example in examples} == {"worlds-0-"}
    assert all((example.depth() > 0).any() for example in examples)
    assert cli.main(command) == 0
    assert cli.main([*command, "--seed=1"]) == 2
    assert "begun with other settings (seed)" in capsys.readouterr().err


@pytest.mark.slow
def test_worlds_have_the_same_bytes_for_any_number_of_workers(tmp_path: Path) -> None:
    for name, workers in (("one", 1), ("two", 2)):
        command = [*TINY, f"--out={tmp_path / name}", "--images=20", "--shards=2"]
        assert cli.main([*command, f"--workers={workers}"]) == 0
    for split in ("train", "validation"):
        one, two = (list(open_split(tmp_path / name, split)) for name in ("one", "two"))
        assert one == two


def test_a_source_says_everything_its_output_depends_on() -> None:
    fields = dict.fromkeys(("image_size", "question_phrasings", "answer_phrasings"))
    args = argparse.Namespace(seed=3, preset="simple", pairs_per_image=5, **fields)
    source = worlds_source(args)
    described = source.describe()
    assert WorldsSource(3, described["world"], described["questions"]) == source
    assert json.loads(json.dumps(described))["questions"]["pairs_per_image"] == 5
    assert source.image_id(7) == "worlds-3-00000007"

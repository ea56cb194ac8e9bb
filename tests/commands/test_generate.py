import argparse
import itertools
import json
from pathlib import Path

import pytest
from PIL import Image

from spatialvlm_jax import cli
from spatialvlm_jax.commands import generate
from spatialvlm_jax.commands.generate import parse_splits, read_settings
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.settings import GenerationSettings
from spatialvlm_jax.reasoning.exact_answers import answer_exactly, stored_facts
from spatialvlm_jax.reasoning.plan import ReasoningPlan
from spatialvlm_jax.storage.examples import StoredExample
from spatialvlm_jax.storage.shards import open_split

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "tests" / "data" / "omni3d_sample"
TINY = ["generate", "--preset=simple", "--image-size=32", "--pairs-per-image=6", "--quiet"]
OMNI3D = [
    "generate",
    "--source=omni3d",
    f"--annotations={SAMPLE / 'omni3d_sample.json'}",
    f"--image-root={SAMPLE}",
    "--quiet",
]


def settings_of(*words: str) -> GenerationSettings:
    """What a command line asks for; words that are no options are overrides."""
    parser = argparse.ArgumentParser()
    generate.add_parser(parser.add_subparsers(dest="verb"))
    args, overrides = parser.parse_known_args(["generate", "--out=somewhere", *words])
    args.overrides = overrides
    return read_settings(args)


def examples(directory: Path, split: str) -> list[StoredExample]:
    return [StoredExample(record) for record in open_split(directory, split)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("train", "--split wants NAME=N"),
        ("train=0", "--split train: 0 is less than 1"),
        ("train=²", "--split train: '²' is not a whole number"),
        ("a=1,a=2", "names 'a' twice"),
    ],
)
def test_wrong_splits_are_named(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_splits(text)
    assert parse_splits("a=3,b=4") == {"a": 3, "b": 4}


@pytest.mark.parametrize(
    ("extra", "message"),
    [
        (["--preset=castle"], "no world preset 'castle'"),
        (["--image-size=0"], "config.worlds.image_size: 0 is less than 1"),
        (["--images=0"], "--images: 0 is less than 1"),
        (["--images=100", "--validation-images=100"], "must be from 0 to 99"),
        (["--workers=0"], "--workers: 0 is less than 1"),
        (["--shards=0"], "--shards: 0 is less than 1"),
        (
            ["--types=left_off"],
            "questions.types[0]: 'left_off' is not one of 62 names; did you mean left_of?",
        ),
        (["--config.questions.pairs_per_imgae=3"], "did you mean pairs_per_image?"),
        (["--config.questions.pairs_per_image=many"], "'many' is not an integer"),
        (["--config.question.units=human"], "did you mean questions?"),
        (["--config=absent.py"], "there is no Python file 'absent.py'"),
        (["--source=omni3d"], "needs --annotations=FILE.json"),
        (["--source=rgbd"], "needs --rgbd=FOLDER"),
        (["--source=photos"], "needs --photos=FOLDER"),
        (["--source=photos", "--photos=absent"], "no folder, tar, parquet or list"),
    ],
)
def test_mistakes_are_one_line_and_code_2(
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


@pytest.mark.parametrize("verb", ["generate", "convert"])
def test_a_folder_of_others_is_not_written_into(verb: str, tmp_path: Path, capsys) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "guide.md").write_text("mine")
    options = ["--format=jsonl", "--questions=q.jsonl", "--images=i"] if verb == "convert" else []
    assert cli.main([verb, f"--out={tmp_path / 'docs'}", *options]) == 2
    assert capsys.readouterr().err == (
        f"spatialvlm {verb}: {tmp_path / 'docs'} holds guide.md and no data set that this program "
        "began: name a new or an empty folder\n"
    )
    assert [path.name for path in (tmp_path / "docs").iterdir()] == ["guide.md"]


def test_models_that_are_missing_are_told_before_anything_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "photos").mkdir()
    Image.new("RGB", (64, 48)).save(tmp_path / "photos" / "a.jpg")
    command = ["generate", "--source=photos", f"--photos={tmp_path / 'photos'}"]
    command += ["--config.experts.filter=none", "--config.experts.ground=none"]
    assert cli.main([*command, f"--out={tmp_path / 'data'}"]) == 2
    told = capsys.readouterr().err
    for role in ("detector", "segmenter", "depth", "embedder"):
        assert f"({role})" in told
    assert "filter" not in told
    assert not (tmp_path / "data").exists()


def test_options_and_overrides_are_settings() -> None:
    assert settings_of() == GenerationSettings()
    settings = settings_of(
        "--source=rgbd",
        "--types=left_of,distance",
        "--units=human",
        "--layout=scannet",
        "--masks-glob={parent}/ids/{stem}.png",
        "--depth-scale=256",
        "--split-by=folder",
        "--config.questions.weights={'distance': 2}",
        "--config.lift.clean.min_pixels=99",
    )
    assert settings.source == "rgbd"
    assert settings.questions.types == ("left_of", "distance")
    assert settings.questions.weights == {"distance": 2.0}
    assert settings.questions.units == "human"
    assert (settings.rgbd.layout, settings.rgbd.masks) == ("scannet", "{parent}/ids/{stem}.png")
    assert (settings.rgbd.depth_scale, settings.experts.depth_scale) == (256, 256)
    assert settings.split.by == "folder"
    assert settings.lift.clean.min_pixels == 99


def test_options_of_other_sources_are_settings_of_those_alone() -> None:
    boxes = settings_of("--source=omni3d", "--annotations=a.json", "--annotations=b.json")
    assert boxes.omni3d.annotations == ("a.json", "b.json")
    photos = settings_of("--source=photos", "--fov=70", "--all-files").photos
    assert (photos.fov, photos.all_files) == (70, True)
    assert settings_of("--source=rendered_photos", "--preset=clear").worlds.preset == "clear"
    of_a_file = ["--config.source=photos", "--photos=a", "--depth-scale=256"]
    assert settings_of(*of_a_file).photos.path == "a"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--photos=a"], "--photos is of --source=photos, and this is worlds"),
        (
            ["--source=omni3d", "--boxes=a.json"],
            "--boxes is of --source=photos, and this is omni3d",
        ),
        (["--source=photos", "--masks-glob=a"], "--masks-glob is of --source=rgbd, and"),
        (["--source=photos", "--image-size=64"], "--image-size is of --source=worlds, and"),
        (["--depth-scale=256"], "--depth-scale is of --source=rgbd, and this is worlds"),
        (["--source=rgbd", "--composed"], "composed: it needs exact worlds .*, and this is rgbd"),
    ],
)
def test_an_option_that_the_source_does_not_read_is_refused(options: list[str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        settings_of(*options)


def test_a_file_that_leaves_out_much_has_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(
        "from ml_collections import ConfigDict\n"
        "def get_config(): return ConfigDict({'source': 'rendered_photos'})\n"
    )
    settings = settings_of(f"--config={file}", "--preset=clear")
    assert (settings.source, settings.worlds.preset) == ("rendered_photos", "clear")


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (f"--config={ROOT / 'configs' / 'debug.py'}", "configures something else: it has checkp"),
        ("--types=,", "argument --types: ',' names nothing"),
    ],
)
def test_settings_that_mean_nothing_here_are_refused(
    option: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*TINY, "--out=nowhere", option]) == 2
    assert said in capsys.readouterr().err


def test_options_go_before_the_file_and_overrides_before_options() -> None:
    file = f"--config={ROOT / 'configs' / 'generation.py'}"
    assert settings_of(f"{file}:paper").questions.pairs_per_image == 200
    assert settings_of(f"{file}:paper", "--pairs-per-image=9").questions.pairs_per_image == 9
    words = ["--pairs-per-image=9", "--config.questions.pairs_per_image=8"]
    assert settings_of(f"{file}:paper", *words).questions.pairs_per_image == 8
    assert settings_of(f"{file}:noisy").source == "rendered_photos"
    assert settings_of(file) == GenerationSettings()
    with pytest.raises(UserError, match="no preset 'nosy'"):
        settings_of(f"{file}:nosy")


def test_worlds_are_made_asked_about_and_stored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [*TINY, f"--out={tmp_path}", "--split=train=5,validation=2"]
    assert cli.main(command) == 0
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["failed"] == 0
    assert summary["stored"] + summary["rejected"] == 7
    said = capsys.readouterr().out
    assert f"{summary['stored']} images, {summary['pairs']} pairs" in said
    assert said.endswith(f"{tmp_path / 'card.html'}\n")
    made = examples(tmp_path, "train")
    assert all(example.image().shape == (32, 32, 3) for example in made)
    assert all(1 <= len(example.pairs()) <= 6 for example in made)
    assert {example.image_id[:9] for example in made} == {"worlds-0-"}
    assert all((example.depth() > 0).any() for example in made)
    assert cli.main(command) == 0
    assert cli.main([*command, "--seed=1"]) == 2
    assert "begun with other settings (seed)" in capsys.readouterr().err


def test_composed_questions_are_stored_beside_those_that_they_break_down_to(tmp_path: Path) -> None:
    command = [*TINY, f"--out={tmp_path}", "--split=validation=8", "--pairs-per-image=40"]
    assert cli.main([*command, "--composed"]) == 0
    kinds = json.loads((tmp_path / "summary.json").read_text())["kinds"]
    assert kinds["composed"] > 16
    asked = 0
    for example in examples(tmp_path, "validation"):
        facts, captions = stored_facts(example), example.texts("objects/caption")
        for pair in example.pairs():
            if pair.kind != "composed":
                continue
            asked += 1
            plan = ReasoningPlan.of(pair.question)
            assert plan.kind.name == pair.type
            assert [captions[i] for i in pair.objects] == list(plan.sentence.objects)
            exact = [answer_exactly(facts, each) for each in plan.sub_questions]
            found = plan.conclude([*itertools.chain(*exact)])
            if plan.kind.dimension:
                assert found.value == pytest.approx(pair.value, rel=1e-3)
                assert pair.answer.endswith(pair.unit)
            else:
                assert found.text.replace("the ", "") == pair.verdict == pair.answer
    assert asked == kinds["composed"]
    assert cli.main(command) == 2  # another set


@pytest.mark.slow
def test_worlds_have_the_same_bytes_for_any_number_of_workers(tmp_path: Path) -> None:
    for name, workers in (("one", 1), ("two", 2)):
        command = [*TINY, f"--out={tmp_path / name}", "--images=20", "--shards=2"]
        assert cli.main([*command, f"--workers={workers}"]) == 0
    for split in ("train", "validation"):
        one, two = (list(open_split(tmp_path / name, split)) for name in ("one", "two"))
        assert one == two


def test_finite_sources_are_used_whole_and_held_out_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*OMNI3D, f"--out={tmp_path}", "--validation-images=1", "--dry-run"]) == 0
    assert "omni3d: 2 images, 1 in train, 1 in validation; nothing" in capsys.readouterr().out
    assert not list(tmp_path.iterdir())
    command = [*OMNI3D, f"--out={tmp_path}", "--validation-images=1", "--types=centre_distance"]
    assert cli.main(command) == 0
    stored = [*examples(tmp_path, "train"), *examples(tmp_path, "validation")]
    assert {example.image_id for example in stored} == {"omni3d_sample-0", "omni3d_sample-1"}
    assert {pair.type for example in stored for pair in example.pairs()} == {"centre_distance"}
    assert cli.main([*OMNI3D, f"--out={tmp_path / 'more'}", "--images=3"]) == 2
    assert "3 images are asked for, but there are only 2" in capsys.readouterr().err


def test_only_commands_that_are_configured_take_overrides(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for words in (["preview", "--config.seed=1"], ["generate", "--out=x", "--confg=1"]):
        assert cli.main(words) == 2
        assert "unrecognized argument" in capsys.readouterr().err

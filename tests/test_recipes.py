"""Recipes: what is missing is made once, as `spatialvlm generate` would with the same options."""

import contextlib
import dataclasses
import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from configs import demo, pretrain
from spatialvlm_jax import cli
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import DatasetConfig, WorldsRecipe
from spatialvlm_jax.generation.card import page
from spatialvlm_jax.generation.questions.generate import REGISTRY
from spatialvlm_jax.generation.settings import GenerationSettings
from spatialvlm_jax.generation.sources.worlds import WorldsSettings
from spatialvlm_jax.questions import QAConfig
from spatialvlm_jax.recipes import generation_settings, render_missing
from spatialvlm_jax.storage.only_writer import only_writer

QUESTIONS = QAConfig(pairs_per_image=6, question_phrasings=2, types=("height", "left_of", "color"))
RECIPE = WorldsRecipe(
    preset="simple", images=5, validation_images=2, seed=3, image_size=32, questions=QUESTIONS
)
# What version 0.1 left beside the data.
EARLIER = """{
  "preset": "simple", "images": 5, "validation_images": 2, "seed": 3, "image_size": 32,
  "pairs_per_image": 6, "question_phrasings": 2, "answer_phrasings": 0,
  "types": ["height", "left_of", "color"]
}"""

# Renders a set of 32-pixel worlds once it is told to: FOLDER IMAGES.
RENDERS = """
import sys
from spatialvlm_jax.experiment import DatasetConfig, WorldsRecipe
from spatialvlm_jax.recipes import render_missing

recipe = WorldsRecipe(
    preset="simple", images=int(sys.argv[2]), validation_images=1, seed=3, image_size=32
)
print("ready", flush=True)
sys.stdin.readline()
render_missing([DatasetConfig("a", sys.argv[1], worlds=recipe)])
"""


def complete(folder: Path, recipe: str) -> DatasetConfig:
    """A data set that is there, and its recipe; configured with the streams of its time."""
    (folder / "dataset_info.json").touch()
    (folder / "recipe.json").write_text(recipe)
    worlds = dataclasses.replace(RECIPE, streams=1)
    return DatasetConfig(name="a", path=str(folder), worlds=worlds)


def digests(folder: Path) -> dict[str, str]:
    """Of the shards and of what they were asked to be."""
    files = [*folder.glob("*.array_record*"), folder / "generation.json", folder / "features.json"]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@dataclasses.dataclass(frozen=True)
class Waiting:
    """A process that waits for a line. output: its lines."""

    process: subprocess.Popen[str]
    output: Iterator[str]
    input: IO[str]

    def go(self) -> None:
        self.input.write("\n")
        self.input.flush()


@contextlib.contextmanager
def begun(command: list[str]) -> Iterator[Waiting]:
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin
        assert process.stdout
        yield Waiting(process, process.stdout, process.stdin)


def test_a_rendered_set_has_the_bytes_that_the_command_would_store(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = DatasetConfig(name="a", path=str(tmp_path / "ours"), worlds=RECIPE)
    two = dataclasses.replace(one, name="b", split="validation")
    plain = DatasetConfig(name="c", path=str(tmp_path / "elsewhere"))
    with contextlib.ExitStack() as other_run:
        other_run.enter_context(only_writer(tmp_path / "ours"))
        threading.Timer(0.2, other_run.close).start()
        render_missing([one, two, plain])
    assert f"waiting for another run that fills {tmp_path / 'ours'}" in capsys.readouterr().out
    asked = ["--preset=simple", "--images=7", "--validation-images=2", "--seed=3", "--quiet"]
    asked += ["--image-size=32", "--pairs-per-image=6", "--question-phrasings=2"]
    asked += ["--types=height,left_of,color"]
    assert cli.main(["generate", f"--out={tmp_path / 'theirs'}", *asked]) == 0
    made = digests(tmp_path / "ours")
    assert len(made) == 4
    assert made == digests(tmp_path / "theirs")
    assert not (tmp_path / "elsewhere").exists()

    render_missing([one])  # complete, and of this recipe
    with pytest.raises(UserError, match=r"made with worlds\.images=5, the configuration has 6"):
        render_missing([dataclasses.replace(one, worlds=dataclasses.replace(RECIPE, images=6))])


@pytest.mark.slow
def test_of_two_processes_that_need_a_set_one_renders_it_and_the_other_waits(tmp_path):
    folder = tmp_path / "new"
    command = [sys.executable, "-c", RENDERS, str(folder), "40"]
    with contextlib.ExitStack() as started:
        first, second = (started.enter_context(begun(command)) for _ in range(2))
        for each in (first, second):
            assert next(each.output) == "ready\n"
        first.go()
        assert next(first.output).startswith(f"{folder}: rendering 41 images")
        # As the second saw it when both began in one moment.
        (folder / "recipe.json.incomplete-0f").touch()
        second.go()
        said = "".join(second.output)
        assert "".join(first.output)
    assert [first.process.returncode, second.process.returncode] == [0, 0]
    assert said.splitlines()[0] == f"waiting for another run that fills {folder}"
    assert "rendering" not in said
    left = {path.name for path in folder.iterdir()}
    assert {"dataset_info.json", "recipe.json", "card.html"} <= left


def test_a_recipe_says_everything_that_generation_is_told() -> None:
    assert generation_settings(RECIPE) == GenerationSettings(
        source="worlds", seed=3, worlds=WorldsSettings("simple", 32), questions=QUESTIONS
    )
    one = generation_settings(dataclasses.replace(RECIPE, streams=1))
    assert one.worlds == WorldsSettings("simple", 32, streams=1)


def test_data_without_a_recipe_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "dataset_info.json").touch()
    render_missing([DatasetConfig(name="a", path=str(tmp_path), worlds=RECIPE)])
    assert [path.name for path in tmp_path.iterdir()] == ["dataset_info.json"]


def test_data_whose_making_was_cut_off_at_its_card_have_their_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(folder: Path) -> None:
        assert (folder / "dataset_info.json").exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(page, "write_card", killed)
    one = DatasetConfig(name="a", path=str(tmp_path / "new"), worlds=RECIPE)
    (tmp_path / "new").mkdir()  # begun by another recipe, and stopped before the first image
    (tmp_path / "new/generation.json").write_text('{"version": "0", "splits": {"train": [1, 1]}}')
    (tmp_path / "new/recipe.json").write_text(EARLIER.replace('"seed": 3', '"seed": 9'))
    with pytest.raises(KeyboardInterrupt):
        render_missing([one])
    with pytest.raises(UserError, match=r"made with worlds\.seed=3, the configuration has 4"):
        render_missing([dataclasses.replace(one, worlds=dataclasses.replace(RECIPE, seed=4))])


def test_recipes_of_earlier_versions_are_recognised(tmp_path: Path) -> None:
    render_missing([complete(tmp_path, EARLIER)])
    without_types = {name: x for name, x in json.loads(EARLIER).items() if name != "types"}
    with pytest.raises(UserError, match=r"was made with worlds\.questions\.types=\(\), the conf"):
        render_missing([complete(tmp_path, json.dumps(without_types))])
    with pytest.raises(UserError, match=r"with worlds\.questions\.pairs_per_image=7, the conf"):
        render_missing([complete(tmp_path, EARLIER.replace("6", "7"))])
    today = dataclasses.replace(complete(tmp_path, EARLIER), worlds=RECIPE)
    with pytest.raises(
        UserError, match=r"was made with worlds\.streams=1, the configuration has 2"
    ):
        render_missing([today])


def test_two_recipes_for_one_path_are_refused() -> None:
    one = DatasetConfig(name="a", path="here", worlds=RECIPE)
    two = DatasetConfig(name="b", path="here", worlds=dataclasses.replace(RECIPE, seed=4))
    with pytest.raises(UserError, match="different `worlds` recipes"):
        render_missing([one, two])


def test_a_preset_that_there_is_not_ends_the_run(tmp_path: Path) -> None:
    recipe = dataclasses.replace(RECIPE, preset="sample")
    with pytest.raises(UserError, match="no world preset 'sample'; the presets are: clear"):
        render_missing([DatasetConfig(name="a", path=str(tmp_path / "new"), worlds=recipe)])


def test_the_demo_asks_what_its_checkpoint_was_taught() -> None:
    """Types that came later would be new to the shipped checkpoint."""
    later = {"clock", "touching", "volume", "which_right", "farther"}
    assert later < REGISTRY.keys()
    for recipe in (
        demo.CLEAR.recipe,
        demo.GALLERY.recipe,
        pretrain.CLEAR.recipe,
        pretrain.GALLERY.recipe,
    ):
        assert len(recipe.questions.types) == 30
        assert not later & set(recipe.questions.types)


def test_data_is_not_rendered_into_a_folder_of_others(tmp_path):
    (tmp_path / "guide.md").write_text("mine")
    recipe = WorldsRecipe(preset="simple", images=1, validation_images=0, image_size=32)
    with pytest.raises(UserError, match=r"holds guide\.md and no data set that this program began"):
        render_missing([DatasetConfig("own", str(tmp_path), worlds=recipe)])
    assert [path.name for path in tmp_path.iterdir()] == ["guide.md"]

"""A run is tied to what it was made of: real small runs, each with one thing changed."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from sentencepiece import sentencepiece_model_pb2

import eval as evaluation_script
import train
from spatialvlm_jax.weights.safetensor_files import read_safetensors
from tests.generation.pictures import PictureSource, store_pictures
from tests.test_train import ROOT, arguments, losses

pytestmark = pytest.mark.usefixtures("leave_no_trace")
SHIPPED = ROOT / "spatialvlm_jax" / "assets" / "small.model"


@pytest.fixture(scope="module")
def begun(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data, a tokenizer, and the workdir of a run that has two of its steps."""
    folder = tmp_path_factory.mktemp("begun")
    shutil.copytree(data, folder / "data")
    shutil.copy(SHIPPED, folder / "own.model")
    assert go_on(folder, steps=2) == 0
    return folder


@pytest.fixture
def folder(begun: Path, tmp_path: Path) -> Path:
    """That folder at another place."""
    return shutil.copytree(begun, tmp_path / "copy")


def settings(folder: Path, *changes: str, steps: int = 3) -> list[str]:
    return arguments(
        folder / "data",
        folder / "run",
        f"train.steps={steps}",
        f"data.tokenizer={folder / 'own.model'}",
        *changes,
    )


def go_on(folder: Path, *changes: str, steps: int = 3) -> int:
    return train.main(settings(folder, *changes, steps=steps))


def refused(capsys: pytest.CaptureFixture[str]) -> str:
    *_, line = capsys.readouterr().err.strip().splitlines()
    assert line.startswith("error: ")
    return line


def replace_data(folder: Path) -> None:
    shutil.rmtree(folder / "data")
    store_pictures(PictureSource(), {"train": 23, "validation": 5}, folder / "data")


def replace_tokenizer(folder: Path) -> None:
    """Two words of the vocabulary change their places."""
    messages: Any = sentencepiece_model_pb2
    model = messages.ModelProto.FromString(SHIPPED.read_bytes())
    one, other = model.pieces[-2], model.pieces[-1]
    one.piece, other.piece = other.piece, one.piece
    (folder / "own.model").write_bytes(model.SerializeToString())


def test_all_at_another_place_goes_on(folder: Path) -> None:
    assert go_on(folder) == 0
    assert list(losses(folder / "run")) == [1, 2, 3]


def test_other_data_at_the_same_place_are_refused_unless_accepted(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    replace_data(folder)
    assert go_on(folder) == 2
    line = refused(capsys)
    assert "with other content of data.datasets.0 than this run reads" in line
    assert "use another --workdir" in line
    assert "--config.checkpoint.accept=data.datasets.0.content,data.datasets.1.content" in line
    assert go_on(folder, "checkpoint.accept=data.datasets.*.content") == 0


def test_another_tokenizer_is_refused_by_training_and_evaluation(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    replace_tokenizer(folder)
    said = "with other content of data.tokenizer than this run reads"
    assert go_on(folder) == 2
    assert said in refused(capsys)
    weights = folder / "run" / "model.safetensors"
    for flags in ([], [f"--checkpoint={weights}"]):
        assert evaluation_script.main([*settings(folder), *flags]) == 2
        assert said in refused(capsys)
    begin = [f"train.init_from={weights}"]
    assert train.main([*settings(folder, *begin), f"--workdir={folder / 'next'}"]) == 2
    assert said in refused(capsys)
    accepted = settings(folder, "checkpoint.accept=data.tokenizer.content")
    assert evaluation_script.main(accepted) == 0


def test_evaluating_on_replaced_data_is_refused_and_on_data_elsewhere_is_not(
    begun: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workdir = folder / "own_run"
    command = [*settings(folder, steps=2), f"--workdir={workdir}"]
    assert train.main(command) == 0
    replace_data(folder)
    assert evaluation_script.main(command) == 2
    assert f"with other content of eval.datasets.{folder / 'data'}.validation" in refused(capsys)
    elsewhere = [f"--config.eval.datasets[{i}].path={begun / 'data'}" for i in (0, 1)]
    assert evaluation_script.main([*command, *elsewhere]) == 0


@pytest.mark.parametrize(
    ("change", "named", "acceptable"),
    [
        ("optim.clip_norm=0.5", "optim.clip_norm=1.0, this run has 0.5", True),
        ("optim.b1=0.8", "optim.b1=0.9, this run has 0.8", False),
        ("optim.moment_dtype=bfloat16", "optim.moment_dtype=float32", False),
        ("dense.weight=0.2", "dense.weight=0.1, this run has 0.2", True),
        ("optim.lr_multipliers.encoder=0.1", "optim.lr_multipliers", True),
        ("model.attention=prefix", "model.attention=image_prefix, this run has prefix", True),
    ],
)
def test_what_changes_the_numbers_is_refused(
    begun: Path, capsys: pytest.CaptureFixture[str], change: str, named: str, acceptable: bool
) -> None:
    single = ["data.pairs_per_image=1"] if "attention" in change else []
    assert go_on(begun, change, *single) == 2
    line = refused(capsys)
    assert named in line
    assert ("--config.checkpoint.accept=" in line) == acceptable
    assert list(losses(begun / "run")) == [1, 2]


def test_a_weight_file_names_what_was_read(begun: Path) -> None:
    header = read_safetensors(begun / "run" / "model.safetensors")[1]
    names = {name for name in header if name.endswith(".content")}
    assert {"data.tokenizer.content", "data.datasets.0.content"} < names
    assert all(len(header[name]) == 64 for name in names)


def test_a_flipped_byte_in_a_shard_ends_a_run_that_goes_on(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (shard,) = (folder / "data").glob("*-train.*")
    content = bytearray(shard.read_bytes())
    content[100] ^= 1
    shard.write_bytes(content)
    assert go_on(folder) == 2
    assert f"{shard.name} has changed since it was written" in refused(capsys)

"""What `spatialvlm export --format=huggingface` writes beside the weights."""

import dataclasses
import hashlib
import json
import os
import re
from pathlib import Path

import pytest
from safetensors.numpy import save_file

from spatialvlm_jax import cli
from spatialvlm_jax.experiment import DataConfig, DatasetConfig, Experiment, TrainConfig
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax.weights.safetensor_files import read_safetensors
from tests.weights.test_weights import MODEL, numbered

DIGEST = Tokenizer.from_config("small").digest
WORDS = dataclasses.replace(
    MODEL, attention="prefix", decoder=dataclasses.replace(MODEL.decoder, vocab_size=1030)
)
PREFIX = {"prefix_template": "answer en {question}"}
FIGURE = {"value": 0.75, "baseline": 0.5, "count": 1200, "ci95": [0.7, 0.8]}
FILES = {
    *("model.safetensors", "config.json", "generation_config.json", "preprocessor_config.json"),
    *("tokenizer.model", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"),
    *("chat_template.jinja", "README.md"),
}


def finished_run(folder: Path, **data: str) -> Path:
    """The weight file of a run of 7 steps on two sets."""
    sets = (
        DatasetConfig("spatial", "/users/someone/data/spatial", "train"),
        DatasetConfig("a|b", "b", "train", prefix_template="caption {question}"),
    )
    experiment = Experiment(
        name="mine",
        model=WORDS,
        data=DataConfig(**{"datasets": sets, "pairs_per_image": 1, **PREFIX, **data}),
        train=TrainConfig(init_from="/users/someone/paligemma-3b"),
    )
    header = {"config": json.dumps(dataclasses.asdict(experiment)), "step": "7"}
    header |= {"data.tokenizer.content": DIGEST, "data.datasets.0.content": "ab" * 32}
    save_file(numbered(WORDS), folder / "model.safetensors", header)
    return folder / "model.safetensors"


def export(weights: Path, *options: str) -> int:
    out = str(weights.with_name("folder"))
    return cli.main(["export", "--format=huggingface", str(weights), out, *options])


def test_a_folder_as_published_is_written(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        assert export(finished_run(tmp_path)) == 0
    finally:
        os.umask(before)
    files = {path.name: path for path in (tmp_path / "folder").iterdir()}
    assert files.keys() == FILES
    assert {path.stat().st_mode & 0o777 for path in files.values()} == {0o644}
    assert hashlib.sha256(files["tokenizer.model"].read_bytes()).hexdigest() == DIGEST
    tokenizer = json.loads(files["tokenizer.json"].read_text())
    image = json.loads(files["config.json"].read_text())["image_token_index"]
    named = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    assert named == {"<pad>": 0, "</s>": 1, "<s>": 2, "<unk>": 3, "<image>": image}
    assert image == len(tokenizer["model"]["vocab"]) == 1030
    answers = json.loads(files["generation_config.json"].read_text())
    assert answers["suppress_tokens"] == list(range(1030, 1088))
    assert (answers["max_new_tokens"], answers["do_sample"]) == (24, False)


def test_the_card_tells_where_the_weights_are_from(tmp_path: Path) -> None:
    weights = finished_run(tmp_path)
    (tmp_path / "versions.json").write_text('{"revision": "0123abc"}')
    (tmp_path / "summary.json").write_text(json.dumps({"within_25": FIGURE}))
    assert export(weights) == 0
    card = (tmp_path / "folder" / "README.md").read_text()
    for row in (
        "| base weights | paligemma-3b |",
        "| step | 7 |",
        "| revision of the code | 0123abc |",
        "| attention rule | prefix |",
        "| pictures are resized by | squash |",
        "| the camera is told by | none |",
        r"| questions are put as | answer en \{question\} |",
        f"| SHA-256 of the tokenizer | {DIGEST} |",
        rf"| spatial | train | answer en \{{question\}} | {'ab' * 32} |",
        r"| a\|b | train | caption \{question\} |  |",
        "| Within 25 % of truth | 75.0 % | 50.0 % | 70.0–80.0 % | 1,200 |",
    ):
        assert row in card
    assert "/users/someone" not in card
    code = re.search(r"```python\n(.*?)```", card, re.DOTALL)
    assert code
    compile(code[1], "card", "exec")


def test_the_card_warns_without_telling_of_the_machine(tmp_path: Path) -> None:
    weights = finished_run(tmp_path)
    header = read_safetensors(weights)[1] | {"model.attention": "image_prefix"}
    save_file(numbered(WORDS), weights, header)
    assert export(weights) == 0
    card = (tmp_path / "folder" / "README.md").read_text()
    assert "- the weights were trained under model.attention=image\\_prefix" in card
    assert "weights=model.safetensors,rule=prefix" in card
    assert str(tmp_path) not in card


def test_figures_of_other_steps_are_left_out(tmp_path: Path) -> None:
    weights = finished_run(tmp_path)
    (tmp_path / "summary.json").write_text(json.dumps({"within_25": FIGURE}))
    (tmp_path / "evaluations").mkdir()
    kept = json.dumps({"step": 5, "summary": {"within_25": FIGURE}})
    (tmp_path / "evaluations" / "step_00000005.json").write_text(kept)
    assert export(weights) == 0
    assert "no evaluation of these weights" in (tmp_path / "folder" / "README.md").read_text()
    (tmp_path / "evaluations" / "step_00000007.json").write_text(kept)
    assert export(weights) == 0
    assert "| Within 25 % of truth | 75.0 % |" in (tmp_path / "folder" / "README.md").read_text()


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        ({"tokenizer": "lost.model"}, [], "lost.model cannot be read (No such file"),
        ({}, ["--tokenizer=other.model"], "other.model is not the tokenizer that the run read"),
        ({}, ["--format=big_vision", "--tokenizer=none"], "has no tokenizer: leave --tokenizer"),
    ],
)
def test_another_tokenizer_than_the_runs_is_refused(
    data: dict, options: list, message: str, tmp_path: Path, capsys, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("other.model").write_bytes(b"other")
    assert export(finished_run(tmp_path, **data), *options) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "folder").exists()


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"tokenizer": "/dev/zero"}, "/dev/zero cannot be read (it is no plain file)"),
        ({"tokenizer": ["small"]}, "['small'] cannot be read (No such file"),
        ({"tokenizer": "a\0b"}, "cannot be read (embedded null byte)"),
        ({"datasets": 3}, "has a configuration that cannot be read"),
        ({}, "does not say which tokenizer"),
    ],
)
def test_a_header_may_name_anything(section: dict, message: str, tmp_path: Path, capsys) -> None:
    header = {"model": dataclasses.asdict(WORDS), "data": section}
    save_file(numbered(WORDS), tmp_path / "model.safetensors", {"config": json.dumps(header)})
    assert export(tmp_path / "model.safetensors") == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("figure", [3, {}, {**FIGURE, "value": "x"}, {**FIGURE, "ci95": [0.1]}])
def test_damaged_figures_are_one_line(figure: object, tmp_path: Path, capsys) -> None:
    weights = finished_run(tmp_path)
    (tmp_path / "summary.json").write_text(json.dumps({"within_25": figure}))
    assert export(weights) == 2
    error = capsys.readouterr().err
    assert "the figures beside the weights cannot be read" in error
    assert error.count("\n") == 1

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from spatialvlm_jax import cli
from spatialvlm_jax.experiment import (
    AdapterConfig,
    DataConfig,
    DatasetConfig,
    Experiment,
    TrainConfig,
    WorldsRecipe,
)
from spatialvlm_jax.models.low_bit import NORMAL_FLOAT
from spatialvlm_jax.weights.files import open_weights
from spatialvlm_jax.weights.load import check_beginning, load_weights
from spatialvlm_jax.weights.pieces import WeightsError
from spatialvlm_jax.weights.safetensor_files import read_safetensors
from spatialvlm_jax.weights.settings import recorded_settings
from tests.weights.test_weights import MODEL, numbered, shapes

NAMES = '{"nouns": ["mug"], "adjectives": ["red"]}'
FORMS = {
    "huggingface": ["--format=huggingface", "--tokenizer=none"],
    "big_vision": ["--format=big_vision"],
}


def test_values_are_rounded_and_the_header_is_kept(tmp_path: Path, capsys) -> None:
    values = {"encoder/positions": np.array([[0.1, -2.0]], np.float32), "a/b": np.ones(3, "f4")}
    save_file(values, tmp_path / "in.safetensors", {"step": "7"})
    command = ["export", str(tmp_path / "in.safetensors"), str(tmp_path / "out.safetensors")]
    assert cli.main(command) == 0
    assert "5 parameters" in capsys.readouterr().out
    arrays, metadata = read_safetensors(tmp_path / "out.safetensors")
    assert metadata == {"step": "7"}
    assert arrays.keys() == values.keys()
    np.testing.assert_array_equal(arrays["encoder/positions"], np.float16([[0.1, -2.0]]))
    assert load_file(tmp_path / "out.safetensors")["a/b"].dtype == np.float16


def test_the_weights_that_are_read_are_not_written_over(tmp_path: Path, capsys) -> None:
    file = tmp_path / "model.safetensors"
    save_file({"a/b": np.ones(3, "f4")}, file, {"step": "7"})
    before = file.read_bytes()
    assert cli.main(["export", str(tmp_path), str(file)]) == 2
    assert "is what is read: name another place for the copy" in capsys.readouterr().err
    assert file.read_bytes() == before


def test_the_workdir_of_a_finished_run_stands_for_its_weights(tmp_path: Path, capsys) -> None:
    command = ["export", str(tmp_path), str(tmp_path / "out.safetensors")]
    assert cli.main(command) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"spatialvlm export: {tmp_path / 'model.safetensors'} is not there: a")
    assert error.count("\n") == 1
    save_file({"a/b": np.ones(3, "f4")}, tmp_path / "model.safetensors", {"step": "7"})
    assert cli.main(command) == 0
    assert read_safetensors(tmp_path / "out.safetensors")[1] == {"step": "7"}


@pytest.mark.parametrize("member", ["clear", "photos"])
def test_names_of_a_run_of_before_are_those_of_its_data(member, tmp_path: Path) -> None:
    recipe = WorldsRecipe() if member == "clear" else None
    data = DataConfig(datasets=(DatasetConfig(member, "data", worlds=recipe),))
    header = {"config": json.dumps(dataclasses.asdict(Experiment(data=data))), "taught": "{}"}
    source, out = tmp_path / "model.safetensors", tmp_path / "out.safetensors"
    save_file({"a/b": np.ones(3, "f4")}, source, header)
    assert cli.main(["export", str(source), str(out)]) == 0
    exported = read_safetensors(out)[1]
    assert exported["taught"] == "{}"
    assert ("taught_names" in exported) == (member == "clear")
    if member == "clear":
        assert "trash can" in json.loads(exported["taught_names"])["nouns"]
        # What a file says of itself stays.
        save_file({"a/b": np.ones(3, "f4")}, source, header | {"taught_names": NAMES})
        assert cli.main(["export", str(source), str(out)]) == 0
        assert read_safetensors(out)[1]["taught_names"] == NAMES


def test_a_folder_of_others_is_not_written_into(tmp_path: Path, capsys) -> None:
    weights, out = tmp_path / "model.safetensors", tmp_path / "out"
    save_file(
        numbered(MODEL), weights, {"config": json.dumps({"model": dataclasses.asdict(MODEL)})}
    )
    out.mkdir()
    command = ["export", str(weights), str(out), *FORMS["huggingface"]]
    for name, text in (("guide.md", "mine"), ("config.json", '{"model_type": "paligemma"}')):
        (out / name).write_text(text)
        assert cli.main(command) == 2
        error = capsys.readouterr().err
        assert error == (
            f"spatialvlm export: {out} holds {name} and no export of this program: name a new or "
            "an empty folder\n"
        )
        assert {path.name: path.read_text() for path in out.iterdir()} == {name: text}
        (out / name).unlink()
    (out / "shard-1.partial.incomplete").write_bytes(b"cut off")
    for _ in range(2):  # over what it left itself
        assert cli.main(command) == 0
    assert (out / "model.safetensors").is_file()


@pytest.mark.parametrize(
    ("form", "suffix"), [([], ".safetensors"), (["--format=big_vision"], ".npz")]
)
def test_a_file_of_another_kind_is_not_written_over(
    form: list[str], suffix: str, tmp_path: Path, capsys
) -> None:
    mine = tmp_path / "questions.csv"
    mine.write_text("mine")
    save_file({"a/b": np.ones(3, "f4")}, tmp_path / "model.safetensors", {"step": "7"})
    assert cli.main(["export", *form, str(tmp_path), str(mine)]) == 2
    assert f"OUT must name a {suffix} file, not '{mine}'" in capsys.readouterr().err
    assert mine.read_text() == "mine"


def test_a_missing_file_is_one_line(tmp_path: Path, capsys) -> None:
    assert (
        cli.main(["export", str(tmp_path / "no.safetensors"), str(tmp_path / "out.safetensors")])
        == 2
    )
    error = capsys.readouterr().err
    assert "cannot read the weight file" in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(("form", "name"), [("huggingface", "folder"), ("big_vision", "w.npz")])
def test_a_paligemma_is_written_as_published(form: str, name: str, tmp_path: Path) -> None:
    before = numbered(MODEL)
    extra = {"dense_head/labels/kernel": np.zeros(3, np.float32)}
    settings = {"model": dataclasses.asdict(MODEL), "train": {"dataset_grad_norms_every": 0}}
    header = {"config": json.dumps(settings)}
    save_file(before | extra, tmp_path / "model.safetensors", header)
    command = ["export", *FORMS[form], "--dtype=float32"]
    files = [str(tmp_path / "model.safetensors"), str(tmp_path / name)]
    assert cli.main([*command, *files]) == 0
    after, _ = load_weights({"model": tmp_path / name}, MODEL, shapes(MODEL))
    for parameter, array in after.items():
        np.testing.assert_array_equal(array, before[parameter], err_msg=parameter)


@pytest.mark.parametrize(("form", "name"), [("huggingface", "folder"), ("big_vision", "w.npz")])
def test_what_readers_do_otherwise_is_said_and_kept(form: str, name: str, tmp_path: Path, capsys):
    asked = "answer en {question}"
    header = {"config": json.dumps({"model": dataclasses.asdict(MODEL)})}
    header |= {"model.attention": "image_prefix", "data.resize": "pad"}
    header |= {"data.prefix_template": asked}
    save_file(numbered(MODEL), tmp_path / "model.safetensors", header)
    out = tmp_path / name
    files = [str(tmp_path / "model.safetensors"), str(out)]
    assert cli.main(["export", *FORMS[form], *files]) == 0
    rule, resize, prefix = capsys.readouterr().err.splitlines()
    assert "under model.attention=image_prefix, and readers of this form apply prefix" in rule
    assert f"--config=configs/paligemma.py:weights={tmp_path / 'model.safetensors'},rule" in rule
    assert "padded pictures (data.resize=pad), and readers squash" in resize
    assert f"grey square of {MODEL.encoder.image_size} pixels" in resize
    assert repr(asked) in prefix
    kept = {"model.attention": "image_prefix", "data.resize": "pad", "data.prefix_template": asked}
    assert recorded_settings(open_weights(out).metadata) == kept
    with pytest.raises(WeightsError, match=r"model\.attention=image_prefix, this run has prefix"):
        check_beginning(begin_with(out, "prefix"), {})
    check_beginning(begin_with(out, "image_prefix"), {})
    if form == "huggingface":
        assert json.loads((out / "config.json").read_text())["spatialvlm"] == kept
        assert not json.loads((out / "preprocessor_config.json").read_text())["do_resize"]


def test_what_readers_do_alike_needs_no_word(tmp_path: Path, capsys) -> None:
    config = {"model": dataclasses.asdict(dataclasses.replace(MODEL, attention="prefix"))}
    save_file(numbered(MODEL), tmp_path / "model.safetensors", {"config": json.dumps(config)})
    files = [str(tmp_path / "model.safetensors"), str(tmp_path / "folder")]
    assert cli.main(["export", *FORMS["huggingface"], *files]) == 0
    assert capsys.readouterr().err == ""
    preprocessor = json.loads((tmp_path / "folder" / "preprocessor_config.json").read_text())
    assert (preprocessor["do_resize"], preprocessor["resample"]) == (True, 3)


@pytest.mark.parametrize(
    ("camera", "needs"),
    [
        ("rays", "answer as if nothing were known of it; our own file keeps it"),
        ("words", 'put what is known before your question, as "camera: 62 degrees wide'),
        ("canonical", "resized to a focal length of 0.65 of the square's side"),
        ("none", None),
    ],
)
def test_what_a_model_needs_to_know_of_the_camera_is_said(
    camera: str, needs: str | None, tmp_path: Path, capsys
) -> None:
    config = {"model": dataclasses.asdict(dataclasses.replace(MODEL, attention="prefix"))}
    header = {"config": json.dumps(config), "data.camera": camera, "data.camera_focal": "0.65"}
    maps = {"camera/tokens/kernel": np.ones((10, MODEL.decoder.width), np.float32)}
    source = tmp_path / "model.safetensors"
    save_file(numbered(MODEL) | (maps if camera == "rays" else {}), source, header)
    assert cli.main(["export", *FORMS["big_vision"], str(source), str(tmp_path / "w.npz")]) == 0
    said = capsys.readouterr().err
    assert (needs in said) if needs else not said
    if camera == "rays":
        own = tmp_path / "own.safetensors"
        assert cli.main(["export", str(source), str(own)]) == 0
        assert "camera/tokens/kernel" in open_weights(own).names()


def begin_with(weights: Path, rule: Any) -> Experiment:
    model = dataclasses.replace(MODEL, attention=rule)
    return Experiment(model=model, train=TrainConfig(init_from=str(weights)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({}, "does not say what model"),
        ({"encoder": {"stem": "conv"}}, 'has stem "conv": --format=safetensors takes any model'),
    ],
)
def test_what_is_no_paligemma_is_refused(
    change: dict, message: str, tmp_path: Path, capsys
) -> None:
    header = {"config": json.dumps({"model": change})} if change else {}
    save_file(numbered(MODEL), tmp_path / "model.safetensors", header)
    files = [str(tmp_path / "model.safetensors"), str(tmp_path / "out")]
    assert cli.main(["export", "--format=huggingface", *files]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("form", ["int8", "nf4"])
def test_adapters_are_merged_and_few_bits_widened(form: str, tmp_path: Path) -> None:
    adapters = AdapterConfig(2, 4.0, ("decoder/*/up",))
    config = dataclasses.replace(MODEL, adapters=adapters)
    config = dataclasses.replace(config, **{form: ("decoder/*/up",)})
    before = numbered(config)
    name = "decoder/blocks/mlp/up"
    codes = before[f"{name}/kernel"] % 255
    scale = before[f"{name}/kernel_scale"][:, None]
    if form == "int8":
        before[f"{name}/kernel"] = (codes - 127).astype(np.int8)
        frozen = (codes - 127) * scale
    else:
        before[f"{name}/kernel"] = codes.astype(np.uint8)
        before[f"{name}/kernel_blocks"] = np.full((3, 1, 20), 51, np.uint8)
        pairs = np.stack([codes % 16, codes // 16], 2).reshape(3, 16, 20).astype(int)
        frozen = NORMAL_FLOAT[pairs] * (51 / 255) ** 2 * scale
    a, b = (before[f"{name}/adapter/{side}"] for side in "ab")
    header = {"config": json.dumps({"model": dataclasses.asdict(config)})}
    save_file(before, tmp_path / "model.safetensors", header)
    out = tmp_path / "out.safetensors"
    command = ["export", "--dtype=float32", str(tmp_path / "model.safetensors"), str(out)]
    assert cli.main(command) == 0
    after, _ = load_weights({"model": out}, MODEL, shapes(MODEL))
    np.testing.assert_allclose(after[f"{name}/kernel"], frozen + 2.0 * a @ b, rtol=1e-6)
    model = json.loads(read_safetensors(out)[1]["config"])["model"]
    assert model["adapters"]["rank"] == 0
    assert model["int8"] == model["nf4"] == []
    assert cli.main(["export", *FORMS["huggingface"], str(out), str(tmp_path / "folder")]) == 0

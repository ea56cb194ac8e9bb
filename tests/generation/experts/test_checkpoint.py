"""Finding and loading checkpoints: what is refused, and what the error says."""

import json
from pathlib import Path

import numpy as np
import pytest

from spatialvlm_jax.generation.experts.checkpoint import (
    Checkpoint,
    ExpertError,
    MissingModelError,
    Runtime,
    choose_for_family,
    find_expert_checkpoint,
    load_model,
    same_shape_batches,
)
from tests.generation.experts.conftest import Tiny


def write_config(folder: Path, config: object) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def test_a_local_directory_is_found_with_its_family(tmp_path: Path) -> None:
    write_config(tmp_path, {"model_type": "clip", "projection_dim": 8})
    (tmp_path / "model.safetensors").touch()
    found = find_expert_checkpoint(str(tmp_path))
    assert (found.family, found.folder, found.config["projection_dim"]) == ("clip", tmp_path, 8)


def test_a_directory_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExpertError, match="cannot be read"):
        find_expert_checkpoint(str(tmp_path))
    with pytest.raises(ExpertError, match="names no model_type"):
        find_expert_checkpoint(str(write_config(tmp_path, {"hidden_size": 4})))


def test_weights_that_could_run_code_are_not_read(tmp_path: Path) -> None:
    write_config(tmp_path, {"model_type": "clip"})
    (tmp_path / "pytorch_model.bin").touch()
    with pytest.raises(ExpertError, match=r"no \*\.safetensors .* give a checkpoint with"):
        find_expert_checkpoint(str(tmp_path))


@pytest.mark.parametrize("file", ["preprocessor_config.json", "processor_config.json"])
def test_preprocessing_is_read_from_either_file(tmp_path: Path, file: str) -> None:
    settings = {"size": {"height": 4, "width": 4}}
    whole = settings if file.startswith("pre") else {"image_processor": settings}
    (tmp_path / file).write_text(json.dumps(whole), encoding="utf-8")
    assert Checkpoint("x", tmp_path, {}).preprocessing() == settings


def test_preprocessing_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ExpertError, match="no preprocessor_config"):
        Checkpoint("x", tmp_path, {}).preprocessing()


FAMILIES = {"depth": {"zoedepth": 1, "depth_pro": 2}, "segmenter": {"sam2": 3}}


def test_the_family_chooses() -> None:
    assert (
        choose_for_family(Checkpoint("x", Path(), {"model_type": "depth_pro"}), "depth", FAMILIES)
        == 2
    )


@pytest.mark.parametrize(
    ("family", "hint"),
    [("sam2", "it belongs to 'segmenter'"), ("zoedeph", "nearest: 'zoedepth'"), ("bert", "known")],
)
def test_a_family_of_no_use_gets_a_suggestion(family: str, hint: str) -> None:
    with pytest.raises(ExpertError, match=hint) as caught:
        choose_for_family(Checkpoint("x", Path(), {"model_type": family}), "depth", FAMILIES)
    assert "known here: depth_pro, zoedepth" in str(caught.value)


def test_batches_hold_one_shape_and_lose_nothing() -> None:
    shapes = [(2, 3), (3, 2), (2, 3), (2, 3)]
    arrays = [np.full(shape, i) for i, shape in enumerate(shapes)]
    batches = list(same_shape_batches(arrays, 2))
    assert [indices for indices, _ in batches] == [[0, 2], [3], [1]]
    for indices, stacked in batches:
        assert stacked[:, 0, 0].tolist() == indices


def test_a_name_that_is_nowhere_is_missing() -> None:
    with pytest.raises(MissingModelError, match="'nobody/nothing' is neither a folder nor in"):
        find_expert_checkpoint("nobody/nothing")


@pytest.mark.experts
def test_a_gpu_that_is_not_there_is_not_replaced_by_the_cpu(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ExpertError, match="torch sees no GPU"):
        Runtime(device="cuda").torch_device()
    assert Runtime().torch_device() == "cpu"


@pytest.mark.experts
def test_weights_and_precision_are_those_of_the_checkpoint(tiny: Tiny) -> None:
    import torch
    from safetensors.torch import load_file

    checkpoint = tiny("clip")
    model = load_model(checkpoint, "CLIPModel", Runtime("cpu"))
    stored = load_file(checkpoint.folder / "model.safetensors")
    for name, value in model.state_dict().items():
        assert torch.equal(value, stored[name]), name
    assert not model.training
    half = load_model(checkpoint, "CLIPModel", Runtime("cpu", "bfloat16"))
    assert half.dtype == torch.bfloat16


@pytest.mark.experts
@pytest.mark.parametrize("fault", ["missing", "mismatched"])
def test_a_checkpoint_without_all_its_weights_is_refused(
    tiny: Tiny, tmp_path: Path, fault: str
) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    whole = tiny("clip")
    weights = load_file(whole.folder / "model.safetensors")
    if fault == "missing":
        del weights["text_projection.weight"]
    else:
        weights["text_projection.weight"] = torch.zeros(3, 3)
    write_config(tmp_path, dict(whole.config))
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ExpertError, match=r"1 weights are missing .*text_projection"):
        load_model(find_expert_checkpoint(str(tmp_path)), "CLIPModel", Runtime("cpu"))


@pytest.mark.experts
def test_a_checkpoint_that_was_cut_short_is_named(tiny: Tiny, tmp_path: Path) -> None:
    whole = tiny("clip")
    write_config(tmp_path, dict(whole.config))
    weights = (whole.folder / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(weights[: len(weights) // 2])
    with pytest.raises(ExpertError, match="cannot be loaded as CLIPModel .* download it again"):
        load_model(find_expert_checkpoint(str(tmp_path)), "CLIPModel", Runtime("cpu"))

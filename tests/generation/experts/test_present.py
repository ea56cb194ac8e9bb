"""Models that are missing: all are named at once, with what to do."""

import json
from pathlib import Path

import pytest

from spatialvlm_jax.generation.experts import present
from spatialvlm_jax.generation.experts.build import (
    FAMILIES,
    ExpertsConfig,
    build_experts,
    model_names,
)
from spatialvlm_jax.generation.experts.checkpoint import (
    Checkpoint,
    ExpertError,
    MissingModelError,
)
from spatialvlm_jax.generation.experts.present import download, find_models, require_models


def checkpoint(folder: Path, family: str) -> str:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": family}), encoding="utf-8")
    (folder / "model.safetensors").touch()
    return str(folder)


def test_all_that_is_missing_or_faulty_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    config = ExpertsConfig(
        filter="nobody/clip",
        detector=str(tmp_path / "nowhere"),
        segmenter=checkpoint(tmp_path / "sam2", "sam2"),
        depth=str(tmp_path / "empty"),
        ground=None,
        embedder="nobody/clip",
    )
    with pytest.raises(ExpertError) as caught:
        build_experts(config)
    told = str(caught.value)
    assert "nobody/clip (filter and embedder)" in told
    assert f"{tmp_path / 'nowhere'} (detector)" in told
    assert "depth: " in told
    assert "config.json cannot be read" in told
    assert "--config.experts.ROLE=DIR; none leaves out filter, embedder" in told
    assert "sam2" not in told
    assert len(told) < 1200


def test_packages_that_are_missing_are_told_beside_the_models(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(present, "has_packages", lambda: False)
    with pytest.raises(ExpertError, match=r"make setup-experts`; not on .*: nobody/a \(depth\)"):
        require_models({"depth": "nobody/a"}, FAMILIES)
    require_models({}, FAMILIES)


def test_models_that_are_there_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(present, "has_packages", lambda: True)
    names = {"segmenter": checkpoint(tmp_path / "sam2", "sam2")}
    require_models(names, FAMILIES)
    found = find_models({**names, "depth": "nobody/depth"})
    assert isinstance(found["segmenter"], Checkpoint)
    assert isinstance(found["depth"], MissingModelError)
    with pytest.raises(ExpertError, match=r"^depth: .* 'sam2'; it belongs to 'segmenter'"):
        require_models({**names, "depth": names["segmenter"]}, FAMILIES)


def test_stand_ins_files_and_roles_left_out_need_no_model() -> None:
    config = ExpertsConfig(
        detector="files:boxes.json", segmenter="rendered", filter=None, ground=None, embedder="a/b"
    )
    assert model_names(config) == {"depth": "apple/DepthPro-hf", "embedder": "a/b"}


def test_a_download_brings_the_model_into_the_folder_that_was_named() -> None:
    assert download("depth", "apple/DepthPro-hf") == (
        "hf download apple/DepthPro-hf --local-dir models/DepthPro-hf",
        "models/DepthPro-hf",
    )
    assert download("segmenter", "my/sam") == (
        "hf download facebook/sam2.1-hiera-large --local-dir my/sam",
        "my/sam",
    )

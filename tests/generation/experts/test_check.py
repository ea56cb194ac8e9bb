"""An expert is loaded and asked about one picture; whatever goes wrong is said."""

import dataclasses
import json
from pathlib import Path

import pytest

from spatialvlm_jax.generation.experts.build import STAGES, rendered_config
from spatialvlm_jax.generation.experts.check import check_expert
from tests.generation.experts.conftest import MakeExperts
from tests.generation.experts.room import room


@pytest.mark.parametrize(
    ("role", "said"),
    [
        ("filter", "keeps it as 'indoor scene'"),
        ("detector", "finds 1 things (red mug)"),
        ("segmenter", "1 masks for 1 boxes"),
        ("depth", "2.0 to 2.0 m"),
        ("ground", "0% of the picture is ground"),
        ("embedder", "1 captions"),
    ],
)
def test_an_expert_that_answers_is_fine(role: str, said: str) -> None:
    result = check_expert(rendered_config(), role, room())
    assert (result.role, result.fine, result.said) == (role, True, said)


def test_what_is_left_out_or_read_from_files_is_said(tmp_path: Path) -> None:
    config = dataclasses.replace(rendered_config(), ground=None, depth=f"files:{tmp_path}")
    assert check_expert(config, "ground", room()).said == "left out"
    assert check_expert(config, "depth", room()).said.startswith(f"{tmp_path} holds no depth: .npy")
    (tmp_path / "a.PNG").touch()
    assert check_expert(config, "depth", room()).said == "1 files of depth"


def test_boxes_in_a_file_are_read_before_they_are_called_fine(tmp_path: Path) -> None:
    path = tmp_path / "boxes.json"
    for role in ("detector", "segmenter", "ground"):
        config = dataclasses.replace(rendered_config(), **{role: f"files:{path}"})
        result = check_expert(config, role, room())
        assert not result.fine
        assert f"{path} cannot be read" in result.said
    picture = {"id": 1, "file_name": "a.png", "width": 4, "height": 4}
    path.write_text(json.dumps({"images": [picture], "annotations": [], "categories": []}))
    assert check_expert(config, "ground", room()).said == "1 pictures"


def test_an_expert_that_fails_says_why() -> None:
    missing = dataclasses.replace(rendered_config(), depth="nobody/nothing")
    result = check_expert(missing, "depth", room())
    assert not result.fine
    assert "neither a folder nor in the hub's local cache" in result.said
    photo = room()
    assert photo.truth is not None
    blind = dataclasses.replace(photo, truth=dataclasses.replace(photo.truth, depth=None))
    result = check_expert(rendered_config(), "depth", blind)
    assert not result.fine
    assert result.said == "ValueError: mug: the rendered scene has no depth"


@pytest.mark.experts
def test_models_of_every_role_are_loaded_and_asked(
    tiny_experts: MakeExperts,
) -> None:
    config = tiny_experts(vocabulary=("red mug",))
    for role in STAGES:
        result = check_expert(config, role, room())
        assert result.fine, result.said
        assert result.load_seconds > 0
    wrong = dataclasses.replace(config, depth=config.segmenter)
    assert check_expert(wrong, "depth", room()).said.startswith(config.segmenter)

"""`spatialvlm experts`: the list, and the check."""

from pathlib import Path

import pytest

from spatialvlm_jax.cli import main
from spatialvlm_jax.commands import experts
from spatialvlm_jax.generation.experts.build import STAGES
from tests.generation.experts.room import room

STAND_INS = [f"--config.experts.{role}=rendered" for role in STAGES]


def test_roles_are_those_of_the_stages() -> None:
    assert experts.ROLES == STAGES


def test_models_are_listed_with_what_is_to_be_done(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["experts", "--config.experts.ground=none", "--config.experts.depth=models/depth"]
    assert main([*command, "--all"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (row,) = [line for line in lines if line.startswith("segmenter  facebook/sam2.1-hiera-large")]
    assert row.split()[2:] == ["Apache", "2.0", "no", "0.90", "GB", "0.90", "GB", "0.45", "GB"]
    assert any(line.split()[:4] == ["ground", "left", "out", "-"] for line in lines)
    assert "  hf download apple/DepthPro-hf --local-dir models/depth" in lines
    assert "  --config.experts.depth=models/depth" in lines
    assert "Weights in memory: 7.4 GB in float32, 3.7 GB in float16" in "\n".join(lines)
    assert any("Intel/zoedepth-nyu-kitti" in line and "345 M" in line for line in lines)


def test_a_check_says_for_each_role_whether_it_works(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(experts, "render_photo", room)
    assert main(["experts", "--check", *STAND_INS]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [[role, "ok"] for role in STAGES]
    command = ["experts", "--check=depth,filter", *STAND_INS]
    assert main([*command, f"--config.experts.depth={tmp_path}"]) == 2
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [["depth", "fault"], ["filter", "ok"]]
    assert "config.json cannot be read" in lines[0]


@pytest.mark.parametrize(
    ("flag", "told"),
    [
        ("--check=depths", "--check takes some of filter, .* not 'depths'"),
        ("--config.experts.detector=none", "detector: 'none' names no model; .* cannot be left"),
        ("--config.experts.depth=", "depth: '' names no model"),
    ],
)
def test_a_mistake_is_one_line(flag: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["experts", flag]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("spatialvlm experts: ")
    import re

    assert re.search(told, line)

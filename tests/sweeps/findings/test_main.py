"""The whole chain of the findings, small: branch point, trials, what is kept, the page."""

import json
import shutil
from pathlib import Path

import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.sweeps.findings.__main__ import main
from tests.test_repository import ROOT

pytestmark = pytest.mark.slow
SMALL = (
    *("train.steps=2", "optim.warmup_steps=1", "optim.decay_steps=1", "data.batch_size=2"),
    *("model.encoder.depth=1", "model.decoder.depth=2", "eval.images=4", "eval.batch_size=4"),
    "eval.max_answer_tokens=4",
)
SETS = ("data.datasets[0]", "data.datasets[1]", "eval.datasets[0]")


def words(folder: Path) -> list[str]:
    """The findings of two arms with one seed, all in a folder."""
    fields = [f"{each}.path={folder / 'data'}" for each in SETS]
    fields += [f"{each}.worlds.images=8" for each in SETS]
    fields += [f"{each}.worlds.validation_images=4" for each in SETS]
    places = [f"--{name}={folder / name}" for name in ("out", "keep", "page")]
    changes = [f"--config.{field}" for field in (*SMALL, *fields)]
    return ["--only=encoder", "--seeds=1", *places, *changes]


def test_the_chain_runs_once_and_its_results_outlast_the_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")
    assert main(words(tmp_path)) == 0
    page = (tmp_path / "page").read_text(encoding="utf-8")
    assert "| unfrozen | 1 | " in page
    assert "| frozen | 1 | " in page
    assert page.count("*Not run yet.*") == 3
    assert "of 2 trials are finished" not in page
    kept = sorted((tmp_path / "keep" / "trials").rglob("*.json"))
    assert len(kept) == 2
    found = [json.loads(path.read_text()) for path in kept]
    assert {trial["seed"] for trial in found} == {1}
    assert (
        found[0]["digests"]["first weights: decoder"]
        == (found[1]["digests"]["first weights: decoder"])
    )
    assert (tmp_path / "out" / "encoder" / "index.html").is_file()

    # The folder of runs is lost; what is kept is taken, and nothing is trained.
    shutil.rmtree(tmp_path / "out")
    capsys.readouterr()
    assert main(words(tmp_path)) == 0
    assert not list((tmp_path / "out").rglob("model.safetensors"))
    assert "2 of 2 trials are kept, and not run again" in capsys.readouterr().out
    # Its tables would say that nothing is finished.
    assert not (tmp_path / "out" / "encoder" / "index.html").exists()
    assert (tmp_path / "keep" / "encoder.html").is_file()
    assert (tmp_path / "page").read_text(encoding="utf-8") == page

    # Other settings are other arms, and are not mixed with what is kept.
    with pytest.raises(UserError, match="are kept of commit .* git worktree add"):
        main([*words(tmp_path), "--config.optim.peak_lr=0.001"])
    assert main([*words(tmp_path), "--page-only"]) == 0
    assert (tmp_path / "page").read_text(encoding="utf-8") == page

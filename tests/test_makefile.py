"""`make` runs what the README says."""

import os
import subprocess

import pytest

from tests.test_repository import ROOT


@pytest.mark.parametrize(
    ("target", "runs"),
    [
        ("setup", ""),
        ("demo", "train.py --config=configs/demo.py --workdir=runs/demo"),
        ("demo", "the demo takes about 12 minutes on two cores"),
        ("demo", "eval.py --workdir=runs/demo"),
        ("pretrain", "train.py --config=configs/pretrain.py"),
        ("pretrain", "train.py --config=configs/teach.py --workdir=runs/pretrain_teach"),
        ("pretrain", "train.py --config=configs/hold.py --workdir=runs/pretrain_hold"),
        ("pretrain", "train.py --config=configs/carry.py --workdir=runs/pretrain_carry"),
        ("pretrain", "train.py --config=configs/fine.py --workdir=runs/pretrain_fine"),
        ("pretrain", "train.py --config=configs/finish.py --workdir=runs/pretrain_finish"),
        ("pretrain", "spatialvlm export runs/pretrain_finish runs/small128.safetensors"),
        ("findings", "-m spatialvlm_jax.sweeps.findings"),
        ("test", "--cov"),
        ("test", "collecting the tests, up to a minute"),
        ("test-slow", '-m "slow and not (experts or ray or tpu or video or browser)"'),
        ("test-experts", "-m experts"),
        ("test-ray", "tests/loopback.py .venv/bin/python -m pytest -m ray"),
        ("test-tpu", "requirements/tpu.txt"),
        ("test-tpu", "-m tpu"),
        ("test-all", "-m experts"),
        ("test-all", "-m ray"),
        ("test-browser", "-m browser"),
        ("test-all", "-m tpu"),
        ("test-video", "requirements/video.txt"),
        ("test-all", "-m video"),
        ("test-all", "-m browser"),
        ("setup", "requirements/dev.txt ."),
        ("setup-experts", "requirements/experts.txt"),
        ("setup-ray", "requirements/ray.txt"),
        ("setup-cuda", "requirements/cuda.txt"),
        ("lint", "ruff format --check"),
        ("lint", "mypy"),
        ("lock", "--generate-hashes --no-emit-index-url"),
        ("clean", "rm -rf"),
    ],
)
def test_make_targets_run_what_the_readme_says(target: str, runs: str) -> None:
    # Whatever is set up already.
    command = ["make", "--dry-run", "--always-make", target]
    # Not what a make that runs these tests was told, such as COVERAGE=.
    own = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    done = subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, check=True)
    assert runs in done.stdout


SETS = "test test-slow test-experts test-ray test-tpu test-video test-browser".split()


@pytest.mark.parametrize("target", SETS)
def test_the_check_of_a_change_runs_every_set(target: str) -> None:
    assert target in (ROOT / ".ci" / "run").read_text().split()


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({}, 0),
        ({"CI": "true"}, 2),
        ({"REQUIRE_BROWSER": "1"}, 2),
        ({"CI": "true", "REQUIRE_BROWSER": ""}, 0),
    ],
)
def test_pages_pass_without_a_browser_only_where_none_is_required(told, code: int) -> None:
    free = {name for name in os.environ if name.startswith("MAKE") or name in _REQUIRING}
    own = {name: value for name, value in os.environ.items() if name not in free}
    command = ["make", "--assume-old=setup", "test-browser", "CHROMIUM=/none/chromium"]
    done = subprocess.run(command, cwd=ROOT, env={**own, **told}, capture_output=True, text=True)
    assert done.returncode == code
    assert "no browser test is run: /none/chromium is not here" in done.stderr


_REQUIRING = ("CI", "REQUIRE_BROWSER")


def test_the_check_of_a_change_requires_a_browser() -> None:
    assert 'export REQUIRE_BROWSER="${REQUIRE_BROWSER-1}"' in (ROOT / ".ci" / "run").read_text()


@pytest.mark.parametrize("target", SETS)
def test_a_set_without_tests_is_a_failure(target: str) -> None:
    # pytest ends with 5 where it has run nothing.
    recipe = (ROOT / "Makefile").read_text().split(f"\n{target}:")[1].split("\n\n")[0]
    assert "pytest" in recipe.lower()
    assert "||" not in recipe


def test_make_alone_lists_its_targets() -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("setup", "demo", "test", "lint", "lock"):
        assert f"make {target} " in done.stdout

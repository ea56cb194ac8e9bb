"""A wheel of the package works where there is no checkout."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.test_repository import ROOT

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--no-input")
LOADED = """
import importlib.util, sys
import data_loaders, spatialvlm_jax
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax import cli
from spatialvlm_jax.models.checkpoint_file import shipped
from spatialvlm_jax.weights.safetensor_files import read_safetensors

print(spatialvlm_jax.__file__, data_loaders.__file__)
print(*map(importlib.util.find_spec, ["train", "configs"]))
print(sum(array.size for array in read_safetensors(shipped("small"))[0].values()))
small = Tokenizer.from_config("small")
print(small.decode(small.encode("two mugs")))
sys.exit(cli.main(["plan", "--config=CHECKOUT/configs/debug.py", "--topology=h100:1"]))
"""


def run(*words: str | Path, target: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs Python with the installed wheel and the locked packages, and without the checkout.

    `-S` leaves out what the environment adds to the path by itself, which is the checkout.
    """
    path = f"{target}:{sysconfig.get_paths()['purelib']}"
    environment = {"PATH": "", "HOME": str(folder), "PYTHONPATH": path, "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-S", *map(str, words)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.slow
def test_a_wheel_works_without_the_checkout(tmp_path: Path) -> None:
    wheels, target, folder = (tmp_path / name for name in ("wheels", "target", "elsewhere"))
    folder.mkdir()
    made = ("--no-deps", "--no-build-isolation", "--no-index", f"--wheel-dir={wheels}", str(ROOT))
    subprocess.run([*PIP, "wheel", *made], check=True)
    (wheel,) = wheels.iterdir()
    put = ("--no-deps", "--no-index", f"--target={target}", str(wheel))
    subprocess.run([*PIP, "install", *put], check=True)
    script = target / "bin" / "spatialvlm"

    said = run(script, "--help", target=target, folder=folder)
    assert "generate" in said.stdout, said.stderr
    options = ("--preset=simple", "--image-size=32", "--images=2", "--validation-images=1")
    made_here = run(script, "generate", *options, "--out=two", target=target, folder=folder)
    assert "two: 2 images" in made_here.stdout, made_here.stderr
    assert (folder / "two" / "card.html").is_file()

    code = LOADED.replace("CHECKOUT", str(ROOT))
    loaded = run("-c", code, target=target, folder=folder)
    assert loaded.returncode == 0, loaded.stderr
    places, absent, parameters, words = loaded.stdout.splitlines()[:4]
    packages = [f"{target}/{name}/__init__.py" for name in ("spatialvlm_jax", "data_loaders")]
    assert places.split() == packages
    assert absent == "None None"
    assert int(parameters) > 2_000_000
    assert words == "two mugs"

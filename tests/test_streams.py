"""Programs whose output has no reader left, or is shown by a terminal without UTF-8."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from spatialvlm_jax.streams import BROKEN_PIPE
from tests.test_repository import ROOT

ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii", "PYTHONCOERCECLOCALE": "0"}
COMMAND = [sys.executable, "-m", "spatialvlm_jax.cli"]


def run(command: list[str], **environment: str) -> subprocess.CompletedProcess[bytes]:
    places = {**os.environ, "JAX_PLATFORMS": "cpu", **environment}
    return subprocess.run(command, cwd=ROOT, env=places, capture_output=True, check=False)


@pytest.mark.parametrize(
    "command",
    [
        [*COMMAND, "generate", "--source=worlds", "--out=nowhere", "--dry-run"],
    ],
)
def test_a_reader_that_leaves_ends_the_program_quietly(command: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=write, stderr=subprocess.PIPE, check=False
    )
    os.close(write)
    assert done.returncode == BROKEN_PIPE
    assert done.stderr == b""


def test_closed_outputs_take_everything() -> None:
    done = run(["sh", "-c", " ".join([*COMMAND, "card", "nowhere", ">&- 2>&-"])])
    assert (done.returncode, done.stdout, done.stderr) == (2, b"", b"")


def test_a_warning_is_a_line_without_names_of_modules() -> None:
    # Libraries set up the output of warnings when they are imported.
    code = "import logging; from spatialvlm_jax import streams; logging.basicConfig()\n"
    code += "with streams.lasting():\n"
    done = run([sys.executable, "-c", f"{code}    logging.warning('%s is old', 'a')"])
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"WARNING: a is old\n")


def test_a_terminal_without_utf_8_gets_escapes(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    Image.new("RGB", (32, 32), "red").save(tmp_path / "pictures" / "a.png")
    questions, out = tmp_path / "q.jsonl", tmp_path / "out"
    asked = {"image": "a.png", "question": "Où est l’œuf?", "answer": "là"}
    questions.write_text(json.dumps(asked, ensure_ascii=False), encoding="utf-8")
    command = [*COMMAND, "convert", "--format=jsonl", f"--questions={questions}"]
    done = run([*command, f"--images={tmp_path / 'pictures'}", f"--out={out}"], **ASCII)
    assert done.returncode == 0, done.stderr
    assert "Où est l’œuf?" in (out / "card.html").read_text(encoding="utf-8")
    missing = run([*COMMAND, "generate", f"--out={out}", "--types=près"], PYTHONIOENCODING="ascii")
    assert missing.returncode == 2
    assert b"pr\\xe8s" in missing.stderr
    assert len(missing.stderr.splitlines()) == 1


def test_a_path_that_the_locale_cannot_name_is_refused(tmp_path: Path) -> None:
    done = run([*COMMAND, "generate", f"--out={tmp_path / 'où'}", "--images=2"], **ASCII)
    assert done.returncode == 2
    assert done.stdout == b""
    assert done.stderr.startswith(b"spatialvlm: '--out=")
    assert done.stderr.endswith(
        b"o\\udcc3\\udcb9' cannot be read in this locale, whose encoding is ascii: start with "
        b"PYTHONUTF8=1 in the environment\n"
    )

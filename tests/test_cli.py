import gc
import json
import subprocess
import sys
from pathlib import Path

import pytest

from spatialvlm_jax import __version__, cli
from spatialvlm_jax.commands import ask, generate
from spatialvlm_jax.errors import UserError

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "world_11.png"


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        cli.main(["--help"])
    assert done.value.code == 0
    assert "generate" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out.strip() == __version__


def test_no_verb_and_unknown_verbs_exit_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["paint"]):
        assert cli.main(arguments) == 2
    assert "invalid choice: 'paint'" in capsys.readouterr().err


def test_a_user_error_is_one_line_and_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(args: object) -> int:
        raise UserError("the cupboard is bare; buy milk")

    monkeypatch.setattr(generate, "run", fail)
    assert cli.main(["generate", "--out=nowhere"]) == 2
    assert capsys.readouterr().err == "spatialvlm generate: the cupboard is bare; buy milk\n"


def test_what_the_system_refuses_is_one_line_and_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.jsonl").write_text('{"image": "a.jpg", "question": "?", "answer": "1"}')
    options = ["--format=jsonl", f"--questions={tmp_path / 'x.jsonl'}", f"--images={tmp_path}"]
    out = tmp_path / ("x" * 300)
    assert cli.main(["convert", *options, f"--out={out}"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("spatialvlm convert: ")
    assert error.endswith("File name too long; name a shorter path\n")


def test_other_errors_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(args: object) -> int:
        raise KeyError("a bug")

    monkeypatch.setattr(generate, "run", fail)
    with pytest.raises(KeyError):
        cli.main(["generate", "--out=nowhere"])


def test_help_does_not_import_what_is_heavy() -> None:
    heavy = ["jax", "grain", "tensorflow_datasets", "matplotlib", "torch"]
    code = (
        "import sys; from spatialvlm_jax import cli\n"
        "try: cli.main(['generate', '--help'])\n"
        f"except SystemExit: print([m for m in {heavy} if m in sys.modules])"
    )
    root = Path(__file__).resolve().parents[1]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_verb_imports_no_other_and_asking_no_checkpoints() -> None:
    script = (
        "import sys\n"
        "from spatialvlm_jax import cli\n"
        "assert set(cli.verb_parser('ask')[1]) == {'ask'}\n"
        "assert 'spatialvlm_jax.conversion' not in sys.modules\n"
        "assert {'ask', 'serve'} < set(cli.verb_parser('-h')[1])\n"
        f"assert cli.main(['ask', {str(PICTURE)!r}, 'how wide is the blue ball?', "
        "'--model=small', '--scored-values=0', '--json']) == 0\n"
        "heavy = {'orbax', 'starlette', 'torch', 'grain', 'pyarrow', 'tensorflow',"
        " 'tensorflow_datasets', 'tensorstore', 'skimage', 'matplotlib'}\n"
        "assert not heavy & sys.modules.keys(), heavy & sys.modules.keys()\n"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
    (answer,) = json.loads(found.stdout)["answers"]
    assert answer["unit"] == "m"


def test_no_garbage_is_collected_where_a_verb_ends_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(ask, "run", lambda args: seen.append(gc.isenabled()))
    monkeypatch.setattr(generate, "run", lambda args: seen.append(gc.isenabled()))
    assert cli.main(["ask", "room.png", "how wide is the sofa?"]) == 0
    assert cli.main(["generate", "--out=nowhere"]) == 0
    assert (seen, gc.isenabled()) == ([False, True], True)

    def fail(args: object) -> None:
        raise UserError("nothing is there")

    monkeypatch.setattr(ask, "run", fail)
    assert cli.main(["ask", "room.png", "how wide is the sofa?"]) == 2
    assert gc.isenabled()

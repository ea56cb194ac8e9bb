"""Every command on the pages is one that its program takes; nothing on them is passed over."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from spatialvlm_jax import cli
from tests.docs import checkers
from tests.docs.commands import ROOT, Command, blocks, commands, pages

# What a fence may be marked as; what is not marked is output or a drawing.
LANGUAGES = {"", "bash", "bibtex", "csv", "json", "python", "text"}
PROGRAM = re.compile(
    rf"\s*(?:\$ )?(?:{'|'.join(map(re.escape, {*checkers.PROGRAMS, *checkers.OTHER_PROGRAMS}))})\s"
)


def names(paths: list[Path]) -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in paths]


def problems(found: Iterator[Command], check: Callable[[str], None]) -> list[str]:
    """What is wrong with each of the commands that are."""
    wrong = []
    for page, line, command in found:
        try:
            check(command)
        except Exception as problem:  # whatever the program says of it
            wrong.append(f"{page}:{line}: {command}: {problem}")
    return wrong


@pytest.fixture(autouse=True)
def _in_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


# What the commands of these name are files that stand on them: test_walks.py types it all.
WALKED = ("sweeps.md", "your_ablation.md")
CHECKED = [page for page in pages() if page.name not in WALKED]


@pytest.mark.parametrize("page", CHECKED, ids=names(CHECKED))
def test_programs_take_the_commands_of_a_page(page: Path) -> None:
    assert problems(commands(page), checkers.check) == []


def inline(page: Path) -> Iterator[Command]:
    """What stands in a page's sentences and tables as code."""
    text = page.read_text(encoding="utf-8")
    text = re.sub(r"^```.*?^```", lambda m: "\n" * m[0].count("\n"), text, flags=re.M | re.S)
    for found in re.finditer(r"`([^`]+)`", text):
        line = text.count("\n", 0, found.start()) + 1
        yield Command(page.relative_to(ROOT).as_posix(), line, " ".join(found[1].split()))


OPTIONS = checkers.known_options()
SETTINGS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
VERBS = set(cli.verb_parser()[1])


def check_inline(code: str) -> None:
    """Checks a whole command, an override, a verb, options; what is left are names."""
    if re.match(r"(python|make|pip|pytest|hf|\.venv/bin/\w+) \S", code):
        checkers.check(code)
    elif code.startswith("--format=") and " " in code:
        checkers.check(f"spatialvlm convert {code} --out=NAME")
    elif re.fullmatch(r"--config\.[^= ]+", code):
        assert f"`{code}`" in SETTINGS, "there is no such field"
    elif code.startswith("--config."):
        checkers.check_overrides(code)
    elif code.startswith(("--", "spatialvlm ")):
        unknown = set(re.findall(r"(?<!\S)--[a-z][a-z-]+", code)) - OPTIONS
        unknown |= set(re.findall(r"^spatialvlm ([a-z]+)", code)) - VERBS
        assert not unknown, f"nothing has {unknown}"


@pytest.mark.parametrize("page", pages(), ids=names(pages()))
def test_programs_take_what_sentences_name(page: Path) -> None:
    assert problems(inline(page), check_inline) == []


def test_every_block_says_what_it_holds_and_hides_no_command() -> None:
    wrong = []
    for block in (block for page in pages() for block in blocks(page)):
        lines = block.text.splitlines()
        if block.language not in LANGUAGES:
            wrong.append(f"{block.page}:{block.line}: a block of {block.language}")
        if block.language in ("", "text"):
            hidden = [line for line in lines if PROGRAM.match(line)]
            wrong += [f"{block.page}:{block.line}: mark as bash: {line}" for line in hidden]
    assert wrong == []


def test_fields_in_blocks_are_fields() -> None:
    found = (
        Command(block.page, block.line, line)
        for page in pages()
        for block in blocks(page)
        for line in block.text.splitlines()
        if block.language in ("", "text") and line.startswith("--config.")
    )
    assert problems(found, checkers.check_overrides) == []


def test_examples_in_help_are_taken(capsys: pytest.CaptureFixture[str]) -> None:
    parser, modules = cli.verb_parser()
    for verb in modules:
        with pytest.raises(SystemExit):
            parser.parse_known_args([verb, "--help"])
    joined = capsys.readouterr().out.replace("\\\n", " ")
    examples = re.findall(r"^  (spatialvlm \S+ .*)$", joined, re.MULTILINE)
    assert len(examples) > 20
    assert problems((Command("help", 0, text) for text in examples), checkers.check) == []


def test_examples_in_configurations_are_taken() -> None:
    found = []
    for path in sorted((ROOT / "configs").glob("*.py")):
        text = path.read_text(encoding="utf-8").replace("\\\n", " ")
        lines = re.findall(r"^((?:python|spatialvlm) .*)$", text, re.MULTILINE)
        found += [Command(path.name, 0, line) for line in lines]
    assert len(found) > 8
    assert problems(iter(found), checkers.check) == []


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("make sandwich", "no target sandwich"),
        ("cargo build", "nothing here knows 'cargo'"),
        (".venv/bin/python train.py --config=configs/demo.py --workdir=x", "nothing here knows"),
        ("python train.py --config=configs/demos.py --workdir=x", "not in the repository"),
        ("python train.py --config=configs/demo.py", "code 2"),
        ("python train.py --config=configs/demo.py --config.optim.peek_lr=1 --workdir=x", "code 2"),
        ("python train.py --config=configs/paligemma.py:lora=-1 --workdir=x", "code 2"),
        ("python eval.py --workdir=runs/never", "no training on any page"),
        ("python benchmarks/packing.py --row=a", "row"),
        ("python -m benchmarks.scale --expert", "--expert"),
        ("spatialvlm generate --out=x --preset=poor", "poor"),
        ("spatialvlm generate --out=x --config.questions.unit=human", "units"),
        ("spatialvlm convert --format=csv --images=photos --out=x", "--questions"),
        ("spatialvlm plan --config=configs/demo.py --topology=v5e:16", "v5e"),
        ("spatialvlm preview --show=sound", "sound"),
        ("spatialvlm experts --check=nose", "nose"),
        ("spatialvlm experts --config.experts.nose=none", "nose"),
        ("spatialvlm export SOURCE OUT", "no placeholder"),
        ("SPATIALVLM_PROCES=1 python train.py", "SPATIALVLM_PROCES"),
    ],
)
def test_a_wrong_command_is_found(command: str, says: str) -> None:
    (problem,) = problems(iter([Command("page", 1, command)]), checkers.check)
    assert says in problem.partition(f"{command}: ")[2]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("begins", "leaves"),
    [
        ("echo ", "runs/asked/report.html"),
        ("spatialvlm generate --source=omni3d", "data/as_photos/card.html"),
    ],
)
def test_the_readme_runs_as_written(begins: str, leaves: str, tmp_path: Path) -> None:
    (block,) = [found for found in blocks(ROOT / "README.md") if found.text.startswith(begins)]
    for place in ROOT.iterdir():  # a checkout whose results go elsewhere
        if place.name not in ("data", "runs"):
            (tmp_path / place.name).symlink_to(place)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euc", block.text], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / leaves).is_file()

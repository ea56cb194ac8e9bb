"""Whether a command on a page would be taken: read by the program's own parser, and not run.

A check raises `Wrong`, or what the program says, where the command would not do.
"""

import argparse
import contextlib
import functools
import importlib
import io
import re
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from unittest import mock

import eval as evaluation_script
import train
from spatialvlm_jax import cli
from spatialvlm_jax.config import load_experiment, override_fields, parse_experiment, to_config_dict
from spatialvlm_jax.conversion import formats
from spatialvlm_jax.conversion.held_out import HoldOut
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.generation.card import preview
from spatialvlm_jax.generation.settings import GenerationSettings, open_endless
from spatialvlm_jax.planning.topology import parse_topology
from spatialvlm_jax.training.processes import entry_point
from spatialvlm_jax.training.processes.join import named_place
from spatialvlm_jax.worlds import source
from tests.docs.commands import ROOT, commands, pages

# What a reader puts something of their own in the place of.
PLACEHOLDERS = {
    "DIR": "a folder, or published weights",
    "FILE": "a file",
    "FIRST": "the address of a machine",
    "GEMMA_DIR": "published weights",
    "NAME": "a name",
    "PICTURES": "a folder of pictures",
    "QUESTIONS": "a file of questions",
    "OTHER_ENVIRONMENT": "a virtual environment",
    "REPOSITORY": "the address of this repository",
    "ROOT": "a folder",
    "SIGLIP_DIR": "published weights",
}
# Programs that are not ours, as they are called; looked up in their own help.
OTHER_PROGRAMS = {
    "git": r"clone REPOSITORY [\w-]+",
    "hf": r"download [\w-]+/[\w.-]+ --local-dir models/[\w.-]+",
    "pip": r"wheel \. --no-deps --no-build-isolation --wheel-dir=dist"
    r"|install --no-deps (--require-hashes --requirement=[\w./]+|dist/\*\.whl)"
    r"|install --no-deps --no-build-isolation \."
    r"|install transformers>=5 torch pillow",
    "ray": r"start (--head|--address=FIRST:6379)",
    "tensorboard": r"--logdir [\w/]+",
    "vllm": r"serve \w+ --limit-mm-per-prompt \{\"image\": 1\} --max-model-len \d+",
}
VARIABLES = {"JAX_PLATFORMS", "OMP_NUM_THREADS", "XLA_FLAGS"}
VARIABLES |= {"SPATIALVLM_COORDINATOR", "SPATIALVLM_PROCESSES", "SPATIALVLM_PROCESS"}
OURS = re.compile(
    r"(?<![\w./-])(?:benchmarks|configs|data_loaders|docs|requirements|spatialvlm_jax|tests)/[\w./-]+"
)
SEPARATORS = {"&&", "&", ";", "|"}


class Wrong(Exception):
    """A command that no program would take."""


class Read(BaseException):
    """A command line was read: the rest of the program is not run."""


def check(command: str) -> None:
    """Checks a line of a shell."""
    for path in OURS.findall(command):
        if not (ROOT / path.rstrip(".")).exists():
            raise Wrong(f"{path} is not in the repository")
    for word in set(re.findall(r"(?<![\w$./])[A-Z][A-Z_]+(?![\w=.])", _without_texts(command))):
        if word not in PLACEHOLDERS:
            raise Wrong(f"{word} is no placeholder that the table explains")
    for words in _parts(command):
        _check_words(words)


def _without_texts(command: str) -> str:
    return re.sub(r"'[^']*'|#.*", "", command)


def _parts(command: str) -> Iterator[list[str]]:
    """The words of each single command in a line."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars="&;|>")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if word not in SEPARATORS:
            words.append(word)
        elif words:
            yield words
            words = []


def _check_words(words: list[str]) -> None:
    while words and re.match(r"[A-Z_]+=", words[0]):
        _check_variable(words.pop(0))
    program, *rest = words
    if program in OTHER_PROGRAMS:
        if not re.fullmatch(OTHER_PROGRAMS[program], " ".join(rest)):
            raise Wrong(f"{program} is not called like this on any page so far")
    elif program in PROGRAMS:
        if ">" in rest[:-1] and program != "echo":
            rest = rest[: rest.index(">")]
        PROGRAMS[program](rest)
    else:
        raise Wrong(f"nothing here knows {program!r}")


def _check_variable(word: str) -> None:
    if word.partition("=")[0] not in VARIABLES:
        raise Wrong(f"nothing reads the variable {word}")


def _export(words: list[str]) -> None:
    for word in words:
        _check_variable(word)


def _activate(words: list[str]) -> None:
    if words != [".venv/bin/activate"]:
        raise Wrong("the environment is .venv")


def _taskset(words: list[str]) -> None:
    if words[:2] != ["-c", "0"]:
        raise Wrong("taskset -c 0 is the form")
    _check_words(words[2:])


def _srun(words: list[str]) -> None:
    flags = [word for word in words if word.startswith("--") and "per-node" in word]
    nodes, command = words[0], words[1 + len(flags) :]
    if not re.fullmatch(r"--nodes=\d+", nodes) or flags != words[1 : 1 + len(flags)]:
        raise Wrong("srun is not called like this on any page so far")
    _check_words(command)


def _gcloud(words: list[str]) -> None:
    flag, _, inner = words[-1].partition("=")
    if words[:5] != ["compute", "tpus", "tpu-vm", "ssh", "NAME"] or flag != "--command":
        raise Wrong("gcloud is not called like this on any page so far")
    for part in _parts(inner):
        _check_words(part)


def _echo(words: list[str]) -> None:
    if len(words) != 3 or words[1] != ">":
        raise Wrong("echo writes one text into a file")


def _cd(words: list[str]) -> None:
    if words != ["spatialvlm-jax"]:
        raise Wrong("commands are run at the top of the checkout")


def _make(words: list[str]) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    for word in words:
        name, _, value = word.partition("=")
        if name not in targets and not (value and f"$({name})" in makefile):
            raise Wrong(f"there is no target {word}")


def _python(words: list[str]) -> None:
    if words[0] == "-m":
        name, rest = words[1], words[2:]
    else:
        path, *rest = words
        name = path.removesuffix(".py").replace("/", ".")
        if not path.endswith(".py"):
            raise Wrong(f"python runs no {path}")
    if name == "train":
        _check_run(train.main, rest)
    elif name == "eval":
        _check_run(evaluation_script.main, _with_config(rest))
    elif name == "pytest":
        if not rest:
            raise Wrong("name the tests")
    elif name == "tests.hostile":
        suite = importlib.import_module("tests.hostile.suite")
        if set(rest) - set(suite.CLASSES) - {"--table"}:
            raise Wrong(f"there is no such class: {rest}")
    else:
        _check_script(name, rest)


def _check_script(name: str, words: Sequence[str]) -> None:
    """Runs the `main` of a module until it has read its arguments."""
    module = importlib.import_module(name)
    if not words and not hasattr(module, "main"):
        return
    parse = argparse.ArgumentParser.parse_args

    def read(parser: argparse.ArgumentParser, argv: Any = None, namespace: Any = None) -> None:
        parse(parser, argv, namespace)
        raise Read

    def fail(parser: argparse.ArgumentParser, message: str) -> None:
        raise Wrong(message)

    with (
        mock.patch.object(argparse.ArgumentParser, "parse_args", read),
        mock.patch.object(argparse.ArgumentParser, "error", fail),
        mock.patch.object(sys, "argv", [name, *words]),
    ):
        try:
            module.main()
        except Read:
            return
    raise Wrong(f"{name} takes no arguments")


def _check_run(main: Callable[[Sequence[str]], int], words: Sequence[str]) -> None:
    """Runs an entry point until it has its configuration and its place among processes."""

    def read(*args: Any, **options: Any) -> None:
        flags, _ = parse_experiment(*args, **options)
        named_place(flags, {})
        raise Read

    with mock.patch.object(entry_point, "parse_experiment", read):
        try:
            code = main(
                [word.replace("--config=FILE", "--config=configs/demo.py") for word in words]
            )
        except Read:
            return
    raise Wrong(f"it ends with code {code}, see what it printed")


def _with_config(words: list[str]) -> list[str]:
    """The words with the configuration that the run would have left that they name, or are in."""
    named = [word for word in words if word.startswith("--config=")]
    if named and named[0].endswith("/config.json"):
        run = named[0].removeprefix("--config=").removesuffix("/config.json")
        words = [word for word in words if word not in named and "--workdir=" not in word]
        return _with_config([*words, f"--workdir={run}"])
    if named:
        return words
    (workdir,) = [word.partition("=")[2] for word in words if word.startswith("--workdir=")]
    if workdir not in _configs_of_runs():
        raise Wrong(f"no training on any page is in {workdir}")
    return [*words, f"--config={_configs_of_runs()[workdir]}"]


@functools.cache
def _configs_of_runs() -> dict[str, str]:
    """The configuration of each workdir in which a page has something trained."""
    typed = [command.command for page in pages() for command in commands(page)]
    trained = r"python train\.py .*--config=(\S+).* --workdir=(\S+)"
    found = {run[2]: run[1] for text in typed for run in re.finditer(trained, text)}
    return {"DIR": "configs/demo.py", **found}


def _spatialvlm(words: list[str]) -> None:
    parser, modules = cli.verb_parser()
    try:
        args, rest = parser.parse_known_args(words)
    except SystemExit:  # --help, --version
        return
    cli.read_rest(parser, modules[args.verb], args, rest)
    if args.verb in VERBS:
        VERBS[args.verb](modules[args.verb], args)


def _generate(module: Any, args: argparse.Namespace) -> None:
    settings = module.read_settings(args)
    if args.split:
        module.parse_splits(args.split)
    if settings.source in ("worlds", "rendered_photos"):
        open_endless(settings)


def _convert(module: Any, args: argparse.Namespace) -> None:
    form = formats.FORMATS[args.format]
    # The user's files are not here: everything is checked but these.
    without_files = mock.Mock(
        wraps=form, needs=form.needs, uses=form.uses, make=lambda request: None
    )
    with mock.patch.dict(formats.FORMATS, {args.format: without_files}):
        formats.build_reader(module.read_request(args))
    if args.validation_images:
        HoldOut(args.validation_images).number(1000)


def _plan(module: Any, args: argparse.Namespace) -> None:
    load_experiment(args.config, args.overrides)
    parse_topology(args.topology)


def _experts(module: Any, args: argparse.Namespace) -> None:
    check_overrides(" ".join(map(shlex.quote, args.overrides)))
    if set((args.check or module.ROLES[0]).split(",")) - set(module.ROLES):
        raise Wrong(f"--check={args.check}")


def _preview(module: Any, args: argparse.Namespace) -> None:
    with (
        mock.patch.object(source, "generate_scenes", side_effect=Read),
        mock.patch.object(preview, "write_preview", side_effect=Read),
        contextlib.suppress(Read),
    ):
        module.run(args)


# What is checked of a verb beyond what its parser reads.
VERBS: dict[str, Callable[[Any, argparse.Namespace], None]] = {
    "generate": _generate,
    "convert": _convert,
    "experts": _experts,
    "plan": _plan,
    "preview": _preview,
}
PROGRAMS: dict[str, Callable[[list[str]], None]] = {
    ".": _activate,
    "cd": _cd,
    "echo": _echo,
    "export": _export,
    "gcloud": _gcloud,
    "make": _make,
    "python": _python,
    "spatialvlm": _spatialvlm,
    "srun": _srun,
    "taskset": _taskset,
}


def check_overrides(text: str) -> None:
    """Checks `--config.field=value` words, of a run or of a generation."""
    words = [word for word in shlex.split(text, comments=True) if "FIELD" not in word]
    run = load_experiment("configs/demo.py")
    records = (run, GenerationSettings())
    problems = []
    for record, cls in zip(records, (Experiment, GenerationSettings), strict=True):
        try:
            return override_fields(to_config_dict(record), words, cls)
        except Exception as problem:
            problems.append(str(problem))
    raise Wrong("; ".join(problems))


def known_options() -> set[str]:
    """The options of the command line, of the entry points and of the benchmarks."""
    parser, modules = cli.verb_parser()
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        for words in ([], *([verb] for verb in modules)):
            with contextlib.suppress(SystemExit):
                parser.parse_known_args([*words, "--help"])
        for main in (train.main, evaluation_script.main):
            with contextlib.suppress(SystemExit):
                main(["--help"])
    scripts = "".join(
        path.read_text(encoding="utf-8") for path in (ROOT / "benchmarks").glob("*.py")
    )
    return set(re.findall(r"--[a-z][a-z-]+", said.getvalue() + scripts))

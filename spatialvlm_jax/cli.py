"""`spatialvlm <verb>`: one module of `spatialvlm_jax.commands` a verb, and nothing else here.

A command module has `add_parser(subparsers)`, which adds the parser of the verb it is named after,
and `run(args)`, which does the work and returns an exit code or None. It imports what is heavy
inside `run`, so that `--help` stays quick. Where it has `TAKES_OVERRIDES = True`, it finds
`--config.field=value` words in `args.overrides`. Where it has `ENDS_SOON = True`, no garbage is
collected while it runs.
"""

import argparse
import contextlib
import gc
import importlib
import pkgutil
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from spatialvlm_jax import signals, streams


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line; returns its exit code: 2 for a mistake of the user, told in one line.

    Ctrl-C ends the process at once with code 130, in one line.
    """
    with signals.listening(signals.WRITTEN_STAYS), streams.lasting():
        return _run(argv)


def verb_parser(only: str = "") -> tuple[argparse.ArgumentParser, dict[str, Any]]:
    """The parser of all verbs, and the module of each.

    Args:
      only: the one verb that is needed, where it is known; others' modules need not be imported.
    """
    from spatialvlm_jax import __version__, commands
    from spatialvlm_jax.flags import FlagParser

    parser = FlagParser(
        prog="spatialvlm", description="Teach vision-language models to measure space."
    )
    parser.add_argument("--version", action="version", version=__version__)
    subparsers = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    modules = {}
    names = sorted(found.name for found in pkgutil.iter_modules(commands.__path__))
    verbs = {name.replace("_", "-"): name for name in names}
    for verb, name in verbs.items() if only not in verbs else [(only, verbs[only])]:
        module = importlib.import_module(f"{commands.__name__}.{name}")
        modules[verb] = module
        module.add_parser(subparsers)
    return parser, modules


def read_rest(
    parser: argparse.ArgumentParser, module: Any, args: argparse.Namespace, rest: list[str]
) -> None:
    """Takes the words that the parser did not know as overrides, where the verb has them.

    Raises:
      UserError: a word is none.
    """
    from spatialvlm_jax.config import take_overrides

    if rest and not getattr(module, "TAKES_OVERRIDES", False):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    if rest:
        args.overrides = take_overrides(parser, rest)


def _run(argv: Sequence[str] | None) -> int:
    from spatialvlm_jax.errors import UserError, describe_failure

    words = sys.argv[1:] if argv is None else argv
    parser, modules = verb_parser(words[0] if words else "")
    name = "spatialvlm"
    try:
        args, rest = parser.parse_known_args(argv)
        name = f"spatialvlm {args.verb}"
        read_rest(parser, modules[args.verb], args, rest)
        with _uncollected(getattr(modules[args.verb], "ENDS_SOON", False)):
            return modules[args.verb].run(args) or 0
    except BrokenPipeError:
        raise
    except (UserError, OSError) as error:
        print(f"{name}: {describe_failure(error)}", file=sys.stderr)
        return 2


@contextlib.contextmanager
def _uncollected(ends_soon: bool) -> Iterator[None]:
    """Looks for no garbage, where that is asked for.

    Modules and programs make objects by the hundred thousand, all of which stay: going through them
    again and again is an eighth of what a process costs that asks one question.
    """
    if not (ends_soon and gc.isenabled()):
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


if __name__ == "__main__":
    sys.exit(main())

"""`spatialvlm demo`: a model to try in a browser."""

import argparse
import dataclasses
from typing import Any

from spatialvlm_jax.flags import number
from spatialvlm_jax.inference.asking_flags import (
    add_doubt_flags,
    add_model_flags,
    add_values_flag,
    doubt_by_flags,
    model_name,
)
from spatialvlm_jax.serving.address import add_address_flags, check_server_packages

_DESCRIPTION = """\
Shows pages on which a model can be tried: ask about a rendered room, of which everything is exactly
known, or about a picture of your own; or click one thing or two and get their distances and sizes.
Answers come with their interval, beside the exact truth where it is known; composed questions are
reasoned out, step by step (docs/reasoning.md). Pictures go to this program and nowhere else.
"""
_EPILOG = """\
examples:
  spatialvlm demo
  spatialvlm demo --model=runs/mine --port=8090
"""


def add_parser(subparsers: Any) -> None:
    """Adds the verb `demo`."""
    parser = subparsers.add_parser(
        "demo",
        help="try a model in a browser",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add_model_flags(add)
    add_address_flags(add, 8080)
    add_values_flag(add)
    add_doubt_flags(parser)
    help_text = "until an answer must be there; the first of each kind compiles (%(default)s)"
    add("--seconds", type=number(0.1, 3_600), default=180.0, metavar="S", help=help_text)


def run(args: argparse.Namespace) -> int:
    """Loads the model, and serves the pages.

    Raises:
      UserError: there is no such model, or the address is taken.
    """
    check_server_packages()
    from spatialvlm_jax import progress

    progress.begin_importing()
    from spatialvlm_jax.browser.demo.example_worlds import ExampleWorlds
    from spatialvlm_jax.browser.demo.pages import Demo
    from spatialvlm_jax.browser.serve_site import serve_site
    from spatialvlm_jax.browser.site import Site
    from spatialvlm_jax.inference.load import load_to_ask
    from spatialvlm_jax.serving.limits import Limits

    progress.end_importing()
    limits = Limits(seconds=args.seconds, characters=1_000, waiting=32)

    def build() -> Site:
        with progress.waiting("loading the model", "loaded it"):
            loaded = load_to_ask(args.model, args.tokenizer, args.untaught, args.unseen)
        model = dataclasses.replace(loaded, doubt=doubt_by_flags(args, loaded.doubt))
        name, values = model_name(args.model), args.scored_values
        demo = Demo(model, name, ExampleWorlds(), limits, scored_values=values)
        return demo.site(args.host)

    return serve_site(args, limits, build)

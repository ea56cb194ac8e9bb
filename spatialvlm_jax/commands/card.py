"""`spatialvlm card`: the data card of a stored data set, made again."""

import argparse
from pathlib import Path
from typing import Any

_DESCRIPTION = """\
Writes DIR/card.html and DIR/card.md: how much of what a data set holds, how its answers are
balanced, what was lost and why, and examples drawn on their images. `spatialvlm generate` does so
at its end. The page is one file that refers to no other; on large sets it is about a random sample.
"""


def add_parser(subparsers: Any) -> None:
    """Adds the verb `card`."""
    parser = subparsers.add_parser(
        "card",
        help="describe a data set on one page",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="a stored data set")


def run(args: argparse.Namespace) -> int:
    """Writes the card and prints where it is."""
    from spatialvlm_jax.generation.card.page import write_card

    print(write_card(args.directory))
    return 0

"""`spatialvlm card`: the data card of a stored data set, made again."""

import argparse
from pathlib import Path
from typing import Any

from spatialvlm_jax.flags import place

_DESCRIPTION = """\
Writes DIR/card.html and DIR/card.md: how much of what a data set holds, how its answers are
balanced, what was lost and why, and examples drawn on their images. `spatialvlm generate` does so
at its end. The page is one file that refers to no other; on large sets it is about a random sample.

With --verify it writes nothing: every shard is read and compared with DIR/checksums.json, which
`spatialvlm generate` and `convert` leave. Shards that differ are named, and the exit code is 2.
"""


def add_parser(subparsers: Any) -> None:
    """Adds the verb `card`."""
    parser = subparsers.add_parser(
        "card",
        help="describe a data set on one page",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("directory", type=place, metavar="DIR", help="a stored data set")
    help_text = "compare its shards with their checksums instead"
    parser.add_argument("--verify", action="store_true", help=help_text)


def run(args: argparse.Namespace) -> int:
    """Writes the card and prints where it is; or verifies the shards."""
    if args.verify:
        return _verify(args.directory)
    from spatialvlm_jax.generation.card.page import write_card

    print(write_card(args.directory))
    return 0


def _verify(directory: Path) -> int:
    from spatialvlm_jax.errors import UserError
    from spatialvlm_jax.storage.checksums import CHECKSUMS, damaged_shards, describe_damage
    from spatialvlm_jax.storage.shards import shard_files, split_sizes

    shards = [path for split in split_sizes(directory) for path in shard_files(directory, split)]
    if not (directory / CHECKSUMS).exists():
        raise UserError(
            f"{directory} has no {CHECKSUMS}: run the command that made it again, which records "
            "what its shards are"
        )
    if damage := damaged_shards(directory, contents=True):
        raise UserError(describe_damage(directory, damage))
    print(f"{directory}: {len(shards)} shards are as they were written")
    return 0

"""`spatialvlm benchmarks`: which public benchmarks can be scored."""

import argparse
from typing import Any

_DESCRIPTION = """\
Lists the public benchmarks that `spatialvlm score` knows: what each measures, how many questions it
has, under which licence, from which project, and which of its files are read. Nothing is
downloaded. Official is the rule of the benchmark's own code, to the letter; robust reads what a
reply says, whatever its form.
"""


def add_parser(subparsers: Any) -> None:
    """Adds the verb `benchmarks`."""
    parser = subparsers.add_parser(
        "benchmarks",
        help="list the public benchmarks that can be scored",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("name", nargs="?", default="", help="one of them (default: all)")


def run(args: argparse.Namespace) -> int:
    """Prints what is known of them."""
    from spatialvlm_jax.evaluation.benchmarks.registry import BENCHMARKS, find_benchmark

    chosen = [find_benchmark(args.name)] if args.name else list(BENCHMARKS.values())
    for each in chosen:
        lines = {
            "measures": each.measures,
            "questions": each.size,
            "pictures": each.pictures,
            "licence": each.licence,
            "from": each.project,
            "reads": each.files,
            "official": each.official_is,
            "other rules": ", ".join(each.rules),
            "tracks": ", ".join(each.tracks),
        }
        print(each.name)
        print("".join(f"  {name:12}{said}\n" for name, said in lines.items() if said))
    return 0

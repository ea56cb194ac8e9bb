"""`spatialvlm compare`: two runs on the same questions, and what of their difference is chance."""

import argparse
from pathlib import Path
from typing import Any

from spatialvlm_jax.flags import place

_DESCRIPTION = """\
Compares what two runs answered to the same questions, from the predictions.jsonl that `eval.py`
left in their workdirs: question by question, with intervals clustered by picture, the four counts
of who is right, Holm's adjustment for many question types, and the smallest difference that so many
questions can show. Only common questions count: equal words and truths about pictures of one name.
Runs that were given different things (pixels alone, the camera as well) are refused.

Several seeds of each way are joined by commas, as many of both: the first with the first, and so
on. Then both seeds and pictures count as what was sampled.
"""
_EPILOG = """\
examples:
  spatialvlm compare runs/base runs/noise --out noise.html
  spatialvlm compare runs/base/0,runs/base/1,runs/base/2 runs/noise/0,runs/noise/1,runs/noise/2
"""


def add_parser(subparsers: Any) -> None:
    """Adds the verb `compare`."""
    parser = subparsers.add_parser(
        "compare",
        help="compare two runs on the same questions",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    help_text = "a workdir or a predictions.jsonl; several seeds, joined by commas"
    for name in ("first", "second"):
        parser.add_argument(name, type=_seeds, metavar="RUN", help=help_text)
    help_text = "compare runs that were given different things, and say so"
    parser.add_argument("--across-tracks", action="store_true", help=help_text)
    parser.add_argument("--out", type=place, metavar="FILE.html", help="write a page there, too")


def _seeds(text: str) -> tuple[Path, ...]:
    return tuple(place(each) for each in text.split(","))


def run(args: argparse.Namespace) -> int:
    """Prints both tables, and writes the page."""
    from spatialvlm_jax.errors import UserError
    from spatialvlm_jax.evaluation.comparison.differences import compare
    from spatialvlm_jax.evaluation.comparison.page import format_comparison, write_comparison
    from spatialvlm_jax.evaluation.comparison.predictions import (
        common_answers,
        differing_tracks,
        missing_replies,
        read_answers,
        tracks_of,
    )
    from spatialvlm_jax.flags import check_suffix

    if args.out is not None:
        check_suffix(args.out, "--out", ".html")
    seeds = len(args.first)
    if len(args.second) != seeds:
        raise UserError(
            f"the first way has {seeds} seeds and the second {len(args.second)}: name as many of "
            "both"
        )
    places = [*args.first, *args.second]
    common = common_answers([read_answers(each) for each in places], list(map(str, places)))
    tracks, across = tracks_of(common, seeds), differing_tracks(common)
    if across and not args.across_tracks:
        raise UserError(
            f"first: track {tracks[0]}; second: track {tracks[1]}; {across}: evaluate both alike "
            "(camera of the data sets), or add --across-tracks to see the differences"
        )
    missing = missing_replies(common, list(map(str, places)))
    overall, by_type = compare(common.answers[:seeds], common.answers[seeds:], common.images)
    names = (",".join(map(str, args.first)), ",".join(map(str, args.second)))
    for way, name, track in zip(("first", "second"), names, tracks, strict=True):
        print(f"{way}: {name}, track {track}")
    left = f"; {sum(common.left_out):,} answers without a counterpart are left out"
    print(
        f"{len(common.images):,} common questions about {len(common.image_names):,} pictures"
        f"{left if any(common.left_out) else ''}\n"
    )
    notes = [across, *missing] if across else missing
    print("".join(f"{line}\n" for line in notes) + format_comparison(overall, by_type))
    if args.out is not None:
        write_comparison(args.out, names, common, overall, by_type, missing, places)
        print(f"\npage: {args.out}")
    return 0

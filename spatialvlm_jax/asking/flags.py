"""Flags of command lines that ask models the questions of benchmarks and of held-out sets."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

from spatialvlm_jax.asking.question import By
from spatialvlm_jax.experiment import PictureProbe
from spatialvlm_jax.flags import number, place, shorten, whole_number

_MODEL = (
    "small128, a workdir, a weight file, hf:DIR or openai:URL#NAME; several are compared with the "
    "first (small128)"
)


def add_benchmark_flags(add: Callable[..., Any]) -> None:
    """What is asked of whom.

    Args:
      add: `add_argument` of a parser.
    """
    add("--model", action="append", default=[], metavar="MODEL", help=_MODEL)
    help_text = "`spatialvlm benchmarks` lists them; given again for each; all: that --data has"
    add("--benchmark", action="append", required=True, metavar="NAME", help=help_text)
    help_text = "holds a folder of the name of each benchmark; of one alone, its files"
    add("--data", type=place, required=True, metavar="DIR", help=help_text)
    help_text = "holds what others said, MODEL/BENCHMARK.jsonl, which is marked in the same report"
    add("--said", type=place, metavar="DIR", help=help_text)
    help_text = "holds pictures that have files of their own, where they are not below --data"
    add("--images", type=place, metavar="DIR", help=help_text)
    add(
        "--track",
        default="",
        metavar="NAME",
        help="what is shown: pixels, camera; of regions boxes, names (pixels)",
    )
    help_text = (
        "words: what it says; likelihood: the likeliest letter, or yes or no; texts: the option of "
        "the likeliest text, its tokens summed; texts_per_token: by their mean"
    )
    add("--by", choices=get_args(By), default="words", help=help_text)
    help_text = "ask again behind a grey picture (blind), another one (other_picture), or both: a,b"
    add("--probes", type=_probes, default=(), metavar="NAMES", help=help_text)
    _add_replies(add)
    help_text = "of each benchmark, evenly spread over its files (all)"
    add("--questions", type=whole_number(1), metavar="N", help=help_text)
    help_text = "leave out records that lack a field or a picture, and count them"
    add("--allow-missing", action="store_true", help=help_text)
    _add_tokenizer(add)


def _add_replies(add: Callable[..., Any]) -> None:
    limit = whole_number(1, 100_000)
    add("--max-tokens", type=limit, metavar="N", help="of a reply (its own; of endpoints 512)")
    help_text = "of replies that are drawn; 0 takes the likeliest words (0)"
    add("--temperature", type=number(0.0, 10.0), default=0.0, metavar="T", help=help_text)
    add("--draws-seed", type=whole_number(0, 2**31), metavar="N", help="of draws (0)")


def _add_tokenizer(add: Callable[..., Any]) -> None:
    help_text = "the SentencePiece model of a run, where it is not where it was"
    add("--tokenizer", default="", metavar="FILE", help=help_text)


def _probes(text: str) -> tuple[PictureProbe, ...]:
    """Names joined by commas."""
    known = get_args(PictureProbe)
    if not set(text.split(",")) <= set(known):
        raise argparse.ArgumentTypeError(f"there are {', '.join(known)}, not {shorten(text)!r}")
    return tuple(name for name in known if name in text.split(","))


def add_other_model_flags(parser: argparse.ArgumentParser, one_of: Callable[..., Any]) -> None:
    """What is evaluated in the stead of a run.

    Args:
      one_of: `add_argument` of a group of which one flag is given.
    """
    help_text = "another model: small128, a workdir, a weight file, hf:DIR or openai:URL#NAME"
    one_of("--model", default="", metavar="MODEL", help=help_text)
    help_text = "what another model said: a line for each question, with id and text"
    one_of("--predictions", type=place, metavar="FILE", help=help_text)
    help_text = "write the questions there with their pictures, for another model, and end"
    one_of("--questions-out", type=place, metavar="DIR", help=help_text)
    add = parser.add_argument_group("of another model").add_argument
    add("--as", dest="form", default="jsonl", metavar="FORM", help="jsonl, lmms or vlmeval")
    _add_replies(add)
    _add_tokenizer(add)
    add_endpoint_flags(parser)


def add_endpoint_flags(parser: argparse.ArgumentParser) -> None:
    """How much an endpoint is asked."""
    add = parser.add_argument_group("of endpoints; the key is in OPENAI_API_KEY").add_argument
    add("--at-once", type=whole_number(1, 256), default=4, metavar="N", help="requests (4)")
    help_text = "of a request that failed for now (3)"
    add("--retries", type=whole_number(0, 20), default=3, metavar="N", help=help_text)
    add("--seconds", type=number(0.1, 3_600), default=120.0, metavar="S", help="of a try (120)")
    help_text = "pixels of a picture's longer side (1024)"
    add("--picture-side", type=whole_number(16, 2_048), default=1024, metavar="N", help=help_text)
    help_text = "of all benchmarks and models, retries counted (10000)"
    add("--most-requests", type=whole_number(1), default=10_000, metavar="N", help=help_text)
    help_text = "likewise, of questions and replies (10000000)"
    add("--most-tokens", type=whole_number(1), default=10_000_000, metavar="N", help=help_text)


def find_data(data: Path, name: str, is_only: bool) -> Path:
    """The files of a benchmark below --data."""
    return data if is_only and not (data / name).exists() else data / name

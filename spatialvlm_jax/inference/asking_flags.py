"""Flags of commands that ask a loaded model about a picture."""

import argparse
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from spatialvlm_jax.bounds import SettingError
from spatialvlm_jax.flags import number, whole_number
from spatialvlm_jax.inference.scored_values import SCORED_VALUES, check_scored_values
from spatialvlm_jax.inference.spatial_answer import NEVER, Doubt


def add_model_flags(add: Callable[..., Any]) -> None:
    """Which model is asked.

    Args:
      add: `add_argument` of a parser or of one of its groups.
    """
    add("--model", default="small128", metavar="MODEL", help="which model to ask (%(default)s)")
    help_text = "the SentencePiece model of its run, where it is not where it was"
    add("--tokenizer", default="", metavar="FILE", help=help_text)
    help_text = "also ask what the model says that it was not taught, in the words that are given"
    add("--untaught", action="store_true", help=help_text)
    help_text = "also ask about what the model holds not to be in the picture"
    add("--unseen", action="store_true", help=help_text)


def add_values_flag(add: Callable[..., Any]) -> None:
    """How many worded answers are scored; `add` as in `add_model_flags`."""
    help_text = "worded answers a quantity is read from; 0 takes it from the text (%(default)s)"
    add("--scored-values", type=_values, default=SCORED_VALUES, metavar="N", help=help_text)


def add_doubt_flags(parser: argparse.ArgumentParser) -> None:
    """From where on none can be given; `doubt_by_flags` reads them."""
    add = parser.add_mutually_exclusive_group().add_argument
    help_text = (
        'say "I can\'t tell" of choices less probable than 0.7, and of quantities whose interval '
        "spans more than a factor of 4, where no other was fitted on held-out data"
    )
    add("--unsure", action="store_true", help=help_text)
    help_text = "answer even where what was fitted on held-out data says that it is unsure"
    add("--always-answer", action="store_true", help=help_text)


def doubt_by_flags(args: argparse.Namespace, fitted: Doubt) -> Doubt:
    """What the flags ask for of a model with this doubt of its own."""
    if args.always_answer:
        return NEVER
    if not args.unsure:
        return fitted
    return Doubt() if fitted == NEVER else Doubt(spread=fitted.spread)


def _values(text: str) -> int:
    count = whole_number(0, 1_024)(text)
    try:
        check_scored_values(count)
    except SettingError as error:
        raise argparse.ArgumentTypeError(error.reason) from None
    return count


def model_name(where: str) -> str:
    """What a model is called that is named by `where`: its last part, without ".safetensors"."""
    return Path(os.path.abspath(where)).name.removesuffix(".safetensors")


def add_camera_flags(parser: argparse.ArgumentParser) -> None:
    """What is known of the camera, as `picture.CameraFacts` has it."""
    add = parser.add_argument_group(
        "the camera, for models that are told of it (data.camera); EXIF is read where there is some"
    ).add_argument
    add("--fov", type=number(), metavar="DEGREES", help="that the longer side spans")
    add("--camera-height", type=number(), metavar="METRES", help="above the ground")
    add("--pitch", type=number(), metavar="DEGREES", help="that it looks down")

"""`spatialvlm ask`: a model's answers to questions about a picture, and how sure it is."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spatialvlm_jax.flags import place, whole_number
from spatialvlm_jax.inference.asking_flags import (
    add_camera_flags,
    add_doubt_flags,
    add_model_flags,
    add_values_flag,
    doubt_by_flags,
)

if TYPE_CHECKING:
    from spatialvlm_jax.inference.spatial_answer import SpatialAnswer

_DESCRIPTION = """\
Asks a model about a picture and prints, for each question, its words, the quantity that they give
with the interval that holds 90 % of what the model thinks possible, or how sure it is of a choice.
The picture is encoded once for all questions; nothing is downloaded.

MODEL is "small128", which ships with the code and knows rendered rooms alone; the workdir of a
run; a weight file of ours; or the folder of a Hugging Face PaliGemma with its tokenizer.model.

The first question to a model compiles it, which is kept for the next time.
"""
_EPILOG = """\
examples:
  spatialvlm ask docs/images/world_11.png "how wide is the blue ball?"
  spatialvlm ask room.jpg "How far is the mug from the lamp?" "Is the mug left of the lamp?" \\
    --model=runs/mine --unsure --json
  spatialvlm ask room.jpg "How tall is the chair?" --model=runs/rays --fov=65 --camera-height=1.5
"""
ENDS_SOON = True


def add_parser(subparsers: Any) -> None:
    """Adds the verb `ask`."""
    parser = subparsers.add_parser(
        "ask",
        help="ask a model questions about a picture",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("image", type=place, metavar="IMAGE", help="a picture; of several in a file, the first")
    help_text = "each on its own; where the model says what it was taught, in the words of that"
    add("questions", nargs="+", metavar="QUESTION", help=help_text)
    add_model_flags(add)
    add("--json", action="store_true", help="print one JSON object instead of a table")
    add_doubt_flags(parser)
    help_text = (
        "ask each question in up to N ways and put together what is said: 2 takes the other order "
        "of its objects first (1)"
    )
    add("--wordings", type=whole_number(1, 6), default=1, metavar="N", help=help_text)
    add_values_flag(add)
    add_camera_flags(parser)


def run(args: argparse.Namespace) -> int:
    """Asks and prints."""
    from spatialvlm_jax import progress

    if not args.json:
        progress.begin_importing()
    import spatialvlm_jax
    from spatialvlm_jax.errors import UserError
    from spatialvlm_jax.inference.load import load_to_ask
    from spatialvlm_jax.inference.picture import CameraFacts, open_picture

    progress.end_importing()
    camera = CameraFacts(args.fov, args.camera_height, args.pitch)
    picture = open_picture(args.image)
    for note in picture.notes:
        print(f"spatialvlm ask: {args.image}: {note}", file=sys.stderr)
    for number, question in enumerate(args.questions, 1):
        if not question.strip():
            raise UserError(f"question {number} of {len(args.questions)} is empty")
        if os.path.isfile(question):  # pathlib would raise for one that is too long for a name
            raise UserError(f"{question} is a file, not a question: one picture is asked at a time")
    with progress.waiting("loading the model", "loaded it", quiet=args.json):
        model = load_to_ask(args.model, args.tokenizer, args.untaught, args.unseen)
    with progress.waiting("asking (the first time compiles)", "asked", quiet=args.json):
        answers = model.ask(
            picture,
            args.questions,
            camera=camera,
            doubt=doubt_by_flags(args, model.doubt),
            wordings=args.wordings,
            scored_values=args.scored_values,
        )
    if args.json:
        found = {
            "image": str(args.image),
            "model": args.model,
            "version": spatialvlm_jax.__version__,
            "answers": [answer.as_dict() for answer in answers],
        }
        print(json.dumps(found, indent=1))
    else:
        print("\n".join([*_table(answers), *_notes(answers)]))
    return 0


def _table(answers: Sequence["SpatialAnswer"]) -> list[str]:
    """The answers; those of which something is to be known are numbered as it is below them."""
    from spatialvlm_jax.errors import one_line
    from spatialvlm_jax.inference.answer_notes import number_notes
    from spatialvlm_jax.text_table import align_columns

    head = ("question", "answer", "value", "90 % interval", "sure")
    rows = [
        (one_line(each.question), one_line(each.text) + number, *_figures(each))
        for each, number in zip(answers, number_notes(answers), strict=True)
    ]
    return align_columns([head, *rows], rule=True, left=2)


def _notes(answers: Sequence["SpatialAnswer"]) -> list[str]:
    """What is to be known of them, behind an empty line, and how to ask what was not asked."""
    from spatialvlm_jax.inference.answer_notes import tell_notes

    lines = tell_notes(answers)
    if not all(each.asked for each in answers):
        lines.append("--untaught asks what the model was not taught all the same")
    if any(not each.is_sure and (each.interval or each.confidence) for each in answers):
        lines.append("--always-answer says what the model doubts too much, too")
    if any(each.is_unseen for each in answers):
        lines.append("--unseen asks about what the model cannot see all the same")
    return ["", *lines] if lines else []


def _figures(answer: "SpatialAnswer") -> tuple[str, str, str]:
    """Value, interval and confidence, as people read them; "" where there is none."""
    sure = "" if answer.confidence is None else f"{100 * answer.confidence:.0f} %"
    return *answer.describe_value(), sure

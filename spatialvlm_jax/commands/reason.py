"""`spatialvlm reason`: composed questions about a picture, broken up into what a model answers."""

import argparse
import json
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spatialvlm_jax.flags import check_suffix, number, place, whole_number
from spatialvlm_jax.inference.asking_flags import add_camera_flags, add_model_flags

if TYPE_CHECKING:
    from spatialvlm_jax.inference.picture import CameraFacts
    from spatialvlm_jax.reasoning.eyes import Eyes
    from spatialvlm_jax.reasoning.trace import Trace

_DESCRIPTION = """\
Breaks a composed question up into simple ones, asks a model each, and computes with what the model
thinks possible: the probability of an order, the interval of a sum. Prints the sub-questions with
their answers, the reasoning and the conclusion. docs/reasoning.md lists the sentences that are
known. Nothing is downloaded.
"""
_EPILOG = """\
examples:
  spatialvlm reason docs/images/world_11.png \\
    "Which of the yellow box, the white chair and the gray sofa is nearest to the camera?"
  spatialvlm reason room.jpg "Would the sofa fit through a gap of 0.8 m?" --model=runs/mine \\
    --trace=trace.jsonl
  spatialvlm reason --replay=trace.jsonl --json
  spatialvlm reason data/worlds/validation/2 \\
    "How long is the path from the red mug to the white chair?" --page=reasoned.html
  spatialvlm reason room.jpg "Is the sofa wider than two of the chair?" \\
    --coordinator=http://127.0.0.1:8000/v1
"""
ENDS_SOON = True


def add_parser(subparsers: Any) -> None:
    """Adds the verb `reason`."""
    parser = subparsers.add_parser(
        "reason",
        help="answer composed questions by asking simple ones",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    help_text = "a picture, or SET/SPLIT/N: picture N of a stored set"
    add("image", nargs="?", type=place, metavar="IMAGE", help=help_text)
    add("questions", nargs="*", metavar="QUESTION", help="composed ones, each on its own")
    add_model_flags(add)
    add("--json", action="store_true", help="print one JSON object")
    help_text = "also write all that was said, a JSON line a question"
    add("--trace", type=place, metavar="FILE.jsonl", help=help_text)
    help_text = "also write a page of picture and steps, with the truth where it is known"
    add("--page", type=place, metavar="FILE.html", help=help_text)
    help_text = "derive the conclusions of a trace again, without model, and picture but for --page"
    add("--replay", type=place, metavar="FILE", help=help_text)
    _add_coordinator(parser.add_argument_group("a language model that breaks questions up"))
    add_camera_flags(parser)


def _add_coordinator(group: Any) -> None:
    add = group.add_argument
    help_text = "an OpenAI-compatible endpoint (SPATIALVLM_REASON_COORDINATOR; none for none)"
    add("--coordinator", default="", metavar="URL", help=help_text)
    help_text = (
        "its name there (SPATIALVLM_REASON_COORDINATOR_MODEL, else the first that is listed)"
    )
    add("--coordinator-model", default="", metavar="NAME", help=help_text)
    help_text = "replies that it may take to an answer (12)"
    add("--coordinator-steps", type=whole_number(1, 1_000), default=12, metavar="N", help=help_text)
    help_text = "different questions that it may ask about the picture (24)"
    flag = "--coordinator-questions"
    add(flag, type=whole_number(1, 1_000), default=24, metavar="N", help=help_text)
    help_text = "that are waited for it in all (60)"
    flag = "--coordinator-seconds"
    add(flag, type=number(1.0, 86_400.0), default=60.0, metavar="SECONDS", help=help_text)


def run(args: argparse.Namespace) -> int:
    """Reasons, prints, and writes the trace."""
    from spatialvlm_jax.errors import UserError
    from spatialvlm_jax.reasoning.trace import write_traces

    for path, flag, suffix in ((args.page, "--page", ".html"), (args.trace, "--trace", ".jsonl")):
        if path is not None:
            check_suffix(path, flag, suffix)
    if args.replay is not None:
        traces, eyes = _replay(args)
    elif args.image is None or not args.questions:
        raise UserError("name a picture and a question, or a trace to --replay")
    else:
        traces, eyes = _reason(args)
    if args.trace is not None:
        write_traces(args.trace, traces)
    if args.page is not None and eyes is not None:
        from spatialvlm_jax.browser.trace_page import write_trace_page

        write_trace_page(args.page, traces, eyes)
    for trace in traces:
        if trace.meta["ended"] is not None:
            raise UserError(trace.meta["ended"])
    if args.json:
        print(json.dumps({"reasoned": [_as_dict(trace) for trace in traces]}, indent=1))
    else:
        print("\n\n".join("\n".join(_describe(trace)) for trace in traces))
        written = [path for path in (args.trace, args.page) if path is not None]
        if written:
            print("", *written, sep="\n")
    return 0


def _replay(args: argparse.Namespace) -> "tuple[list[Trace], Eyes | None]":
    """What a trace holds, with the picture that a page is to show."""
    from spatialvlm_jax.errors import UserError
    from spatialvlm_jax.reasoning.eyes import Eyes
    from spatialvlm_jax.reasoning.replay import derive_again
    from spatialvlm_jax.reasoning.trace import read_traces

    if args.questions or (args.image is not None and args.page is None):
        raise UserError("--replay takes pictures and questions from the trace: name no other")
    if args.image is None and args.page is not None:
        raise UserError("--page shows the picture, which a trace does not hold: name it, too")
    traces = list(read_traces(args.replay, derive_again))
    if args.image is None:
        return traces, None
    eyes = Eyes.open(args.image, _camera(args))
    if any(trace.meta.get("image_sha256") != eyes.picture.sha256 for trace in traces):
        raise UserError(f"{args.image} is not the picture that {args.replay} is about")
    return traces, eyes


def _camera(args: argparse.Namespace) -> "CameraFacts":
    from spatialvlm_jax.inference.picture import CameraFacts

    return CameraFacts(args.fov, args.camera_height, args.pitch)


def _reason(args: argparse.Namespace) -> "tuple[list[Trace], Eyes]":
    from spatialvlm_jax import __version__, progress
    from spatialvlm_jax.reasoning.coordinator import CoordinatorLimits, coordinate
    from spatialvlm_jax.reasoning.endpoint import check_coordinator, connect, named_coordinator
    from spatialvlm_jax.reasoning.plan import ReasoningPlan, reason
    from spatialvlm_jax.reasoning.trace import plan_trace

    url, named = named_coordinator(args.coordinator, args.coordinator_model, os.environ)
    # What cannot be asked is told before a model is loaded.
    if url:
        check_coordinator(url)
    else:
        for question in args.questions:
            ReasoningPlan.of(question)
    if not args.json:
        progress.begin_importing()
    from spatialvlm_jax.inference.load import load_to_ask
    from spatialvlm_jax.reasoning.eyes import Eyes

    progress.end_importing()
    eyes = Eyes.open(args.image, _camera(args))
    with progress.waiting("loading the model", "loaded it", quiet=args.json):
        ask = eyes.asking(load_to_ask(args.model, args.tokenizer, args.untaught, args.unseen))
    origin = {
        "image_sha256": eyes.picture.sha256,
        "checkpoint": str(args.model),
        "seed": 0,
        "version": __version__,
    }
    with progress.waiting("asking (the first time compiles)", "asked", quiet=args.json):
        if not url:
            traces = [plan_trace(reason(question, ask), origin) for question in args.questions]
            return traces, eyes
        limits = CoordinatorLimits(
            args.coordinator_steps, args.coordinator_questions, args.coordinator_seconds
        )
        origin["coordinator"] = named
        traces = [
            coordinate(question, connect(url, named), ask, origin, limits)
            for question in args.questions
        ]
    return traces, eyes


def _as_dict(trace: "Trace") -> dict[str, Any]:
    """For JSON: the sub-answers, the reasoning, and what is in the trace's meta."""
    answers = [answer.as_dict() for answer in trace.answers()]
    return {
        "question": trace.question,
        "sub_answers": answers,
        "reasoning": trace.reasoning(),
        **trace.meta,
    }


def _describe(trace: "Trace") -> Sequence[str]:
    """Lines for people; answers of which something is to be known are numbered as in `ask`."""
    from spatialvlm_jax.errors import one_line
    from spatialvlm_jax.inference.answer_notes import number_notes, tell_notes
    from spatialvlm_jax.text_table import align_columns

    answers = trace.answers()
    rows = [("asked", "answer", "value", "90 % interval")]
    for answer, mark in zip(answers, number_notes(answers), strict=True):
        words = one_line(answer.question), answer.describe_text() + mark
        rows.append((*words, *answer.describe_value()))
    notes = tell_notes(answers)
    probability = trace.meta.get("probability")
    sure = "" if probability is None else f" (probability {probability:.2f})"
    lines = [one_line(trace.question), "", *align_columns(rows, rule=True, left=2), ""]
    reasoning = [one_line(step) for step in trace.reasoning()]
    concluded = f"-> {one_line(trace.meta['text'])}{sure}"
    return [*lines, *notes, *([""] if notes else []), *reasoning, concluded]

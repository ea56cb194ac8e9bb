"""`spatialvlm score`: mark a file of replies by a benchmark's rules."""

import argparse
from typing import Any

from spatialvlm_jax.flags import check_suffix, place

_DESCRIPTION = """\
Marks what a model said to the questions of a public benchmark, under its official rule and under
ours that reads what a reply says, side by side; nothing is asked, and nothing is downloaded.

PREDICTIONS holds a reply a line: {"id": ..., "text": ...}; ids are the benchmark's own, or where it
has none the numbers of its records, from 0. Dumps of other harnesses are read as they are:
--as=lmms (DATE_samples_TASK.jsonl of lmms-eval), --as=vlmeval (a table of VLMEvalKit in .xlsx,
.tsv, .csv or .json). Replies are joined by id and checked by the truth and the question that the
file tells.

A question without a reply, or with a harness's message that it got none, counts as wrong.
"""
_EPILOG = """\
examples:
  spatialvlm score replies.jsonl --benchmark=q_spatial --data=downloaded/q_spatial
  spatialvlm score 20261128_samples_cv_bench.jsonl --as=lmms --benchmark=cv_bench --data=cv_bench
  spatialvlm score replies.jsonl --benchmark=pope --data=coco_pope_popular.json --spread
  spatialvlm score new.jsonl --against=old.jsonl --benchmark=emb_spatial --data=emb_spatial
"""


def add_parser(subparsers: Any) -> None:
    """Adds the verb `score`."""
    parser = subparsers.add_parser(
        "score",
        help="mark a file of replies by a benchmark's rules",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("predictions", type=place, metavar="PREDICTIONS", help="the replies of one model")
    add("--benchmark", required=True, metavar="NAME", help="`spatialvlm benchmarks` lists them")
    help_text = "its own files, or a folder that has them in one of its name"
    add("--data", type=place, required=True, metavar="PATH", help=help_text)
    add("--as", dest="form", default="jsonl", metavar="FORM", help="jsonl, lmms or vlmeval")
    help_text = "what the model was given: pixels, camera or depth; of regions boxes or names"
    add("--track", default="", metavar="NAME", help=help_text)
    help_text = "replies of another model to the same questions, to compare with"
    add("--against", type=place, metavar="PREDICTIONS", help=help_text)
    add("--spread", action="store_true", help="show the rules of other scorers, too")
    help_text = "leave out records that lack a field, and count them"
    add("--allow-missing", action="store_true", help=help_text)
    help_text = "write the replies there as lmms-eval's samples (.jsonl)"
    add("--write-lmms", type=place, metavar="FILE", help=help_text)
    help_text = "write the replies there as VLMEvalKit's table (.tsv)"
    add("--write-vlmeval", type=place, metavar="FILE", help=help_text)
    add("--json", type=place, metavar="FILE", help="write the figures there, too")


def run(args: argparse.Namespace) -> int:
    """Marks and prints."""
    from spatialvlm_jax.asking.flags import find_data
    from spatialvlm_jax.atomic_write import write_json, write_text
    from spatialvlm_jax.errors import one_line
    from spatialvlm_jax.evaluation.benchmarks import dumps, score_table
    from spatialvlm_jax.evaluation.benchmarks.comparing import comparison_lines
    from spatialvlm_jax.evaluation.benchmarks.constants import best_constant
    from spatialvlm_jax.evaluation.benchmarks.joining import join
    from spatialvlm_jax.evaluation.benchmarks.loading import as_found, load_questions
    from spatialvlm_jax.evaluation.benchmarks.predictions import find_track, read_predictions
    from spatialvlm_jax.evaluation.benchmarks.registry import find_benchmark
    from spatialvlm_jax.evaluation.benchmarks.scoring import score_replies

    benchmark = find_benchmark(args.benchmark)
    args.data = find_data(args.data, benchmark.name, is_only=True)
    benchmark = as_found(benchmark, args.data)
    _check_places(args)
    predictions = read_predictions(args.predictions, args.form)
    track = find_track(predictions, args.track, str(args.predictions))
    benchmark.check_track(track)
    questions = load_questions(benchmark, args.data, args.allow_missing)
    joined = join(questions.items, predictions, questions.places)
    scores = score_replies(benchmark, questions.items, joined.replies)
    counts = {
        "replies": len(predictions),
        "missing_replies": len(questions.items) - len(joined.replies),
        "failed_requests": sum(each.has_failed for each in joined.replies.values()),
        "cut_by_a_spreadsheet": sum(each.is_cut for each in joined.replies.values()),
        "replies_of_no_question": joined.strangers,
        "records_left_out": len(questions.missing),
    }
    chosen = ", ".join(sorted({each.by for each in predictions} - {""}))
    print(one_line(f"{benchmark.name}{_manner(track, chosen)}: {_said(counts)}"))
    print("\n".join(score_table.figures_table(scores, args.spread)))
    if args.spread and not benchmark.rules:
        print(f"no rule of another scorer of {benchmark.name} is known here: --spread adds none")
    print("\n".join(score_table.headline_lines(scores)))
    constant = best_constant(benchmark, questions.items)
    print(f"replies that never change, the best of those tried: {100 * constant:.2f} %, robust")
    print(f"official: {benchmark.official_is}")
    print(f"by the robust rule: {score_table.states_line(scores)}")
    print("\n".join(score_table.differing_lines(scores)))
    if args.against:
        against = read_predictions(args.against, args.form)
        find_track(against, track, str(args.against))
        others = join(questions.items, against, questions.places)
        other = score_replies(benchmark, questions.items, others.replies)
        print("\n".join(comparison_lines(scores, other)))
    for line in questions.missing[:1]:
        print(f"left out: {line}")
    if args.write_lmms:
        write_text(args.write_lmms, dumps.lmms_samples(questions.places, joined.replies))
    if args.write_vlmeval:
        write_text(args.write_vlmeval, dumps.vlmeval_table(questions.places, joined.replies))
    if args.json:
        found = score_table.scores_as_dict(scores)
        manner = {"track": track or None, "by": chosen or None}
        write_json(args.json, found | {"best_constant": constant, **manner, "counts": counts})
    return 0


def _check_places(args: argparse.Namespace) -> None:
    """Raises UserError where a file to write has another ending, or is what is read."""
    from spatialvlm_jax.errors import UserError

    places = {
        "--json": (args.json, ".json"),
        "--write-lmms": (args.write_lmms, ".jsonl"),
        "--write-vlmeval": (args.write_vlmeval, ".tsv"),
    }
    for flag, (path, suffix) in places.items():
        if path:
            check_suffix(path, flag, suffix)
            inside = path.exists() and path.resolve().is_relative_to(args.data.resolve())
            read = (args.predictions, args.data, *([args.against] if args.against else []))
            if inside or path.resolve() in [each.resolve() for each in read]:
                raise UserError(f"{flag}={path} is what is read: name another place")


def _manner(track: str, chosen: str) -> str:
    """How the questions were shown, and by which likelihood replies were chosen."""
    return f"{f', track {track}' if track else ''}{f', by {chosen}' if chosen else ''}"


def _said(counts: dict[str, int]) -> str:
    return ", ".join(
        f"{name.replace('_', ' ')} {count:,}"
        for name, count in counts.items()
        if count or name == "replies"
    )

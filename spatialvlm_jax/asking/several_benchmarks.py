"""Several benchmarks asked of several models, and one report of all."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from spatialvlm_jax import progress
from spatialvlm_jax.asking.benchmark_run import Probes, ask_benchmark, marked_so_far
from spatialvlm_jax.asking.example_pictures import example_pictures
from spatialvlm_jax.asking.flags import find_data
from spatialvlm_jax.asking.opened_benchmark import (
    OpenedBenchmark,
    alter_pictures,
    open_benchmark,
)
from spatialvlm_jax.asking.question import (
    BOXES,
    NAMES,
    AskingStopped,
    By,
    Respondent,
    candidates_of,
    manner_of,
    shows_one_picture,
)
from spatialvlm_jax.asking.respondents import (
    ENDPOINT,
    check_names,
    endpoint_bounds,
    folder_of,
    name_of_model,
    open_respondent,
)
from spatialvlm_jax.asking.said_replies import mark_said
from spatialvlm_jax.atomic_write import write_json, write_text
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.benchmarks import report
from spatialvlm_jax.evaluation.benchmarks.examples import ExamplePictures
from spatialvlm_jax.evaluation.benchmarks.item import Benchmark
from spatialvlm_jax.evaluation.benchmarks.registry import BENCHMARKS, find_benchmark
from spatialvlm_jax.evaluation.benchmarks.report_page import write_report_page
from spatialvlm_jax.evaluation.tracks import PIXELS
from spatialvlm_jax.flags import this_command
from spatialvlm_jax.storage.only_writer import only_writer

REPORT = "report"
ALL = "all"  # of --benchmark


def run_benchmarks(args: argparse.Namespace, out: Path) -> int:
    """Asks and reports.

    Args:
      args: of the flags of `flags`. out: a folder; report.html, .md and .json go there, and the
        replies below replies/.

    Returns:
      0, or 1 where a model could not be asked all.

    Raises:
      UserError: before anything is asked, what cannot be.
    """
    benchmarks = _named(args)
    asked = [each for each in benchmarks if shows_one_picture(each) or not args.said]
    places = (args.model or ["small128"]) if asked else []
    check_names(places)
    _check_track(asked, args.track)
    opened = [_open(each, args, len(benchmarks) == 1) for each in asked]
    _check_likelihood(opened, args.by)
    said = _mark_said(benchmarks, args, [folder_of(name_of_model(where)) for where in places])
    limits, budget = endpoint_bounds(args)
    found: list[report.ModelScores] = []
    stopped: list[str] = []
    # One that is not there is told before others are asked for hours.
    endpoints = {
        where: open_respondent(where, args.tokenizer, limits, budget)
        for where in places
        if where.startswith(ENDPOINT)
    }
    with only_writer(out):
        for where in places:
            with progress.waiting(f"loading {where}", f"loaded {where}"):
                model = endpoints.get(where) or open_respondent(
                    where, args.tokenizer, limits, budget
                )
            folder = out / "replies" / folder_of(model.name)
            scores, why = _ask_all(model, opened, folder, args.probes)
            found += scores
            if why:
                stopped.append(f"{model.name}: {why}")
        if not found and not said:
            why = "; ".join(stopped)
            raise UserError(f"no question was answered; there is no report in {out}: {why}")
        _write(out, [*found, *said], example_pictures(opened, found))
    if budget.requests:
        print(f"{budget.requests:,} requests, {budget.tokens:,} tokens")
    print(f"report: {out / REPORT}.html", flush=True)
    for line in filter(None, map(_unreadable, found)):
        print(line, file=sys.stderr)
    return _end(found, stopped)


def _unreadable(scores: report.ModelScores) -> str:
    """How to ask a model that was not taught to name options, where half of its replies name none;
    "" otherwise."""
    states = [each.state for each in scores.scores.replies if each.item.options]
    count = states.count("unreadable")
    if scores.chosen or 2 * count <= len(states):
        return ""
    return (
        f"{scores.model}, {scores.benchmark}: {count:,} of {len(states):,} replies name no option; "
        "--by=likelihood, or --by=texts, takes the likeliest one of a model here that was not "
        "taught to say them"
    )


def _end(found: Sequence[report.ModelScores], stopped: Sequence[str]) -> int:
    """The exit code; what has no reply is said at last, where the eye is, and how to go on."""
    missing = [
        f"{each.model}, {each.benchmark}: {said}" for each in found for said in each.missing()
    ]
    if not missing and not stopped:
        return 0
    for line in [*missing, *stopped]:
        print(line, file=sys.stderr)
    print(f"what is answered is kept; go on by {this_command()}", file=sys.stderr)
    return 1


def _named(args: argparse.Namespace) -> list[Benchmark]:
    """What --benchmark names; "all" are those that have a folder of their name below --data.

    Raises:
      UserError: there is none of a name, or none at all.
    """
    names = list(dict.fromkeys(args.benchmark))
    if names != [ALL]:
        return [find_benchmark(name) for name in names]
    here = [each for each in BENCHMARKS.values() if (args.data / each.name).is_dir()]
    for each in here:
        if not shows_one_picture(each) and not args.said:
            progress.say(f"{each.name} shows more than one picture: it is marked by --said alone")
    found = [each for each in here if shows_one_picture(each) or args.said]
    if not found:
        raise UserError(
            f"--data={args.data} has no folder of a benchmark that can be asked, such as cv_bench/"
        )
    return found


def _mark_said(
    benchmarks: Sequence[Benchmark], args: argparse.Namespace, names: Sequence[str]
) -> list[report.ModelScores]:
    """What others said to each benchmark, where --said names them.

    Args:
      names: of the models that are asked.

    Raises:
      UserError: one of the others is named like them, or none of them said anything.
    """
    if not args.said:
        return []
    found = []
    for each in benchmarks:
        place = find_data(args.data, each.name, len(benchmarks) == 1)
        marked = mark_said(
            args.said, each, place, allow_missing=args.allow_missing, most=args.questions
        )
        if not marked and not shows_one_picture(each):
            progress.say(f"{each.name}: nothing of it is in {args.said}, and it is asked of nobody")
        found += marked
    if not found:
        known = ", ".join(each.name for each in benchmarks)
        raise UserError(f"--said={args.said} has no MODEL/BENCHMARK.jsonl of {known}")
    for name in sorted({each.model for each in found} & set(names)):
        raise UserError(f"two models are named {name}: rename the folder {args.said / name}")
    return found


def _check_track(benchmarks: Sequence[Benchmark], track: str) -> None:
    """Tells which benchmarks are asked without the regions that --track is about.

    Raises:
      UserError: none of them has any.
    """
    if track not in (BOXES, NAMES) or not benchmarks:
        return
    without = [each for each in benchmarks if track not in each.tracks]
    if len(without) == len(benchmarks):
        without[0].check_track(track)
    for each in without:
        progress.say(f"{each.name} has no regions: it is asked with --track={PIXELS}")


def _check_likelihood(opened: Sequence[OpenedBenchmark], by: By) -> None:
    """Tells how many questions have nothing to choose from, whose replies are generated.

    Raises:
      UserError: no question has.
    """
    if by == "words" or not opened:
        return
    free = [sum(not candidates_of(item, by) for item in each.items) for each in opened]
    options = "options" if by == "likelihood" else "options with texts of their own"
    if all(count == len(each.items) for count, each in zip(free, opened, strict=True)):
        raise UserError(
            f"no question of {', '.join(each.benchmark.name for each in opened)} has {options}, or "
            f"yes or no, to choose from: leave out --by={by}"
        )
    for count, each in zip(free, opened, strict=True):
        if count:
            said = f"{count:,} of {len(each.items):,} questions have no {options}, nor yes or no"
            progress.say(f"{each.benchmark.name}: {said}: their replies are generated")


def _open(benchmark: Benchmark, args: argparse.Namespace, is_only: bool) -> OpenedBenchmark:
    track = args.track
    if not benchmark.tracks and track in ("", BOXES, NAMES):  # `_check_track` has told it
        track = PIXELS
    return open_benchmark(
        benchmark,
        find_data(args.data, benchmark.name, is_only),
        args.images,
        manner_of(args, track, args.by),
        allow_missing=args.allow_missing,
        most=args.questions,
    )


def _ask_all(
    model: Respondent, opened: Sequence[OpenedBenchmark], folder: Path, probes: Probes
) -> tuple[list[report.ModelScores], str]:
    """What the model said to all that it could be asked, and why no more."""
    for each in opened:
        model.check(each.manner)
        for probe in probes:
            alter_pictures(each, each.items, probe)
    found, why = [], ""
    for each in opened:
        path = folder / f"{each.benchmark.name}.jsonl"
        if not why:
            try:
                found.append(ask_benchmark(model, each, path, probes))
                continue
            except AskingStopped as error:
                why = str(error)
        if (kept := marked_so_far(model, each, path, probes)) is not None:
            found.append(kept)
    return found, why


def _write(out: Path, found: Sequence[report.ModelScores], pictures: ExamplePictures) -> None:
    """By benchmark, as they were named; models in their order."""
    text = report.markdown(found)
    write_text(out / f"{REPORT}.md", text)
    write_json(out / f"{REPORT}.json", report.as_document(found))
    write_report_page(out / f"{REPORT}.html", found, pictures)
    print(text)

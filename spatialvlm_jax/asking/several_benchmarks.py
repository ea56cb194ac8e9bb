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
)
from spatialvlm_jax.asking.respondents import (
    ENDPOINT,
    check_names,
    endpoint_bounds,
    folder_of,
    open_respondent,
)
from spatialvlm_jax.atomic_write import write_json, write_text
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.benchmarks import report
from spatialvlm_jax.evaluation.benchmarks.examples import ExamplePictures
from spatialvlm_jax.evaluation.benchmarks.item import Benchmark
from spatialvlm_jax.evaluation.benchmarks.registry import find_benchmark
from spatialvlm_jax.evaluation.benchmarks.report_page import write_report_page
from spatialvlm_jax.evaluation.tracks import PIXELS
from spatialvlm_jax.flags import this_command
from spatialvlm_jax.storage.only_writer import only_writer

REPORT = "report"


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
    places = args.model or ["small128"]
    check_names(places)
    names = list(dict.fromkeys(args.benchmark))
    benchmarks = [find_benchmark(name) for name in names]
    _check_track(benchmarks, args.track)
    opened = [_open(each, args, len(names) == 1) for each in benchmarks]
    _check_likelihood(opened, args.by)
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
        if not found:
            why = "; ".join(stopped)
            raise UserError(f"no question was answered; there is no report in {out}: {why}")
        _write(out, found, example_pictures(opened, found))
    if budget.requests:
        print(f"{budget.requests:,} requests, {budget.tokens:,} tokens")
    print(f"report: {out / REPORT}.html", flush=True)
    return _end(found, stopped)


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


def _check_track(benchmarks: Sequence[Benchmark], track: str) -> None:
    """Tells which benchmarks are asked without the regions that --track is about.

    Raises:
      UserError: none of them has any.
    """
    if track not in (BOXES, NAMES):
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
    if by == "words":
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

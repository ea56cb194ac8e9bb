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
from spatialvlm_jax.asking.question import BOXES, NAMES, PIXELS, AskingStopped, Manner, Respondent
from spatialvlm_jax.asking.respondents import (
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
    opened = [_open(find_benchmark(name), args, len(names) == 1) for name in names]
    limits, budget = endpoint_bounds(args)
    found: list[report.ModelScores] = []
    stopped = False
    with only_writer(out):
        for where in places:
            with progress.waiting(f"loading {where}", f"loaded {where}"):
                model = open_respondent(where, args.tokenizer, limits, budget)
            folder = out / "replies" / folder_of(model.name)
            scores, why = _ask_all(model, opened, folder, args.probes)
            found += scores
            if why:
                print(f"{model.name}: {why}", file=sys.stderr)
                stopped = True
        if not found:
            raise UserError(f"no question was answered; there is no report in {out}")
        _write(out, found, example_pictures(opened, found))
    if budget.requests:
        print(f"{budget.requests:,} requests, {budget.tokens:,} tokens")
    print(f"report: {out / REPORT}.html")
    return int(stopped or any(each.unasked or each.failures for each in found))


def _open(benchmark: Benchmark, args: argparse.Namespace, is_only: bool) -> OpenedBenchmark:
    track = args.track
    if not benchmark.tracks and track in ("", BOXES, NAMES):  # regions are meant for others
        track = PIXELS
    return open_benchmark(
        benchmark,
        find_data(args.data, benchmark.name, is_only),
        args.images,
        Manner(track, args.by, args.max_tokens),
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

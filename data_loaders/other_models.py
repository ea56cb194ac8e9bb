"""Another model, or a file of what one said, on the held-out questions of a configuration.

WORKDIR/replies.jsonl          what the model said so far, and replies_blind.jsonl of a probe
WORKDIR/summary.json, ...      as of a run's own evaluation
"""

import argparse
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from data_loaders.contents import held_out_contents
from data_loaders.worded_questions import (
    WordedQuestion,
    picture_of,
    save_worded_questions,
    show_held_out,
    word_questions,
)
from spatialvlm_jax import progress
from spatialvlm_jax.asking.gather import gather_replies
from spatialvlm_jax.asking.kept_replies import KeptReplies
from spatialvlm_jax.asking.question import (
    AskingStopped,
    Manner,
    Reply,
    Respondent,
    manner_of,
    put_question,
)
from spatialvlm_jax.asking.respondents import endpoint_bounds, open_respondent
from spatialvlm_jax.config import RUN_CONFIG
from spatialvlm_jax.errors import UserError, one_line
from spatialvlm_jax.evaluation.benchmarks.joining import join
from spatialvlm_jax.evaluation.benchmarks.predictions import read_predictions
from spatialvlm_jax.evaluation.report.missing import NOT_ASKED, describe_missing
from spatialvlm_jax.evaluation.report.publish import publish
from spatialvlm_jax.evaluation.rows import PredictionRow
from spatialvlm_jax.evaluation.scorer import Scorer, Scoring
from spatialvlm_jax.evaluation.tracks import CAMERA, PIXELS, track_of
from spatialvlm_jax.experiment import Experiment, Probe
from spatialvlm_jax.flags import this_command
from spatialvlm_jax.inputs.pictures import resize_image
from spatialvlm_jax.recipes import render_missing
from spatialvlm_jax.signals import WRITTEN_STAYS
from spatialvlm_jax.training.processes import multihost
from spatialvlm_jax.training.processes.stop import RunStop
from spatialvlm_jax.training.processes.workdir import only_run

_SIDE = 224  # pixels of a picture in the report
_SHOWN = 60  # characters of what a file says of itself


def write_held_out_questions(experiment: Experiment, folder: Path) -> None:
    """Writes the questions for models that are asked elsewhere, as `save_worded_questions` says."""
    _check_is_alone()
    render_missing(experiment.eval.datasets)
    save_worded_questions(word_questions(experiment), folder)


def evaluate_other(experiment: Experiment, args: argparse.Namespace, stop: RunStop) -> None:
    """Evaluates what `args` names, and prints the tables.

    Args:
      args: of `add_other_model_flags`, and the workdir.
      stop: told that what a signal ends goes on, as every reply is kept.

    Raises:
      UserError: it cannot be asked or read; or not all questions that were put to it got a reply,
        after the figures of those that did were written.
    """
    _check_is_alone()
    _check_is_apart(args.workdir)
    stop.request.outlook = WRITTEN_STAYS
    with only_run(args.workdir / "evaluations"):
        render_missing(experiment.eval.datasets)
        if args.predictions:
            _publish_predictions(experiment, args)
        else:
            _publish_asked(experiment, args)


def _check_is_alone() -> None:
    if not multihost.is_single_process():
        raise UserError("another model is evaluated by one process: start one alone")


def _check_is_apart(workdir: Path) -> None:
    """Refuses the workdir of a run, whose own figures would be written over."""
    of_run = [workdir / RUN_CONFIG, workdir / "checkpoints"]
    of_run += sorted((workdir / "evaluations").glob("step_*.json"))[:1]
    if any(path.exists() for path in of_run):
        raise UserError(
            f"--workdir={workdir} is of a run, whose own figures would be written over: name "
            f"another folder, and --config={workdir / RUN_CONFIG} for the questions of that run"
        )


def _publish_predictions(experiment: Experiment, args: argparse.Namespace) -> None:
    """Marks a file of what a model said."""
    predictions = read_predictions(args.predictions, args.form)
    questions = word_questions(experiment)
    joined = join([each.item for each in questions], predictions)
    if joined.strangers:
        print(f"{joined.strangers:,} replies are of no question")
    if experiment.eval.probes:
        progress.say("eval.probes: a file of what was said cannot be asked again; left out")
    _say_unread_distributions(experiment)
    replies = {
        key: Reply(key, failure=each.failure or each.text[:_SHOWN])
        if each.has_failed
        else Reply(key, each.text)
        for key, each in joined.replies.items()
    }
    tracks = {key: one_line(each.track)[:_SHOWN] for key, each in joined.replies.items()}
    missing = f"not in {args.predictions.name}"
    scorer = scorer_of(
        experiment,
        questions,
        replies,
        missing=missing,
        track=lambda each: tracks.get(each.item.id, ""),
    )
    subject, name = _subject(experiment), args.predictions.stem
    print(publish(args.workdir, name, scorer, {}, step=None, subject=subject), flush=True)
    if missing := describe_missing(scorer.failures):
        print(f"partial: {missing}", flush=True)


def _say_unread_distributions(experiment: Experiment) -> None:
    if experiment.eval.scored_values:
        progress.say("eval.scored_values: only a run's own weights have likelihoods; left out")


def _subject(experiment: Experiment) -> str:
    return f"the questions of {experiment.name}"


def _publish_asked(experiment: Experiment, args: argparse.Namespace) -> None:
    """Asks a model, and again with what probes change.

    Where no more can be asked, there are figures of what was answered up to there.
    """
    limits, budget = endpoint_bounds(args)
    with progress.waiting(f"loading {args.model}", f"loaded {args.model}"):
        model = open_respondent(args.model, args.tokenizer, limits, budget)
    track = CAMERA if model.is_told_cameras else PIXELS
    manner = manner_of(args, track)
    model.check(manner)
    _say_unread_distributions(experiment)
    scorer, stopped = _ask(experiment, args.workdir, model, manner, None)
    missing, probed = [describe_missing(scorer.failures)], {}
    if all(scorer.failures):
        said = stopped or missing[0]
        raise UserError(f"{model.name}: no question has a reply, so there are no figures: {said}")
    for probe in () if stopped else experiment.eval.probes:
        found, stopped = _ask(experiment, args.workdir, model, manner, probe)
        if said := describe_missing(found.failures):
            missing.append(f"{probe}{', which is left out' if stopped else ''}: {said}")
        if stopped:  # what was not asked would count as not seen
            break
        probed[probe] = found.answers()
    subject = _subject(experiment)
    tables = publish(args.workdir, model.name, scorer, probed, step=None, subject=subject)
    print(tables, flush=True)
    if budget.requests:
        print(f"{budget.requests:,} requests, {budget.tokens:,} tokens", flush=True)
    if any(missing) or stopped:
        said = "; ".join(filter(None, [*missing, stopped]))
        raise UserError(f"partial: {said}; what is answered is kept, go on by {this_command()}")


def _ask(
    experiment: Experiment,
    workdir: Path,
    model: Respondent,
    manner: Manner,
    probe: Probe | None,
) -> tuple[Scorer, str]:
    """What a model says to all questions, and why no more could be asked, "" where all were.

    What it said before is not asked again.
    """
    questions = word_questions(experiment, probe)
    sets = sorted(held_out_contents(experiment.eval.datasets).values())
    constant = {
        "model": model.name,
        "weights": model.identity,
        "sets": hashlib.sha256(json.dumps(sets).encode()).hexdigest()[:16],
        "track": manner.track,
        "probe": probe or "",
    }
    path = workdir / (f"replies_{probe}.jsonl" if probe else "replies.jsonl")
    put = [put_question(each.item, manner, each.shown_instead) for each in questions]
    kept = KeptReplies(path, put, constant)
    places = {each.item.id: each.chosen for each in questions}
    doing = f"{model.name}, {probe.replace('_', ' ')}" if probe else model.name
    stopped = ""
    try:
        gather_replies(
            model, kept, lambda pending: show_held_out(pending, places), manner, doing=doing
        )
    except AskingStopped as error:
        stopped = str(error)
    scorer = scorer_of(
        experiment,
        questions,
        kept.replies,
        missing=NOT_ASKED,
        track=lambda each: track_of(model.is_told_cameras, each.chosen.source.told),
        keeps_pictures=probe is None,
    )
    return scorer, stopped


def scorer_of(
    experiment: Experiment,
    questions: Sequence[WordedQuestion],
    replies: Mapping[str, Reply],
    *,
    missing: str,
    track: Callable[[WordedQuestion], str],
    keeps_pictures: bool = True,
) -> Scorer:
    """All questions with what was said to them, and pictures for pages.

    Args:
      replies: by the ids of their questions. missing: why others have none.
      track: on which a question was asked; "" where it is not known.
    """
    scorer = Scorer(Scoring.of(experiment.eval))
    for each in questions:
        chosen, slot, item = each.chosen, each.slot, each.item
        reply = replies.get(item.id) or Reply(item.id, failure=missing)
        scorer.add_row(
            PredictionRow(
                item.id,
                chosen.image_id,
                chosen.records[slot],
                reply.text,
                chosen.source.name,
                sight=chosen.sights[slot],
                prompt=item.prompt,
                failure=reply.failure,
                track=track(each),
            )
        )
        if keeps_pictures and scorer.pictures.wants(chosen.image_id):
            image = resize_image(picture_of(chosen).image, _SIDE, "pad")
            scorer.pictures.add(chosen.image_id, image)
    return scorer

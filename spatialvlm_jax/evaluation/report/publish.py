"""All that an evaluation leaves in a workdir, and the tables that it prints."""

from pathlib import Path

from spatialvlm_jax.evaluation.report import by_set, results
from spatialvlm_jax.evaluation.report.missing import describe_missing
from spatialvlm_jax.evaluation.report.page import write_report
from spatialvlm_jax.evaluation.scorer import Scorer
from spatialvlm_jax.evaluation.shown_pictures import write_small_pictures
from spatialvlm_jax.evaluation.tracks import describe_tracks


def publish(
    workdir: Path,
    name: str,
    scorer: Scorer,
    probed: results.Probed,
    *,
    step: int | None,
    subject: str = "",
) -> str:
    """Writes figures, predictions, small pictures and report; returns the tables to print.

    Args:
      name: of the experiment, or of another model.
      probed: answers to the same questions with something changed.
      step: of the weights; None where they are not of a run in `workdir`.
      subject: says under the name what was evaluated; "" says the step.
    """
    answers, which = scorer.answers(), scorer.scoring.which
    summary = results.save_results(workdir, step, answers, scorer.scoring, probed)
    write_small_pictures(workdir, scorer.pictures.small)
    earlier = None
    if step is not None:
        results.save_calibration(workdir, step, scorer.temperature(), answers)
        kept = results.load_comparable(workdir, which, answers)
        earlier = results.before(kept, step)
    page = write_report(
        workdir,
        name=name,
        step=step,
        answers=answers,
        pictures=scorer.pictures.whole,
        summary=summary,
        which=which,
        subject=subject,
    )
    old = earlier[1] if earlier else None
    partial = describe_missing(scorer.failures)
    sets = by_set.set_rows(summary, old, by_set.read_oracle(workdir))
    tables = [
        f"track: {describe_tracks(answer.row.track for answer in answers)}",
        f"partial: {partial}" if partial else "",
        results.format_table(results.headline_rows(summary, old)),
        by_set.format_sets(sets) if sets else "",
        results.format_table(results.type_rows(summary, old), first="question type"),
    ]
    return "\n\n".join([*filter(None, tables), f"report: {page}"])

"""One model asked the questions of one benchmark, as they are and behind other pictures."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from spatialvlm_jax import progress
from spatialvlm_jax.asking.gather import ShowQuestions, gather_replies
from spatialvlm_jax.asking.kept_replies import KeptReplies
from spatialvlm_jax.asking.opened_benchmark import OpenedBenchmark, alter_pictures
from spatialvlm_jax.asking.pictures import SEVERAL
from spatialvlm_jax.asking.question import CHOSEN, Respondent, put_question
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.benchmarks.item import Item
from spatialvlm_jax.evaluation.benchmarks.predictions import Prediction
from spatialvlm_jax.evaluation.benchmarks.report import ModelScores
from spatialvlm_jax.evaluation.benchmarks.scoring import Scores, score_replies
from spatialvlm_jax.experiment import PictureProbe

Probes = Sequence[PictureProbe]


def ask_benchmark(
    respondent: Respondent, opened: OpenedBenchmark, path: Path, probes: Probes = ()
) -> ModelScores:
    """Asks what is not answered yet, keeps the replies, and marks all.

    Args:
      path: the file of the replies; those to probes are beside it, BENCHMARK.blind.jsonl and so on.
      probes: what is shown in the stead of the pictures when all is asked again.

    Raises:
      AskingStopped: no other question can be asked now; the replies up to there are kept.
      UserError: the model cannot be asked so, or the file is of another one.
    """
    respondent.check(opened.manner)
    kept = _open_kept(respondent, opened, path)
    doing = f"{respondent.name}: {opened.benchmark.name}"
    gather_replies(respondent, kept, opened.show, opened.manner, doing=doing, keep=_is_lasting)
    probed = {}
    for probe, found, show in _open_probes(respondent, opened, path, kept, probes):
        said = f"{doing}, {probe.replace('_', ' ')}"
        gather_replies(respondent, found, show, opened.manner, doing=said)
        probed[probe] = found
    return mark_kept(respondent.name, opened, kept, probed)


def marked_so_far(
    respondent: Respondent, opened: OpenedBenchmark, path: Path, probes: Probes = ()
) -> ModelScores | None:
    """What the files of replies hold, marked; None where they hold none.

    Probes that are not through are left out: what is not asked would count as not answered.
    """
    kept = _open_kept(respondent, opened, path)
    if not kept.replies:
        return None
    probed = {
        probe: found
        for probe, found, _ in _open_probes(respondent, opened, path, kept, probes)
        if len(found.replies) == len(found.questions)
    }
    return mark_kept(respondent.name, opened, kept, probed)


def _constant(respondent: Respondent, opened: OpenedBenchmark) -> dict[str, str]:
    return {
        "model": respondent.name,
        "weights": respondent.identity,
        "benchmark": opened.benchmark.name,
        "track": opened.manner.track,
    }


def _open_kept(respondent: Respondent, opened: OpenedBenchmark, path: Path) -> KeptReplies:
    questions = [put_question(item, opened.manner) for item in opened.items]
    return KeptReplies(path, questions, _constant(respondent, opened))


def _open_probes(
    respondent: Respondent,
    opened: OpenedBenchmark,
    path: Path,
    kept: KeptReplies,
    probes: Probes,
) -> Iterator[tuple[PictureProbe, KeptReplies, ShowQuestions]]:
    """Of each probe the replies so far, and what finds its pictures.

    One that the pictures are too few for, now that those of several are known, is told and left
    out.
    """
    items = _asked_items(opened, kept)
    for probe in probes:
        try:
            altered = alter_pictures(opened, items, probe)
        except UserError as error:
            progress.say(str(error))
            continue
        questions = [put_question(item, opened.manner, altered.names[item.id]) for item in items]
        constant = _constant(respondent, opened) | {"probe": probe}
        file = path.with_suffix(f".{probe}{path.suffix}")
        yield probe, KeptReplies(file, questions, constant), altered.show


def _is_lasting(failure: str) -> bool:
    return failure == SEVERAL


def _asked_items(opened: OpenedBenchmark, kept: KeptReplies) -> list[Item]:
    """The questions but those of several pictures; raises UserError where there is no other."""
    several = {key for key, reply in kept.replies.items() if reply.failure == SEVERAL}
    items = [item for item in opened.items if item.id not in several]
    if not items:
        raise UserError(
            f"all questions of {opened.benchmark.name} show several pictures: none was asked"
        )
    return items


def mark_kept(
    name: str,
    opened: OpenedBenchmark,
    kept: KeptReplies,
    probed: Mapping[PictureProbe, KeptReplies],
) -> ModelScores:
    """The replies, marked; questions of several pictures are left out.

    Raises:
      UserError: there is no other question.
    """
    items = _asked_items(opened, kept)
    failures = _failures(kept)
    failures.pop(SEVERAL, None)
    for probe, found in probed.items():
        failures.update({f"{probe}: {why}": n for why, n in _failures(found).items()})
    return ModelScores(
        model=name,
        track=opened.manner.track,
        chosen=CHOSEN.get(opened.manner.by, ""),
        scores=_scores(opened, items, kept),
        several=len(opened.items) - len(items),
        left_out=opened.left_out,
        unasked=sum(item.id not in kept.replies for item in items),
        failures=dict(failures.most_common()),
        probes={probe: _scores(opened, items, found) for probe, found in probed.items()},
    )


def _failures(kept: KeptReplies) -> Counter[str]:
    return Counter(reply.failure for reply in kept.replies.values() if reply.failure)


def _scores(opened: OpenedBenchmark, items: Sequence[Item], kept: KeptReplies) -> Scores:
    replies = {
        key: Prediction(reply.text, key, failure=reply.failure, tied=reply.tied)
        for key, reply in kept.replies.items()
    }
    return score_replies(opened.benchmark, items, replies)

"""Questions put to a model as far as they are not answered yet, and the replies kept."""

from collections.abc import Callable, Iterator, Sequence

from spatialvlm_jax import progress
from spatialvlm_jax.asking.kept_replies import KeptReplies
from spatialvlm_jax.asking.question import Manner, Question, Reply, Respondent
from spatialvlm_jax.inference.picture import Picture

# Of questions, each with its picture, or with why there is none to show.
ShowQuestions = Callable[[Sequence[Question]], Iterator[tuple[Question, Picture | str]]]


def gather_replies(
    respondent: Respondent,
    kept: KeptReplies,
    show: ShowQuestions,
    manner: Manner,
    *,
    doing: str,
    keep: Callable[[str], bool] = lambda failure: False,
) -> None:
    """Asks what is not answered yet; `kept` has all replies then.

    Args:
      show: finds the pictures; questions one after another about one picture have the same object.
      doing: what a bar of progress says. keep: whether a failure would come again.

    Raises:
      AskingStopped: no other question can be asked now; the replies up to there are kept.
      UserError: a picture cannot be had at all.
    """
    pending = kept.unanswered(keep)
    if kept.stale:
        said = f"{kept.stale:,} replies were to other words or drawn otherwise, and are asked again"
        progress.say(f"{kept.path}: {said}")
    total = len(kept.questions)
    bar = progress.bar(desc=doing, unit="question", total=total, initial=total - len(pending))
    with bar, kept.growing() as add:
        if pending:
            for reply in _replies(respondent, show(pending), manner):
                add(reply)
                bar.update()


def _replies(
    respondent: Respondent, asked: Iterator[tuple[Question, Picture | str]], manner: Manner
) -> Iterator[Reply]:
    """Of the model, and where there is no picture to show, why."""
    unshown: list[Reply] = []

    def shown() -> Iterator[tuple[Question, Picture]]:
        for question, picture in asked:
            if isinstance(picture, str):
                unshown.append(Reply(question.item.id, failure=picture))
            else:
                yield question, picture

    for reply in respondent.replies(shown(), manner):
        yield reply
        yield from _emptied(unshown)
    yield from _emptied(unshown)


def _emptied(replies: list[Reply]) -> Iterator[Reply]:
    while replies:
        yield replies.pop()

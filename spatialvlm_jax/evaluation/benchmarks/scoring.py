"""Replies marked by every rule of a benchmark, and what follows from the marks."""

import dataclasses
from collections.abc import Mapping, Sequence

from spatialvlm_jax.errors import UserError, one_line
from spatialvlm_jax.evaluation.benchmarks.headline import headline_of
from spatialvlm_jax.evaluation.benchmarks.item import Benchmark, Item, Mark, Rule
from spatialvlm_jax.evaluation.benchmarks.predictions import Prediction
from spatialvlm_jax.evaluation.statistics.clusters import ClusteredRatio

OFFICIAL, ROBUST = "official", "robust"
_NONE = Mark(0.0)


@dataclasses.dataclass(frozen=True)
class MarkedReply:
    """A question, the reply to it (None where there is none), and its mark by every rule.

    is_asked: whether the model was asked it, as far as the replies tell.

    A reply that is missing, or in whose place a harness says that it got none, is not answered:
    no rule gives it anything. An empty one is marked by every rule, as its code does.
    """

    item: Item
    reply: str | None
    marks: Mapping[str, Mark]
    is_asked: bool = True

    @property
    def state(self) -> str:
        """ "not answered", "unreadable", "wrong", "partly right" or "right", by the robust rule."""
        robust = self.marks[ROBUST]
        if self.reply is None or not self.reply.strip():
            return "not answered"
        if robust.said is None and not robust.score:
            return "unreadable"
        return "right" if robust.score == 1 else "partly right" if robust.score else "wrong"

    @property
    def differs(self) -> bool:
        """Whether the official and the robust mark are not the same."""
        return self.marks[OFFICIAL].score != self.marks[ROBUST].score


_SHOWN = 60  # characters of a reply
STATES = ("right", "partly right", "wrong", "unreadable", "not answered")


@dataclasses.dataclass(frozen=True)
class Scores:
    """Every reply, marked, in the order of the questions."""

    benchmark: Benchmark
    replies: Sequence[MarkedReply]

    def figures(self) -> dict[str, dict[str, float]]:
        """By rule: the figures of the benchmark, the headline first."""
        return {
            rule: self.benchmark.figures([(each.item, each.marks[rule]) for each in self.replies])
            for rule in rules_of(self.benchmark)
        }

    def headlines(self) -> dict[str, ClusteredRatio]:
        """By rule: the headline as a mean of marks, with its error over pictures."""
        return {
            rule: headline_of(
                [(each.item, each.marks[rule]) for each in self.replies], self.benchmark.weights
            )
            for rule in rules_of(self.benchmark)
        }

    def states(self) -> dict[str, int]:
        """How many replies are in each state."""
        counts = dict.fromkeys(STATES, 0)
        for each in self.replies:
            counts[each.state] += 1
        return counts

    def differing(self) -> list[MarkedReply]:
        """Those whose official and robust marks are not the same."""
        return [each for each in self.replies if each.differs]


def headline_name(scores: Scores) -> str:
    """What the benchmark calls the figure that counts."""
    return next(iter(scores.figures()[OFFICIAL]))


def rules_of(benchmark: Benchmark) -> dict[str, Rule]:
    """All rules by their names: the official one, the robust one, those of other scorers."""
    return {OFFICIAL: benchmark.official, ROBUST: benchmark.robust, **benchmark.rules}


def score_replies(
    benchmark: Benchmark, items: Sequence[Item], replies: Mapping[str, Prediction]
) -> Scores:
    """Marks the replies by every rule.

    Args:
      replies: by the ids of their questions.

    Raises:
      UserError: replies that tie are no options of their question.
    """
    rules = rules_of(benchmark)
    return Scores(benchmark, [_marked(item, replies.get(item.id), rules) for item in items])


def _marked(item: Item, prediction: Prediction | None, rules: Mapping[str, Rule]) -> MarkedReply:
    if prediction is None or prediction.has_failed:
        return MarkedReply(item, None, dict.fromkeys(rules, _NONE), prediction is not None)
    texts = prediction.tied or (prediction.text,)
    if strange := [text for text in prediction.tied if item.options and text not in item.options]:
        raise UserError(
            f"{item.id}: {one_line(strange[0])[:_SHOWN]!r} of 'tied' is none of its options, "
            f"{', '.join(item.options)}"
        )
    marks: dict[Rule, Mark] = {}
    for rule in rules.values():
        if rule not in marks:
            marks[rule] = _shared([rule(item, text) for text in texts])
    by_name = {name: marks[rule] for name, rule in rules.items()}
    return MarkedReply(item, " or ".join(texts), by_name)


def _shared(marks: Sequence[Mark]) -> Mark:
    """The mean of the marks of replies that tie."""
    if len(marks) == 1:
        return marks[0]
    said = [mark.said for mark in marks if mark.said]
    return Mark(sum(mark.score for mark in marks) / len(marks), " or ".join(said) or None)

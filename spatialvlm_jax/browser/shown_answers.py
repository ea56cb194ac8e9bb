"""Answers as pages show them: an interval as a bar, the truth beside it, the steps."""

import dataclasses
from collections.abc import Sequence

from spatialvlm_jax.browser.exact_truth import ExactAnswer
from spatialvlm_jax.evaluation.answers import mark_number
from spatialvlm_jax.inference.spatial_answer import Doubt, SpatialAnswer
from spatialvlm_jax.pages.interval import interval_bar
from spatialvlm_jax.reasoning.plan import Conclusion
from spatialvlm_jax.units import METRIC, UNITS, describe_exact


@dataclasses.dataclass(frozen=True)
class ShownAnswer:
    """One answer.

    value, interval: in words, "" where there is none. bar: the interval as SVG. sure: probability
    of a verdict, 0 to 1. truth: in words. mark: "right", "near", "wrong" or "" where no truth is
    known. sub_answers, reasoning: the answers, in words, and the sentences that led to it. note: as
    of `SpatialAnswer`, and of each of the sub-answers.
    """

    question: str
    text: str
    value: str = ""
    interval: str = ""
    bar: str = ""
    sure: float | None = None
    truth: str = ""
    mark: str = ""
    sub_answers: tuple[dict[str, str], ...] = ()
    reasoning: tuple[str, ...] = ()
    note: str = ""

    @property
    def has_truths(self) -> bool:
        """Whether something is exactly known of a sub-answer."""
        return any(row["truth"] for row in self.sub_answers)


def shown_answer(answer: SpatialAnswer, truth: ExactAnswer | None, doubt: Doubt) -> ShownAnswer:
    """A direct answer.

    Args:
      doubt: from where on it is that none can be given.
    """
    said = doubt(answer)
    value, interval = said.describe_value()
    return ShownAnswer(
        question=said.question,
        text=said.text or "(nothing)",
        value=value,
        interval=interval,
        bar=_bar(said.interval, said.value, said.unit, truth),
        sure=said.confidence if said.verdict is not None else None,
        truth=truth.text if truth else "",
        mark=_mark(said.value, said.verdict, said.unit, truth) if said.is_sure else "",
        note=said.note,
    )


def shown_conclusion(
    question: str,
    answers: Sequence[SpatialAnswer],
    found: Conclusion,
    truth: ExactAnswer | None,
    parts: Sequence[ExactAnswer | None] = (),
) -> ShownAnswer:
    """What was concluded from several answers, with all that led to it.

    Args:
      parts: what is exactly so of each answer, if anything is known.
    """
    exact = list(parts) or [None] * len(answers)
    rows = [_row(answer, part) for answer, part in zip(answers, exact, strict=True)]
    return ShownAnswer(
        question=question,
        text=found.text,
        bar=_bar(found.interval, found.value, found.unit, truth),
        sure=found.probability,
        truth=truth.text if truth else "",
        mark=_mark(found.value, found.outcome or None, found.unit, truth) if _says(found) else "",
        sub_answers=tuple(rows),
        reasoning=found.reasoning,
    )


def _row(answer: SpatialAnswer, truth: ExactAnswer | None) -> dict[str, str]:
    value, interval = answer.describe_value()
    sure = "" if answer.confidence is None else f"{answer.confidence:.0%}"
    return {
        "question": answer.question,
        "note": answer.note,
        "text": answer.describe_text(),
        "value": value,
        "interval": interval or sure,
        "truth": truth.text if truth else "",
        "mark": _mark(answer.value, answer.verdict, answer.unit, truth),
    }


def point_rows(distance: float | None) -> list[str]:
    """What is exactly known of two clicked points."""
    if distance is None:
        return []
    return [f"Between the two points themselves: {describe_exact(distance, 'length')} (exact)"]


def _says(conclusion: Conclusion) -> bool:
    return conclusion.value is not None or bool(conclusion.outcome)


def _bar(
    interval: Sequence[float] | None, value: float | None, unit: str, truth: ExactAnswer | None
) -> str:
    if interval is None or not 0 < interval[0] <= interval[1]:
        return ""
    known = truth.value if truth is not None and truth.unit == unit else None
    known = known if known is not None and known > 0 else None
    shown = value if value is not None and value > 0 else None
    dimension = UNITS[unit].dimension
    return interval_bar((interval[0], interval[1]), shown, known, METRIC[dimension])


def _mark(value: float | None, verdict: str | None, unit: str, truth: ExactAnswer | None) -> str:
    """How an answer stands to the truth; "" where they cannot be compared."""
    if truth is None:
        return ""
    if truth.value is None:
        if verdict is None or not truth.verdict:
            return ""
        return "right" if verdict.lower() == truth.verdict.lower() else "wrong"
    if value is None or truth.unit != unit or not unit:
        return ""
    known = UNITS[unit]
    if truth.value <= 0 and known.dimension != "angle":
        return ""
    return mark_number(value * known.si, truth.value * known.si, known.dimension)

"""Traces made anew from the answers that they hold."""

import json
from collections.abc import Sequence
from typing import Any

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.inference.spatial_answer import SpatialAnswer
from spatialvlm_jax.reasoning.coordinator import CoordinatorLimits, Ended, coordinate
from spatialvlm_jax.reasoning.plan import Reasoned, ReasoningPlan
from spatialvlm_jax.reasoning.trace import (
    COORDINATOR,
    PLAN,
    Message,
    Trace,
    TraceError,
    is_error,
    plan_trace,
    read_answer,
)

# Of a trace's meta, what says where it comes from; the rest is derived.
ORIGIN = ("image_sha256", "checkpoint", "seed", "version", "coordinator")


def derive_again(trace: Trace) -> Trace:
    """The trace that follows from a trace's question and answers.

    Raises:
      TraceError: it is of no kind that can be derived.
      UserError, ValueError, KeyError: its question or answers are not those of such a trace.
    """
    origin: dict[str, Any] = {name: trace.meta[name] for name in ORIGIN if name in trace.meta}
    if trace.meta.get("by") == PLAN:
        plan, answers = ReasoningPlan.of(trace.question), tuple(trace.answers())
        return plan_trace(Reasoned(plan, answers, plan.conclude(answers)), origin)
    if trace.meta.get("by") != COORDINATOR:
        raise TraceError(f"a trace by {trace.meta.get('by')!r} cannot be replayed")
    replies = iter([each for each in trace.messages if each["role"] == "assistant"])
    said = {str(arguments.get("question")): content for arguments, content in trace.calls("ask")}
    ended = str(trace.meta["ended"])

    def complete(messages: Sequence[Message], seconds: float) -> Message:
        try:
            return next(replies)
        except StopIteration:
            raise Ended(ended) from None

    def ask(questions: Sequence[str]) -> list[SpatialAnswer]:
        by_words = {" ".join(words.split()): content for words, content in said.items()}
        contents = [by_words[words] for words in questions]
        for content in contents:
            if is_error(content):
                raise UserError(json.loads(content)["error"])
        return [read_answer(content) for content in contents]

    limits = CoordinatorLimits(**trace.meta["limits"])
    return coordinate(trace.question, complete, ask, origin, limits, clock=lambda: 0.0)

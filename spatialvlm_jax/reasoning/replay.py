"""Traces made anew from the answers that they hold."""

from typing import Any

from spatialvlm_jax.reasoning.plan import Reasoned, ReasoningPlan
from spatialvlm_jax.reasoning.trace import PLAN, Trace, TraceError, plan_trace

# Of a trace's meta, what says where it comes from; the rest is derived.
ORIGIN = ("image_sha256", "checkpoint", "seed", "version")


def derive_again(trace: Trace) -> Trace:
    """The trace that follows from a trace's question and answers.

    Raises:
      TraceError: it is of no kind that can be derived.
      UserError, ValueError: its question or answers are not those of a plan.
    """
    origin: dict[str, Any] = {name: trace.meta[name] for name in ORIGIN if name in trace.meta}
    if trace.meta.get("by") != PLAN:
        raise TraceError(f"a trace by {trace.meta.get('by')!r} cannot be replayed")
    plan, answers = ReasoningPlan.of(trace.question), tuple(trace.answers())
    return plan_trace(Reasoned(plan, answers, plan.conclude(answers)), origin)

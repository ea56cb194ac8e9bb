"""A language model that breaks questions up, behind three tools and bounds on what it may do."""

import dataclasses
import json
import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from spatialvlm_jax.errors import UserError, one_line
from spatialvlm_jax.inference.spatial_answer import SpatialAnswer
from spatialvlm_jax.reasoning.compute import ComputeError, compute
from spatialvlm_jax.reasoning.plan import Conclusion
from spatialvlm_jax.reasoning.tools import REPAIR, SYSTEM, Call, FaultyReply, calls_of
from spatialvlm_jax.reasoning.trace import COORDINATOR, Message, Trace, concluded, write_answer
from spatialvlm_jax.units import BARE, find_unit, told_value

# The next message of a chat, which is there within so many seconds.
Complete = Callable[[Sequence[Message], float], Message]
Ask = Callable[[Sequence[str]], Sequence[SpatialAnswer]]


class Ended(UserError):
    """A coordinator that came to no answer, and why."""


@dataclasses.dataclass(frozen=True)
class CoordinatorLimits:
    """How far a coordinator may go.

    steps: replies of it. sub_questions: different ones to the model. seconds: that are waited for
    it in all; what the vision-language model takes does not count.
    """

    steps: int = 12
    sub_questions: int = 24
    seconds: float = 60.0


@dataclasses.dataclass
class Coordination:
    """One question on its way to an answer.

    messages: grow as a chat does. waited: seconds for the coordinator so far.
    """

    complete: Complete
    ask: Ask
    limits: CoordinatorLimits
    messages: list[Message]
    asked: dict[str, SpatialAnswer] = dataclasses.field(default_factory=dict)
    repaired: bool = False
    waited: float = 0.0

    def run(self, clock: Callable[[], float]) -> Conclusion:
        """Goes on until an answer; raises `Ended` where there is none."""
        for _ in range(self.limits.steps):
            reply = self._next(clock)
            self.messages.append(reply)
            try:
                calls = calls_of(reply)
            except FaultyReply as fault:
                self._repair(reply, str(fault))
                continue
            for call in calls:
                if call.name == "answer":
                    return self._conclude(call)
            for call in calls:
                self._say(call.id, self._use(call))
        most = _counted(self.limits.steps, "step")
        raise Ended(f"the coordinator gave no answer in {most}")

    def _next(self, clock: Callable[[], float]) -> Message:
        """Its next message; raises `Ended` where no time is left to wait for it."""
        late = Ended(f"the coordinator gave no answer within {self.limits.seconds:g} s")
        if self.waited >= self.limits.seconds:
            raise late
        begin = clock()
        try:
            reply = self.complete(self.messages, self.limits.seconds - self.waited)
        except TimeoutError:
            raise late from None
        self.waited += clock() - begin
        return reply

    def _repair(self, reply: Message, fault: str) -> None:
        """Tells what was wrong, once."""
        if self.repaired:
            raise Ended(f"the coordinator was wrong again after it was told so: {fault}")
        self.repaired = True
        for call in reply.get("tool_calls", ()):
            self._say(call["id"], {"error": fault})
        self.messages.append({"role": "user", "content": REPAIR.format(fault=fault)})

    def _say(self, call_id: str, content: dict[str, Any]) -> None:
        written = json.dumps(content, ensure_ascii=False)
        self.messages.append({"role": "tool", "tool_call_id": call_id, "content": written})

    def _use(self, call: Call) -> dict[str, Any]:
        if call.name == "compute":
            try:
                found = compute(call.arguments["expression"])
            except ComputeError as error:
                return {"error": str(error)}
            return {"result": found if isinstance(found, bool) else str(found)}
        question = " ".join(call.arguments["question"].split())
        if question not in self.asked:
            if len(self.asked) >= self.limits.sub_questions:
                most = _counted(self.limits.sub_questions, "question")
                raise Ended(f"the coordinator asked more than {most}")
            try:
                (self.asked[question],) = self.ask([question])
            except UserError as error:
                return {"error": str(error)}
        return json.loads(write_answer(self.asked[question]))

    def _conclude(self, call: Call) -> Conclusion:
        text = one_line(call.arguments["text"])
        value, unit = call.arguments["value"], call.arguments["unit"]
        known = find_unit(unit) if unit else None  # of an answer with a value, it is checked
        if value is None or known is None:
            return Conclusion(text, value=value)
        told = told_value(float(value) * known.si, known.dimension)
        return Conclusion(text, value=told, unit=BARE[known.dimension])


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" + "s" * (count != 1)


def coordinate(
    question: str,
    complete: Complete,
    ask: Ask,
    origin: dict[str, Any],
    limits: CoordinatorLimits,
    clock: Callable[[], float] = time.monotonic,
) -> Trace:
    """Lets a language model answer a composed question with the tools `ask`, `compute`, `answer`.

    What the vision-language model says goes to it as the content of a tool's reply, JSON in quotes,
    and never as an instruction.

    Args:
      complete: gives the assistant's next message for a chat, in so many seconds; raises `Ended`
        where it cannot, TimeoutError where it would take longer.
      ask: answers questions about the picture.

    Returns:
      A trace in any case; its meta's "ended" tells in a line why there is no answer.
    """
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]
    run = Coordination(complete, ask, limits, messages)
    ended, conclusion = None, Conclusion("")
    try:
        conclusion = run.run(clock)
    except Ended as error:
        ended = str(error)
    if conclusion.value is not None and not math.isfinite(conclusion.value):
        ended, conclusion = "the coordinator gave a value that is not finite", Conclusion("")
    meta = {"by": COORDINATOR, "kind": "", **origin, "limits": dataclasses.asdict(limits)}
    return Trace(tuple(messages), {**meta, **concluded(conclusion), "ended": ended})

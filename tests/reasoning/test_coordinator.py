"""A coordinator whose replies and whose clock are known."""

import json
from collections.abc import Sequence
from typing import Any

from spatialvlm_jax.inference.spatial_answer import SpatialAnswer
from spatialvlm_jax.reasoning.coordinator import CoordinatorLimits, coordinate

LIMITS = CoordinatorLimits(seconds=20.0)


def called(name: str, **arguments: Any) -> dict[str, Any]:
    function = {"name": name, "arguments": json.dumps(arguments)}
    made = {"id": "call", "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [made]}


ASK = called("ask", question="how wide is the sofa?")
ANSWER = called("answer", text="2 m", value=2, unit="m")


class Timed:
    """Takes seconds of a clock of its own to each reply, and as many to each question."""

    def __init__(self, replies: Sequence[Any], reply: float, ask: float):
        self.now, self.left, self._replies = 0.0, list[float](), iter(replies)
        self._reply, self._ask = reply, ask

    def clock(self) -> float:
        return self.now

    def complete(self, messages: Sequence[Any], seconds: float) -> Any:
        self.left.append(seconds)
        self.now += self._reply
        found = next(self._replies)
        if found is None:
            raise TimeoutError
        return found

    def ask(self, questions: Sequence[str]) -> list[SpatialAnswer]:
        self.now += self._ask
        return [SpatialAnswer(words, "2 m", 2.0, "m") for words in questions]

    def run(self) -> dict[str, Any]:
        return coordinate("?", self.complete, self.ask, {}, LIMITS, self.clock).meta


def test_the_time_of_the_vision_model_does_not_count() -> None:
    slow = Timed([ASK, ANSWER], reply=8.0, ask=57.0)
    assert slow.run()["ended"] is None
    assert slow.left == [20.0, 12.0]


def test_all_replies_are_within_one_bound() -> None:
    asked = Timed([ASK, ASK, ASK, ANSWER], reply=8.0, ask=0.0)
    assert asked.run()["ended"] == "the coordinator gave no answer within 20 s"
    assert asked.left == [20.0, 12.0, 4.0]
    late = Timed([ASK, None], reply=8.0, ask=0.0)
    assert late.run()["ended"] == "the coordinator gave no answer within 20 s"

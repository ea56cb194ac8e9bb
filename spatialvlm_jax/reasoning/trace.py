"""What was asked, answered and concluded, as JSON lines of OpenAI messages that can be replayed."""

import dataclasses
import json
import math
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from spatialvlm_jax.atomic_write import whole_file
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.inference.spatial_answer import SpatialAnswer
from spatialvlm_jax.reasoning.plan import Conclusion, Reasoned
from spatialvlm_jax.units import UNITS

MOST_BYTES = 64 * 2**20
PLAN, COORDINATOR = "plan", "coordinator"
# What deriving a trace raises whose parts are of other kinds, too large, or nested deeply.
_UNDERIVED = (
    *(ArithmeticError, AttributeError, LookupError, RecursionError, StopIteration),
    *(TypeError, UserError, ValueError),
)
# Of answers, later than the first of these files; with what is not written.
_ADDED: dict[str, Any] = {"note": "", "seen": None, "mean": None, "entropy": None, "asked": True}
Message = dict[str, Any]


class TraceError(UserError):
    """A file that is no trace, or one that does not follow from its own answers."""


@dataclasses.dataclass(frozen=True)
class Trace:
    """One composed question from its words to its conclusion.

    messages: as a chat with tools has them: the question, calls of `ask` and what they gave, the
      conclusion. meta: where it comes from ("by", "image_sha256", "checkpoint", "seed") and, as
      numbers, what was concluded; "ended" says why nothing was.
    """

    messages: tuple[Message, ...]
    meta: dict[str, Any]

    def line(self) -> str:
        """One line of JSON in ASCII, whatever was said: equal traces give equal bytes."""
        return json.dumps(dataclasses.asdict(self), allow_nan=False) + "\n"

    @property
    def question(self) -> str:
        """The composed one."""
        return next(each["content"] for each in self.messages if each["role"] == "user")

    def answers(self) -> list[SpatialAnswer]:
        """What the model said to each sub-question, in order of asking.

        Raises:
          TraceError: a reply of `ask` is no answer.
        """
        replies = [content for _, content in self.calls("ask")]
        return [read_answer(content) for content in replies if not is_error(content)]

    def calls(self, tool: str) -> list[tuple[dict[str, Any], str]]:
        """The arguments of each call of a tool that was replied to, and the reply.

        Raises:
          TraceError: a reply is to no call of a tool.
        """
        made = [call for each in self.messages for call in each.get("tool_calls") or ()]
        waiting: dict[str, list[dict[str, Any]]] = {}
        for call in made:
            waiting.setdefault(call["id"], []).append(call["function"])
        found = []
        for reply in self.messages:
            if reply["role"] != "tool":
                continue
            if not waiting.get(reply["tool_call_id"]):
                raise TraceError(f"a reply is to no call: {str(reply)[:60]!r}")
            function = waiting[reply["tool_call_id"]].pop(0)
            if function["name"] == tool and (arguments := _read_arguments(function["arguments"])):
                found.append((arguments, reply["content"]))
        return found

    def reasoning(self) -> list[str]:
        """The steps between answers and conclusion, a sentence each."""
        if self.meta["by"] == PLAN:
            return self.messages[-1]["content"].split("\n")[:-1]
        return [
            f"{arguments['expression']}: {json.loads(content).popitem()[1]}"
            for arguments, content in self.calls("compute")
            if "expression" in arguments
        ]


def is_error(content: str) -> bool:
    """Whether a reply of a tool says that it could not be used."""
    return content.startswith('{"error": ')


def _read_arguments(written: str) -> dict[str, Any] | None:
    try:
        found = json.loads(written)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def write_answer(answer: SpatialAnswer) -> str:
    """The reply of the tool `ask`: a JSON object, whatever the model's words are.

    What was added later is in it where it is known.
    """
    known = answer.as_dict()
    for name, empty in _ADDED.items():
        if known[name] == empty:
            del known[name]
    return json.dumps(known, ensure_ascii=False)


def read_answer(content: str) -> SpatialAnswer:
    """The answer that `write_answer` wrote; raises TraceError."""
    try:
        fields = json.loads(content)
        interval = fields["interval"]
        answer = SpatialAnswer(**{**fields, "interval": interval and tuple(interval)})
    except (TypeError, KeyError, ValueError, RecursionError):
        raise TraceError(f"{content[:80]!r} is no answer of a model") from None
    numbers = [
        answer.value,
        answer.std,
        answer.confidence,
        answer.seen,
        answer.mean,
        answer.entropy,
    ]
    known = [each for each in (*numbers, *(answer.interval or ())) if each is not None]
    if not all(isinstance(each, int | float) and math.isfinite(each) for each in known):
        raise TraceError(f"{content[:80]!r} has numbers that are none")
    if not all(
        isinstance(each, str) for each in (answer.question, answer.text, answer.unit, answer.note)
    ):
        raise TraceError(f"{content[:80]!r} has words that are none")
    if answer.unit and answer.unit not in UNITS:
        raise TraceError(f"{content[:80]!r} is in no unit that is known")
    if not isinstance(answer.asked, bool):
        raise TraceError(f"{content[:80]!r} does not say whether it was asked for")
    if answer.interval is not None and len(answer.interval) != 2:
        raise TraceError(f"{content[:80]!r} has an interval without two ends")
    return answer


def plan_trace(reasoned: Reasoned, origin: dict[str, Any]) -> Trace:
    """The trace of a plan: all its questions are asked at once.

    Args:
      origin: "image_sha256", "checkpoint" and the like.
    """
    calls, replies = [], []
    for number, answer in enumerate(reasoned.answers):
        arguments = json.dumps({"question": answer.question}, ensure_ascii=False)
        function = {"name": "ask", "arguments": arguments}
        calls.append({"id": f"ask-{number}", "type": "function", "function": function})
        content = write_answer(answer)
        replies.append({"role": "tool", "tool_call_id": f"ask-{number}", "content": content})
    conclusion = reasoned.conclusion
    messages: list[Message] = [
        {"role": "user", "content": reasoned.plan.question},
        {"role": "assistant", "content": None, "tool_calls": calls},
        *replies,
        {"role": "assistant", "content": "\n".join([*conclusion.reasoning, conclusion.text])},
    ]
    meta = {"by": PLAN, "kind": reasoned.plan.kind.name, **origin}
    return Trace(tuple(messages), {**meta, **concluded(conclusion), "ended": None})


def concluded(conclusion: Conclusion) -> dict[str, Any]:
    """The part of a trace's meta that says what was concluded, in numbers."""
    fields = conclusion.as_dict()
    fields["interval"] = fields["interval"] and list(fields["interval"])
    fields["verdict"] = conclusion.outcome if conclusion.outcome in ("yes", "no") else None
    return {name: value for name, value in fields.items() if name != "reasoning"}


def write_traces(path: Path, traces: Sequence[Trace]) -> None:
    """One a line, whole or not at all."""
    with whole_file(path) as temporary:
        temporary.write_text("".join(trace.line() for trace in traces), encoding="utf-8")


def read_traces(path: Path, derive: Callable[[Trace], Trace]) -> Iterator[Trace]:
    """Traces derived again from the answers in a file, without the model and the picture.

    Args:
      derive: makes a trace anew from the answers that one holds.

    Raises:
      TraceError: the file is none of traces, or a line does not come out as it is written.
      OSError: it cannot be read.
    """
    for number, line in enumerate(_read_text(path).removesuffix("\n").split("\n"), 1):
        trace = _read_line(line, f"{path}:{number}")
        try:
            derived = derive(trace)
            written = derived.line()
        except TraceError as error:
            raise TraceError(f"{path}:{number}: {error}") from None
        except _UNDERIVED:
            raise TraceError(f"{path}:{number} cannot be derived from what it says") from None
        if written != line + "\n":
            raise TraceError(f"{path}:{number} does not follow from the answers that it holds")
        yield derived


def _read_text(path: Path) -> str:
    # What is no file, such as a device, may never end, and tells no size.
    if not stat.S_ISREG(path.stat().st_mode):
        raise TraceError(f"{path} is no file: name one of traces")
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise TraceError(f"{path} has more than {MOST_BYTES >> 20} MiB: split it")
    try:
        return data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise TraceError(f"{path} is not in UTF-8, so it is no file of traces") from None


def _read_line(line: str, where: str) -> Trace:
    try:
        fields = json.loads(line)
        messages, meta = fields["messages"], fields["meta"]
        roles = [message["role"] for message in messages]
    except (TypeError, KeyError, ValueError, RecursionError):
        raise TraceError(f'{where} is no trace: a JSON object with "messages" and "meta"') from None
    if not isinstance(meta, dict) or "user" not in roles or fields.keys() != {"messages", "meta"}:
        raise TraceError(f"{where} is no trace: it has no question")
    return Trace(tuple(messages), meta)

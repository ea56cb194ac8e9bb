"""A model's answer as a chat completion, whole or as a stream of events."""

import dataclasses
import json
import re
import secrets
import time
from collections.abc import Iterator
from typing import Any

from spatialvlm_jax.inference.spatial_answer import SpatialAnswer

_WORDS = re.compile(r"\s*\S+\s*\Z|\s*\S+")
_FIGURES = (
    *("value", "unit", "std", "interval", "verdict", "confidence", "note", "seen"),
    *("mean", "entropy", "asked"),
)


@dataclasses.dataclass(frozen=True)
class ChatReply:
    """What is answered.

    model: its name. answer: as the model gave it. text: what of its words is sent.
    is_cut: whether that is not all. prompt_tokens: of picture and question.
    completion_tokens: of the text.
    """

    model: str
    answer: SpatialAnswer
    text: str
    is_cut: bool
    prompt_tokens: int
    completion_tokens: int

    @property
    def usage(self) -> dict[str, int]:
        """Counts of tokens."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
        }

    @property
    def spatial(self) -> dict[str, Any]:
        """The answer as numbers, and how sure it is; None where something is not known."""
        found = self.answer.as_dict()
        return {name: found[name] for name in _FIGURES}

    def completion(self) -> dict[str, Any]:
        """The whole, for JSON."""
        message = {"role": "assistant", "content": self.text}
        choice = {"index": 0, "message": message, "finish_reason": self._reason}
        whole = {"choices": [choice], "usage": self.usage, "spatial": self.spatial}
        return {**self._head("chat.completion"), **whole}

    def events(self, with_usage: bool) -> Iterator[str]:
        """The same as server-sent events: role, words, end with the figures, and then `[DONE]`.

        Args:
          with_usage: tokens are counted in one more event before the last.
        """
        head = self._head("chat.completion.chunk")

        def chunk(delta: dict[str, str], reason: str | None, **more: Any) -> str:
            choices = [{"index": 0, "delta": delta, "finish_reason": reason}]
            return _event({**head, "choices": choices, **more})

        yield chunk({"role": "assistant", "content": ""}, None)
        for word in _WORDS.findall(self.text):
            yield chunk({"content": word}, None)
        yield chunk({}, self._reason, spatial=self.spatial)
        if with_usage:
            yield _event({**head, "choices": [], "usage": self.usage})
        yield "data: [DONE]\n\n"

    @property
    def _reason(self) -> str:
        return "length" if self.is_cut else "stop"

    def _head(self, kind: str) -> dict[str, Any]:
        name = f"chatcmpl-{secrets.token_hex(12)}"
        return {"id": name, "object": kind, "created": int(time.time()), "model": self.model}


def _event(content: dict[str, Any]) -> str:
    return f"data: {json.dumps(content)}\n\n"

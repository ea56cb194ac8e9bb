"""A language model behind an OpenAI-compatible endpoint."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from spatialvlm_jax.endpoint_client import (
    ODD_REPLY,
    NoReply,
    ReplyLate,
    ReplyRefused,
    asked_wait,
    check_address,
    first_model,
    is_for_now,
    joined_text,
    open_client,
)
from spatialvlm_jax.endpoint_client import complete as complete_chat
from spatialvlm_jax.errors import one_line
from spatialvlm_jax.reasoning.coordinator import Complete, Ended
from spatialvlm_jax.reasoning.tools import schemas
from spatialvlm_jax.reasoning.trace import Message

# Of the environment, where no flag says otherwise; the key is there alone.
URL_VARIABLE = "SPATIALVLM_REASON_COORDINATOR"
MODEL_VARIABLE = "SPATIALVLM_REASON_COORDINATOR_MODEL"
NONE = "none"
_MOST_TOKENS, _MOST_CALLS, _MOST_CHARACTERS = 1024, 64, 20_000
_WAIT = 0.5  # seconds before another try, where the endpoint asks for no other
T = TypeVar("T")


def named_coordinator(url: str, model: str, environment: Mapping[str, str]) -> tuple[str, str]:
    """The address of an endpoint, "" where none is meant, and its model's name, "" for the first.

    Args:
      url, model: of flags, which win; "" where it is not said. The address "none" means none,
        whatever the environment says.
    """
    found = url or environment.get(URL_VARIABLE, "").strip()
    named = model or environment.get(MODEL_VARIABLE, "").strip()
    return ("" if found == NONE else found), named


def check_coordinator(url: str) -> None:
    """Raises UserError where an address or the key is none, or the client is not installed."""
    said = f"--coordinator, or {URL_VARIABLE} in the environment: {url[:80]!r} is"
    check_address(url, said, "a coordinator")


def connect(url: str, model: str = "") -> Complete:
    """What asks an endpoint for the next message of a chat; the key is in the environment.

    Args:
      url: its base, such as http://127.0.0.1:8000/v1. model: its name there; "" for the first one
        that the endpoint lists.

    Raises:
      UserError: the address or the key is none, or the client is not installed.
    """
    check_coordinator(url)
    import openai

    client = open_client(url)

    def complete(messages: Sequence[Message], seconds: float) -> Message:
        until = time.monotonic() + seconds
        request: Any = {
            "messages": list(messages),
            "tools": schemas(),
            "temperature": 0,
            "max_tokens": _MOST_TOKENS,
        }

        def ask() -> Any:
            nonlocal model
            model = model or first_model(client, until - time.monotonic())
            return complete_chat(client, until - time.monotonic(), model=model, **request)

        try:
            return _plain(_twice(ask, until).choices[0].message)
        except Ended:
            raise
        except ReplyLate:
            raise TimeoutError from None
        except openai.APIStatusError as error:
            raise Ended(
                f"{url} refused with status {error.status_code}: {one_line(str(error))[:200]}"
            ) from None
        except ReplyRefused as error:
            raise Ended(f"{url} gives {error}") from None
        except (openai.OpenAIError, NoReply) as error:
            raise Ended(f"{url} does not answer: {one_line(str(error))[:200]}") from None
        except ODD_REPLY:
            raise Ended(f"{url} does not speak as OpenAI's Chat Completions do") from None

    return complete


def _twice(ask: Callable[[], T], until: float) -> T:
    """What asking gives, asked again where it fails for now and there is time to wait.

    Args:
      until: of the monotonic clock.
    """
    import openai

    try:
        return ask()
    except ReplyLate:
        raise
    except (openai.APIConnectionError, NoReply):
        wait = _WAIT
        if time.monotonic() + wait >= until:
            raise
    except openai.APIStatusError as error:
        asked = asked_wait(error)
        wait = _WAIT if asked is None else asked
        if not is_for_now(error) or time.monotonic() + wait >= until:
            raise
    time.sleep(wait)
    return ask()


def _plain(message: Any) -> Message:
    """The fields of an assistant's message that are kept, within bounds."""
    refusal = getattr(message, "refusal", None)
    if refusal:
        raise Ended(f"the coordinator refused: {one_line(str(refusal))[:200]}")
    found: Message = {"role": "assistant", "content": joined_text(message.content)}
    calls = [
        {
            "id": str(call.id),
            "type": "function",
            "function": {
                "name": str(call.function.name),
                "arguments": str(call.function.arguments),
            },
        }
        for call in message.tool_calls or ()
    ]
    if len(calls) > _MOST_CALLS or len(str(found)) + len(str(calls)) > _MOST_CHARACTERS:
        raise Ended("the coordinator said more than a step may hold")
    if calls:
        found["tool_calls"] = calls
    return found

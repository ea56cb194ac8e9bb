"""The client of an OpenAI-compatible endpoint, with bounds on what comes back.

A reply has a size and a time as a whole, however slowly it drips, and none is fetched from another
address than the one that was named.
"""

import importlib.util
import os
import time
from typing import Any
from urllib.parse import urlsplit

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.json_files import parse_json

API_KEY = "OPENAI_API_KEY"
MOST_BYTES = 16 * 2**20  # of a reply
# What reading a reply of another kind raises; RecursionError where it is nested deeply.
ODD_REPLY = (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError)


class ReplyRefused(ValueError):
    """A reply that is too large, or not there in time; the message says which."""


def check_address(url: str, named: str, needs: str) -> None:
    """Raises UserError where an address is none, or the client is not installed.

    Args:
      named: how the first message begins, such as "--coordinator 'x' is". needs: what needs the
        client, as the second one calls it.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserError(f"{named} no address such as http://127.0.0.1:8000/v1")
    if importlib.util.find_spec("openai") is None:
        raise UserError(f"{needs} needs the package openai: install it, or run make setup")


def open_client(url: str, seconds: float, retries: int = 0) -> Any:
    """An `openai.OpenAI` that follows no redirect; the key is read from the environment.

    Args:
      url: its base, such as http://127.0.0.1:8000/v1.
      seconds: of silence until it gives up.
      retries: of the client's own.
    """
    import openai

    return openai.OpenAI(
        base_url=url,
        api_key=os.environ.get(API_KEY) or "none",
        max_retries=retries,
        timeout=seconds,
        http_client=openai.DefaultHttpxClient(follow_redirects=False, timeout=seconds),
    )


def complete(client: Any, seconds: float, **request: Any) -> Any:
    """The `ChatCompletion` to a request, as far as the reply has its fields.

    Args:
      seconds: until the reply is there as a whole.

    Raises:
      openai.OpenAIError: none came.
      ReplyRefused: it is larger than `MOST_BYTES`, or takes longer.
      ValueError: it is no JSON object.
    """
    from openai.types.chat import ChatCompletion

    # It is no stream of parts to the endpoint: what is sent is read here piece by piece.
    asked = client.chat.completions.with_streaming_response.create(**request)
    return ChatCompletion.construct(**_object(asked, seconds))


def first_model(client: Any, seconds: float) -> str:
    """The name of the first model that an endpoint lists.

    Args:
      seconds: until the list is there as a whole.

    Raises:
      openai.OpenAIError, ReplyRefused: as `complete` does.
      ValueError, or another of `ODD_REPLY`: it lists none.
    """
    listed = _object(client.models.with_streaming_response.list(), seconds)
    name = listed["data"][0]["id"]
    if not isinstance(name, str) or not name:
        raise ValueError("a model without a name")
    return name


def _object(asked: Any, seconds: float) -> dict[str, Any]:
    """The JSON object of a response that is opened here, read within the bounds."""
    until, data = time.monotonic() + seconds, bytearray()
    with asked as response:
        for part in response.iter_bytes():
            data += part
            if len(data) > MOST_BYTES:
                raise ReplyRefused(f"a reply of more than {MOST_BYTES:,} bytes")
            if time.monotonic() > until:
                raise ReplyRefused(f"a reply that is not whole after {seconds:g} s")
    content = parse_json(bytes(data))
    if not isinstance(content, dict):
        raise ValueError("it is no JSON object")
    return content

"""The client of an OpenAI-compatible endpoint, with bounds on what comes back.

A reply has a size and a time as a whole, however slowly its head or body drips, and none is fetched
from another address than the one that was named.
"""

import concurrent.futures
import contextlib
import importlib.util
import os
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from spatialvlm_jax.errors import UserError, one_line
from spatialvlm_jax.foreign_files.json_files import parse_json

API_KEY = "OPENAI_API_KEY"
MOST_BYTES = 16 * 2**20  # of a reply
# What reading a reply of another kind raises; RecursionError where it is nested deeply.
ODD_REPLY = (AttributeError, IndexError, KeyError, RecursionError, TypeError, ValueError)
# Seconds after which the client itself gives up silence, where an exchange has been left before.
_LONGER = 10.0
_PASSING = (408, 409, 429)  # and all from 500
_HERE = threading.local()  # note: is told what the exchange of this thread opens


class ReplyRefused(ValueError):
    """A reply that is too large; the message says how large it may be."""


class NoReply(Exception):
    """No whole reply came, and not for want of a connection; the message says why."""


class ReplyLate(NoReply):
    """A reply that is not there as a whole in time."""


def check_address(url: str, named: str, needs: str) -> None:
    """Raises UserError where an address or the key is none, or the client is not installed.

    Args:
      named: how the first message begins, such as "--coordinator 'x' is". needs: what needs the
        client, as the last one calls it.
    """
    said = f"{named} no address such as http://127.0.0.1:8000/v1"
    if not _is_address(url):
        raise UserError(said)
    if importlib.util.find_spec("openai") is None:
        raise UserError(f"{needs} needs the package openai: install it, or run make setup")
    try:
        client = open_client(url)
    except UserError:
        raise
    except Exception as error:  # of the client's own reader of addresses, httpx or httpx2
        why = one_line(str(error))[:200]
        raise UserError(f"{said}, or a proxy in the environment is none: {why}") from None
    client.close()


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        has_place = bool((parts.hostname or "").encode("idna")) and parts.port != 0
    except ValueError:
        return False
    # Line ends are passed over above, and are none of an address.
    return has_place and parts.scheme in ("http", "https") and url.isprintable() and " " not in url


def _read_key() -> str:
    """The key in the environment, "none" without one; raises UserError where it can be none."""
    key = os.environ.get(API_KEY) or "none"
    if not (key.isascii() and key.isprintable() and key == key.strip()):
        raise UserError(
            f"{API_KEY} in the environment is no key: it ends in a space, or has what is no "
            "printable character of ASCII; set it anew, or unset it"
        )
    return key


def open_client(url: str) -> Any:
    """An `openai.OpenAI` that follows no redirect and tries nothing twice.

    Args:
      url: its base, such as http://127.0.0.1:8000/v1.

    Raises:
      UserError: the key in the environment is none.
    """
    import openai

    # A connection is of one request, so that it can be cut without ending another one.
    return openai.OpenAI(
        base_url=url,
        api_key=_read_key(),
        max_retries=0,
        default_headers={"Connection": "close"},
        http_client=openai.DefaultHttpxClient(
            follow_redirects=False, event_hooks={"request": [_trace]}
        ),
    )


def complete(client: Any, seconds: float, **request: Any) -> Any:
    """The `ChatCompletion` to a request, as far as the reply has its fields.

    Args:
      seconds: until the reply is there as a whole.

    Raises:
      openai.OpenAIError: none came.
      NoReply: it broke off, or is none of HTTP. ReplyLate: it takes longer.
      ReplyRefused: it is larger than `MOST_BYTES`.
      ValueError: it is no JSON object.
    """
    from openai.types.chat import ChatCompletion

    # It is no stream of parts to the endpoint: what is sent is read here piece by piece.
    ask = client.chat.completions.with_streaming_response.create
    return ChatCompletion.construct(**_object(ask, seconds, request))


def first_model(client: Any, seconds: float) -> str:
    """The name of the first model that an endpoint lists.

    Args:
      seconds: until the list is there as a whole.

    Raises:
      openai.OpenAIError, NoReply, ReplyRefused: as `complete` does.
      ValueError, or another of `ODD_REPLY`: it lists none.
    """
    listed = _object(client.models.with_streaming_response.list, seconds, {})
    name = listed["data"][0]["id"]
    if not isinstance(name, str) or not name:
        raise ValueError("a model without a name")
    return name


def is_for_now(error: Any) -> bool:
    """Whether the status of an `openai.APIStatusError` may pass, so that it may be asked again."""
    return error.status_code in _PASSING or error.status_code >= 500


def joined_text(content: Any) -> str | None:
    """The words of a message, which may come in parts; raises one of `ODD_REPLY` where none are."""
    if content is None or isinstance(content, str):
        return content
    words = [part["text"] for part in content if part["type"] == "text"]
    if not all(isinstance(each, str) for each in words):
        raise TypeError
    return "".join(words)


def asked_wait(error: Any) -> float | None:
    """Seconds that an endpoint asks to wait, of an `openai.APIStatusError`.

    None where it does not say so in digits.
    """
    header = error.response.headers.get("retry-after")
    return float(header) if header and header.isascii() and header.isdecimal() else None


def _object(ask: Callable[..., Any], seconds: float, request: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON object of a response, read within the bounds."""
    late = ReplyLate(f"no reply that is whole after {seconds:g} s")
    if seconds <= 0:
        raise late
    exchange = _Exchange(lambda: _read(ask(**request, timeout=seconds + _LONGER)))
    content = parse_json(exchange.result(seconds, late))
    if not isinstance(content, dict):
        raise ValueError("it is no JSON object")
    return content


def _read(asked: Any) -> bytes:
    """The body of a response that is opened here."""
    import openai

    data = bytearray()
    try:
        with asked as response:
            for part in response.iter_bytes():
                data += part
                if len(data) > MOST_BYTES:
                    raise ReplyRefused(f"a reply of more than {MOST_BYTES:,} bytes")
    except (openai.OpenAIError, *ODD_REPLY):
        raise
    except Exception as error:  # of httpx or httpx2, whichever the client has
        raise NoReply(f"its reply broke off: {one_line(str(error))[:200]}") from None
    return bytes(data)


class _Exchange:
    """One request in a thread of its own: the client bounds no head of a reply that drips."""

    def __init__(self, exchange: Callable[[], bytes]):
        self._found: concurrent.futures.Future[bytes] = concurrent.futures.Future()
        self._lock, self._is_over = threading.Lock(), False
        self._connections: list[Any] = []
        threading.Thread(target=self._run, args=(exchange,), daemon=True).start()

    def result(self, seconds: float, late: ReplyLate) -> bytes:
        """What it gives; raises `late` where that takes longer."""
        try:
            concurrent.futures.wait([self._found], seconds)
            if not self._found.done():
                raise late
            return self._found.result()
        finally:
            self._cut()

    def note(self, event: str, information: Mapping[str, Any]) -> None:
        """Keeps each connection that the client says it has opened."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            with self._lock:
                self._connections.append(information["return_value"])
                is_over = self._is_over
            if is_over:
                self._cut()

    def _run(self, exchange: Callable[[], bytes]) -> None:
        _HERE.note = self.note
        try:
            self._found.set_result(exchange())
        except BaseException as error:
            self._found.set_exception(error)

    def _cut(self) -> None:
        """Ends what its thread still waits for."""
        with self._lock:
            self._is_over, connections = True, tuple(self._connections)
        for connection in connections:
            with contextlib.suppress(OSError):  # it is closed
                # Not closed here: its number could be another connection's while it is read.
                socket.socket.shutdown(connection.get_extra_info("socket"), socket.SHUT_RDWR)


def _trace(request: Any) -> None:
    """Has the client tell the exchange of this thread what it opens for a request."""
    request.extensions["trace"] = _HERE.note

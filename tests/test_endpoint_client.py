"""The client against a server on loopback that does what none should."""

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from spatialvlm_jax import endpoint_client
from spatialvlm_jax.endpoint_client import (
    ODD_REPLY,
    ReplyRefused,
    complete,
    first_model,
    open_client,
)

ASKED: Any = {"model": "m", "messages": [{"role": "user", "content": "?"}]}


class Odd(http.server.BaseHTTPRequestHandler):
    """Answers by the path: /big, /slow, /elsewhere; counts what reaches /sink."""

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        server: Any = self.server
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        way = self.path.split("/")[1]
        if way == "sink":
            server.sunk += 1
        self.send_response(307 if way == "elsewhere" else 200)
        if way == "elsewhere":
            self.send_header("Location", f"http://127.0.0.1:{server.server_port}/sink/x")
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        try:
            self.wfile.write(server.said)
            for _ in range({"big": 64, "slow": 100}.get(way, 0)):
                self.wfile.write(b" " * 1024)
                self.wfile.flush()
                if way == "slow" and server.stop.wait(0.05):
                    break
        except OSError:
            pass  # the client has gone, as it should

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    found: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    found.sunk, found.said, found.stop = 0, b"", threading.Event()
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    found.stop.set()
    found.shutdown()
    thread.join()
    found.server_close()


def ask(server: Any, way: str, seconds: float = 20.0) -> Any:
    url = f"http://127.0.0.1:{server.server_port}/{way}"
    return complete(open_client(url, seconds), seconds, **ASKED)


def test_a_reply_of_any_size_is_not_read(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_client, "MOST_BYTES", 4096)
    with pytest.raises(ReplyRefused, match="more than 4,096 bytes"):
        ask(server, "big")


def test_a_reply_that_drips_ends_in_time(server: Any) -> None:
    # No part of it takes as long as the bound; the whole of it would take five seconds.
    with pytest.raises(ReplyRefused, match=r"not whole after 0\.3 s"):
        ask(server, "slow", seconds=0.3)


def test_nothing_is_sent_to_another_address(server: Any) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        ask(server, "elsewhere")
    assert caught.value.status_code == 307
    assert server.sunk == 0


def first(server: Any, way: str, seconds: float = 20.0) -> str:
    url = f"http://127.0.0.1:{server.server_port}/{way}"
    return first_model(open_client(url, seconds), seconds)


def test_the_first_model_that_is_listed_is_found(server: Any) -> None:
    server.said = b'{"object": "list", "data": [{"id": "one"}, {"id": "two"}]}'
    assert first(server, "models") == "one"


def test_a_list_of_any_size_or_that_drips_is_not_read(server: Any, monkeypatch) -> None:
    with pytest.raises(ReplyRefused, match=r"not whole after 0\.3 s"):
        first(server, "slow", seconds=0.3)
    monkeypatch.setattr(endpoint_client, "MOST_BYTES", 4096)
    with pytest.raises(ReplyRefused, match="more than 4,096 bytes"):
        first(server, "big")


@pytest.mark.parametrize(
    "said", [b"", b"<html>", b"[1]", b'{"data": []}', b'{"data": [{"id": 3}]}', b'{"data": 1}']
)
def test_a_list_of_no_models_is_told_as_one(said: bytes, server: Any) -> None:
    server.said = said
    with pytest.raises(ODD_REPLY):
        first(server, "models")

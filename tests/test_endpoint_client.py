"""The client against a server on loopback that does what none should."""

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from spatialvlm_jax import endpoint_client
from spatialvlm_jax.endpoint_client import (
    API_KEY,
    ODD_REPLY,
    NoReply,
    ReplyLate,
    ReplyRefused,
    check_address,
    complete,
    first_model,
    open_client,
)
from spatialvlm_jax.errors import UserError

GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
# What is sent as it is, before the connection ends.
RAW = {
    "cut": GOOD + b"Content-Length: 500\r\n\r\n{",
    "chunks": GOOD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "packed": GOOD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
    "refusal": b"HTTP/1.1 400 Bad Request\r\nContent-Length: 500\r\n\r\n{",
}
# What is sent first, and what drips after it until the test ends.
DRIPS = {
    "head": (GOOD, b"X-More: 1\r\n"),
    "long_refusal": (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 50000\r\n\r\n", b" "),
    "half": (GOOD + b"Content-Length: 50000\r\n\r\n{", b""),
    "silent": (b"", b""),
}
ASKED: Any = {"model": "m", "messages": [{"role": "user", "content": "?"}]}


class Odd(http.server.BaseHTTPRequestHandler):
    """Answers by the path: /big, /slow, /elsewhere, of `RAW`, `DRIPS`; counts what is at /sink."""

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        server: Any = self.server
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        way = self.path.split("/")[1]
        if way in RAW:
            self.wfile.write(RAW[way])
            return
        if way in DRIPS:
            self._drip(*DRIPS[way])
            return
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

    def _drip(self, first: bytes, drop: bytes) -> None:
        server: Any = self.server
        try:
            self.wfile.write(first)
            for _ in range(100):
                self.wfile.write(drop)
                if server.stop.wait(0.05):
                    break
        except OSError:
            server.left.set()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    found: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    found.sunk, found.said, found.stop = 0, b"", threading.Event()
    found.left = threading.Event()
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    found.stop.set()
    found.shutdown()
    thread.join()
    found.server_close()


def ask(server: Any, way: str, seconds: float = 20.0) -> Any:
    url = f"http://127.0.0.1:{server.server_port}/{way}"
    return complete(open_client(url), seconds, **ASKED)


def test_a_reply_of_any_size_is_not_read(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint_client, "MOST_BYTES", 4096)
    with pytest.raises(ReplyRefused, match="more than 4,096 bytes"):
        ask(server, "big")


@pytest.mark.parametrize("way", ["slow", "head", "long_refusal", "half", "silent"])
def test_a_reply_that_drips_ends_in_time(way: str, server: Any) -> None:
    # No part of it takes as long as the bound; the whole of it would take five seconds.
    with pytest.raises(ReplyLate, match=r"no reply that is whole after 0\.3 s"):
        ask(server, way, seconds=0.3)


@pytest.mark.parametrize("way", ["head", "long_refusal"])
def test_the_connection_of_a_reply_that_drips_is_ended(way: str, server: Any) -> None:
    with pytest.raises(ReplyLate):
        ask(server, way, seconds=0.3)
    assert server.left.wait(60)


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ("cut", "its reply broke off: peer closed connection"),
        ("chunks", "its reply broke off: illegal chunk header"),
        ("packed", "its reply broke off: Error -3 while decompressing"),
        ("refusal", "its reply broke off: peer closed connection"),
    ],
)
def test_a_reply_that_breaks_off_is_told(way: str, said: str, server: Any) -> None:
    with pytest.raises(NoReply, match=said) as caught:
        ask(server, way)
    assert "\n" not in str(caught.value)


def test_nothing_is_sent_to_another_address(server: Any) -> None:
    with pytest.raises(openai.APIStatusError) as caught:
        ask(server, "elsewhere")
    assert caught.value.status_code == 307
    assert server.sunk == 0


def first(server: Any, way: str, seconds: float = 20.0) -> str:
    url = f"http://127.0.0.1:{server.server_port}/{way}"
    return first_model(open_client(url), seconds)


def test_the_first_model_that_is_listed_is_found(server: Any) -> None:
    server.said = b'{"object": "list", "data": [{"id": "one"}, {"id": "two"}]}'
    assert first(server, "models") == "one"


def test_a_list_of_any_size_or_that_drips_is_not_read(server: Any, monkeypatch) -> None:
    with pytest.raises(ReplyLate, match=r"whole after 0\.3 s"):
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


@pytest.mark.parametrize(
    "url",
    [
        *("file:///x", "http://", "http:///v1", "http://[::1/v1", "http://127.0.0.1:abc/v1"),
        *("http://127.0.0.1:99999/v1", "http://127.0.0.1:0/v1", "http://127.0.0.1:8000/v1\n"),
        *("http://a b/v1", "http://a..b/v1", "http://☃.invalid:1/v1", "http://\udcff.invalid/v1"),
    ],
)
def test_what_is_no_address_is_told_in_a_line(url: str) -> None:
    with pytest.raises(UserError, match="'it' is no address such as http://127") as caught:
        check_address(url, "'it' is", "it")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8000/v1", "https://[::1]:1/v1", "https://bücher.invalid/v1"]
)
def test_an_address_is_taken(url: str) -> None:
    check_address(url, "'it' is", "it")


@pytest.mark.parametrize("key", ["clé", "key ", "key\n", "\udcff"])
def test_what_can_be_no_key_is_told_and_not_shown(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(API_KEY, key)
    with pytest.raises(UserError, match="OPENAI_API_KEY in the environment is no key") as caught:
        check_address("http://127.0.0.1:8000/v1", "'it' is", "it")
    assert key not in str(caught.value)

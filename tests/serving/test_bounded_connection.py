"""Clients that are slow with the head of a request, or send none, are ended; others answered."""

import http.client
import json
import socket
import time

import pytest

from spatialvlm_jax.browser.site import Site
from spatialvlm_jax.serving.limits import Limits
from tests.serving.asking import Telling, running, serving

QUICK = Limits(seconds=1.0)
HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n"


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=60)


def read(connection: socket.socket) -> tuple[int, dict]:
    """The status and the JSON of what is answered."""
    response = http.client.HTTPResponse(connection)
    response.begin()
    content = json.loads(response.read())
    assert response.headers["Content-Type"] == "application/json"
    return response.status, content


def trickle(connection: socket.socket) -> None:
    """Sends a byte of a header now and then, until that goes nowhere."""
    try:
        for _ in range(600):
            connection.sendall(b"a")
            time.sleep(0.1)
    except OSError:
        return
    raise AssertionError("a head without end is read for ever")


def test_a_head_that_trickles_in_is_ended_and_told_so() -> None:
    with serving(Telling(), QUICK) as (port, _), connected(port) as connection:
        connection.sendall(HEALTH + b"Slow: ")
        status, said = read(connection)
        assert (status, said["error"]["code"]) == (408, "timeout")
        assert said["error"]["message"] == (
            "the head of the request did not arrive within 1 seconds"
        )
        with connected(port) as other:
            other.sendall(HEALTH + b"Slow: ")
            trickle(other)


def test_the_second_head_on_a_connection_must_come_in_time_too() -> None:
    with serving(Telling(), QUICK) as (port, _), connected(port) as connection:
        connection.sendall(HEALTH + b"\r\n")
        assert read(connection)[0] == 200
        connection.sendall(HEALTH + b"Slow: ")
        trickle(connection)


def test_a_connection_on_which_nothing_is_said_is_closed() -> None:
    with serving(Telling(), QUICK) as (port, _), connected(port) as connection:
        assert connection.recv(1) == b""


def test_whole_heads_are_answered_however_long_their_connection_is_open() -> None:
    with serving(Telling(), QUICK) as (port, _), connected(port) as connection:
        for _ in range(4):
            time.sleep(0.5)
            connection.sendall(HEALTH + b"\r\n")
            assert read(connection) == (200, {"status": "ok", "model": "telling"})


@pytest.mark.parametrize(
    ("head", "status", "said"),
    [
        (b"GET /health HTTP/1.1\r\n\r\n", 400, "no HTTP/1.1 request with one Host header"),
        (HEALTH + b"Host: other\r\n\r\n", 400, "no HTTP/1.1 request with one Host header"),
        (b"GET /health HTTP/1.1\r\nHost:\r\n\r\n", 403, "names of its own machine alone"),
        (b"\x16\x03\x01\r\n\r\n", 400, "no HTTP/1.1 request"),
        (HEALTH + b"Long: " + b"a" * 100_000, 400, "no HTTP/1.1 request"),
    ],
)
def test_what_is_no_request_is_refused_in_the_form_of_all_refusals(head, status, said) -> None:
    with serving(Telling()) as (port, _), connected(port) as connection:
        connection.sendall(head)
        found, content = read(connection)
        assert (found, said in content["error"]["message"]) == (status, True)


def test_with_a_key_an_empty_name_is_as_good_as_any() -> None:
    with serving(Telling(), key="secret") as (port, _), connected(port) as connection:
        connection.sendall(b"GET /v1/nothing HTTP/1.1\r\nHost:\r\n\r\n")
        assert read(connection)[0] == 404


def test_more_connections_than_are_taken_are_told_so() -> None:
    with serving(Telling(), Limits(waiting=1)) as (port, _):
        kept = [connected(port) for _ in range(4)]
        for each in kept:
            each.sendall(HEALTH + b"\r\n")
            assert read(each)[0] == 200
        with connected(port) as one_more:
            one_more.sendall(HEALTH + b"\r\n")
            status, content = read(one_more)
        assert (status, content["error"]["type"]) == (503, "server_error")
        assert "4 connections are open" in content["error"]["message"]
        for each in kept:
            each.close()


def test_pages_are_bounded_alike() -> None:
    with running(Site([], [], "127.0.0.1"), QUICK) as (port, _), connected(port) as connection:
        connection.sendall(HEALTH)
        assert read(connection)[0] == 408

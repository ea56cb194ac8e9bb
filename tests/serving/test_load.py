"""Many requests at once, malformed ones among them, and an end in the middle: none is lost."""

import concurrent.futures
import contextlib
import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

from tests.docs.commands import ROOT
from tests.serving.asking import Telling, chat, picture_url, send, serving, told, wait_until

PICTURES = {red: picture_url(red) for red in range(1, 6)}
# Each is malformed in another way; what it is refused with.
MALFORMED: list[tuple[dict | bytes, int]] = [
    (b"nothing", 400),
    (b"[]", 400),
    (b"", 400),
    (chat("a", "http://10.0.0.1/a.png"), 400),
    (chat("a", "data:image/png;base64,AAAA"), 400),
    (chat("a", PICTURES[1], PICTURES[2]), 400),
    (chat("a"), 400),
    (chat("too long", PICTURES[1]), 400),
    (chat("a" * 8_001, PICTURES[1]), 413),
    ({**chat("a", PICTURES[1]), "model": "other"}, 404),
]


def mixed(count: int) -> list[tuple[dict | bytes, int]]:
    """Requests and their status: every tenth is malformed."""
    return [
        MALFORMED[number // 10 % 10]
        if number % 10 == 5
        else (chat(f"question {number}", PICTURES[number % 5 + 1]), 200)
        for number in range(count)
    ]


def check_answer(number: int, body: bytes) -> None:
    """That it is the one to this request, and to no other."""
    expected, completion = told(number % 5 + 1, f"question {number}"), json.loads(body)
    assert completion["choices"][0]["message"]["content"] == expected.text
    assert completion["spatial"]["value"] == expected.value


def test_of_two_hundred_at_once_the_twenty_malformed_are_refused_and_the_others_answered() -> None:
    asked = mixed(200)
    with serving(Telling()) as (port, _), concurrent.futures.ThreadPoolExecutor(200) as pool:
        found = list(pool.map(lambda each: send(port, each[0]), asked))
        metrics = send(port, b"", "GET", "/metrics")[2].decode()
    assert [status for status, _, _ in found] == [status for _, status in asked]
    answered = [number for number, (status, _, _) in enumerate(found) if status == 200]
    assert (len(answered), len(found) - len(answered)) == (180, 20)
    for number in answered:
        check_answer(number, found[number][2])
    assert 'spatialvlm_requests_total{status="200"} 180.0' in metrics


@contextlib.contextmanager
def telling_process() -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """The port of a server whose model waits for the end, and its process."""
    command = [sys.executable, "-m", "tests.serving.telling_process"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline()), process
        finally:
            process.kill()


def test_a_signal_in_the_middle_loses_nothing_that_was_taken() -> None:
    asked = mixed(60)
    with telling_process() as (port, process), concurrent.futures.ThreadPoolExecutor(60) as pool:
        found = [pool.submit(send, port, body) for body, _ in asked]
        stream = pool.submit(send, port, chat("in a stream", PICTURES[1], stream=True))
        concurrent.futures.wait(found[5::10])  # what is malformed is refused at once
        wait_until(port, "spatialvlm_requests_waiting 55.0")
        with socket.create_connection(("127.0.0.1", port), timeout=60) as half:
            body = json.dumps(chat("question 60", PICTURES[1])).encode()
            head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
            head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            half.sendall(head.encode() + body[:50])
            wait_until(port, "spatialvlm_requests_waiting 56.0")
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(ConnectionError):  # refused, or reset while it closes
                while True:  # until the door is closed
                    socket.create_connection(("127.0.0.1", port), timeout=60).close()
            half.sendall(body[50:])
            response = http.client.HTTPResponse(half)
            response.begin()
            assert response.status == 200
            check_answer(60, response.read())
        answers = [each.result() for each in found]
        assert b"[DONE]" in stream.result()[2]
        assert process.wait(60) == 0
        assert process.stdout is not None
        taken = int(process.stdout.read())
    assert [status for status, _, _ in answers] == [status for _, status in asked]
    for number, (status, _, content) in enumerate(answers):
        if status == 200:
            check_answer(number, content)
    # Those that are not malformed, that in a stream, and that half sent.
    assert taken == 54 + 1 + 1

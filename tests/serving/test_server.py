"""A server on loopback: each request gets its due, and none that was taken is lost."""

import base64
import concurrent.futures
import http.client
import itertools
import json
import socket
import time

import openai
import pytest

from spatialvlm_jax.serving.limits import Limits
from tests.inference.test_picture import huge
from tests.serving.asking import Telling, chat, picture_url, send, serving, wait_until

CHAT = "/v1/chat/completions"


@pytest.fixture(scope="module")
def model():
    return Telling()


@pytest.fixture(scope="module")
def port(model):
    with serving(model) as (port, _):
        yield port


def said(body: bytes) -> str:
    return json.loads(body)["error"]["message"]


@pytest.fixture
def client(port):
    with openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="x", max_retries=0) as made:
        yield made


def test_the_stock_client_is_answered(client) -> None:
    assert [each.id for each in client.models.list()] == ["telling"]
    assert client.models.retrieve("telling").object == "model"
    found = client.chat.completions.create(**chat("how far", picture_url(40)))
    (choice,) = found.choices
    assert (choice.message.content, choice.finish_reason) == ("how far 40 m", "stop")
    assert found.usage.total_tokens == found.usage.prompt_tokens + found.usage.completion_tokens
    assert found.usage.prompt_tokens > 64
    assert found.model_extra["spatial"] == {
        "value": 40,
        "unit": "m",
        "std": 10.0,
        "interval": [20.0, 80.0],
        "verdict": None,
        "confidence": None,
        "note": "",
        "seen": None,
        "mean": None,
        "entropy": None,
        "asked": True,
    }


def test_the_stock_client_is_answered_in_a_stream(client) -> None:
    asked = chat("how far", picture_url(40), stream_options={"include_usage": True})
    chunks = list(client.chat.completions.create(**asked, stream=True))
    *words, end, usage = chunks
    assert words[0].choices[0].delta.role == "assistant"
    assert "".join(each.choices[0].delta.content for each in words) == "how far 40 m"
    assert len(words) > 3
    assert end.choices[0].finish_reason == "stop"
    assert end.model_extra["spatial"]["value"] == 40
    assert (usage.choices, usage.usage.prompt_tokens > 64) == ([], True)
    assert len({each.id for each in chunks}) == 1


def test_an_answer_is_cut_where_it_is_told_to(client) -> None:
    asked = chat("how far", picture_url(40))
    (choice,) = client.chat.completions.create(**asked, max_tokens=2).choices
    assert choice.finish_reason == "length"
    assert "how far 40 m".startswith(choice.message.content)
    (choice,) = client.chat.completions.create(**asked, max_tokens=32_768).choices
    assert (choice.message.content, choice.finish_reason) == ("how far 40 m", "stop")


def test_errors_are_those_that_the_client_knows(client) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(**{**chat("a", picture_url(1)), "model": "gpt"})
    assert caught.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError, match="one picture can be asked about at a time"):
        client.chat.completions.create(**chat("a", picture_url(1), picture_url(2)))


def test_what_is_known_of_the_camera_reaches_the_model(client, port) -> None:
    asked = chat("how far", picture_url(40, side=10))
    for known in ({}, {"camera": {"fov": 90}}):
        found = client.chat.completions.create(**asked, extra_body={"spatial": known})
        assert found.choices[0].message.content == "how far 40 m"
    status, _, content = send(port, {**asked, "spatial": {"camera": {"pitch": 5}}})
    assert (status, "pitch does not reach this model" in said(content)) == (400, True)


def test_equal_pictures_of_different_cameras_are_asked_about_apart() -> None:
    model = Telling()
    model.gate.clear()
    with serving(model) as (port, _):
        known = [{}, {"camera": {"fov": 90}}, {"camera": {"fov": 90}}, {"camera": {"height": 2}}]
        bodies = [{**chat("far", picture_url(40)), "spatial": each} for each in known]
        with concurrent.futures.ThreadPoolExecutor(5) as pool:
            pool.submit(send, port, chat("first", picture_url(1)))
            # Its batch is made: none of the others comes into it.
            assert model.is_asked.wait(30)
            answers = [pool.submit(send, port, body) for body in bodies]
            # On a busy machine requests are taken long before; an answer now would be a refusal.
            while len(model.counted) < 5 and not any(each.done() for each in answers):
                time.sleep(0.01)
            time.sleep(0.5)
            model.gate.set()
            assert [each.result()[0] for each in answers] == [200] * 4
    assert sorted(itertools.chain(*model.batches)) == [1, 1, 1, 2]


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        (b"{", 400, "the body is not JSON"),
        (b"[" * 100_000, 400, "the body is not JSON"),
        (chat("a", "data:image/png;base64,AAAA"), 400, "not a picture"),
        (chat("too long", picture_url(1)), 400, "1025 tokens"),
        (chat("fail", picture_url(1)), 500, "the model failed on this question"),
        (chat("a" * 8_001, picture_url(1)), 413, "8001 characters"),
    ],
)
def test_what_cannot_be_answered_is_refused_in_a_sentence(port, body, status, reason) -> None:
    found, _, content = send(port, body)
    assert (found, reason in said(content)) == (status, True)


def test_a_huge_picture_is_refused_before_it_is_decoded(port) -> None:
    url = "data:image/png;base64," + base64.b64encode(huge(40_000)).decode()
    status, _, content = send(port, chat("a", url))
    assert (status, "bomb" in said(content)) == (400, True)


def test_a_huge_body_is_refused_unread(port) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        head = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Content-Length: {10**9}\r\n\r\n".encode())
        response = http.client.HTTPResponse(connection)
        response.begin()
        assert (response.status, response.headers["Connection"]) == (413, "close")
        assert "more than 16777216 bytes" in said(response.read())


def test_a_body_without_a_length_is_counted_while_it_is_read() -> None:
    with serving(Telling(), Limits(body=1000)) as (port, _):
        head = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            piece = b"1f5\r\n" + b" " * 501 + b"\r\n"
            connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + 2 * piece)
            response = http.client.HTTPResponse(connection)
            response.begin()
            assert response.status == 413


def test_a_request_that_does_not_arrive_and_an_answer_that_does_not_come_end() -> None:
    model = Telling()
    with serving(model, Limits(seconds=1.0)) as (port, _):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            head = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            connection.sendall(f"{head}Content-Length: 9\r\n\r\n".encode())
            response = http.client.HTTPResponse(connection)
            response.begin()
            assert response.status == 408
        model.gate.clear()
        status, _, content = send(port, chat("a", picture_url(1)))
        model.gate.set()
        assert (status, said(content)) == (504, "there was no answer within 1 seconds: ask again")


@pytest.mark.parametrize(
    ("host", "key", "status"),
    [
        ("evil.example:8000", "", 403),
        ("127.0.0.1.evil.example", "", 403),
        ("LOCALHOST:8000", "", 200),
        ("[::1]", "", 200),
        ("proxy.example", "secret", 200),
    ],
)
def test_without_a_key_it_answers_to_its_own_names_alone(host, key, status) -> None:
    with serving(Telling(), key=key) as (port, _):
        headers = {"Host": host, "Authorization": f"Bearer {key}"}
        found, _, content = send(port, chat("a", picture_url(1)), **headers)
        assert found == status
        if status == 403:
            assert "such as 127.0.0.1" in said(content)
            assert send(port, b"", "GET", "/health", Host=host)[0] == 403


def test_a_client_that_hangs_up_is_counted_and_no_fault(caplog) -> None:
    with serving(Telling()) as (port, _):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            head = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            connection.sendall(f"{head}Content-Length: 9\r\n\r\n{{".encode())
            wait_until(port, "spatialvlm_requests_waiting 1.0")
        wait_until(port, 'spatialvlm_requests_total{status="499"} 1.0')
        assert send(port, chat("a", picture_url(1)))[0] == 200
    assert caplog.records == []


def test_more_than_can_wait_are_told_to_come_again_and_the_others_are_counted() -> None:
    model = Telling()
    model.gate.clear()
    with serving(model, Limits(waiting=2)) as (port, _):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            first = [pool.submit(send, port, chat("a", picture_url(1))) for _ in range(2)]
            wait_until(port, "spatialvlm_requests_waiting 2.0")
            status, headers, _ = send(port, chat("a", picture_url(1)))
            assert (status, headers["Retry-After"]) == (429, "1")
            model.gate.set()
            assert [each.result()[0] for each in first] == [200, 200]
        metrics = send(port, b"", "GET", "/metrics")[2].decode()
        assert 'spatialvlm_requests_total{status="200"} 2.0' in metrics
        assert 'spatialvlm_requests_total{status="429"} 1.0' in metrics


def test_the_end_loses_nothing_that_was_taken() -> None:
    model = Telling()
    model.gate.clear()
    with serving(model) as (port, stop), concurrent.futures.ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(send, port, chat(f"q{n}", picture_url(n + 1))) for n in range(8)]
        wait_until(port, "spatialvlm_requests_waiting 8.0")
        stop.requested = True
        while is_open(port):
            time.sleep(0.01)
        model.gate.set()
        found = [each.result() for each in asked]
    texts = [json.loads(body)["choices"][0]["message"]["content"] for _, _, body in found]
    assert texts == [f"q{n} {n + 1} m" for n in range(8)]


def is_open(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=30).close()
    except ConnectionRefusedError:
        return False
    return True


def test_a_key_is_asked_for() -> None:
    with serving(Telling(), key="secret") as (port, _):
        body = chat("a", picture_url(1))
        for wrong in ({}, {"Authorization": "Bearer other"}, {"Authorization": "Basic secret"}):
            status, headers, content = send(port, body, **wrong)
            assert (status, headers["WWW-Authenticate"]) == (401, "Bearer")
            assert "secret" not in content.decode()
        assert send(port, body, Authorization="Bearer secret")[0] == 200
        assert send(port, b"", "GET", "/v1/models")[0] == 401
        assert send(port, b"", "GET", "/health")[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("POST", CHAT, {"Content_Type": "text/plain"}, 415),
        ("GET", CHAT, {}, 405),
        ("GET", "/v1/models/other", {}, 404),
        ("GET", "/v1/embeddings", {}, 404),
        ("GET", "/health", {}, 200),
    ],
)
def test_paths(port, method, path, headers, status) -> None:
    found, _, content = send(port, b"{}", method, path, **headers)
    assert found == status
    assert ("error" in json.loads(content)) == (status != 200)

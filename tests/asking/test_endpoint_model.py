"""An endpoint on loopback that does what a test wants, asked by the command."""

import base64
import io
import json
import socket
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from spatialvlm_jax import cli
from spatialvlm_jax.asking.endpoint_model import data_url
from tests.asking.saying import write_benchmarks
from tests.asking.scripted_endpoint import scripted_endpoint
from tests.evaluation.benchmarks.published import PNG


@pytest.fixture
def endpoint(monkeypatch, tmp_path) -> Iterator[Any]:
    monkeypatch.setenv("OPENAI_API_KEY", "a key")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    write_benchmarks(tmp_path / "data", ["cv_bench"])
    with scripted_endpoint() as server:
        yield server


def evaluate(endpoint: Any, tmp_path, *more: str, address: str = "") -> int:
    where = address or f"http://127.0.0.1:{endpoint.server_port}/v1"
    words = ["--benchmark=cv_bench", f"--data={tmp_path}/data", f"--out={tmp_path}/out"]
    return cli.main(["evaluate", f"--model=openai:{where}", *words, *more])


def scores(tmp_path) -> dict[str, Any]:
    (found,) = json.loads((tmp_path / "out" / "report.json").read_text())["scores"]
    return found


def replies(tmp_path, model: str = "listed") -> list[dict[str, Any]]:
    path = tmp_path / "out" / "replies" / model / "cv_bench.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_what_is_not_asked_this_time_is_kept(endpoint, tmp_path) -> None:
    assert evaluate(endpoint, tmp_path) == 0
    asked = len(endpoint.requests)
    assert evaluate(endpoint, tmp_path, "--questions=2") == 0
    assert evaluate(endpoint, tmp_path) == 0
    assert len(endpoint.requests) == asked


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--draws-seed=1"], "--draws-seed is of replies that are drawn"),
        (["--temperature=1", "--by=likelihood"], "leave out --temperature"),
    ],
)
def test_flags_of_draws_are_refused_where_nothing_is_drawn(
    endpoint, tmp_path, capsys, flags, said
) -> None:
    assert evaluate(endpoint, tmp_path, *flags) == 2
    assert said in capsys.readouterr().err
    assert not endpoint.requests


def test_replies_are_drawn_with_a_seed_of_each_question(endpoint, tmp_path) -> None:
    words = ("--temperature=0.2", "--draws-seed=3")
    assert evaluate(endpoint, tmp_path, *words) == 0
    bodies = [body for _, body in endpoint.requests]
    assert [body["temperature"] for body in bodies] == [0.2] * 4
    seeds = [body["seed"] for body in bodies]
    assert len(set(seeds)) == 4
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert evaluate(endpoint, tmp_path, *words) == 0
    assert len(endpoint.requests) == 4  # they are kept
    assert evaluate(endpoint, tmp_path) == 0
    assert len(endpoint.requests) == 8  # those drawn are none of the likeliest words


def test_questions_are_asked_as_chat_completions(endpoint, tmp_path, capsys) -> None:
    assert evaluate(endpoint, tmp_path, "--max-tokens=7") == 0
    assert len(endpoint.requests) == 4
    headers, body = endpoint.requests[0]
    assert headers["Authorization"] == "Bearer a key"
    (message,) = body.pop("messages")
    assert body == {"model": "listed", "temperature": 0, "max_tokens": 7}
    picture, text = message["content"]
    assert text["text"].endswith("letter from the given choices directly.")
    head, _, data = picture["image_url"]["url"].partition(",")
    assert head == "data:image/png;base64"
    sent, stored = (
        np.asarray(Image.open(io.BytesIO(each))) for each in (base64.b64decode(data), PNG)
    )
    assert (sent == stored).all()
    assert scores(tmp_path)["figures"]["official"]["combined"] == 1
    assert "4 requests, 400 tokens" in capsys.readouterr().out
    assert {line["weights"] for line in replies(tmp_path)} == {
        f"http://127.0.0.1:{endpoint.server_port}/v1#listed"
    }
    # All is answered: nothing is asked again.
    assert evaluate(endpoint, tmp_path, "--max-tokens=7") == 0
    assert len(endpoint.requests) == 4


def test_a_model_that_takes_other_fields_is_asked_with_them(endpoint, tmp_path) -> None:
    names = {1: "max_tokens", 2: "temperature"}

    def script(question: str, number: int) -> Any:
        said = f"Unsupported parameter: '{names[number]}'" if number in names else ""
        return (400, said) if said else "B"

    endpoint.script = script
    assert evaluate(endpoint, tmp_path, "--at-once=1") == 0
    assert len(endpoint.requests) == 6
    for _, body in endpoint.requests[2:]:
        assert {*body} == {"model", "messages", "max_completion_tokens"}


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_fails_for_now_is_tried_again(status, endpoint, tmp_path) -> None:
    endpoint.script = lambda question, number: status if number <= 2 else "B"
    assert evaluate(endpoint, tmp_path, "--at-once=1") == 0
    assert len(endpoint.requests) == 6
    assert scores(tmp_path)["states"]["right"] == 4


def cut(handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{")


def test_what_breaks_off_is_asked_again(endpoint, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("spatialvlm_jax.asking.endpoint_model._FIRST_WAIT", 0.0)
    endpoint.script = lambda question, number: cut if number <= 2 else "B"
    assert evaluate(endpoint, tmp_path, "--at-once=1") == 0
    assert len(endpoint.requests) == 6
    endpoint.script = lambda question, number: cut
    assert evaluate(endpoint, tmp_path, "--at-once=1", "--retries=0", "--temperature=1") == 1
    failures = {line.get("failure", "") for line in replies(tmp_path)}
    assert any(each.startswith("no answer: its reply broke off: ") for each in failures)


def test_a_reply_in_parts_is_their_text(endpoint, tmp_path) -> None:
    parts = [{"type": "text", "text": "B"}, {"type": "other"}]
    endpoint.script = lambda question, number: {"role": "assistant", "content": parts}
    assert evaluate(endpoint, tmp_path) == 0
    assert {line["text"] for line in replies(tmp_path)} == {"B"}


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (400, "status 400: Error code: 400"),
        (b"<html>", "it is no chat completion"),
        (b'{"choices": []}', "it is no chat completion"),
        (b'{"choices": [{"message": {"content": [1]}}]}', "it is no chat completion"),
        ({"role": "assistant", "content": None, "refusal": "I will\nnot."}, "refused: I will not."),
        ({"role": "assistant", "content": None}, "no text; it ended by stop"),
    ],
)
def test_a_question_without_a_reply_is_named_and_asked_again_later(
    bad, why, endpoint, tmp_path
) -> None:
    endpoint.script = lambda question, number: bad if "picture 2" in question else "B"
    assert evaluate(endpoint, tmp_path) == 1
    found = scores(tmp_path)
    assert found["states"]["not answered"] == 1
    assert [each.startswith(why) for each in found["failures"]] == [True]
    (line,) = [line for line in replies(tmp_path) if "text" not in line]
    assert (line["id"], line["failure"].startswith(why)) == ("2", True)
    sent = len(endpoint.requests)
    endpoint.script = lambda question, number: "B"
    assert evaluate(endpoint, tmp_path) == 0
    assert len(endpoint.requests) == sent + 1
    assert scores(tmp_path)["states"]["right"] == 4


def test_an_endpoint_that_refuses_the_key_is_asked_once(endpoint, tmp_path, capsys) -> None:
    endpoint.script = lambda question, number: 401
    assert evaluate(endpoint, tmp_path, "--at-once=1") == 2
    assert len(endpoint.requests) == 1
    told = capsys.readouterr().err
    assert "refuses with status 401" in told
    assert "the key is read from OPENAI_API_KEY" in told


def test_what_was_answered_before_it_ended_is_kept_and_reported(endpoint, tmp_path, capsys) -> None:
    endpoint.script = lambda question, number: "B" if number <= 2 else 403
    assert evaluate(endpoint, tmp_path, "--at-once=1") == 1
    told = capsys.readouterr()
    *missing, stopped, go_on = told.err.strip().splitlines()[-3:]
    assert missing == ["listed, cv_bench: 2 questions were not asked yet"]
    assert "refuses with status 403" in stopped
    assert go_on.startswith("what is answered is kept; go on by ")
    assert "| listed (partial) |" in told.out
    assert "listed (partial)" in (tmp_path / "out" / "report.html").read_text()
    found = scores(tmp_path)
    assert found["is_partial"]
    assert (found["not_asked"], found["states"]["not answered"]) == (2, 2)
    assert len(replies(tmp_path)) == 2
    endpoint.script = lambda question, number: "B"
    assert evaluate(endpoint, tmp_path, "--at-once=1") == 0
    assert len(endpoint.requests) == 5
    assert not scores(tmp_path)["is_partial"]


@pytest.mark.parametrize("bound", ["--most-requests=3", "--most-tokens=250"])
def test_no_more_is_spent_than_was_allowed(bound, endpoint, tmp_path, capsys) -> None:
    assert evaluate(endpoint, tmp_path, "--at-once=1", bound) == 1
    assert len(endpoint.requests) == 3
    assert f"{bound} are spent" in capsys.readouterr().err
    assert scores(tmp_path)["not_asked"] == 1


def test_an_endpoint_that_is_not_there_is_told(endpoint, tmp_path, capsys) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    address = f"http://127.0.0.1:{port}/v1#gone"
    assert evaluate(endpoint, tmp_path, "--retries=0", "--at-once=1", address=address) == 1
    told = capsys.readouterr().err
    assert "3 questions in a row got no reply, the last one nothing answers there: [Errno" in told
    (failure,) = {line["failure"] for line in replies(tmp_path, "gone")}
    assert failure.startswith("nothing answers there: [Errno ")


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        (b" " * 5_000, "lists its models in a reply of more than 4,096 bytes: name one, openai:"),
        (b"<html>", "lists no model: name one, openai:URL#NAME"),
    ],
)
def test_a_list_of_models_that_is_cut_is_told_in_a_line(
    listed, said, endpoint, tmp_path, capsys, monkeypatch
) -> None:
    monkeypatch.setattr("spatialvlm_jax.endpoint_client.MOST_BYTES", 4096)
    endpoint.listed = listed
    assert evaluate(endpoint, tmp_path) == 2
    told = capsys.readouterr().err
    assert said in told
    assert told.strip().count("\n") == 0
    assert not endpoint.requests


def test_an_endpoint_that_is_not_there_is_told_before_others_are_asked(
    endpoint, tmp_path, capsys
) -> None:
    more = "--model=openai:http://127.0.0.1:1/v1"
    assert evaluate(endpoint, tmp_path, more) == 2
    assert "http://127.0.0.1:1/v1 lists no model: " in capsys.readouterr().err
    assert not endpoint.requests


def test_an_endpoint_that_is_not_there_lists_no_model(endpoint, tmp_path, capsys) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    assert evaluate(endpoint, tmp_path, address=f"http://127.0.0.1:{port}/v1") == 2
    assert "lists no model: Connection error.; is it there?" in capsys.readouterr().err


def test_pictures_are_sent_within_bounds() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (900, 1200, 3)).astype(np.uint8)
    head, _, data = data_url(noise, 600).partition(",")
    assert head == "data:image/jpeg;base64"
    assert Image.open(io.BytesIO(base64.b64decode(data))).size == (600, 450)

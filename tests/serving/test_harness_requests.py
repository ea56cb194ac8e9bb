"""What lmms-eval and VLMEvalKit post is answered, or refused in a sentence."""

import json

import openai
import pytest
from PIL import Image

from tests.serving.asking import Telling, send, serving
from tests.serving.harnesses import lmms_body, lmms_reply, vlmeval_body, vlmeval_reply

RED = Image.new("RGB", (40, 30), (200, 0, 0))
SPRITE = RED.convert("RGBA")
TOOL = {"type": "function", "function": {"name": "zoom", "parameters": {}}}
LMMS = {
    "picture first": (lmms_body([RED, "How far?"], max_tokens=16), "How far?"),
    "text first": (lmms_body(["Look.", RED, "How far?"]), "Look.\nHow far?"),
    "text alone around": (lmms_body(["How far?", RED]), "How far?"),
    "a long reply": (lmms_body([RED, "How far?"], max_tokens=49_152), "How far?"),
    "a system prompt": (lmms_body([RED, "How far?"], system="Be brief."), "How far?"),
    "jpeg": (lmms_body([RED, "How far?"], form="JPEG"), "How far?"),
    "webp": (lmms_body([RED, "How far?"], form="WEBP"), "How far?"),
    "transparent": (lmms_body([SPRITE, "How far?"]), "How far?"),
    "tools": (lmms_body([RED, "How far?"], tools=[TOOL], tool_choice="auto"), "How far?"),
    "sampling": (lmms_body([RED, "How far?"], temperature=0.7, top_p=0.9, seed=1), "How far?"),
}
TURNS = [
    {"role": "user", "content": [{"type": "text", "text": "Hello."}]},
    {"role": "assistant", "content": [{"type": "text", "text": "Hello!"}]},
]
VLMEVAL = {
    "text first": (vlmeval_body(["How far?", RED]), "How far?"),
    "several texts": (
        vlmeval_body(["Level 1.", RED, "How far?", "In m."]),
        "Level 1.\nHow far?\nIn m.",
    ),
    "a system prompt": (vlmeval_body([RED, "How far?"], system="Be brief."), "How far?"),
    "transparent": (vlmeval_body([SPRITE, "How far?"]), "How far?"),
    "sampling": (
        vlmeval_body([RED, "How far?"], top_k=1, top_p=0.8, repetition_penalty=1.05, seed=7),
        "How far?",
    ),
    "not as a stream": (vlmeval_body([RED, "How far?"], stream=False), "How far?"),
    "fields of other servers": (
        vlmeval_body([RED, "How far?"], chat_template_kwargs={"enable_thinking": False}),
        "How far?",
    ),
    "fields of a picture": (
        vlmeval_body(
            [RED, "How far?"],
            of_picture={"detail": "low", "max_dynamic_patch": 6, "min_pixels": 784},
        ),
        "How far?",
    ),
    "a conversation": (vlmeval_body([RED, "How far?"], before=TURNS), "How far?"),
}


@pytest.fixture(scope="module")
def port():
    with serving(Telling()) as (port, _):
        yield port


def check(text: str, question: str) -> None:
    """JPEG changes the red a little."""
    asked, red, unit = text.rsplit(" ", 2)
    assert (asked, unit) == (question, "m")
    assert abs(int(red) - 200) <= 3


@pytest.mark.parametrize("name", LMMS)
def test_requests_of_lmms_eval_are_answered(name: str, port: int) -> None:
    body, question = LMMS[name]
    base = f"http://127.0.0.1:{port}/v1"
    with openai.OpenAI(base_url=base, api_key="x", max_retries=0) as client:
        found = client.chat.completions.create(**body)
    assert found.choices[0].finish_reason == "stop"
    check(found.choices[0].message.content, question)
    assert min(found.usage.prompt_tokens, found.usage.completion_tokens) > 0


@pytest.mark.parametrize("name", VLMEVAL)
def test_requests_of_vlmevalkit_are_answered(name: str, port: int) -> None:
    body, question = VLMEVAL[name]
    status, headers, found = send(port, body, Authorization="Bearer sk-admin")
    assert (status, headers["Content-Type"]) == (200, "application/json")
    check(vlmeval_reply(status, found), question)


def test_a_stream_of_vlmevalkit_is_the_same_text(port: int) -> None:
    status, _, found = send(port, vlmeval_body(["How far?", RED], stream=True))
    events = [line.removeprefix("data: ") for line in found.decode().split("\n\n") if line]
    assert (status, events[-1]) == (200, "[DONE]")
    deltas = [json.loads(event)["choices"][0]["delta"] for event in events[:-1]]
    check("".join(delta.get("content") or "" for delta in deltas).strip(), "How far?")


def test_vlmevalkit_finds_the_name_of_the_model(port: int) -> None:
    assert json.loads(send(port, b"", "GET", "/v1/models")[2])["data"][0]["id"] == "telling"


TWO = "one picture can be asked about at a time, and the messages hold 2"
VIDEO = {"type": "video_url", "video_url": {"url": "data:video/mp4;base64,AAAA"}}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (lmms_body([RED, RED, "Which?"]), TWO),
        (vlmeval_body([RED, "Here.", RED, "Which?"]), TWO),
        (lmms_body([RED] * 64 + ["How long?"]), TWO[:-1] + "64"),
        (lmms_body(["<0.5 seconds>", RED, "<1.5 seconds>", RED, "How long?"]), TWO),
        (lmms_body(["2 + 2?"]), "there is no picture"),
        (vlmeval_body(["2 + 2?", "Think."]), "there is no picture"),
        ({"messages": [{"role": "user", "content": [VIDEO]}]}, "'video_url'"),
    ],
)
def test_what_one_picture_does_not_answer_is_refused_in_a_sentence(port, body, said) -> None:
    status, _, found = send(port, body)
    message = json.loads(found)["error"]["message"]
    assert (status, said in message, "\n" in message) == (400, True, False)
    assert len(message) < 200
    assert lmms_reply(status, found).startswith("[LMMS_EVAL_REQUEST_FAILED")
    assert vlmeval_reply(status, found).startswith("Failed to obtain answer via API")

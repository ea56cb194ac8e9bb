"""Bodies as clients and harnesses send them."""

import json

import pytest

from spatialvlm_jax.inference.picture import CameraFacts
from spatialvlm_jax.serving.chat_request import read_chat_request
from spatialvlm_jax.serving.limits import Limits
from spatialvlm_jax.serving.refusal import Refusal
from tests.serving.asking import chat, picture_url

URL = picture_url(3)
PICTURE = {"type": "image_url", "image_url": {"url": URL}}


def read(**body):
    return read_chat_request(json.dumps(body).encode(), Limits())


def user(*content):
    return {"role": "user", "content": list(content)}


def text(words):
    return {"type": "text", "text": words}


def test_a_request_of_lmms_eval() -> None:
    found = read(**chat("How far?", URL, max_tokens=49_152, temperature=0))
    assert (found.model, found.question, found.max_tokens) == ("telling", "How far?", 49_152)
    assert found.picture.startswith(b"\x89PNG")
    assert not found.streams


def test_a_request_of_vlmevalkit() -> None:
    messages = [
        {"role": "system", "content": "You are a helpful assistant."},
        user(text("Look at this."), PICTURE, text("How far?"), text("Answer in metres.")),
    ]
    more = {"n": 1, "top_k": None, "repetition_penalty": 1.0, "stream": False, "temperature": 0}
    found = read(model="telling", messages=messages, max_tokens=32_768, **more)
    assert found.question == "Look at this.\nHow far?\nAnswer in metres."


def test_the_last_question_is_asked_about_the_picture_before_it() -> None:
    messages = [
        user(PICTURE, text("How wide?")),
        {"role": "assistant", "content": "1 m"},
        {"role": "user", "content": "And how tall?"},
    ]
    found = read(messages=messages, stream=True, max_completion_tokens=3, max_tokens=9)
    assert (found.model, found.question, found.max_tokens) == ("", "And how tall?", 3)
    assert found.streams
    assert not found.with_usage


def test_what_is_known_of_the_camera_comes_with_a_request() -> None:
    told = {"camera": {"fov": 60, "height": 1.5, "pitch": None}}
    assert read(**chat("a", URL, spatial=told)).camera == CameraFacts(fov=60, height=1.5)
    empty: list[dict | None] = [None, {}, {"camera": None}, {"camera": {}}]
    for nothing in empty:
        assert read(**chat("a", URL, spatial=nothing)).camera == CameraFacts()


@pytest.mark.parametrize(
    ("spatial", "said"),
    [
        ([], "spatial is of another type than dict"),
        ({"Camera": {}}, "spatial has no 'Camera': there is camera"),
        ({"camera": 60}, "spatial.camera is not an object"),
        ({"camera": {"FOV": 60}}, "spatial.camera has no 'FOV': there is fov, height, pitch"),
        ({"camera": {"fov": "60"}}, "spatial.camera.fov is not a number"),
        ({"camera": {"height": True}}, "spatial.camera.height is not a number"),
        ({"camera": {"fov": 180}}, "a camera's fov of 180 is not between 0 and 180"),
        ({"camera": {"height": 10**400}}, "is not between 0 and 100000"),
    ],
)
def test_a_camera_that_is_none_is_refused(spatial, said) -> None:
    with pytest.raises(Refusal) as caught:
        read(**chat("a", URL, spatial=spatial))
    assert (caught.value.status, caught.value.param) == (400, "spatial")
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "messages is not a list"),
        ({"messages": [1]}, "messages is not a list of objects"),
        ({"messages": []}, "no message has the role user"),
        ({"messages": [user(text("a"))]}, "there is no picture"),
        ({"messages": [user(PICTURE)]}, "has no text"),
        ({"messages": [user(PICTURE, PICTURE, text("a"))]}, "and the messages hold 2"),
        ({"messages": [user(PICTURE), user(PICTURE, text("a"))]}, "and the messages hold 2"),
        ({"messages": [user({"type": "video_url"}, text("a"))]}, "'video_url'"),
        ({"messages": [user("a")]}, "'None'"),
        ({"messages": [{"role": "user", "content": 3}]}, "neither a text nor a list"),
        (chat("a", "https://example.org/a.png"), "nothing is fetched"),
        (chat("a", "file:///etc/passwd"), "nothing is fetched"),
        (chat("a", "data:image/png;base64,A"), "not base64"),
        (chat("a", "data:image/png;base64,é"), "not base64"),
        (chat("a", URL, n=2), "leave out n"),
        (chat("a", URL, max_tokens=0), "max_tokens is not a whole number above zero"),
        (chat("a", URL, max_tokens=True), "max_tokens is not a whole number above zero"),
        (chat("a", URL, stream="yes"), "stream is of another type than bool"),
        (chat("a", URL, model=3), "model is of another type than str"),
    ],
)
def test_what_would_be_answered_wrongly_is_refused(body, said) -> None:
    with pytest.raises(Refusal) as caught:
        read(**body)
    assert caught.value.status == 400
    assert said in caught.value.message
    assert "\n" not in caught.value.message

"""A question and its picture, out of the body of a chat completion request.

Unknown fields are passed over, as harnesses send settings of other servers. What would change the
answer if it were passed over is refused.
"""

import base64
import binascii
import dataclasses
import re
from typing import Any

from spatialvlm_jax.errors import UserError, one_line
from spatialvlm_jax.inference.picture import CameraFacts
from spatialvlm_jax.serving.limits import Limits
from spatialvlm_jax.serving.refusal import Refusal
from spatialvlm_jax.serving.request_body import object_in

_DATA_URL = re.compile(r"data:image/[\w.+-]{1,40};base64,", re.IGNORECASE)
_SHOWN = 60


@dataclasses.dataclass(frozen=True, eq=False)
class ChatRequest:
    """What is asked.

    model: the name of the model, "" where none is named. question: all texts of the last message of
    the user. picture: the bytes of an image file, or the address where one is. max_tokens: of the
    answer, None where it is not bounded. streams: whether the answer is sent as events; with_usage:
    with a last one that counts tokens. camera: what is known of it beyond what the file tells.
    """

    model: str
    question: str
    picture: bytes | str
    max_tokens: int | None
    streams: bool
    with_usage: bool
    camera: CameraFacts = CameraFacts()  # noqa: RUF009


def read_chat_request(body: bytes, limits: Limits, *, fetches: bool = False) -> ChatRequest:
    """Reads a body.

    Args:
      fetches: pictures may be named by their address.

    Raises:
      Refusal: with status 400, or 413 where the question is too long.
    """
    found = object_in(body, "the body")
    if found.get("n") not in (None, 1):
        raise Refusal(400, "one answer is given to a request: leave out n", "n")
    question, url = _asked(found.get("messages"))
    is_remote = fetches and url[:8].lower().startswith(("http://", "https://"))
    if len(question) > limits.characters:
        said = f"the question has {len(question)} characters; at most {limits.characters} are read"
        raise Refusal(413, said, "messages")
    options = found.get("stream_options")
    return ChatRequest(
        model=_field(found, "model", str, "") or "",
        question=question,
        picture=url if is_remote else data_url_bytes(url),
        max_tokens=_max_tokens(found),
        streams=bool(_field(found, "stream", bool, False)),
        with_usage=isinstance(options, dict) and options.get("include_usage") is True,
        camera=_camera(found),
    )


def _field(found: dict[str, Any], name: str, kind: type, default: Any) -> Any:
    value = found.get(name)
    if value is None:
        return default
    if not isinstance(value, kind):
        raise Refusal(400, f"{name} is of another type than {kind.__name__}", name)
    return value


def _camera(found: dict[str, Any]) -> CameraFacts:
    """What {"spatial": {"camera": {"fov": 60}}} says; a misspelt field would change the answer."""
    known = _named(_field(found, "spatial", dict, {}), "spatial", ("camera",)).get("camera")
    if known is not None and not isinstance(known, dict):
        raise Refusal(400, "spatial.camera is not an object", "spatial")
    facts = _named(known or {}, "spatial.camera", ("fov", "height", "pitch"))
    for name, value in facts.items():
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise Refusal(400, f"spatial.camera.{name} is not a number", "spatial")
    try:
        return CameraFacts(**facts)
    except UserError as error:
        raise Refusal(400, str(error), "spatial") from None


def _named(given: dict[str, Any], where: str, names: tuple[str, ...]) -> dict[str, Any]:
    if unknown := sorted(given.keys() - set(names)):
        said = f"{where} has no {one_line(unknown[0])[:_SHOWN]!r}: there is {', '.join(names)}"
        raise Refusal(400, said, "spatial")
    return given


def _max_tokens(found: dict[str, Any]) -> int | None:
    """The bound of the answer; what is larger than any answer bounds nothing."""
    for name in ("max_completion_tokens", "max_tokens"):
        value = found.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise Refusal(400, f"{name} is not a whole number above zero", name)
        return value
    return None


def _asked(messages: Any) -> tuple[str, str]:
    """The texts of the user's last message, joined, and the URL of the one picture of all."""
    if not isinstance(messages, list) or not all(isinstance(each, dict) for each in messages):
        raise Refusal(400, "messages is not a list of objects", "messages")
    users = [_parts(each.get("content")) for each in messages if each.get("role") == "user"]
    if not users:
        raise Refusal(400, "no message has the role user", "messages")
    urls = [part for parts in users for kind, part in parts if kind == "image_url"]
    if len(urls) > 1:
        said = f"one picture can be asked about at a time, and the messages hold {len(urls)}"
        raise Refusal(400, said, "messages")
    if not urls:
        said = "there is no picture: add a part image_url with a data URL to the message"
        raise Refusal(400, said, "messages")
    question = "\n".join(part for kind, part in users[-1] if kind == "text").strip()
    if not question:
        raise Refusal(400, "the last message of the user has no text", "messages")
    return question, urls[0]


def _parts(content: Any) -> list[tuple[str, str]]:
    """Kinds and contents of a message's parts; a plain text is one."""
    if isinstance(content, str):
        return [("text", content)]
    if not isinstance(content, list):
        raise Refusal(400, "content is neither a text nor a list of parts", "messages")
    return [_part(each) for each in content]


def _part(part: Any) -> tuple[str, str]:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "text" and isinstance(part.get("text"), str):
        return kind, part["text"]
    if kind == "image_url":
        url = part.get("image_url")
        url = url.get("url") if isinstance(url, dict) else url
        if isinstance(url, str):
            return kind, url
    said = f"a part is of type {one_line(str(kind))[:_SHOWN]!r} or has no content: "
    raise Refusal(400, said + "text and image_url can be read", "messages")


def data_url_bytes(url: str) -> bytes:
    """The file in a data URL; raises Refusal with status 400 where it is none."""
    head = _DATA_URL.match(url)
    if head is None:
        said = (
            f"the picture is {one_line(url[:_SHOWN])!r}: send it as data:image/png;base64,..., "
            "because nothing is fetched"
        )
        raise Refusal(400, said, "messages")
    try:
        return base64.b64decode(url[head.end() :], validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refusal(400, f"the picture is not base64: {error}", "messages") from None

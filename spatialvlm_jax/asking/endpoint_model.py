"""A model behind an OpenAI-compatible endpoint: several requests at a time, all of it bounded."""

import base64
import concurrent.futures
import dataclasses
import functools
import io
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from PIL import Image

from spatialvlm_jax.asking.budget import Budget
from spatialvlm_jax.asking.question import AskingStopped, Manner, Question, Reply
from spatialvlm_jax.endpoint_client import (
    API_KEY,
    ODD_REPLY,
    NoReply,
    ReplyRefused,
    asked_wait,
    check_address,
    complete,
    first_model,
    is_for_now,
    joined_text,
    open_client,
)
from spatialvlm_jax.errors import UserError, one_line
from spatialvlm_jax.evaluation.tracks import CAMERA
from spatialvlm_jax.inference.picture import Picture

_MAX_TOKENS = 512  # of a reply, where nothing else is said
_MOST_CHARACTERS = 20_000  # of a reply that is kept
_EXACT_BYTES = 256 * 1024  # a picture up to this size is sent as PNG
_QUALITY = 92
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0  # seconds before another try
_HOPELESS = (401, 403, 404)
# Failures that end it: of an endpoint that has answered before, of one that has not, or is gone.
_IN_A_ROW, _IN_A_ROW_AT_FIRST = 20, 3
_REFUSED, _GONE = "refused", "nothing answers there"
_FIELDS = ("max_tokens", "temperature", "seed")  # that not every model takes
_TOKENS_OF_A_PICTURE, _CHARACTERS_OF_A_TOKEN = 1_000, 4  # where an endpoint does not count


@dataclasses.dataclass(frozen=True)
class EndpointLimits:
    """What a request may take.

    at_once: requests under way. retries: of each. seconds: of one try. side: pixels of a picture.
    """

    at_once: int = 4
    retries: int = 3
    seconds: float = 120.0
    side: int = 1024


class _Failed(Exception):
    """No reply to one question; the message says why."""


class EndpointRespondent:
    """A model that answers Chat Completions.

    name: in tables. identity: its address and its name there. is_told_cameras: it is sent pixels.
    """

    is_told_cameras = False

    def __init__(self, url: str, model: str, limits: EndpointLimits, budget: Budget):
        """Finds the model.

        Args:
          url: its base, such as http://127.0.0.1:8000/v1. model: its name there; "" for the first
            one that the endpoint lists.

        Raises:
          UserError: the address is none, nothing answers there, or the client is not installed.
        """
        check_address(url, f"--model=openai:{url[:80]} has", "an endpoint")
        self._limits, self._budget = limits, budget
        self._client = open_client(url)
        self._stop, self._refused = threading.Event(), set[str]()
        self._url = url
        self._model = model or self._first_listed()
        self.name, self.identity = self._model, f"{url}#{self._model}"

    def check(self, manner: Manner) -> None:
        """Raises UserError where replies would be scored, or the camera told."""
        if manner.by != "words":
            raise UserError(f"{self.name} gives words alone: leave out --by={manner.by}")
        if manner.track == CAMERA:
            raise UserError(f"{self.name} is sent pixels alone: leave out --track={CAMERA}")

    def replies(self, asked: Iterable[tuple[Question, Picture]], manner: Manner) -> Iterator[Reply]:
        """Its replies as they come.

        Raises:
          AskingStopped: the endpoint refuses all, does not answer, or the budget is spent; all that
            was answered is given before.
        """
        pending: set[concurrent.futures.Future[Reply]] = set()
        state = _State(self._url)
        self._stop.clear()
        with concurrent.futures.ThreadPoolExecutor(self._limits.at_once) as pool:
            try:
                for question, picture in asked:
                    pending.add(pool.submit(self._ask, question, picture, manner))
                    if len(pending) >= self._limits.at_once:
                        yield from state.take(pending)
                    if state.ended:
                        self._stop.set()
                        break
                while pending:
                    yield from state.take(pending)
            finally:
                self._stop.set()
        if state.ended:
            raise AskingStopped(state.ended)

    def _ask(self, question: Question, picture: Picture, manner: Manner) -> Reply:
        """One reply, in a thread; raises AskingStopped where no other could be asked either."""
        content = [
            {"type": "image_url", "image_url": {"url": data_url(picture.image, self._limits.side)}},
            {"type": "text", "text": question.prompt},
        ]
        request: dict[str, Any] = {
            "model": self._model,
            "messages": [{"role": "user", "content": content}],
            "temperature": manner.temperature,
            "max_tokens": manner.max_tokens or _MAX_TOKENS,
        }
        if manner.temperature:
            request["seed"] = manner.seed_of(question) % 2**31
        for name in tuple(self._refused):
            _without(request, name)
        try:
            return Reply(question.item.id, self._text(request, len(question.prompt)))
        except _Failed as error:
            return Reply(question.item.id, failure=str(error))

    def _text(self, request: dict[str, Any], characters: int) -> str:
        import openai

        for attempt in range(self._limits.retries + 1):
            self._budget.take()
            try:
                found = complete(self._client, self._limits.seconds, **request)
                return self._read(found, characters)
            except openai.APIStatusError as error:
                said = f"status {error.status_code}: {one_line(str(error))[:200]}"
                if error.status_code in _HOPELESS:
                    raise AskingStopped(
                        f"{self._url} refuses with {said}; the key is read from {API_KEY}"
                    ) from None
                if error.status_code == 400 and self._adapt(request, str(error)):
                    continue
                if not is_for_now(error):
                    raise _Failed(said) from None
                wait = asked_wait(error)
            except openai.APIConnectionError as error:
                said, wait = _describe_silence(error), None
            except NoReply as error:
                said, wait = f"no answer: {error}", None
            except ReplyRefused as error:
                raise _Failed(str(error)) from None
            except (openai.OpenAIError, *ODD_REPLY):
                raise _Failed("it is no chat completion") from None
            seconds = _FIRST_WAIT * 2**attempt if wait is None else wait
            is_last = attempt == self._limits.retries
            if is_last or self._stop.wait(min(_LONGEST_WAIT, seconds)):
                break
        raise _Failed(said)

    def _adapt(self, request: dict[str, Any], said: str) -> bool:
        """Leaves out for all questions what the model says that it does not take."""
        found = [name for name in _FIELDS if f"'{name}'" in said and name in request]
        for name in found:
            self._refused.add(name)
            _without(request, name)
        return bool(found)

    def _read(self, found: Any, characters: int) -> str:
        """The text of a completion, whose tokens are counted."""
        total = getattr(getattr(found, "usage", None), "total_tokens", None)
        message = found.choices[0].message
        refusal, text = getattr(message, "refusal", None), joined_text(message.content)
        if not isinstance(total, int) or total < 1:
            total = _TOKENS_OF_A_PICTURE + (characters + len(text or "")) // _CHARACTERS_OF_A_TOKEN
        self._budget.add(total)
        if refusal:
            raise _Failed(f"{_REFUSED}: {one_line(str(refusal))[:200]}")
        if text is None:
            raise _Failed(f"no text; it ended by {one_line(str(found.choices[0].finish_reason))}")
        return text[:_MOST_CHARACTERS]

    def _first_listed(self) -> str:
        import openai

        try:
            return first_model(self._client, self._limits.seconds)
        except (openai.OpenAIError, NoReply) as error:
            said = one_line(str(error))[:200]
            raise UserError(f"{self._url} lists no model: {said}; is it there?") from None
        except ReplyRefused as error:
            raise UserError(
                f"{self._url} lists its models in {error}: name one, openai:URL#NAME"
            ) from None
        except ODD_REPLY:
            raise UserError(f"{self._url} lists no model: name one, openai:URL#NAME") from None


class _State:
    """What came of the questions so far. ended: why no other is asked, "" while they are."""

    def __init__(self, url: str):
        self._url, self._row, self._gone = url, 0, 0
        self._most, self.ended = _IN_A_ROW_AT_FIRST, ""

    def take(self, pending: set[concurrent.futures.Future[Reply]]) -> Iterator[Reply]:
        """The replies of the futures that are done, at least one, which are taken out."""
        done, _ = concurrent.futures.wait(pending, return_when=concurrent.futures.FIRST_COMPLETED)
        pending -= done
        for future in done:
            try:
                reply = future.result()
            except AskingStopped as error:
                self.ended = self.ended or str(error)
                continue
            self._heed(reply)
            yield reply

    def _heed(self, reply: Reply) -> None:
        """Ends it after so many failures in a row that the endpoint must be gone."""
        if not reply.failure:
            self._row, self._gone, self._most = 0, 0, _IN_A_ROW
        elif not reply.failure.startswith(_REFUSED):
            self._row += 1
            self._gone = self._gone + 1 if reply.failure.startswith(_GONE) else 0
        if self._row >= self._most or self._gone >= _IN_A_ROW_AT_FIRST:
            self.ended = self.ended or (
                f"{self._url}: {self._row} questions in a row got no reply, the last one "
                f"{reply.failure}"
            )


def _without(request: dict[str, Any], name: str) -> None:
    """Takes a field out; the length of a reply has another name for some models."""
    value = request.pop(name, None)
    if name == "max_tokens":
        request["max_completion_tokens"] = value


def _describe_silence(error: Any) -> str:
    """Why no answer came, of an `openai.APIConnectionError`: nobody there, or another reason."""
    cause = error.__cause__
    is_gone = type(cause).__name__ == "ConnectError"  # of whichever httpx the client has
    said = one_line(str(cause or "") or str(error))[:200]
    return f"{_GONE if is_gone else 'no answer'}: {said}"


def data_url(image: np.ndarray, side: int) -> str:
    """uint8[H, W, 3], no side longer than `side` pixels, as an address: a PNG where it is small."""
    return _data_url(image.tobytes(), image.shape[1::-1], side)


@functools.lru_cache(maxsize=16)  # several questions are about one picture
def _data_url(pixels: bytes, size: tuple[int, int], side: int) -> str:
    picture = Image.frombytes("RGB", size, pixels)
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    for form, options in (("png", {}), ("jpeg", {"quality": _QUALITY})):
        buffer = io.BytesIO()
        picture.save(buffer, form, **options)
        if form == "jpeg" or buffer.tell() <= _EXACT_BYTES:
            break
    return f"data:image/{form};base64," + base64.b64encode(buffer.getvalue()).decode()

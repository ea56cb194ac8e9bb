"""The paths of the server: chat completions, the model's name, health, counters."""

import asyncio
import concurrent.futures
import dataclasses
import hmac
import json
import logging
import os
import time
from typing import Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.inference.picture import CameraFacts, Picture, open_picture
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax.serving.batching import AsksEach, Batching
from spatialvlm_jax.serving.chat_reply import ChatReply
from spatialvlm_jax.serving.chat_request import ChatRequest, read_chat_request
from spatialvlm_jax.serving.limits import Limits
from spatialvlm_jax.serving.metrics import Metrics
from spatialvlm_jax.serving.own_names import OwnNames
from spatialvlm_jax.serving.refusal import Refusal
from spatialvlm_jax.serving.remote_images import RemoteImages
from spatialvlm_jax.serving.request_body import read_body

# Slow servers of others may keep so many requests waiting, and never all that are taken.
_FETCHED_AT_ONCE, _MOST_FETCHED = 8, 32
_OTHER_NAME = Refusal(
    403,
    "without a key this server answers to names of its own machine alone, such as 127.0.0.1: "
    "ask it by one of them, or start it with the variable SPATIALVLM_API_KEY set",
)


class AskedModel(AsksEach, Protocol):
    """What is needed of a `LoadedModel`."""

    @property
    def tokenizer(self) -> Tokenizer:
        """That of its answers."""
        ...

    def tell(self, picture: Picture, facts: CameraFacts) -> Picture:
        """With what is known of its camera; raises UserError where that would not reach it."""
        ...

    def count_tokens(self, picture: Picture, question: str) -> int:
        """Tokens that are read; raises UserError where the question cannot be asked."""
        ...


class Application:
    """Answers requests for one model.

    Args:
      model: that nothing else asks meanwhile.
      name: that it has to clients.
      limits: of what is taken.
      host: at which the server listens. At an address of this machine alone, requests for another
        name are refused where there is no key.
      key: that requests must carry; "": none.
      scored_values: as `LoadedModel.ask` takes it.
      remote: fetches pictures that are named by their address; None refuses them.
    """

    def __init__(
        self,
        model: AskedModel,
        name: str,
        limits: Limits,
        *,
        host: str,
        key: str,
        scored_values: int,
        remote: RemoteImages | None = None,
    ) -> None:
        self._model, self._name, self._limits, self._host = model, name, limits, host
        self._key, self._created = key.encode(), int(time.time())
        self._metrics, self._waiting = Metrics(), 0
        self._readers = concurrent.futures.ThreadPoolExecutor(min(4, os.cpu_count() or 1))
        # Who waits for others' servers does not hold up those who sent their picture.
        self._remote, self._fetching = remote, 0
        self._fetchers = concurrent.futures.ThreadPoolExecutor(_FETCHED_AT_ONCE)
        self._batching = Batching(
            model,
            together=limits.together,
            linger=limits.linger,
            scored_values=scored_values,
            note=self._metrics.batches.observe,
        )

    def routes(self) -> Starlette:
        """The application to be run by an ASGI server."""
        paths = [
            Route("/v1/chat/completions", self._chat, methods=["POST"]),
            Route("/v1/models", self._models, methods=["GET"]),
            Route("/v1/models/{name:path}", self._models, methods=["GET"]),
            Route("/health", self._health, methods=["GET"]),
            Route("/metrics", self._counters, methods=["GET"]),
        ]
        application = Starlette(
            routes=paths, exception_handlers={Refusal: _refuse, HTTPException: _refuse_path}
        )
        if not self._key:  # else who asks knows it, by whatever name
            application.add_middleware(OwnNames, host=self._host, refusal=_response(_OTHER_NAME))
        return application

    def close(self) -> None:
        """Returns when all that was taken is answered."""
        self._fetchers.shutdown()
        self._readers.shutdown()
        self._batching.close()

    async def _health(self, request: Request) -> Response:
        return JSONResponse({"status": "ok", "model": self._name})

    async def _counters(self, request: Request) -> Response:
        return Response(self._metrics.text(), media_type="text/plain; version=0.0.4")

    async def _models(self, request: Request) -> Response:
        self._check_key(request)
        own = {
            "id": self._name,
            "object": "model",
            "created": self._created,
            "owned_by": "spatialvlm",
        }
        if "name" not in request.path_params:
            return JSONResponse({"object": "list", "data": [own]})
        self._check_name(request.path_params["name"])
        return JSONResponse(own)

    async def _chat(self, request: Request) -> Response:
        start = time.monotonic()
        try:
            self._check_key(request)
            response = await self._taken(request)
        except Refusal as refusal:
            response = _response(refusal)
        self._metrics.requests.labels(str(response.status_code)).inc()
        self._metrics.seconds.observe(time.monotonic() - start)
        return response

    async def _taken(self, request: Request) -> Response:
        """Reads and answers a request, where not too many others are."""
        limits = self._limits
        if self._waiting >= limits.waiting:
            said = f"{limits.waiting} requests are being answered: ask again in a moment"
            raise Refusal(429, said, code="rate_limit_exceeded", retry_after=1)
        self._waiting += 1
        self._metrics.waiting.set(self._waiting)
        try:
            body = await read_body(request, limits)
            try:
                async with asyncio.timeout(limits.seconds):
                    asked, reply = await self._reply(body)
            except TimeoutError:
                said = f"there was no answer within {limits.seconds:g} seconds: ask again"
                raise Refusal(504, said, code="timeout") from None
        finally:
            self._waiting -= 1
            self._metrics.waiting.set(self._waiting)
        if asked.streams:
            return StreamingResponse(reply.events(asked.with_usage), media_type="text/event-stream")
        return JSONResponse(reply.completion())

    async def _reply(self, body: bytes) -> tuple[ChatRequest, ChatReply]:
        loop = asyncio.get_running_loop()
        asked = await loop.run_in_executor(self._readers, self._read, body)
        if isinstance(asked.picture, str):
            asked = dataclasses.replace(asked, picture=await self._fetch(asked.picture))
        picture, prompt_tokens = await loop.run_in_executor(self._readers, self._open, asked)
        # A camera that was told makes it another picture.
        key = f"{picture.sha256} {asked.camera}"
        taken = self._batching.put(key, picture, asked.question)
        try:
            answer = await asyncio.wrap_future(taken)
        except UserError as error:
            raise Refusal(400, str(error), "messages") from None
        except Exception as error:
            logging.error("a question could not be answered", exc_info=error)
            raise Refusal(500, "the model failed on this question", code="failed") from None
        tokens = list(self._model.tokenizer.encode_suffix(answer.text))[:-1]
        most = asked.max_tokens or len(tokens)
        is_cut = len(tokens) > most
        text = self._model.tokenizer.decode(tokens[:most]) if is_cut else answer.text
        counts = prompt_tokens, min(len(tokens), most)
        return asked, ChatReply(self._name, answer, text, is_cut, *counts)

    async def _fetch(self, url: str) -> bytes:
        """A picture by its address, where not too many others are waited for."""
        assert self._remote is not None  # else no address was read
        if self._fetching >= _MOST_FETCHED:
            said = f"{_MOST_FETCHED} pictures are being fetched: ask again in a moment"
            raise Refusal(429, said, code="rate_limit_exceeded", retry_after=1)
        self._fetching += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._fetchers, self._remote.fetch, url)
        finally:
            self._fetching -= 1

    def _read(self, body: bytes) -> ChatRequest:
        """What a body asks; in a thread of its own, as `_open`."""
        asked = read_chat_request(body, self._limits, fetches=self._remote is not None)
        self._check_name(asked.model or self._name)
        return asked

    def _open(self, asked: ChatRequest) -> tuple[Picture, int]:
        """The picture of a request, and its tokens."""
        try:
            picture = open_picture(asked.picture, max_pixels=self._limits.pixels)
            picture = self._model.tell(picture, asked.camera)
            return picture, self._model.count_tokens(picture, asked.question)
        except UserError as error:
            raise Refusal(400, str(error), "messages") from None

    def _check_name(self, name: str) -> None:
        if name != self._name:
            said = f"there is no model {name[:100]!r}; this server has {self._name!r}"
            raise Refusal(404, said, "model", "model_not_found")

    def _check_key(self, request: Request) -> None:
        kind, _, key = request.headers.get("authorization", "").partition(" ")
        if self._key and not (
            kind.lower() == "bearer" and hmac.compare_digest(key.strip().encode(), self._key)
        ):
            raise Refusal(401, "the key of this server is missing or wrong", code="invalid_api_key")


def _response(refusal: Refusal) -> Response:
    content = json.dumps(refusal.as_dict())
    return Response(content, refusal.status, refusal.headers, media_type="application/json")


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return _response(error)


async def _refuse_path(request: Request, error: Exception) -> Response:
    """What Starlette itself refuses: a path or a method that there is not."""
    status = error.status_code if isinstance(error, HTTPException) else 404
    return _response(Refusal(status, f"there is no {request.method} {request.url.path[:100]}"))

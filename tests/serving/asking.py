"""A model that answers at once with what it was asked, a server of it, and requests."""

import base64
import contextlib
import dataclasses
import http.client
import io
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import numpy as np
from PIL import Image

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.inference.spatial_answer import SpatialAnswer
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax.serving.application import Application
from spatialvlm_jax.serving.limits import Limits
from spatialvlm_jax.serving.remote_images import RemoteImages
from spatialvlm_jax.serving.server import Served, open_socket, serve
from spatialvlm_jax.signals import StopRequest
from tests.docs.commands import ROOT

TOKENIZER = Tokenizer.from_config("small")


class Telling:
    """Answers with the question and the picture's red; `gate` holds it up while it is closed.

    is_asked: set once a batch has come to the gate. counted: the questions whose tokens were
      counted, which is done before they are queued.
    """

    tokenizer = TOKENIZER

    def __init__(self) -> None:
        self.gate, self.batches = threading.Event(), list[list[int]]()
        self.is_asked = threading.Event()
        self.counted = list[str]()
        self.gate.set()

    def ask_each(self, asked, *, scored_values):
        self.is_asked.set()
        self.gate.wait(30)
        self.batches.append([len(questions) for _, questions in asked])
        if any(question == "fail" for _, questions in asked for question in questions):
            raise RuntimeError("a fault in the middle of a batch")
        return [
            [told(int(picture.image[0, 0, 0]), question) for question in questions]
            for picture, questions in asked
        ]

    def tell(self, picture, facts):
        if facts.pitch is not None:
            raise UserError("what is said of the camera's pitch does not reach this model")
        return dataclasses.replace(picture, camera=facts.of(picture.camera))

    def count_tokens(self, picture, question):
        if question == "too long":
            raise UserError("a question has 1025 tokens")
        self.counted.append(question)
        return 64 + len(TOKENIZER.encode_prefix(question))


def told(red: int, question: str) -> SpatialAnswer:
    interval = (red / 2, red * 2)
    return SpatialAnswer(question, f"{question} {red} m", red, "m", red / 4, interval)


def picture_url(red: int, side: int = 8) -> str:
    file = io.BytesIO()
    Image.fromarray(np.full((side, side, 3), (red, 0, 0), np.uint8)).save(file, "PNG")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def chat(question: str, *urls: str, **more) -> dict:
    """The body of a request, pictures first."""
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    content = [*parts, {"type": "text", "text": question}]
    return {"model": "telling", "messages": [{"role": "user", "content": content}], **more}


@contextlib.contextmanager
def serving(
    model,
    limits: Limits = Limits(),  # noqa: B008
    key: str = "",
    remote: RemoteImages | None = None,
) -> Iterator[tuple[int, StopRequest]]:
    """The port of a server of a model in a thread, and what ends it."""
    application = Application(
        model, "telling", limits, host="127.0.0.1", key=key, scored_values=96, remote=remote
    )
    with running(application, limits) as found:
        yield found


@contextlib.contextmanager
def running(
    application: Served,
    limits: Limits = Limits(),  # noqa: B008
) -> Iterator[tuple[int, StopRequest]]:
    """Likewise of anything that a server runs."""
    stop, listening = StopRequest(), open_socket("127.0.0.1", 0)
    port = listening.getsockname()[1]
    thread = threading.Thread(target=serve, args=(application, listening, limits, stop))
    thread.start()
    try:
        yield port, stop
    finally:
        stop.requested = True
        thread.join(30)
    assert not thread.is_alive()


@contextlib.contextmanager
def serve_in_a_process(*words: str) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """The port of `spatialvlm serve`, once it answers, and its process, which ends afterwards."""
    said = re.compile(r"\S+ answers at http://127.0.0.1:(\d+)/v1\n")
    with command_in_a_process(said, "serve", "--no-warm-up", *words) as found:
        yield found


@contextlib.contextmanager
def command_in_a_process(
    says: re.Pattern[str], *words: str
) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """The port that a command says in a line of its output, and its process, which ends then."""
    patient = ("--port=0", "--seconds=300")  # the first answers are compiled
    command = [sys.executable, "-m", "spatialvlm_jax.cli", *words, *patient]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = map(says.fullmatch, process.stdout)
            yield next(int(said[1]) for said in lines if said), process
        finally:
            process.kill()


def send(port: int, body: dict | bytes, method="POST", path="/v1/chat/completions", **headers):
    """Status, headers and body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    with contextlib.closing(connection):
        sent = {"Content-Type": "application/json", **headers}
        connection.request(method, path, data if method == "POST" else None, sent)
        response = connection.getresponse()
        return response.status, response.headers, response.read()


def wait_until(port: int, line: str) -> None:
    """Until the counters of a server say so."""
    until = time.monotonic() + 300
    while line not in (said := send(port, b"", "GET", "/metrics")[2].decode()):
        assert time.monotonic() < until, said
        time.sleep(0.01)

"""How many questions a second a server answers, and how long the slowest wait.

    python benchmarks/serve.py --json=serve.json

As many clients as named ask one question after the other, each about a picture of its own, with
batching and without. All is asked twice, and the first time, which compiles, does not count.
"""

import argparse
import base64
import concurrent.futures
import contextlib
import dataclasses
import http.client
import io
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

import spatialvlm_jax
from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.inference.image_encodings import ImageEncodings
from spatialvlm_jax.inference.loaded_model import LoadedModel
from spatialvlm_jax.serving.application import Application
from spatialvlm_jax.serving.limits import Limits
from spatialvlm_jax.serving.server import open_socket, serve
from spatialvlm_jax.signals import StopRequest

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "images" / "world_11.png"
QUESTIONS = ("How wide would you say the blue ball is?", "What color is the sofa?")
CLIENTS = (1, 8, 32)


def bodies(client: int) -> list[bytes]:
    """Requests about a picture that no other client has."""
    image = np.asarray(Image.open(PICTURE).convert("RGB")).copy()
    image[0, 0] = client
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    url = "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()
    picture = {"type": "image_url", "image_url": {"url": url}}
    contents = [[picture, {"type": "text", "text": question}] for question in QUESTIONS]
    messages = [[{"role": "user", "content": content}] for content in contents]
    return [json.dumps({"messages": each}).encode() for each in messages]


def ask(port: int, client: int, requests: int) -> list[float]:
    """Seconds that each request of a client takes."""
    connection, asked, found = http.client.HTTPConnection("127.0.0.1", port), bodies(client), []
    with contextlib.closing(connection):
        for number in range(requests):
            begin = time.perf_counter()
            body, headers = asked[number % len(asked)], {"Content-Type": "application/json"}
            connection.request("POST", "/v1/chat/completions", body, headers)
            response = connection.getresponse()
            response.read()
            if response.status != 200:
                raise RuntimeError(f"a request was answered with {response.status}")
            found.append(time.perf_counter() - begin)
    return found


@contextlib.contextmanager
def serving(model: LoadedModel, limits: Limits, scored_values: int) -> Iterator[int]:
    """The port of a server in this process."""
    stop, listening = StopRequest(), open_socket("127.0.0.1", 0)
    application = Application(
        model, "small128", limits, host="127.0.0.1", key="", scored_values=scored_values
    )
    thread = threading.Thread(target=serve, args=(application, listening, limits, stop))
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        stop.requested = True
        thread.join()


def measure(port: int, clients: int, requests: int) -> dict[str, float]:
    """Requests a second, and percentiles of the milliseconds that one takes."""
    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        list(pool.map(lambda client: ask(port, client, requests), range(clients)))
        begin = time.perf_counter()
        times = list(pool.map(lambda client: ask(port, client, requests), range(clients)))
        seconds = time.perf_counter() - begin
    half, most = np.percentile(np.concatenate(times), (50, 99))
    return {
        "a_second": clients * requests / seconds,
        "ms_median": 1e3 * float(half),
        "ms_99": 1e3 * float(most),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="small128", help="default: %(default)s")
    parser.add_argument("--requests", type=int, default=40, help="of a client (%(default)s)")
    parser.add_argument("--scored-values", type=int, default=96, help="default: %(default)s")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    args = parser.parse_args()
    # What batching is worth is asked of pictures that are new.
    model = dataclasses.replace(spatialvlm_jax.load(args.model), encodings=ImageEncodings(0))
    figures = []
    print("| clients | questions at once | a second | median | 99 % |")
    print("|---|---|---|---|---|")
    for clients in CLIENTS:
        for together in (1, 32):
            with serving(model, Limits(together=together, seconds=600), args.scored_values) as port:
                found = measure(port, clients, args.requests)
            figures.append({"clients": clients, "together": together, **found})
            speed = f"{found['a_second']:.1f}"
            waits = f"{found['ms_median']:.0f} ms | {found['ms_99']:.0f} ms"
            print(f"| {clients} | {together} | {speed} | {waits} |", flush=True)
    if args.json:
        write_json(args.json, figures)


if __name__ == "__main__":
    main()

"""A server on a socket that ends, on a signal, when it has answered what it took."""

import contextlib
import functools
import math
import socket
from collections.abc import Iterator
from typing import Protocol

import uvicorn
from starlette.applications import Starlette

from spatialvlm_jax.serving.bounded_connection import BoundedConnection
from spatialvlm_jax.serving.limits import Limits
from spatialvlm_jax.signals import StopRequest


class Served(Protocol):
    """What a server runs."""

    def routes(self) -> Starlette:
        """The application."""
        ...

    def close(self) -> None:
        """Returns when all that was taken is answered."""
        ...


def open_socket(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 takes a free one.

    Raises:
      OSError: the address is taken, or not of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise OSError(
            error.errno, f"{error.strerror}; name another --port", f"{host}:{port}"
        ) from None


def serve(application: Served, listening: socket.socket, limits: Limits, stop: StopRequest) -> None:
    """Answers until a signal asks for the end, then what is taken, and returns."""
    config = uvicorn.Config(
        application.routes(),
        loop="asyncio",
        http=functools.partial(BoundedConnection, limits=limits),
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=math.ceil(2 * limits.seconds) + 5,
    )
    try:
        _Server(config, stop).run(sockets=[listening])
    finally:
        application.close()


class _Server(uvicorn.Server):
    """Leaves signals to those who listen for all of the program."""

    def __init__(self, config: uvicorn.Config, stop: StopRequest) -> None:
        super().__init__(config)
        self._stop = stop

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Takes none."""
        yield

    async def on_tick(self, counter: int) -> bool:
        """Whether to end; asked ten times a second."""
        return bool(self._stop.requested or await super().on_tick(counter))

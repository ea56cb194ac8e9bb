"""A connection whose head must come in time, and whose every refusal is JSON."""

import asyncio
import http
import json
from typing import Any

import h11
from starlette.responses import JSONResponse
from uvicorn.protocols.http.h11_impl import H11Protocol

from spatialvlm_jax.serving.limits import Limits
from spatialvlm_jax.serving.refusal import Refusal

_MALFORMED = Refusal(
    400, "this is no HTTP/1.1 request with one Host header: ask with a client that speaks HTTP"
)
_CONNECTIONS = 4  # for each request that may wait: clients keep some open


class BoundedConnection(H11Protocol):
    """uvicorn's own, which leaves to a proxy how long a head may take.

    It waits for the rest of one as long as a byte comes now and then, so a few clients could keep
    all connections that are taken.

    Args:
      limits: a head must be there within its `seconds`, from the first byte of it or from the
        beginning of the connection on; there may be four connections for each of its `waiting`.
    """

    def __init__(self, *args: Any, limits: Limits, **more: Any) -> None:
        super().__init__(*args, **more)
        self._seconds, self._most = limits.seconds, _CONNECTIONS * limits.waiting
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begins to wait for a head."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits for none."""
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Takes what comes; of a head that is not whole the time runs on."""
        is_full = len(self.connections) > self._most
        self.app = self._refuse_one_more if is_full else self.config.loaded_app
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._wait_no_more()
        elif self._late is None:
            self._wait()

    def send_400_response(self, msg: str) -> None:
        """Refuses what is no request."""
        self._refuse(_MALFORMED)

    async def _refuse_one_more(self, scope: Any, receive: Any, send: Any) -> None:
        said = f"{self._most} connections are open: ask again in a moment, or keep fewer open"
        refusal = Refusal(503, said, code="rate_limit_exceeded", retry_after=1)
        response = JSONResponse(refusal.as_dict(), refusal.status, refusal.headers)
        await response(scope, receive, send)

    def _wait(self) -> None:
        self._late = self.loop.call_later(self._seconds, self._end)

    def _wait_no_more(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _end(self) -> None:
        """Ends a connection whose head is late; one on which nothing was said, without a word."""
        self._late = None
        if self.transport.is_closing():
            return
        if self.conn.trailing_data[0]:
            said = f"the head of the request did not arrive within {self._seconds:g} seconds"
            self._refuse(Refusal(408, said, code="timeout"))
        else:
            self.timeout_keep_alive_handler()

    def _refuse(self, refusal: Refusal) -> None:
        content = json.dumps(refusal.as_dict()).encode()
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(content))),
            ("Connection", "close"),
        ]
        reason = http.HTTPStatus(refusal.status).phrase.encode()
        response = h11.Response(status_code=refusal.status, headers=headers, reason=reason)
        for event in (response, h11.Data(data=content), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

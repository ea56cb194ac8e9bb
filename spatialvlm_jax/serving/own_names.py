"""Requests that are meant for another name than this machine's own."""

from typing import Any

from spatialvlm_jax.serving.address import is_here

_OWN_NAMES = ("localhost", "127.0.0.1", "[::1]")


class OwnNames:
    """Refuses them at an address of this machine alone, as ASGI middleware.

    A page of elsewhere could have its own name lead here ("DNS rebinding"), and a browser would let
    it ask and read as if this were its own server.

    Args:
      app: the application.
      host: at which the server listens; at an address that others reach, any name is taken.
      refusal: an ASGI application that answers in its place.
    """

    def __init__(self, app: Any, host: str, refusal: Any) -> None:
        self._app, self._refusal = app, refusal
        # None: of any name.
        self._names = {*_OWN_NAMES, host, f"[{host}]"} if is_here(host) else None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        is_taken = scope["type"] != "http" or self._names is None or self._is_own(scope["headers"])
        await (self._app if is_taken else self._refusal)(scope, receive, send)

    def _is_own(self, headers: Any) -> bool:
        hosts = [value.decode("latin-1") for name, value in headers if name == b"host"]
        return len(hosts) == 1 and _name_of(hosts[0]) in (self._names or ())


def _name_of(host: str) -> str:
    """A Host header without its port."""
    name, _, port = host.lower().rpartition(":")
    return name if name and port.isdecimal() else host.lower()

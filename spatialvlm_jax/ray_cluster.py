"""A Ray cluster, joined by its address or started here."""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.flags import is_whole_number

_CONNECT_SECONDS = 10.0


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """The module `ray`, connected; what was connected before stays so.

    Args:
      address: "local" starts a Ray on this machine, "auto" or HOST:PORT joins a cluster.

    Raises:
      UserError: Ray is not installed, or no cluster answers.
    """
    # Ray would otherwise report to its makers over the network.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError:
        raise UserError("Ray is not installed; run `make setup-ray` on every machine") from None
    ours = not ray.is_initialized()
    if ours:
        start: dict[str, Any] = {"include_dashboard": False} if address == "local" else {}
        try:
            _knock(address)
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR, **start)
        except (OSError, ValueError, RuntimeError) as error:
            raise UserError(
                f"no Ray cluster at {address!r} ({error}); start one with `ray start --head`, or "
                "use --ray-address=local"
            ) from None
    try:
        yield ray
    finally:
        if ours:
            ray.shutdown()


def _knock(address: str) -> None:
    """Raises OSError if nothing listens at HOST:PORT; Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if host and is_whole_number(port):
        socket.create_connection((host, int(port)), _CONNECT_SECONDS).close()

"""The body of a request, counted while it is read."""

import asyncio
from typing import Any

from starlette.requests import ClientDisconnect, Request

from spatialvlm_jax.errors import one_line
from spatialvlm_jax.foreign_files.json_files import parse_json
from spatialvlm_jax.serving.limits import Limits
from spatialvlm_jax.serving.refusal import Refusal

_HUNG_UP = 499  # as other servers count who hangs up; HTTP has no number for it


async def read_body(request: Request, limits: Limits) -> bytes:
    """The body of a JSON request; what is too long is not read on.

    Raises:
      Refusal: it is of another type, too long, not there in time, or its client hung up.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        # A page of another site could send other kinds without asking the server first.
        raise Refusal(415, "send the body as application/json")
    said = f"the body has more than {limits.body} bytes: send a smaller picture, or a JPEG"
    too_long = Refusal(413, said, code="too_large")
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told[:20]) > limits.body:
        raise too_long
    found = bytearray()
    try:
        async with asyncio.timeout(limits.seconds):
            async for piece in request.stream():
                found += piece
                if len(found) > limits.body:
                    raise too_long
    except ClientDisconnect:
        # Nobody reads it; it is counted.
        raise Refusal(_HUNG_UP, "the request ended before all of it was there") from None
    except TimeoutError:
        said = f"the request did not arrive within {limits.seconds:g} seconds"
        raise Refusal(408, said, code="timeout") from None
    return bytes(found)


def object_in(body: bytes, name: str) -> dict[str, Any]:
    """The JSON object in a body.

    Args:
      name: what the refusal calls it, such as "the body".

    Raises:
      Refusal: with status 400: there is none.
    """
    try:
        found = parse_json(body, strict=True)
    except ValueError as error:
        raise Refusal(400, one_line(f"{name} is not JSON: {error}")) from None
    if not isinstance(found, dict):
        raise Refusal(400, f"{name} is not a JSON object")
    return found

"""What is answered to a request that cannot be served."""

import dataclasses
from typing import Any

_KINDS = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "server_error",
    503: "server_error",
    504: "server_error",
}


@dataclasses.dataclass
class Refusal(Exception):
    """A request that is not answered, as OpenAI's clients read it.

    status: of HTTP. message: cause and remedy in a sentence. param: the field that it is about.
    code: a word for programs. retry_after: seconds until it may be tried again.
    """

    status: int
    message: str
    param: str | None = None
    code: str | None = None
    retry_after: int | None = None

    @property
    def headers(self) -> dict[str, str]:
        """Beside the body; a refused body is not read on, so the connection ends."""
        headers = {"Connection": "close"} if self.status in (408, 413, 503) else {}
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        if self.status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        return headers

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        kind = _KINDS.get(self.status, "invalid_request_error")
        said = {"message": self.message, "type": kind, "param": self.param, "code": self.code}
        return {"error": said}

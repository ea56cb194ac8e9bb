"""What may be spent on an endpoint: requests and tokens, of all benchmarks together."""

import threading

from spatialvlm_jax.asking.question import AskingStopped


class Budget:
    """Counts what is spent; any thread may ask it.

    requests, tokens: that were spent. most_requests, most_tokens: that may be.
    """

    def __init__(self, most_requests: int, most_tokens: int):
        self.most_requests, self.most_tokens = most_requests, most_tokens
        self.requests = self.tokens = 0
        self._lock = threading.Lock()

    def take(self) -> None:
        """Counts a request that is about to be sent; raises AskingStopped where none is left.

        Tokens are known when a reply is there, so as many requests as are under way may go beyond.
        """
        with self._lock:
            if self.requests >= self.most_requests:
                raise _spent(f"--most-requests={self.most_requests}")
            if self.tokens >= self.most_tokens:
                raise _spent(f"--most-tokens={self.most_tokens}")
            self.requests += 1

    def add(self, tokens: int) -> None:
        """Counts the tokens of a reply, and of what was asked."""
        with self._lock:
            self.tokens += tokens


def _spent(flag: str) -> AskingStopped:
    return AskingStopped(f"{flag} are spent")

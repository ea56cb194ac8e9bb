"""What a server counts, in Prometheus' text form."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)


class Metrics:
    """Counters of one server.

    requests: by status. seconds: of requests for an answer. batches: by their questions.
    waiting: requests that are read or answered.
    """

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        about = "requests for an answer"
        self.requests = Counter("spatialvlm_requests", about, ["status"], registry=registry)
        about = "from the head of a request to the head of its answer"
        self.seconds = Histogram(
            "spatialvlm_request_seconds", about, buckets=_SECONDS, registry=registry
        )
        about = "questions that were answered together"
        sizes = (1, 2, 4, 8, 16, 32)
        self.batches = Histogram(
            "spatialvlm_batch_questions", about, buckets=sizes, registry=registry
        )
        about = "requests that are read or answered"
        self.waiting = Gauge("spatialvlm_requests_waiting", about, registry=registry)

    def text(self) -> bytes:
        """All of them."""
        return generate_latest(self._registry)

"""A server in a process of its own; its model says nothing until a signal asks for the end.

Prints its port, and at the end how many questions were taken.
"""

import sys
import time

from spatialvlm_jax import signals
from spatialvlm_jax.serving.application import Application
from spatialvlm_jax.serving.limits import Limits
from spatialvlm_jax.serving.server import open_socket, serve
from tests.serving.asking import Telling


class TellingAtTheEnd(Telling):
    """Waits for the signal, and is slow from then on."""

    def __init__(self, stop: signals.StopRequest) -> None:
        super().__init__()
        self._stop = stop

    def ask_each(self, asked, *, scored_values):
        while not self._stop.requested:
            time.sleep(0.01)
        time.sleep(0.1)
        return super().ask_each(asked, scored_values=scored_values)


def main() -> int:
    """Serves; returns the exit code."""
    stop, limits = signals.listen(), Limits(together=4)
    stop.defer()
    model = TellingAtTheEnd(stop)
    with open_socket("127.0.0.1", 0) as listening:
        here = {"host": "127.0.0.1", "key": ""}
        application = Application(model, "telling", limits, **here, scored_values=96)
        print(listening.getsockname()[1], flush=True)
        serve(application, listening, limits, stop)
    print(len(model.counted), flush=True)
    return stop.code


if __name__ == "__main__":
    sys.exit(main())

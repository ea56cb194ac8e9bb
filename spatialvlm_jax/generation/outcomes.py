"""How an image leaves the pipeline before it is stored: on purpose, or by an error.

Both carry the stage at which it happened ("decode", "filter", "depth", "lift", ...), which the
ledger keeps beside the reason.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from spatialvlm_jax.errors import UserError


class Rejected(Exception):
    """An image that is left out on purpose; the message is the reason."""

    def __init__(self, stage: str, reason: str) -> None:
        super().__init__(reason)
        self.stage = stage

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.stage, str(self))


class Failed(Rejected):
    """An image at which a stage failed; the message names the error."""


@contextmanager
def stage(name: str) -> Iterator[None]:
    """Turns any error inside into `Failed` at this stage; what has a stage already passes.

    Raises:
      Failed: in place of the error.
      UserError: it passes too: what the user must mend ends the run, not one image.
    """
    try:
        yield
    except (Rejected, UserError):
        raise
    except Exception as error:
        raise Failed(name, f"{type(error).__name__}: {error}") from error

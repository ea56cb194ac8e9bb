"""Programs that the first questions would wait for, compiled before a server listens."""

import dataclasses
import functools
from collections.abc import Callable, Iterator

import numpy as np

from spatialvlm_jax.inference.loaded_model import PICTURE_BUCKETS, LoadedModel
from spatialvlm_jax.inference.picture import Picture, open_picture

# A quantity and a choice are answered by different programs.
_QUESTIONS = {
    "a quantity": "How wide is the ball?",
    "a choice": "Is the ball left of the sofa?",
}


def warm_up_steps(
    model: LoadedModel, together: int, scored_values: int
) -> Iterator[tuple[str, Callable[[], object]]]:
    """Asks about as many pictures at once as a batch of at most `together` questions may hold.

    Yields:
      What is asked, in words, and what asks it.
    """
    asked = dataclasses.replace(model, taught=None)  # whatever it was taught, it is asked
    for count in PICTURE_BUCKETS:
        if count > together:
            return
        for name, question in _QUESTIONS.items():
            rows = [(_picture(count, place), [question]) for place in range(count)]
            what = f"{name} about {count} picture{'s' if count > 1 else ''}"
            yield what, functools.partial(asked.ask_each, rows, scored_values=scored_values)


def _picture(count: int, place: int) -> Picture:
    """Another one for each: those that are known already are not encoded again."""
    return open_picture(np.full((64, 64, 3), (count, place, 128), np.uint8))

"""Programs that the first questions would wait for, compiled before a server listens."""

import dataclasses
import functools
from collections.abc import Callable, Iterator

import numpy as np

from spatialvlm_jax.inference.loaded_model import PICTURE_BUCKETS, LoadedModel
from spatialvlm_jax.inference.picture import Picture, open_picture

# A quantity and a choice are answered by different programs.
_QUESTIONS = {
    "a quantity": "How wide is the {}?",
    "a choice": "Is the {} left of the {}?",
}


def warm_up_steps(
    model: LoadedModel, together: int, scored_values: int
) -> Iterator[tuple[str, Callable[[], object]]]:
    """Asks about as many pictures at once as a batch of at most `together` questions may hold.

    Yields:
      What is asked, in words, and what asks it.
    """
    asked = dataclasses.replace(model, untaught=True)  # whatever it was taught, it is asked
    names = _names(model)
    for count in PICTURE_BUCKETS:
        if count > together:
            return
        for name, question in _QUESTIONS.items():
            words = question.format(*names)
            rows = [(_picture(count, place), [words]) for place in range(count)]
            what = f"{name} about {count} picture{'s' if count > 1 else ''}"
            yield what, functools.partial(asked.ask_each, rows, scored_values=scored_values)


def _names(model: LoadedModel) -> tuple[str, str]:
    """Of two things, such that the model is asked whether they are there where it is asked that."""
    known = model.taught.names if model.taught else None
    if known is None or not known.adjectives or len(known.nouns) < 2:
        return "ball", "sofa"
    first, second, *_ = known.nouns
    return f"{known.adjectives[0]} {first}", f"{known.adjectives[0]} {second}"


def _picture(count: int, place: int) -> Picture:
    """Another one for each: those that are known already are not encoded again."""
    return open_picture(np.full((64, 64, 3), (count, place, 128), np.uint8))

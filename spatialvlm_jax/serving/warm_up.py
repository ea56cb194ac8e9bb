"""Programs that the first questions would wait for, compiled before a server listens."""

import dataclasses
import functools
from collections.abc import Callable, Iterator

import numpy as np

from spatialvlm_jax.inference.asked_rows import PICTURE_BUCKETS
from spatialvlm_jax.inference.loaded_model import LoadedModel
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

    About each it asks one question, alone and with what is asked beside it: whether the things are
    there. Where that is not asked, two questions stand for it, which are filled up to as many.

    Yields:
      What is asked, in words, and what asks it.
    """
    asked = dataclasses.replace(model, untaught=True)  # whatever it was taught, it is asked
    plain, looked_for = _plain_names(model), _looked_for(model)
    for count in PICTURE_BUCKETS:
        if count > together:
            return
        about = f"about {count} picture{'s' if count > 1 else ''}"
        each = {name: [words.format(*plain)] for name, words in _QUESTIONS.items()}
        if looked_for:
            seen = {name: [words.format(*looked_for)] for name, words in _QUESTIONS.items()}
            each |= {f"{name} of things to look for": words for name, words in seen.items()}
        elif 2 * count <= together:
            each["both at once"] = [words.format(*plain) for words in _QUESTIONS.values()]
        for name, questions in each.items():
            rows = [(_picture(count, place), questions) for place in range(count)]
            ask = functools.partial(asked.ask_each, rows, scored_values=scored_values)
            yield f"{name} {about}", ask


def _plain_names(model: LoadedModel) -> tuple[str, str]:
    """Of two things that the model does not look for."""
    known = model.taught.names if model.taught else None
    if known is None or len(known.nouns) < 2:
        return "ball", "sofa"
    first, second, *_ = known.nouns
    return first, second


def _looked_for(model: LoadedModel) -> tuple[str, str] | None:
    """Of two things, such that the model is asked whether they are there; None where it is not."""
    known = model.taught.names if model.taught else None
    if model.least_seen is None or known is None or not known.adjectives:
        return None
    first, second = _plain_names(model)
    return f"{known.adjectives[0]} {first}", f"{known.adjectives[0]} {second}"


def _picture(count: int, place: int) -> Picture:
    """Another one for each: those that are known already are not encoded again."""
    return open_picture(np.full((64, 64, 3), (count, place, 128), np.uint8))

"""Programs that the first questions would wait for, compiled before a server listens."""

import dataclasses

import numpy as np

from spatialvlm_jax.inference.loaded_model import PICTURE_BUCKETS, LoadedModel
from spatialvlm_jax.inference.picture import open_picture

# A quantity and a choice are answered by different programs.
_QUESTIONS = ("How wide is the ball?", "Is the ball left of the sofa?")


def warm_up(model: LoadedModel, together: int, scored_values: int) -> None:
    """Asks about as many pictures at once as a batch of at most `together` questions may hold."""
    asked = dataclasses.replace(model, taught=None)  # whatever it was taught, it is asked
    picture = open_picture(np.full((64, 64, 3), 128, np.uint8))
    for count in PICTURE_BUCKETS:
        if count <= together:
            for question in _QUESTIONS:
                asked.ask_each([(picture, [question])] * count, scored_values=scored_values)

"""A row: one question of any set or benchmark with what a model said to it."""

import dataclasses

from spatialvlm_jax.evaluation.distribution import ValueDistribution
from spatialvlm_jax.scene.records import QA
from spatialvlm_jax.scene.sight import UNSEEN, Sight


@dataclasses.dataclass(frozen=True)
class PredictionRow:
    """What every evaluator takes, wherever questions and predictions are from.

    id: of the question, unique within an evaluation; "" where there is none.
    image_id: of the picture it asks about. Intervals take pictures as what was sampled.
    record: question and truth, with type and kind.
    prediction: the text that the model said; "" where it gave no answer.
    failure: why there is no reply at all; "" where there is one, an empty one too.
    dataset: the data set or benchmark.
    distribution: of the quantity asked for, where the model gave one.
    sight: how the objects asked about are seen, where the set knows.
    prompt: the words in which it was asked; "" where they are not known.
    track: what the model was given beside them; "" where it is not known.
    """

    id: str
    image_id: str
    record: QA
    prediction: str
    dataset: str = ""
    distribution: ValueDistribution | None = None
    sight: Sight = UNSEEN
    prompt: str = ""
    failure: str = ""
    track: str = ""

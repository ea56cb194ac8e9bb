"""A row: one question of any set or benchmark with what a model said to it."""

import dataclasses

from spatialvlm_jax.evaluation.distribution import ValueDistribution
from spatialvlm_jax.scene.records import QA


@dataclasses.dataclass(frozen=True)
class Sight:
    """How the objects that a question asks about are seen, where the record knows.

    distance: of the farthest from the camera, metres. size: longest side of the smallest, metres.
    visible: of the least visible, the fraction of its pixels that nothing hides.
    NaN is unknown.
    """

    distance: float = float("nan")
    size: float = float("nan")
    visible: float = float("nan")


@dataclasses.dataclass(frozen=True)
class PredictionRow:
    """What every evaluator takes, wherever questions and predictions are from.

    id: of the question, unique within its data set; "" where there is none.
    image_id: of the picture it asks about. Intervals take pictures as what was sampled.
    record: question and truth, with type and kind.
    prediction: the text that the model said; "" where it gave no answer.
    dataset: the data set or benchmark.
    distribution: of the quantity asked for, where the model gave one.
    """

    id: str
    image_id: str
    record: QA
    prediction: str
    dataset: str = ""
    distribution: ValueDistribution | None = None
    sight: Sight = Sight()

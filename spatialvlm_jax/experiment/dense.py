"""The auxiliary dense loss."""

import dataclasses
from typing import Annotated

from spatialvlm_jax.bounds import Range, Settings, Weight


@dataclasses.dataclass(frozen=True)
class DenseConfig(Settings):
    """The auxiliary dense loss: what each image token shows, how far and how large it is.

    weight: factor of the loss beside that of the text; 0 keeps the head and trains nothing by it.
    labels: classes of what an image token shows, background included.
    values: regression targets of an image token, and of a name in a question.
    words: text tokens that may name what an image token shows.

    `use_dense_targets` in `configs/common.py` takes the sizes from the data.
    """

    weight: Weight
    labels: Annotated[int, Range(1, 1_000_000)]
    values: Annotated[int, Range(1, 10_000)]
    words: Annotated[int, Range(1, 1_000)] = 4

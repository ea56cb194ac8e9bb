"""The auxiliary losses that need stored truth."""

import dataclasses
from typing import Annotated

from spatialvlm_jax.bounds import Range, SettingError, Settings, Weight

Layer = Annotated[int, Range(-1_000, 999)]


@dataclasses.dataclass(frozen=True)
class DenseConfig(Settings):
    """The auxiliary losses: what each image token shows, how far and how large it is, and where
    two heads of attention look.

    weight: factor of the dense loss beside that of the text; 0 keeps the head and turns all of
      these losses off.
    labels: classes of what an image token shows, background included.
    values: regression targets of an image token, and of a name in a question.
    value_weight: factor of what of it asks for distances, sizes and places; 0 teaches no geometry,
      names alone.
    words: text tokens that may name what an image token shows.
    colors: classes of colour, which are then told apart from categories; 0: one label for both.
    camera: whether each image token also says how high the camera is, and where up is.
    plurals: whether the plural is among the words that name what an image token shows.
    pointer_weight: factor of the pointer loss: one head looks from each name in a question at the
      image tokens of its object; 0 for none.
    pointer_layer: of the decoder, whose first head that is; -1 is the last layer.
    copy_weight: factor of the copy loss: one head looks from an answer at the names in the question
      that the next token is taken from; 0 for none.
    copy_layer: of the decoder, whose last head that is; -1 is the last layer.

    `use_dense_targets` in `configs/common.py` takes the sizes from the data.
    """

    weight: Weight
    labels: Annotated[int, Range(1, 1_000_000)]
    values: Annotated[int, Range(1, 10_000)]
    value_weight: Weight = 1.0
    words: Annotated[int, Range(1, 1_000)] = 4
    colors: Annotated[int, Range(0, 1_000)] = 0
    camera: bool = False
    plurals: bool = False
    pointer_weight: Weight = 0.0
    pointer_layer: Layer = 1
    copy_weight: Weight = 0.0
    copy_layer: Layer = -2

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.colors and (self.labels - 1) % self.colors:
            raise SettingError(
                "colors", f"{self.colors} does not divide the {self.labels - 1} labels of objects"
            )

    @property
    def teaches_names(self) -> bool:
        """Whether a name in a question is asked for the place and the size of what it names."""
        return self.weight * self.value_weight > 0

    @property
    def categories(self) -> int:
        """Classes of category, background included, where colours are told apart from them."""
        return 1 + (self.labels - 1) // max(self.colors, 1)

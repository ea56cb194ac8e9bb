"""What to ask about a scene, how often, in which words."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Literal

from spatialvlm_jax.generation.questions import general_types, spatial_types
from spatialvlm_jax.generation.questions.registry import REGISTRY, Dimension, QuestionType
from spatialvlm_jax.generation.wording.phrasing import Precision

# Importing these fills the registry, against which names in a config are checked.
REGISTERING_MODULES = (spatial_types, general_types)


@dataclasses.dataclass(frozen=True)
class QAConfig:
    """What to ask, how often, in which words.

    pairs_per_image: at most so many; fewer where the scene has not enough to ask about.
    spatial_fraction, general_fraction: shares of the two halves; spatial questions are half
      qualitative, half quantitative.
    types: names of the types to use; empty means all. weights: name -> relative share.
    max_per_type, max_per_pair: at most so many of a type, and spatial ones about two objects;
      None derives them from `pairs_per_image`, see `per_type` and `per_pair`.
    question_phrasings, answer_phrasings: use the first so many templates; None means all.
    units: "metric" always says metres, square and cubic metres; "human" chooses among metric and
      imperial units by size (`imperial_fraction` of the time).
    precision: "human" rounds as people do, with two significant digits for units by symbol;
      "two_digits" and "exact" (three digits) always say so many, see `phrasing`.
    min_pixel_fraction: an object asked about shows at least this share of the picture's pixels.
    min_visible_fraction, max_truncation: and is not more hidden or cut off than this.
    min_value: metres, shorter lengths are not asked, nor areas and volumes below its square and
      cube. min_gap: nor lengths between two objects below this share of the smaller one's longest
      side. max_relative_std: nor numbers known worse than this.
    """

    pairs_per_image: int = 32
    spatial_fraction: float = 0.75
    general_fraction: float = 0.25
    types: tuple[str, ...] = ()
    weights: Mapping[str, float] = dataclasses.field(default_factory=dict)
    max_per_type: int | None = None
    max_per_pair: int | None = None
    question_phrasings: int | None = None
    answer_phrasings: int | None = None
    units: Literal["metric", "human"] = "metric"
    precision: Precision = "human"
    imperial_fraction: float = 0.2
    min_pixel_fraction: float = 0.008
    min_visible_fraction: float = 0.5
    max_truncation: float = 0.3
    min_value: float = 0.05
    min_gap: float = 0.2
    max_relative_std: float = 0.3

    def __post_init__(self) -> None:
        unknown = [name for name in (*self.types, *self.weights) if name not in REGISTRY]
        if unknown:
            raise ValueError(f"unknown question types {unknown}; known: {', '.join(REGISTRY)}")

        shares = (self.spatial_fraction, self.general_fraction)
        if min(shares) < 0 or max(shares) == 0:
            raise ValueError(f"spatial_fraction, general_fraction: {shares} are not two shares")

    def weight(self, question_type: QuestionType) -> float:
        """The share of a type; 0 leaves it out."""
        if self.types and question_type.name not in self.types:
            return 0.0
        return self.weights.get(question_type.name, question_type.weight)

    @property
    def per_type(self) -> int:
        """How many of a type a picture may have: a sixteenth of its pairs, and at least 4.

        Not every type can be asked of every scene; with this share a scene of eight objects fills
        200 pairs without any general ones.
        """
        if self.max_per_type is not None:
            return self.max_per_type
        return max(4, math.ceil(self.pairs_per_image / 16))

    @property
    def per_pair(self) -> int:
        """How many spatial pairs may be about the same two objects: a twentieth, at least 8.

        At most half of them ask for numbers.
        """
        if self.max_per_pair is not None:
            return self.max_per_pair
        return max(8, math.ceil(self.pairs_per_image / 20))

    def floor(self, dimension: Dimension) -> float:
        """The least value of a dimension that is asked, SI units."""
        powers = {"length": 1, "area": 2, "volume": 3}
        return self.min_value ** powers[dimension] if dimension in powers else -math.inf

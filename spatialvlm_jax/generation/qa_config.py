"""What to ask about a scene, how often, in which words."""

import dataclasses
from collections.abc import Mapping
from typing import Literal

from spatialvlm_jax.generation import general_types, spatial_types
from spatialvlm_jax.generation.registry import REGISTRY, QuestionType

# Importing these fills the registry, against which names in a config are checked.
REGISTERING_MODULES = (spatial_types, general_types)


@dataclasses.dataclass(frozen=True)
class QAConfig:
    """What to ask, how often, in which words.

    pairs_per_image: at most so many; fewer where the scene has not enough to ask about.
    spatial_fraction, general_fraction: shares of the two halves; spatial questions are half
      qualitative, half quantitative.
    types: names of the types to use; empty means all. weights: name -> relative share.
    max_per_type, max_per_pair: at most so many of a type, and spatial ones about two objects.
    question_phrasings, answer_phrasings: use the first so many templates; None means all.
    units: "metric" always says metres with two significant digits; "human" chooses among metric
      and imperial units (`imperial_fraction` of the time) and rounds as people do.
    min_pixel_fraction: an object asked about shows at least this share of the picture's pixels.
    min_visible_fraction, max_truncation: and is not more hidden or cut off than this.
    min_value: metres, shorter lengths are not asked. min_gap: nor gaps below this share of the
      smaller object's longest side. max_relative_std: nor lengths known worse than this.
    """

    pairs_per_image: int = 32
    spatial_fraction: float = 0.75
    general_fraction: float = 0.25
    types: tuple[str, ...] = ()
    weights: Mapping[str, float] = dataclasses.field(default_factory=dict)
    max_per_type: int = 4
    max_per_pair: int = 8
    question_phrasings: int | None = None
    answer_phrasings: int | None = None
    units: Literal["metric", "human"] = "metric"
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

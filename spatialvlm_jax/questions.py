"""What to ask about a scene, how often, in which words."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Annotated, Literal

from spatialvlm_jax.bounds import OneOf, Pairs, Range, SettingError, Settings, Share, Weight

Precision = Literal["human", "two_digits", "exact"]
# The names of the question types: `generation.questions` registers what each of them asks.
QuestionTypeName = Annotated[
    str,
    OneOf(
        *("color", "material", "shape", "category", "count", "existence"),
        *("on_what", "what_is_on"),
        *("left_of", "right_of", "in_front_of", "behind", "above", "below", "nearer", "farther"),
        *("taller", "shorter", "wider", "narrower", "bigger", "smaller", "on_top_of"),
        *("touching", "same_height", "fits_through", "fits_between", "reaches", "which_left"),
        *("which_right", "which_above", "which_below", "which_front", "which_behind"),
        *("which_nearer", "which_farther", "which_taller", "which_shorter", "which_wider"),
        *("which_narrower", "which_bigger", "which_smaller", "where", "clock"),
        *("camera_distance", "height", "width", "depth", "elevation", "distance"),
        *("centre_distance", "horizontal_distance", "vertical_distance", "how_much_taller"),
        *("how_much_wider", "how_much_farther", "footprint", "volume", "times_taller"),
        *("times_farther", "times_bigger", "bearing"),
    ),
]


@dataclasses.dataclass(frozen=True)
class QAConfig(Settings):
    """What to ask, how often, in which words.

    pairs_per_image: at most so many; fewer where the scene has not enough to ask about.
    spatial_fraction: share of spatial questions, which are half qualitative, half quantitative.
    general_fraction: share of general questions, beside that.
    types: names of the types to use; empty means all. weights: relative share by name of a type.
    max_per_type: at most so many of a type; none derives it from `pairs_per_image`.
    max_per_pair: at most so many spatial ones about the same two objects; none likewise.
    question_phrasings, answer_phrasings: use the first so many templates of a type; none means all.
    reasons_first: "which" answers say how the first object stands to the second before they name
      one ("left, so the red mug"), and counts what colours there are ("blue, yellow, so 2").
    units: "metric" always says metres, square and cubic metres; "human" chooses among metric and
      imperial units by size. imperial_fraction: share of "human" answers in imperial units.
    precision: "human" rounds as people do, with two significant digits for units by symbol;
      "two_digits" and "exact" (three digits) always say so many.
    min_pixel_fraction: an object asked about shows at least this share of the picture's pixels.
    min_visible_fraction: at least this share of an object asked about is not hidden by others.
    max_truncation: at most this share of an object asked about lies outside the picture.
    min_value: metres, shorter lengths are not asked, nor areas and volumes below its square and
      cube. min_gap: lengths between two objects that are below this share of the smaller one's
      longest side are not asked. min_gap_metres: nor gaps between surfaces below this.
    material_pixels: an object's material is asked if it shows so many pixels, and its look tells
      it; 0 asks in any case.
    max_relative_std: numbers whose standard error is a larger share of them are not asked.
    """

    pairs_per_image: Pairs = 32
    spatial_fraction: Weight = 0.75
    general_fraction: Weight = 0.25
    types: tuple[QuestionTypeName, ...] = ()
    weights: Mapping[QuestionTypeName, Weight] = dataclasses.field(default_factory=dict)
    max_per_type: Pairs | None = None
    max_per_pair: Pairs | None = None
    question_phrasings: Pairs | None = None
    answer_phrasings: Pairs | None = None
    reasons_first: bool = False
    units: Literal["metric", "human"] = "metric"
    precision: Precision = "human"
    imperial_fraction: Share = 0.2
    min_pixel_fraction: Share = 0.008
    min_visible_fraction: Share = 0.5
    max_truncation: Share = 0.3
    min_value: Annotated[float, Range(0, 1_000, above=True)] = 0.05
    min_gap: Annotated[float, Range(0, 1_000)] = 0.2
    min_gap_metres: Annotated[float, Range(0, 1_000)] = 0.0
    material_pixels: Annotated[int, Range(0, 1_000_000_000)] = 0
    max_relative_std: Annotated[float, Range(0, 10)] = 0.3

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.spatial_fraction == self.general_fraction == 0:
            raise SettingError("spatial_fraction", "it and general_fraction are both 0")

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

"""Several wordings of a question are put together without losing that they disagree."""

import numpy as np
import pytest

from spatialvlm_jax.evaluation.distribution import ValueDistribution
from spatialvlm_jax.inference.conclude import Heard, conclude


def around(low: float, high: float, scale: float = 0.0) -> ValueDistribution:
    """Evenly spread over the logarithm between two lengths; `scale` is of no effect."""
    return ValueDistribution(np.log([low, high]), np.array([scale]))


def no(confidence: float) -> Heard:
    choice = ("no", "yes", "in front, so yes")
    return Heard("behind, so no", choice=choice, confidence=confidence)


def test_a_mixture_of_quantities_is_as_wide_as_they_disagree() -> None:
    one = Heard("1 m", "m", around(0.8, 1.25))
    other = Heard("250 cm", "cm", around(2.0, 3.125, scale=9.0))
    alone, both = conclude("how far?", [one]), conclude("how far?", [one, other])
    assert alone.value == pytest.approx(1.0, rel=1e-3)
    assert alone.unit == "m"
    assert alone.interval == pytest.approx((0.8 * 1.5625**0.05, 0.8 * 1.5625**0.95), rel=1e-3)
    # Of a density that is even in the logarithm: (b - a) / ln(b / a), and ln ln(b / a).
    assert alone.mean == pytest.approx(0.45 / np.log(1.5625), rel=1e-4)
    assert alone.entropy == pytest.approx(np.log(np.log(1.5625)), rel=1e-4)
    assert both.entropy == pytest.approx((alone.entropy or 0) + np.log(2), rel=1e-4)
    assert both.text == "1 m"
    low, high = both.interval or (0, 0)
    assert (low < 0.9, high > 2.8) == (True, True)
    # Half of it lies below the one's upper end, half above the other's lower.
    assert 1.25 <= (both.value or 0) <= 2.0
    words = [Heard("no idea"), Heard("2 m²", "m²", around(2, 3))]
    assert conclude("how far?", [one, *words]) == alone


def test_a_contradiction_lowers_confidence_and_a_strong_one_turns_the_answer() -> None:
    alone = conclude("is it in front?", [no(0.9)])
    assert (alone.verdict, alone.confidence, alone.text) == ("no", 0.9, "behind, so no")
    # Asked the other way round it should say yes, and says no.
    turned = no(0.8).turned()
    assert turned.probability("yes") == 0.8
    both = conclude("is it in front?", [no(0.9), turned])
    assert (both.verdict, both.confidence) == ("no", 0.55)
    strong = conclude("is it in front?", [no(0.6), no(0.9).turned()])
    assert (strong.verdict, strong.confidence, strong.text) == ("yes", 0.65, "in front, so yes")
    unknown = Heard("gray sofa, so no", choice=("no", "yes", ""))
    assert conclude("is it?", [unknown]).confidence is None
    assert conclude("is it?", [unknown, no(0.9)]).confidence == 0.9


def test_which_of_two_does_not_turn_with_their_order() -> None:
    mug = Heard("the Mug", choice=("Mug", "lamp", "the lamp"), confidence=0.7)
    lamp = Heard("the lamp", choice=("lamp", "mug", "the mug"), confidence=0.6)
    found = conclude("which?", [mug, lamp.turned()])
    assert (found.verdict, found.confidence) == ("Mug", 0.55)


def test_a_bearing_is_read_from_the_text() -> None:
    found = conclude("which way?", [Heard("35 degrees to the left", "degrees")])
    assert (found.unit, found.interval, found.mean, found.entropy) == ("degrees", None, None, None)
    assert found.value == -35.0
    assert found.describe_value() == ("35° to the left", "")

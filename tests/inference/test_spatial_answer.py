import pytest

from spatialvlm_jax.inference.spatial_answer import UNSEEN, UNSURE, Doubt, SpatialAnswer

WIDE = SpatialAnswer("how far?", "1.0 m", 1.0, "m", 0.8, (0.4, 2.0), mean=1.1, entropy=0.5)
CHOICE = SpatialAnswer("is it?", "no", verdict="no", confidence=0.6)


def test_too_wide_a_spread_is_not_passed_off_as_an_answer() -> None:
    said = Doubt(spread=4.9)(WIDE)
    assert (said.text, said.value, said.is_sure) == (UNSURE, None, False)
    assert (said.unit, said.std, said.interval) == ("m", 0.8, (0.4, 2.0))
    assert (said.mean, said.entropy) == (None, 0.5)
    assert Doubt(spread=5.1)(WIDE) is WIDE


def test_too_close_a_choice_is_not_made() -> None:
    said = Doubt(confidence=0.61)(CHOICE)
    assert (said.text, said.verdict, said.confidence) == (UNSURE, None, 0.6)
    assert Doubt(confidence=0.6)(CHOICE) is CHOICE


def test_words_that_nothing_is_compared_with_stay() -> None:
    for answer in (
        SpatialAnswer("what color?", "gray", confidence=0.2),
        SpatialAnswer("is it?", "gray sofa, so no", verdict="no"),
        SpatialAnswer("which way?", "30 degrees to the left", -30.0, "degrees"),
    ):
        assert Doubt()(answer) is answer


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (-30.0, "degrees", "30° to the left"),
        (0.5, "rad", "28.6° to the right"),
        (1.25, "m", "1.25 m"),
        (2.0, "m^2", "2 m²"),
    ],
)
def test_a_value_is_told_in_the_unit_that_people_use(value: float, unit: str, said: str) -> None:
    # A kept trace may hold radians.
    assert SpatialAnswer("which?", "", value, unit).describe_value() == (said, "")


def test_json_has_every_figure() -> None:
    assert list(WIDE.as_dict()) == [
        *("question", "text", "value", "unit", "std", "interval", "verdict", "confidence", "note"),
        *("seen", "mean", "entropy", "asked"),
    ]


def test_what_says_nothing_was_refused_or_not_asked() -> None:
    unseen = SpatialAnswer("how wide is the mug?", UNSEEN.format("a mug"), note="0.2 % probable")
    untaught = SpatialAnswer("how deep is the mug?", UNSURE, note="not taught", asked=False)
    answers = (WIDE, Doubt(2.0)(WIDE), unseen, untaught)
    assert [each.refusal for each in answers] == ["", "refused", "refused", "not asked"]
    assert [each.describe_text() for each in answers[1:]] == [
        "I can't tell. (refused)",
        "I cannot see a mug. (refused)",
        "I can't tell. (not asked)",
    ]

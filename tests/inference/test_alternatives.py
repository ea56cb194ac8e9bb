"""What is compared with an answer differs from it in its value or its verdict alone."""

import pytest

from spatialvlm_jax.inference.alternatives import other_values, other_verdict

FRONT = "is the mug in front of the box?"
TALLER = "which is taller, the white chair or the blue ball?"


@pytest.mark.parametrize(
    ("question", "text", "expected"),
    [
        (FRONT, "no", ("no", "yes", "yes")),
        (FRONT, "Yes.", ("yes", "no", "No.")),
        (FRONT, "behind, so no", ("no", "yes", "in front, so yes")),
        (
            FRONT,
            "It is behind the box, so no.",
            ("no", "yes", "It is in front of the box, so yes."),
        ),
        (FRONT, "As it is in front of it, yes.", ("yes", "no", "As it is behind it, no.")),
        ("is the mug left of it?", "left, so yes", ("yes", "no", "right, so no")),
        (TALLER, "the blue ball", ("blue ball", "white chair", "the white chair")),
        (
            TALLER,
            "shorter, so the blue ball",
            ("blue ball", "white chair", "taller, so the white chair"),
        ),
        # What contradicts its own reason is not what the other answer would be.
        ("is there a yellow sofa?", "gray sofa, so no", ("no", "yes", "")),
        (FRONT, "No, the mug is behind the box.", ("no", "yes", "")),
        (TALLER, "the red lamp", None),
        ("what color is the sofa?", "gray", None),
        ("how many chairs are there?", "2", None),
    ],
)
def test_the_other_choice_is_made_in_the_same_words(question, text, expected) -> None:
    assert other_verdict(question, text) == expected


def test_other_quantities_are_said_in_the_same_words_in_each_unit_of_their_kind() -> None:
    spoken = other_values("The gap is 0.20 m wide.", "m")
    assert spoken is not None
    assert {"The gap is 25 cm wide.", "The gap is 2.5 m wide."} <= set(spoken.texts)
    assert all(text.startswith("The gap is ") for text in spoken.texts)
    named = other_values("about 1 meter", "meters")
    assert named is not None
    assert {"about 1 meter", "about 2 meters", "about 50 centimeters"} <= set(named.texts)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("30 degrees to the left", "degrees"),
        ("between 1 m and 2 m", "m"),
        ("a few m", "m"),
    ],
)
def test_no_distribution_is_read_where_it_is_not_one_quantity_spaced_in_ratio(text, unit) -> None:
    assert other_values(text, unit) is None

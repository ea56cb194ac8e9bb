"""What is summed of a trial's answers."""

from spatialvlm_jax.evaluation.comparison.predictions import StoredAnswer
from spatialvlm_jax.sweeps.findings.sums import GROUPS, TITLES, GroupSums, group_sums

NAN = float("nan")


def relation(image: str, accuracy: float) -> StoredAnswer:
    return StoredAnswer(image, "left_of", "qualitative", "?", "", "", "", NAN, NAN, accuracy)


def length(
    image: str, true: float, said: float, distance: float, dimension: str = "length"
) -> StoredAnswer:
    return StoredAnswer(
        *(image, "height", "quantitative", "?", "", "", dimension, true, said, 0.0),
        distance=distance,
    )


def test_marks_and_errors_are_summed_by_picture_in_order_of_names():
    answers = [
        relation("b", 1.0),
        relation("a", 0.0),
        relation("a", 1.0),
        length("a", 1.0, 1.5, 0.5),
        length("a", 1.0, 0.25, 2.0),
        length("b", 5.0, 5.5, 2.0),
        length("b", 2.0, NAN, 0.5),
        length("b", 0.5, 0.75, 0.5, dimension="volume"),
    ]
    found = group_sums(answers)
    assert found.keys() == TITLES.keys()
    assert found["qualitative_accuracy"] == GroupSums((1.0, 1.0), (2, 1))
    assert found["general_accuracy"] == GroupSums((0.0, 0.0), (0, 0))
    # A number that is not given is wrong in every range, and has no error.
    assert found["within_50_200"] == GroupSums((1.0, 2.0), (2, 3))
    assert found["within_90_110"] == GroupSums((0.0, 1.0), (2, 3))
    assert found["within_50_200_near"] == GroupSums((1.0, 1.0), (1, 2))
    assert found["squared_error"] == GroupSums((0.8125, 0.25), (2, 1))
    assert found["squared_error_near"] == GroupSums((0.25, 0.0), (1, 0))


def test_a_picture_of_which_nothing_is_known_is_not_near():
    assert group_sums([length("a", 1.0, 1.0, NAN)])["within_50_200_near"].counts == (0,)


def test_more_pictures_than_groups_share_them():
    answers = [relation(f"{number:04d}", 1.0) for number in range(2 * GROUPS + 1)]
    found = group_sums(answers)["qualitative_accuracy"]
    assert found.counts == (3, *[2] * (GROUPS - 1))
    assert sum(found.sums) == 2 * GROUPS + 1

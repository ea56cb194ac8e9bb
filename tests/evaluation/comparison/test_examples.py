import numpy as np

from spatialvlm_jax.evaluation.comparison.differences import compare
from spatialvlm_jax.evaluation.comparison.examples import carrier_cards, example_cards
from spatialvlm_jax.evaluation.comparison.predictions import CommonAnswers, StoredAnswer

NAN = float("nan")


def height(image, said, true=1.0):
    accuracy = float(0.75 * true <= said <= 1.25 * true)
    text = f"{said} m"
    return StoredAnswer(
        image, "height", "quantitative", "?", "", text, "length", true, said, accuracy
    )


def left(image, right, said="yes"):
    return StoredAnswer(
        image, "left_of", "qualitative", "?", "yes", said, "", NAN, NAN, float(right)
    )


def cards_of(first, second):
    return {
        title: [(card.image, [answer.prediction for answer in card.asked[0]]) for card in cards]
        for title, cards in example_cards(list(zip(first, second, strict=True)))
    }


def test_examples_are_the_furthest_of_each_type_in_turns():
    first = [height("a", 3.0), height("b", 1.5), height("c", 9.0), left("d", False)]
    second = [height("a", 1.0), height("b", 1.2), height("c", 1.0), left("d", True)]
    found = cards_of(first, second)
    assert [image for image, _ in found["Only the second is right"]] == ["c", "d", "a", "b"]
    assert set(found) == {"Only the second is right"}
    turned = cards_of(second, first)
    assert [image for image, _ in turned["Only the first is right"]] == ["c", "d", "a", "b"]


def test_the_worst_are_furthest_off_in_both_and_the_best_nearest():
    first = [height("a", 2.0), height("b", 5.0), height("c", 1.2), height("d", 1.0)]
    found = cards_of(first, first)
    assert [image for image, _ in found["The worst replies: both are wrong"]] == ["b", "a"]
    assert [image for image, _ in found["The best replies: both are right"]] == ["d", "c"]


def test_no_more_than_ten_are_shown_and_none_without_a_reply():
    none = [left(f"{number}", False, "") for number in range(3)]
    assert cards_of(none, none) == {}
    many = [left(f"{number}", True) for number in range(30)]
    (cards,) = cards_of(many, many).values()
    assert len(cards) == 10


def test_pictures_that_carry_a_difference_show_what_differs_most_about_them():
    first = [left("a", True), left("a", False), left("b", True), left("b", True), left("b", True)]
    second = [left("a", True), left("a", True), left("b", False), left("b", True), left("b", False)]
    images = np.array([0, 0, 1, 1, 1])
    common = CommonAnswers((tuple(first), tuple(second)), (0, 0), images, ("a", "b"))
    overall, _ = compare([first], [second], images)
    pairs = list(zip(first, second, strict=True))
    ((name, cards),) = carrier_cards(overall, common, pairs)
    assert name == "qualitative_accuracy"
    assert [(card.image, card.part) for card in cards] == [("b", -0.4), ("a", 0.2)]
    assert cards[0].asked == (pairs[2], pairs[4], pairs[3])
    assert cards[1].asked == (pairs[1], pairs[0])

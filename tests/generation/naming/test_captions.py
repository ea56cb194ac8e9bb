import pytest

from spatialvlm_jax.generation.naming.captions import (
    annotated_name,
    clean,
    common_noun,
    may_be_confused,
    parse,
    singular,
)


@pytest.mark.parametrize(
    ("caption", "text", "modifiers", "head", "rest", "countable"),
    [
        ("The Red  Mug.", "red mug", ("red",), "mug", "", True),
        ("a wooden chair with a cushion", "wooden chair with a cushion", ("wooden",), "chair",
         "with a cushion", True),
        ("chairs", "chairs", (), "chair", "", False),
        ("row of chairs", "row of chairs", ("row",), "chair", "", False),
        ("two boxes", "two boxes", ("two",), "box", "", False),
        ("green grass", "green grass", ("green",), "grass", "", False),
        ("people", "people", (), "person", "", False),
        ("glass", "glass", (), "glass", "", True),
        ("bus", "bus", (), "bus", "", True),
        ("person sitting on a bench", "person sitting on a bench", (), "person",
         "sitting on a bench", True),
        ("bottle of wine", "bottle of wine", (), "bottle", "of wine", True),
        ("t-shirt", "t-shirt", (), "t-shirt", "", True),
        (" ", "", (), "", "", False),
    ],
)  # fmt: skip
def test_captions_are_taken_apart(
    caption: str, text: str, modifiers: tuple[str, ...], head: str, rest: str, countable: bool
) -> None:
    phrase = parse(caption)
    assert (phrase.text, phrase.head, phrase.rest) == (text, head, rest)
    assert phrase.countable == countable
    if head and not caption.startswith("row"):
        assert phrase.modifiers == modifiers


@pytest.mark.parametrize(
    ("plural", "one"),
    [("boxes", "box"), ("shelves", "shelf"), ("dishes", "dish"), ("cherries", "cherry"),
     ("vases", "vase"), ("houses", "house"), ("lenses", "lens"), ("glass", "glass"),
     ("cactus", "cactus"), ("gas", "gas"), ("mugs", "mug"), ("trash can", "trash can")],
)  # fmt: skip
def test_singular(plural: str, one: str) -> None:
    assert singular(plural) == one


@pytest.mark.parametrize(
    ("one", "two", "alike"),
    [
        ("chair", "a Chair", True),
        ("chair", "chairs", True),
        ("chair", "office chair", True),
        ("mug", "mug on the table", True),
        ("red mug", "blue mug", False),
        ("table", "table lamp", False),
        ("handle", "mug with handle", False),
    ],
)
def test_captions_that_may_be_confused(one: str, two: str, alike: bool) -> None:
    assert may_be_confused(parse(one), parse(two)) == alike
    assert may_be_confused(parse(two), parse(one)) == alike


def test_the_common_noun_keeps_what_all_share() -> None:
    assert common_noun([parse("old red chair"), parse("red chair by the door")]) == "red chair"
    assert common_noun([parse("office chair"), parse("chairs")]) == "chair"
    assert common_noun([parse("sofa"), parse("couch")]) == ""


def test_cleaning_keeps_what_is_part_of_a_name() -> None:
    assert clean("An X-ray machine, the doctor's!") == "x-ray machine the doctor's"


def test_a_name_in_a_file_is_a_short_text_with_letters() -> None:
    assert annotated_name(" Night_Stand\n\x1b ") == "night stand"
    assert annotated_name("box 17") == "box 17"
    for none in (None, 17, "17", "null", "N/A", " ", ["chair"], "chair " * 17, "\u200b\u202e"):
        assert annotated_name(none) == ""

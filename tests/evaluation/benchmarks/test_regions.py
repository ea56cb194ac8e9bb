import pytest

from spatialvlm_jax.evaluation.benchmarks.regions import (
    call_by_names,
    first_region,
    why_not_by_names,
    without_regions,
)

NAMES = ("red chair", "table", "chair")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("How wide is Region [0]?", "How wide is the red chair?"),
        ("Region [1] or Region [2]: which is taller?", "The table or the chair: which is taller?"),
        ("Look. Region [1] is wide.", "Look. The table is wide."),
        ("Is region 1 left of region (0)?", "Is the table left of the red chair?"),
        ("How far is Region [7]?", "How far is Region [7]?"),
    ],
)
def test_regions_are_called_by_their_names(text: str, said: str) -> None:
    assert call_by_names(text, NAMES) == said


def test_a_name_may_have_its_own_article() -> None:
    assert call_by_names("Is Region [0] wide?", ("The Tower",)) == "Is The Tower wide?"
    assert call_by_names("Region [0] is wide.", ("a chair",)) == "A chair is wide."


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("Region [1] is taller.", 1),
        ("The table is taller than the chair.", 1),
        ("The red chair.", 0),
        ("The CHAIR, not the red chair.", 2),
        ("the tables", None),
        ("region 2, the table", 2),
        ("", None),
    ],
)
def test_the_region_that_is_mentioned_first(text: str, number: int | None) -> None:
    assert first_region(text, NAMES) == number


def test_numbers_of_regions_measure_nothing() -> None:
    assert without_regions("Region [3] is 2 m wide").split() == ["is", "2", "m", "wide"]


@pytest.mark.parametrize(
    ("text", "names", "why"),
    [
        ("How wide is Region [0]?", NAMES, ""),
        ("How wide is Region [0]?", (), "its record has no names of its regions"),
        ("Is Region [3] wide?", NAMES, "its record names 3 regions, and it asks about region 3"),
        ("Region [0] or Region [1]?", ("Chair", "chair"), "two of its regions have one name"),
        ("Is Region [1] wide?", ("chair", "chair"), ""),
    ],
)
def test_what_cannot_be_asked_by_names(text: str, names: tuple[str, ...], why: str) -> None:
    assert why_not_by_names(text, names).startswith(why)
    assert bool(why_not_by_names(text, names)) == bool(why)

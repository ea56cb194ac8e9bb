"""How people name things: words before the name, and whoever looks."""

import pytest

from spatialvlm_jax.inference.said_names import bare_name, is_begun, is_who_looks


@pytest.mark.parametrize(
    ("thing", "bare", "begun", "looks"),
    [
        ("the red mug", "red mug", True, False),
        ("An  egg", "egg", True, False),
        ("their sofa", "sofa", True, False),
        ("red mug", "red mug", False, False),
        ("theatre", "theatre", False, False),
        ("soda can", "soda can", False, False),
        ("a Coca-Cola can", "Coca-Cola can", True, False),
        ("pizza box", "pizza box", False, False),
        ("the camera", "camera", True, True),
        ("You", "You", True, True),
        ("the black camera", "black camera", True, False),
    ],
)
def test_names_are_told_from_what_begins_them(thing, bare, begun, looks) -> None:
    assert (bare_name(thing), is_begun(thing), is_who_looks(thing)) == (bare, begun, looks)

import numpy as np
import pytest

from spatialvlm_jax.scene.altered_pictures import GREY, grey_like, next_in_ring


def test_grey_shows_nothing_but_its_size() -> None:
    image = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    assert np.array_equal(grey_like(image), np.full((2, 3, 3), GREY, np.uint8))


def test_each_name_has_another_one_and_all_are_one_ring() -> None:
    names = [f"picture {number}" for number in range(9)]
    following = next_in_ring(names)
    assert next_in_ring([*reversed(names), names[0]]) == following
    seen = ["picture 0"]
    while (after := following[seen[-1]]) != "picture 0":
        seen.append(after)
    assert sorted(seen) == names


@pytest.mark.parametrize("names", [[], ["a"], ["a", "a"]])
def test_there_must_be_another_one(names: list[str]) -> None:
    with pytest.raises(ValueError, match="no other one"):
        next_in_ring(names)

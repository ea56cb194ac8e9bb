"""Names among tokens."""

import pytest

from spatialvlm_jax.inputs.name_tokens import find_names


@pytest.mark.parametrize(
    ("prefix", "names", "found"),
    [
        ((5, 1, 2, 1, 3), {7: (1, 3)}, [0, 0, 0, 7, 7]),
        ((5, 1, 2), {7: (1, 3)}, [0, 0, 0]),
        ((1,), {7: (1, 3)}, [0]),
        # A name that ends or begins a longer one is found outside of it, or not at all.
        ((1, 3, 9, 3), {1: (3,), 2: (1, 3)}, [2, 2, 0, 1]),
        ((1, 3, 9, 1), {1: (1,), 2: (1, 3)}, [2, 2, 0, 1]),
        ((9, 1, 3), {1: (3,), 2: (1, 3)}, [0, 2, 2]),
        ((3, 9, 3), {1: (3,), 2: (3,)}, [1, 0, 2]),
    ],
)
def test_names_are_found_whole_and_outside_of_longer_ones(
    prefix: tuple[int, ...], names: dict[int, tuple[int, ...]], found: list[int]
) -> None:
    assert find_names(prefix, names).tolist() == found

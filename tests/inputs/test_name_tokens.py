"""Names among tokens."""

import pytest

from spatialvlm_jax.inputs.name_tokens import count_names, encode_name, find_names
from spatialvlm_jax.inputs.tokenizer import Tokenizer


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


def test_names_are_counted_outside_of_longer_ones() -> None:
    counts = count_names((1, 3, 9, 3, 3, 1, 3), {1: (3,), 2: (1, 3), 3: (4,)})
    assert counts == {1: 2, 2: 2, 3: 0}


def test_a_name_is_encoded_as_it_stands_in_a_sentence() -> None:
    tokenizer = Tokenizer.from_config("small")
    assert encode_name(tokenizer, "red mug") == tokenizer.encode("red mug")
    sentence = tokenizer.encode("how far is the red mug from the ball?")
    assert count_names(sentence, {1: encode_name(tokenizer, "red mug")}) == {1: 1}

    class Bare:
        """Without a mark at the beginning, as some tokenizers are."""

        def encode(self, text: str) -> tuple[int, ...]:
            return tuple(map(ord, text))

    assert encode_name(Bare(), "mug") == tuple(map(ord, " mug"))

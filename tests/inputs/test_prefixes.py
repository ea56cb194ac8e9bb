import pytest

from spatialvlm_jax.inputs.prefixes import pad_prefixes


def test_prefixes_are_padded_on_the_right() -> None:
    padded, lengths = pad_prefixes([(2, 5, 4), (2, 4)], 3, 4)
    assert padded.tolist() == [[2, 5, 4, 0], [2, 4, 0, 0], [0, 0, 0, 0]]
    assert lengths.tolist() == [3, 2, 0]
    with pytest.raises(ValueError, match="2 prefixes do not fit into 1 slots"):
        pad_prefixes([(2, 4), (2, 4)], 1, 4)
    with pytest.raises(ValueError, match="a prefix of 2 tokens does not fit into 1"):
        pad_prefixes([(2, 4)], 1, 1)

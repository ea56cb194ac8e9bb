"""The matrices of the module's docstring, entry by entry."""

import hypothesis
import hypothesis.strategies as st
import numpy as np

from spatialvlm_jax.models import masks


def test_prefix_rule_is_the_taught_matrix() -> None:
    segments = np.array([1, 1, 1, 1, 0], np.int32)
    suffix = np.array([0, 0, 1, 1, 0], bool)
    assert np.array_equal(
        masks.text_mask(segments, suffix),
        [
            [1, 1, 0, 0, 0],
            [1, 1, 0, 0, 0],
            [1, 1, 1, 0, 0],
            [1, 1, 1, 1, 0],
            [0, 0, 0, 0, 0],
        ],
    )
    image = masks.image_text_mask("prefix", segments, suffix)
    assert np.array_equal(image, [[1, 1, 0, 0, 0]])


def test_image_prefix_rule_is_the_taught_matrix() -> None:
    segments = np.array([1, 1, 1, 2, 2, 2], np.int32)
    suffix = np.array([0, 1, 1, 0, 0, 1], bool)
    assert np.array_equal(
        masks.text_mask(segments, suffix),
        [
            [1, 0, 0, 0, 0, 0],
            [1, 1, 0, 0, 0, 0],
            [1, 1, 1, 0, 0, 0],
            [0, 0, 0, 1, 1, 0],
            [0, 0, 0, 1, 1, 0],
            [0, 0, 0, 1, 1, 1],
        ],
    )
    assert masks.image_text_mask("image_prefix", segments, suffix) is None


@hypothesis.given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 3)), min_size=1, max_size=3))
def test_text_mask_agrees_with_the_rule_in_words(segments: list[tuple[int, int]]) -> None:
    tokens = [
        (number, index >= prefix)
        for number, (prefix, suffix) in enumerate(segments, start=1)
        for index in range(prefix + suffix)
    ]
    tokens += [(0, False)] * (20 - len(tokens))

    def sees(query: int, key: int) -> bool:
        (query_segment, query_suffix), (key_segment, key_suffix) = tokens[query], tokens[key]
        if key_segment == 0 or key_segment != query_segment:
            return False
        return not key_suffix or (query_suffix and key <= query)

    columns = zip(*tokens, strict=True)
    ids, suffix = (np.array(x, kind) for x, kind in zip(columns, (np.int32, bool), strict=True))
    expected = [[sees(query, key) for key in range(20)] for query in range(20)]
    assert np.array_equal(masks.text_mask(ids, suffix), expected)

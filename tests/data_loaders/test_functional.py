import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_loaders.functional import choose_pairs, pack_row


def test_two_pairs_in_a_row_as_the_batch_contract_draws_them() -> None:
    # BOS where ? NL | left EOS      BOS far NL | 2 m EOS      PAD PAD
    row = pack_row([((2, 5, 6, 4), (7, 1)), ((2, 8, 4), (9, 10, 1))], 14)
    assert row.tokens.tolist() == [2, 5, 6, 4, 7, 1, 2, 8, 4, 9, 10, 1, 0, 0]
    assert row.targets.tolist() == [0, 0, 0, 7, 1, 0, 0, 0, 9, 10, 1, 0, 0, 0]
    assert row.segment_ids.tolist() == [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 0, 0]
    assert row.positions.tolist() == [0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 0, 0]
    assert row.suffix_mask.astype(int).tolist() == [0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0]
    assert row.loss_mask.astype(int).tolist() == [0, 0, 0, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0]
    assert row.fill == 12 / 14
    assert row.tokens.dtype == np.int32
    assert row.loss_mask.dtype == np.bool_


def test_no_pairs_make_a_row_of_padding() -> None:
    row = pack_row([], 4)
    assert not row.segment_ids.any()
    assert not row.loss_mask.any()
    assert row.fill == 0


def test_pairs_that_do_not_fit_and_empty_fields_are_refused() -> None:
    with pytest.raises(ValueError, match="pair 1 of 5 tokens does not fit"):
        pack_row([((2, 3, 4), (5, 1))], 4)
    with pytest.raises(ValueError, match="pair 1 of 5 tokens does not fit"):
        pack_row([((2, 3, 4), (5, 1))], 8, block_length=4)
    with pytest.raises(ValueError, match="at least one token each"):
        pack_row([((2, 3), ())], 4)


tokens = st.lists(st.integers(1, 99), min_size=1, max_size=6).map(tuple)
pairs = st.lists(st.tuples(tokens, tokens), min_size=1, max_size=6)


@given(pairs, st.integers(0, 5))
def test_packing_loses_no_token_and_keeps_segments_whole(
    packed: list[tuple[tuple[int, ...], tuple[int, ...]]], spare: int
) -> None:
    length = sum(len(prefix) + len(suffix) for prefix, suffix in packed) + spare
    row = pack_row(packed, length)
    for segment, (prefix, suffix) in enumerate(packed, 1):
        (place,) = np.nonzero(row.segment_ids == segment)
        assert place.tolist() == list(range(place[0], place[0] + len(prefix) + len(suffix)))
        assert tuple(row.tokens[place]) == prefix + suffix
        assert row.positions[place].tolist() == list(range(len(place)))
        assert tuple(row.tokens[place][row.suffix_mask[place]]) == suffix
        # What is predicted is the suffix, each token from the one before it.
        assert tuple(row.targets[place][row.loss_mask[place]]) == suffix
        (asked,) = np.nonzero(row.loss_mask[place])
        assert tuple(row.tokens[place][asked + 1]) == suffix
    padding = row.segment_ids == 0
    assert padding.sum() == spare
    assert not row.tokens[padding].any()
    assert not row.targets[~row.loss_mask].any()
    assert row.fill == pytest.approx(1 - spare / length)


def test_a_pair_that_would_cross_a_block_starts_the_next_one() -> None:
    row = pack_row([((2, 4), (5,)), ((2, 4), (6,))], 8, block_length=4)
    assert row.tokens.tolist() == [2, 4, 5, 0, 2, 4, 6, 0]
    assert row.segment_ids.tolist() == [1, 1, 1, 0, 2, 2, 2, 0]


@given(st.lists(st.integers(2, 12), max_size=12), st.integers(1, 4), st.integers(1, 8))
def test_chosen_pairs_never_cross_a_block(lengths: list[int], blocks: int, limit: int) -> None:
    rng = np.random.default_rng(1)
    taken = choose_pairs(lengths, 12 * blocks, limit, rng, block_length=12)
    row = pack_row([((2,), (3,) * (lengths[i] - 1)) for i in taken], 12 * blocks, block_length=12)
    assert len(taken) == len(set(taken)) <= limit
    for segment, index in enumerate(taken, 1):
        (place,) = np.nonzero(row.segment_ids == segment)
        assert len(place) == lengths[index]
        assert place[0] // 12 == place[-1] // 12


@given(st.lists(st.integers(1, 30), max_size=12), st.integers(1, 60), st.integers(1, 8))
def test_chosen_pairs_fit_and_none_that_would_still_fit_is_left(
    lengths: list[int], budget: int, limit: int
) -> None:
    taken = choose_pairs(lengths, budget, limit, np.random.default_rng(0))
    used = sum(lengths[index] for index in taken)
    assert used <= budget
    assert len(taken) == len(set(taken)) <= limit
    if len(taken) < limit:
        left = [length for index, length in enumerate(lengths) if index not in taken]
        assert all(length > budget - used for length in left)


def test_the_choice_follows_the_generator_and_every_pair_has_its_turn() -> None:
    first = [choose_pairs([5] * 6, 10, 6, np.random.default_rng(seed)) for seed in range(40)]
    assert first == [choose_pairs([5] * 6, 10, 6, np.random.default_rng(s)) for s in range(40)]
    assert {index for taken in first for index in taken} == set(range(6))
    assert all(len(taken) == 2 for taken in first)

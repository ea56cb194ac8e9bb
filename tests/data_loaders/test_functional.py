import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_loaders.functional import (
    Placement,
    choose_pairs,
    pack_row,
    pad_prefixes,
    resize_image,
    resize_nearest,
)


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


def test_prefixes_are_padded_on_the_right() -> None:
    padded, lengths = pad_prefixes([(2, 5, 4), (2, 4)], 3, 4)
    assert padded.tolist() == [[2, 5, 4, 0], [2, 4, 0, 0], [0, 0, 0, 0]]
    assert lengths.tolist() == [3, 2, 0]
    with pytest.raises(ValueError, match="2 prefixes do not fit into 1 slots"):
        pad_prefixes([(2, 4), (2, 4)], 1, 4)
    with pytest.raises(ValueError, match="a prefix of 2 tokens does not fit into 1"):
        pad_prefixes([(2, 4)], 1, 1)


def test_resizing_keeps_flat_colours_and_where_things_are() -> None:
    image = np.zeros((20, 40, 3), np.uint8)
    image[:, 20:] = (10, 200, 30)
    small = resize_image(image, 10)
    assert small.shape == (10, 10, 3)
    assert small[5, 0].tolist() == [0, 0, 0]
    assert small[5, 9].tolist() == [10, 200, 30]
    assert np.array_equal(resize_image(image[:, :20], 20), image[:, :20])
    ids = np.array([[1, 2], [3, 4]])
    assert resize_nearest(ids, 4).tolist() == [
        [1, 1, 2, 2],
        [1, 1, 2, 2],
        [3, 3, 4, 4],
        [3, 3, 4, 4],
    ]
    assert resize_nearest(np.arange(16).reshape(4, 4), 2).tolist() == [[5, 7], [13, 15]]


def test_pictures_become_squares_whatever_their_shape() -> None:
    for shape in ((480, 640, 3), (640, 480), (480, 640, 1), (30, 30, 4), (90, 900, 3), (32, 32)):
        image = np.full(shape, 200, np.uint8)
        squashed, padded = (resize_image(image, 32, how) for how in ("squash", "pad"))
        assert squashed.shape == padded.shape == (32, 32, 3)
        assert squashed.dtype == padded.dtype == np.uint8
        assert (squashed == 200).all()
        assert (padded[16, 16] == 200).all()


def test_padding_keeps_proportions_and_squashing_does_not() -> None:
    # The left half is black, the right half white, in a picture twice as wide as high.
    image = np.zeros((20, 40, 3), np.uint8)
    image[:, 20:] = 255
    padded, squashed = resize_image(image, 8, "pad"), resize_image(image, 8)
    assert (padded[:2] == 127).all()
    assert (padded[-2:] == 127).all()
    assert (padded[2:6, 0] == 0).all()
    assert (padded[2:6, -1] == 255).all()
    assert (squashed[:, 0] == 0).all()
    assert (squashed[:, -1] == 255).all()
    tall = resize_image(image.swapaxes(0, 1), 8, "pad")
    assert np.array_equal(tall, padded.swapaxes(0, 1))


def test_a_picture_may_be_laid_anywhere_and_cut() -> None:
    image = np.zeros((20, 40, 3), np.uint8)
    image[:, 20:] = 255
    inside = resize_image(image, 16, where=Placement(8, 4, 6, 1))
    assert (inside[[0, 5]] == 127).all()
    assert (inside[1:5, :6] == 127).all()
    assert (inside[1:5, 6] == 0).all()
    assert (inside[1:5, 13] == 255).all()
    assert (inside[1:5, 14:] == 127).all()
    cut = resize_image(image, 16, where=Placement(64, 32, -32, -8))
    assert (cut[:, 1:] == 255).all()
    ids = (image[..., 0] // 255).astype(np.uint8) + 1
    assert resize_nearest(ids, 16, Placement(64, 32, -30, -8))[3].tolist() == [1] * 2 + [2] * 14
    laid = resize_nearest(ids, 16, Placement(8, 4, 6, 1))
    assert laid[0].tolist() == [0] * 16
    assert laid[1].tolist() == [0] * 6 + [1] * 4 + [2] * 4 + [0] * 2

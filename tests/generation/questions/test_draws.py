import collections

from spatialvlm_jax.generation.questions.draws import Draws


def test_a_stream_depends_on_image_and_seed_only() -> None:
    first = [Draws("image", 1).uniform() for _ in range(2)]
    assert first[0] == first[1]
    assert len({first[0], Draws("image", 2).uniform(), Draws("other", 1).uniform()}) == 3
    # Image 1/1x with seed 1 is not image 1x with seed 1/1.
    assert Draws("1/x", 1).uniform() != Draws("x", 11).uniform()


def test_draws_are_spread_evenly() -> None:
    draws = Draws("image", 0)
    count = collections.Counter(draws.below(4) for _ in range(4000))
    assert set(count) == {0, 1, 2, 3}
    assert max(count.values()) - min(count.values()) < 200


def test_weights() -> None:
    draws = Draws("image", 0)
    count = collections.Counter(draws.weighted([1.0, 0.0, 3.0]) for _ in range(4000))
    assert count[1] == 0
    assert 2.6 < count[2] / count[0] < 3.4


def test_shuffles_reach_every_order() -> None:
    draws = Draws("image", 0)
    orders = collections.Counter(tuple(draws.shuffle([1, 2, 3])) for _ in range(1200))
    assert len(orders) == 6
    assert min(orders.values()) > 140

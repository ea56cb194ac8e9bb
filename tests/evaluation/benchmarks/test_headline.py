import numpy as np
import pytest

from spatialvlm_jax.evaluation.benchmarks.headline import headline_of, nested_weights
from spatialvlm_jax.evaluation.benchmarks.item import Item, Mark, equal_weights


def item(name: str, image: str, group: str = "", part: str = "") -> Item:
    return Item(name, "?", "?", "yes", image, group=group, part=part)


def test_groups_weigh_alike_at_each_level() -> None:
    groups = ["a", "a", "b", "b", "b"]
    parts = ["x", "y", "z", "z", "z"]
    items = [item(str(n), "i", g, p) for n, (g, p) in enumerate(zip(groups, parts, strict=True))]
    weights = nested_weights(lambda each: each.group, lambda each: each.part)(items)
    np.testing.assert_allclose(weights, [1 / 4, 1 / 4, 1 / 6, 1 / 6, 1 / 6])
    assert equal_weights(items).tolist() == [1.0] * 5


def test_answers_about_one_picture_count_together() -> None:
    pairs = [(item(str(n), f"i{n // 4}"), Mark(float(n < 200))) for n in range(400)]
    found = headline_of(pairs, equal_weights)
    assert found.value == 0.5
    assert (found.count, found.clusters) == (400, 100)
    assert found.design_effect == pytest.approx(4.0, rel=0.02)
    low, high = found.share_interval()
    assert high - low == pytest.approx(2 * 1.984 * np.sqrt(0.25 / 99), rel=0.01)

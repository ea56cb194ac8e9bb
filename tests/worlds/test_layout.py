"""What a scene is drawn from: choices that have nothing to do with one another are not tied."""

import dataclasses
import math

import numpy as np
import pytest

from spatialvlm_jax.worlds.config import WorldConfig
from spatialvlm_jax.worlds.layout import Layout, draw_layout

SCENES = 600
TABLES = WorldConfig.preset("clear", families=("tabletop",), family_weights=(1.0,))


def layouts(streams: int) -> list[Layout]:
    config = dataclasses.replace(TABLES, streams=streams)
    return [draw_layout(config, 0, index) for index in range(SCENES)]


@pytest.fixture(scope="module")
def drawn() -> list[Layout]:
    return layouts(2)


def dependence(xs: list[float], ys: list[float], bins: int = 4) -> float:
    """Pearson's chi-squared of two lists in bins of equal size, over its mean if independent."""
    ranks = [np.argsort(np.argsort(values, kind="stable")) * bins // SCENES for values in (xs, ys)]
    table = np.zeros((bins, bins))
    np.add.at(table, tuple(ranks), 1)
    expected = SCENES / bins**2
    return float(((table - expected) ** 2 / expected).sum() / (bins - 1) ** 2)


def table_turns(scenes: list[Layout]) -> list[float]:
    return [next(i.yaw for i in scene.items if i.surfaces and i.z == 0.0) for scene in scenes]


def bearings(scenes: list[Layout]) -> list[float]:
    """Of the light, around the world's z axis, radians."""
    return [math.atan2(scene.light[1], scene.light[0]) for scene in scenes]


def test_the_turn_of_a_table_does_not_tell_where_the_light_is(drawn: list[Layout]) -> None:
    assert dependence(table_turns(drawn), bearings(drawn)) < 3
    tied = layouts(1)
    assert dependence(table_turns(tied), bearings(tied)) > 8


def test_the_order_of_objects_does_not_tell_their_size(drawn: list[Layout]) -> None:
    heights = [[scene.items[place].height for scene in drawn] for place in (0, -1)]
    first, last = map(np.mean, heights)
    assert abs(first - last) < 0.05


def test_support_is_followed_through_the_order(drawn: list[Layout]) -> None:
    for scene in drawn[:100]:
        for item in scene.items:
            if item.support is not None:
                owner = scene.items[item.support]
                tops = [owner.z + surface.z for surface in owner.surfaces]
                assert min(abs(item.z - top) for top in tops) < 1e-9


def test_lenses_vary(drawn: list[Layout]) -> None:
    degrees = np.degrees([2 * math.atan(scene.camera.half) for scene in drawn])
    assert degrees.min() < 51
    assert degrees.max() > 74


def test_scenes_of_stored_sets_that_name_no_streams_stay_as_they_are() -> None:
    layout = draw_layout(WorldConfig.preset("rich", streams=1), 3, 0)
    found = [(item.category, item.color, item.support) for item in layout.items]
    assert layout.family == "floor"
    assert found == [
        ("trash can", "purple", None),
        ("vase", "orange", None),
        ("ball", "purple", None),
        ("vase", "brown", None),
        ("stool", "brown", None),
    ]
    position = (0.41823112909425386, -1.9251782299778069, 1.4474628318768585)
    np.testing.assert_allclose(layout.camera.position, position, rtol=1e-12)

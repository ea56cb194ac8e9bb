from collections.abc import Sequence

import numpy as np
import pytest

from spatialvlm_jax.generation.lifting.resting import rest
from spatialvlm_jax.scene.records import Object3D
from tests.generation.rays import standing
from tests.generation.scenes import camera_from_canonical, thing


def rested(
    *boxes: Object3D, pitch: float = 0.3, camera_height: float | None = 1.4
) -> Sequence[Object3D]:
    turn = camera_from_canonical(pitch, 0.1)
    placed = []
    for box in boxes:
        seen = thing(box.caption, turn @ box.center, box.extents)
        object.__setattr__(seen, "rotation", turn @ box.rotation)
        placed.append(seen)
    return rest(placed, turn.T, camera_height)


TABLE = standing("wood table", 0.2, 3.0, (1.2, 0.8, 0.7), yaw=0.4)


def test_a_mug_rests_on_the_table_below_it_and_the_table_on_the_floor() -> None:
    mug = standing("red mug", 0.3, 3.1, (0.1, 0.1, 0.1), base=-0.69)
    table, on_it = rested(TABLE, mug)
    assert (table.support, on_it.support) == (None, 0)


@pytest.mark.parametrize(
    ("x", "base"), [(1.2, -0.7), (0.3, -0.4), (0.3, -1.2)], ids=["beside", "over", "under"]
)
def test_what_is_beside_over_or_under_a_table_does_not_rest_on_it(x: float, base: float) -> None:
    assert rested(TABLE, standing("red mug", x, 3.1, (0.1, 0.1, 0.1), base=base))[1].support is None


def test_the_highest_of_a_stack_is_meant() -> None:
    book = standing("blue book", 0.2, 3.0, (0.2, 0.15, 0.02), base=-0.7)
    mug = standing("red mug", 0.2, 3.0, (0.1, 0.1, 0.1), base=-0.68)
    assert [each.support for each in rested(TABLE, book, mug)] == [None, 0, 1]


def test_a_hidden_underside_is_carried_down_to_what_it_rests_on() -> None:
    ball = standing("red ball", 0.2, 3.0, (0.4, 0.4, 0.34), base=-1.34)
    found = rested(ball)[0]
    np.testing.assert_allclose(found.extents, (0.4, 0.4, 0.4), atol=1e-9)
    turn = camera_from_canonical(0.3, 0.1)
    np.testing.assert_allclose(turn.T @ found.center, (0.2, 3.0, -1.2), atol=1e-9)


def test_what_hangs_stays_where_it_is() -> None:
    lamp = standing("red lamp", 0.2, 3.0, (0.4, 0.4, 0.3), base=-0.2)
    np.testing.assert_allclose(rested(lamp)[0].extents, (0.4, 0.4, 0.3))


def test_without_a_floor_things_rest_on_things_only() -> None:
    ball = standing("red ball", 2.0, 3.0, (0.4, 0.4, 0.34), base=-1.34)
    mug = standing("red mug", 0.3, 3.1, (0.1, 0.1, 0.1), base=-0.7)
    found = rested(TABLE, ball, mug, camera_height=None)
    assert found[1].extents[2] == pytest.approx(0.34)
    assert found[2].support == 0


def test_nothing_rests_on_nothing() -> None:
    assert list(rested(standing("red mug", 0, 2, (0.1, 0.1, 0.1)))) != []

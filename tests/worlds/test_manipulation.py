"""Tasks of a gripper: what moves, what stays, and that nothing goes through anything."""

import dataclasses
import math

import pytest

from spatialvlm_jax.random_stream import RandomStream
from spatialvlm_jax.worlds.config import WorldConfig
from spatialvlm_jax.worlds.gripper import MAX_OPENING, gripper_parts
from spatialvlm_jax.worlds.items import WorldObject
from spatialvlm_jax.worlds.layout import draw_layout
from spatialvlm_jax.worlds.manipulation import (
    GRIPPER,
    PHASES,
    TABLE,
    ManipulationTask,
    draw_task,
    moments,
)
from spatialvlm_jax.worlds.parts import Part

CONFIG = WorldConfig.preset("manipulation")


@pytest.fixture(scope="module")
def tasks() -> list[ManipulationTask]:
    drawn = (draw_task(RandomStream((7, seed)), CONFIG, 5) for seed in range(150))
    found = [task for task in drawn if task is not None]
    assert len(found) >= 20
    return found


def place(item: WorldObject) -> tuple[float, ...]:
    return item.x, item.y, item.z, item.yaw


def test_it_is_approached_grasped_lifted_carried_and_lowered(tasks):
    for task in tasks:
        shown = moments(task, 60)
        assert list(dict.fromkeys(phase for phase, _ in shown)) == list(PHASES)
        first, last = shown[0][1], shown[-1][1]
        held, goal = last[task.target], last[task.goal]
        assert math.hypot(held.x - goal.x, held.y - goal.y) < 1e-9
        assert held.z == pytest.approx(goal.z + goal.height + 0.02)
        assert held.support is None
        assert first[task.target].support == TABLE
        still = set(range(len(first))) - {GRIPPER, task.target}
        assert all(place(first[at]) == place(last[at]) for at in still)
        assert [place(item) for item in first] == [place(item) for item in task.items]


def test_what_is_held_moves_with_the_gripper(tasks):
    for task in tasks[:10]:
        grasped = [items for phase, items in moments(task, 80) if phase in ("lift", "carry")]
        apart = set()
        for items in grasped:
            one, other = place(items[GRIPPER])[:3], place(items[task.target])[:3]
            apart.add(tuple(round(a - b, 9) for a, b in zip(one, other, strict=True)))
        assert len(apart) == 1


def corners(item: WorldObject, part: Part) -> list[tuple[float, float]]:
    c, s = math.cos(item.yaw), math.sin(item.yaw)
    ends = [(a * part.width / 2, b * part.depth / 2) for a in (-1, 1) for b in (-1, 1)]
    return [
        (
            item.x + c * (part.x + x) - s * (part.y + y),
            item.y + s * (part.x + x) + c * (part.y + y),
        )
        for x, y in ends
    ]


def are_apart(one: list[tuple[float, float]], other: list[tuple[float, float]]) -> bool:
    """Whether a line separates two rectangles, by the directions of their sides."""
    for rectangle in (one, other):
        for a, b in ((0, 1), (0, 2)):
            x, y = rectangle[b][0] - rectangle[a][0], rectangle[b][1] - rectangle[a][1]
            spans = [[x * u + y * v for u, v in each] for each in (one, other)]
            if max(spans[0]) <= min(spans[1]) + 1e-9 or max(spans[1]) <= min(spans[0]) + 1e-9:
                return True
    return False


def collide(one: WorldObject, other: WorldObject) -> bool:
    """Whether boxes around solids of two objects share room."""
    for a in one.parts:
        for b in other.parts:
            low = max(one.z + a.z - a.height / 2, other.z + b.z - b.height / 2)
            high = min(one.z + a.z + a.height / 2, other.z + b.z + b.height / 2)
            if high - low > 1e-9 and not are_apart(corners(one, a), corners(other, b)):
                return True
    return False


def test_nothing_goes_through_anything(tasks):
    for task in tasks[:12]:
        for _, items in moments(task, 40):
            for mover in (GRIPPER, task.target):
                for at, item in enumerate(items):
                    if at not in (GRIPPER, task.target):
                        assert not collide(items[mover], item), (mover, item.category)
            assert not collide(items[GRIPPER], items[task.target])


def test_all_of_it_is_seen(tasks):
    for task in tasks:
        for _, items in moments(task, 20):
            for at in (GRIPPER, task.target, task.goal):
                u, v, depth = task.camera.project(items[at].middle())
                assert max(abs(u), abs(v)) < 1
                assert depth > 0.2


def test_a_gripper_keeps_its_sizes_when_it_closes():
    for opening in (0.0, 0.05, MAX_OPENING):
        parts = gripper_parts(opening)
        assert max(part.x + part.width / 2 for part in parts) == pytest.approx(0.069)
        inner = [abs(part.x) - part.width / 2 for part in parts[:2]]
        assert inner == pytest.approx([opening / 2, opening / 2])


def test_what_is_in_the_gripper_is_in_the_picture():
    """Of few objects, too, none takes the place of what is held."""
    held = []
    for preset, most in (("holding", 5), ("manipulation", 6)):
        config = WorldConfig.preset(preset)
        for index in range(40):
            items = draw_layout(config, 3, index).items
            assert len(items) <= most
            in_the_air = [item for item in items if item.support is None and item.z > 0]
            grippers = [item for item in in_the_air if item.category == "gripper"]
            if len(in_the_air) > 1:
                held.append(preset)
                assert len(grippers) == 1
                (thing,) = (item for item in in_the_air if item is not grippers[0])
                assert (thing.x, thing.y) == pytest.approx((grippers[0].x, grippers[0].y))
                assert any(item.support is not None for item in items)
    assert held.count("holding") > 34
    assert 12 <= held.count("manipulation") <= 24


def test_stills_show_a_gripper_and_what_it_works_on():
    layouts = [draw_layout(CONFIG, 3, index) for index in range(40)]
    with_gripper = [
        layout for layout in layouts if any(each.category == "gripper" for each in layout.items)
    ]
    assert len(with_gripper) > 34
    assert all(len(layout.items) >= 3 for layout in with_gripper)
    assert {each.family for each in layouts} == {"manipulation"}
    again = draw_layout(dataclasses.replace(CONFIG), 3, 7)
    assert [place(item) for item in again.items] == [place(item) for item in layouts[7].items]

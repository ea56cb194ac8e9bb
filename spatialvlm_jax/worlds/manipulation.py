"""A gripper at work on a table: it approaches a thing, grasps it, lifts it and carries it over
another one, as a function of time; and moments of that as scenes.

World frame: z up, floor at z = 0, metres.
"""

import dataclasses
import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

from spatialvlm_jax.random_stream import RandomStream
from spatialvlm_jax.worlds.camera import Camera, Vector, look_at
from spatialvlm_jax.worlds.config import WorldConfig
from spatialvlm_jax.worlds.families import Stage, tabletop
from spatialvlm_jax.worlds.gripper import FINGER_LENGTH, MAX_OPENING, gripper_parts
from spatialvlm_jax.worlds.items import WorldObject, draw_item, footprints_apart

PHASES = ("approach", "grasp", "lift", "carry", "lower")
TABLE, GRIPPER = 0, 1  # places among the items of a task
_SPEED, _CLOSING_SECONDS = 0.2, 0.5
_CLEARANCE = 0.03
_ATTEMPTS = 4
_EDGE = 0.9  # how far from the picture's middle things may be, half widths


class GripperPose(NamedTuple):
    """x, y, z: between the fingertips, world frame. opening: between the fingers. holds: whether
    the target goes with it."""

    x: float
    y: float
    z: float
    opening: float
    holds: bool


class Stretch(NamedTuple):
    """A straight part of the way, begun and ended at rest."""

    phase: str
    start: GripperPose
    stop: GripperPose
    seconds: float


@dataclasses.dataclass(frozen=True)
class ManipulationTask:
    """What a gripper does, and who looks.

    items: at the beginning; the gripper is the one at GRIPPER. target, goal: places of what is
    grasped and of what it is carried to. grasp: how far above the target's foot the fingertips are.
    """

    items: tuple[WorldObject, ...]
    target: int
    goal: int
    camera: Camera
    stretches: tuple[Stretch, ...]
    grasp: float

    @property
    def held_share(self) -> float:
        """The share of the time, at its end, in which the target is held."""
        seconds = [(stretch.seconds, stretch.start.holds) for stretch in self.stretches]
        return sum(each for each, holds in seconds if holds) / sum(each for each, _ in seconds)

    def at(self, share: float) -> tuple[str, tuple[WorldObject, ...]]:
        """The phase and all items when `share` of the time has passed, 0 to 1."""
        left = share * sum(stretch.seconds for stretch in self.stretches)
        for stretch in self.stretches:
            if left <= stretch.seconds or stretch is self.stretches[-1]:
                break
            left -= stretch.seconds
        done = min(left / stretch.seconds, 1.0)
        eased = done * done * (3.0 - 2.0 * done)
        x, y, z, opening = (
            a + eased * (b - a) for a, b in zip(stretch.start[:4], stretch.stop[:4], strict=True)
        )
        items = [dataclasses.replace(item) for item in self.items]
        items[GRIPPER] = dataclasses.replace(items[GRIPPER], parts=gripper_parts(opening))
        items[GRIPPER].place(x, y, z, items[GRIPPER].yaw)
        if stretch.start.holds:
            carried = items[self.target]
            carried.place(x, y, z - self.grasp, carried.yaw)
        return stretch.phase, tuple(items)


def manipulation(draw: RandomStream, config: WorldConfig, count: int) -> Stage:
    """A moment of a task on a table, any of them as likely; where nothing can be grasped, a table
    without a gripper."""
    task = _attempted(draw, config, count)
    if task is None:
        return tabletop(draw, config, count)
    return _still(task, draw.random(), (task.target,))


def holding(draw: RandomStream, config: WorldConfig, count: int) -> Stage:
    """The same, of the moments in which the gripper holds what it grasped; where that is taken to
    is always there, too."""
    task = _attempted(draw, config, count)
    if task is None:
        return tabletop(draw, config, count)
    return _still(task, 1.0 - draw.random() * task.held_share, (task.target, task.goal))


def _attempted(draw: RandomStream, config: WorldConfig, count: int) -> ManipulationTask | None:
    """The first task that what is drawn allows, of a few attempts."""
    tasks = (draw_task(draw, config, count) for _ in range(_ATTEMPTS))
    return next((task for task in tasks if task is not None), None)


def _still(task: ManipulationTask, share: float, about: Sequence[int]) -> Stage:
    """The task when `share` of its time has passed; what it is `about` is never left out."""
    _, items = task.at(share)
    return Stage(list(items), task.camera, frozenset((TABLE, GRIPPER, *about)), None)


def draw_task(draw: RandomStream, config: WorldConfig, count: int) -> ManipulationTask | None:
    """A task with about `count` objects, or None where what was drawn does not allow one."""
    plain = dataclasses.replace(config, background=0.0)
    drawn = tabletop(draw, plain, max(count - 1, 3)).items
    taken = {(item.category, item.color) for item in drawn}
    gripper = draw_item(draw, "gripper", taken, config.natural)
    assert gripper is not None
    items = [drawn[0], gripper, *drawn[1:]]
    for item in items[2:]:
        item.support = item.support + 1 if item.support else item.support
    free = [index for index in range(2, len(items)) if _is_free(items, index)]
    targets = [index for index in free if _can_be_held(items[index])]
    if not targets:
        return None
    target = draw.choice(targets)
    goals = [index for index in free if index != target and _apart(items[index], items[target])]
    if not goals:
        return None
    return _task(draw, config, items, target, draw.choice(goals))


def _is_free(items: Sequence[WorldObject], index: int) -> bool:
    """Whether it stands right on the table, with nothing on it."""
    return items[index].support == TABLE and all(item.support != index for item in items)


def _can_be_held(item: WorldObject) -> bool:
    narrow = 2 * min(item.half_width, item.half_depth)
    return narrow <= MAX_OPENING - 0.01 and 0.04 <= item.height <= 0.35


def _apart(one: WorldObject, other: WorldObject) -> bool:
    return math.hypot(one.x - other.x, one.y - other.y) > 0.14


def _task(
    draw: RandomStream, config: WorldConfig, items: list[WorldObject], target: int, goal: int
) -> ManipulationTask | None:
    """The way of the gripper, if nothing is in it and all of it can be seen."""
    held, where, gripper = items[target], items[goal], items[GRIPPER]
    is_narrow_across = held.half_width <= held.half_depth
    grip = 2 * min(held.half_width, held.half_depth)
    grasp = max(0.01, held.height - (FINGER_LENGTH - 0.008))
    yaw = held.yaw if is_narrow_across else held.yaw + math.pi / 2
    others = [item for index, item in enumerate(items) if index not in (TABLE, GRIPPER, target)]
    over = max(item.z + item.height for item in others) + _CLEARANCE
    hover = where.z + where.height + 0.02
    angle, away = draw.uniform(0, math.tau), draw.uniform(0.12, 0.35)
    top = max(over, held.z + held.height + 0.02)
    start = GripperPose(
        held.x + away * math.cos(angle),
        held.y + away * math.sin(angle),
        top + draw.uniform(0.02, 0.2),
        MAX_OPENING,
        False,
    )
    above = GripperPose(held.x, held.y, top, MAX_OPENING, False)
    around = above._replace(z=held.z + grasp)
    closed = around._replace(opening=grip, holds=True)
    lifted = closed._replace(z=max(over + grasp, closed.z + 0.05))
    beyond = lifted._replace(x=where.x, y=where.y)
    lowered = beyond._replace(z=hover + grasp)
    gripper.place(*start[:3], yaw)
    for pose, level in ((around, around.z), (lowered, hover)):
        gripper_there, held_there = dataclasses.replace(gripper), dataclasses.replace(held)
        gripper_there.place(*pose[:3], yaw)
        held_there.place(pose.x, pose.y, pose.z - grasp, held.yaw)
        tall = [item for item in others if item is not where and item.z + item.height > level]
        tall += [where] if pose is around and where.z + where.height > level else []
        for item in tall:
            if not footprints_apart(gripper_there, item, 0.012):
                return None
            if pose is lowered and not footprints_apart(held_there, item, 0.012):
                return None
    stretches = (
        _moved("approach", start, above),
        _moved("approach", above, around),
        Stretch("grasp", around, closed._replace(holds=False), _CLOSING_SECONDS),
        _moved("lift", closed, lifted),
        _moved("carry", lifted, beyond),
        _moved("lower", beyond, lowered),
    )
    camera = _watching(draw, config, items, stretches)
    if camera is None:
        return None
    return ManipulationTask(tuple(items), target, goal, camera, stretches, grasp)


def _moved(phase: str, start: GripperPose, stop: GripperPose) -> Stretch:
    return Stretch(phase, start, stop, max(math.dist(start[:3], stop[:3]) / _SPEED, 0.1))


def _watching(
    draw: RandomStream,
    config: WorldConfig,
    items: Sequence[WorldObject],
    stretches: Sequence[Stretch],
) -> Camera | None:
    """A camera that sees the whole way and all that stands on the table, or None."""
    poses = [pose for stretch in stretches for pose in (stretch.start, stretch.stop)]
    rise = items[GRIPPER].height / 2
    seen: list[Vector] = [(pose.x, pose.y, pose.z + rise) for pose in poses]
    seen += [item.middle() for item in items[2:]]
    low, high = ([each(axis) for axis in zip(*seen, strict=True)] for each in (min, max))
    x, y, z = ((a + b) / 2 for a, b in zip(low, high, strict=True))
    fov = draw.uniform(config.min_fov, config.max_fov)
    radius = math.dist(low, high) / 2 + 0.06
    distance = radius / math.tan(fov / 2) * draw.uniform(0.9, 1.3)
    azimuth, elevation = draw.uniform(-0.7, 0.7), draw.uniform(0.3, 0.8)
    position = (
        x + distance * math.cos(elevation) * math.sin(azimuth),
        y - distance * math.cos(elevation) * math.cos(azimuth),
        z + distance * math.sin(elevation),
    )
    roll = draw.uniform(-config.max_roll, config.max_roll)
    camera = look_at(position, (x, y, z), roll, fov)
    projected = list(map(camera.project, seen))
    inside = all(max(abs(u), abs(v)) <= _EDGE and depth > 0.2 for u, v, depth in projected)
    return camera if inside else None


def moments(task: ManipulationTask, frames: int) -> list[tuple[str, tuple[WorldObject, ...]]]:
    """Phases and items at evenly spaced times, the first and the last among them."""
    shares = (frame / max(frames - 1, 1) for frame in itertools.count())
    return [task.at(share) for share in itertools.islice(shares, frames)]

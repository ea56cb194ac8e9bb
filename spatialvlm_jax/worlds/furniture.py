"""Builders of furniture: each draws real sizes and returns the solids of one piece."""

import math

from spatialvlm_jax.random_stream import RandomStream
from spatialvlm_jax.worlds.parts import Build, Part, SupportSurface, box, cylinder, ellipsoid, legs


def table(draw: RandomStream) -> Build:
    height = draw.uniform(0.7, 0.77)
    top = draw.uniform(0.03, 0.05)
    plan = draw.choice(("round", "square", "rectangular"))
    if plan == "round":
        diameter = draw.uniform(0.9, 1.3)
        radius = diameter / 2
        parts: tuple[Part, ...] = (
            cylinder(0, 0, height - top, diameter, top),
            cylinder(0, 0, 0.03, 0.1, height - top - 0.03, "metal"),
            cylinder(0, 0, 0, diameter * 0.5, 0.03, "metal"),
        )
        return Build(parts, (SupportSurface(0, 0, height, radius, radius, round=True),), plan)
    width = draw.uniform(0.8, 1.05) if plan == "square" else draw.uniform(1.3, 1.9)
    depth = width if plan == "square" else draw.uniform(0.75, 0.95)
    stand = legs(width, depth, height - top, draw.uniform(0.05, 0.08), "main")
    parts = (box(0, 0, height - top, width, depth, top), *stand)
    return Build(parts, (SupportSurface(0, 0, height, width / 2, depth / 2),), plan)


def desk(draw: RandomStream) -> Build:
    width, depth = draw.uniform(1.1, 1.6), draw.uniform(0.6, 0.75)
    height, top = draw.uniform(0.71, 0.76), 0.035
    side = draw.choice((-1, 1))
    drawers = 0.4
    x = side * (width - drawers) / 2
    parts = (
        box(0, 0, height - top, width, depth, top),
        box(x, 0.02, 0, drawers, depth - 0.08, height - top),
        box(-side * (width - 0.05) / 2, 0, 0, 0.05, depth - 0.04, height - top),
        box(x, -depth / 2 + 0.05, height * 0.62, 0.14, 0.02, 0.025, "metal"),
        box(x, -depth / 2 + 0.05, height * 0.3, 0.14, 0.02, 0.025, "metal"),
    )
    return Build(parts, (SupportSurface(0, 0, height, width / 2, depth / 2),), "rectangular")


def chair(draw: RandomStream) -> Build:
    width, depth = draw.uniform(0.4, 0.5), draw.uniform(0.4, 0.5)
    seat, height = draw.uniform(0.43, 0.48), draw.uniform(0.8, 1.0)
    thick = 0.045
    parts = (
        box(0, 0, seat - thick, width, depth, thick),
        box(0, depth / 2 - 0.02, seat, width, 0.04, height - seat),
        *legs(width, depth, seat - thick, 0.045, "frame"),
    )
    surface = SupportSurface(0, -0.02, seat, width / 2, depth / 2 - 0.03)
    return Build(parts, (surface,), "square")


def stool(draw: RandomStream) -> Build:
    height, width = draw.uniform(0.42, 0.7), draw.uniform(0.3, 0.4)
    thick = 0.05
    if draw.chance(0.6):
        inside = width * 0.72
        parts = (
            cylinder(0, 0, height - thick, width, thick),
            *legs(inside, inside, height - thick, 0.04, "frame"),
        )
        return Build(
            parts, (SupportSurface(0, 0, height, width / 2, width / 2, round=True),), "round"
        )
    seat = box(0, 0, height - thick, width, width, thick)
    parts = (seat, *legs(width, width, height - thick, 0.04, "frame"))
    return Build(parts, (SupportSurface(0, 0, height, width / 2, width / 2),), "square")


def sofa(draw: RandomStream) -> Build:
    width, depth = draw.uniform(1.4, 2.2), draw.uniform(0.8, 0.95)
    seat, height = draw.uniform(0.38, 0.45), draw.uniform(0.75, 0.9)
    arm = draw.uniform(0.14, 0.2)
    inner = width - 2 * arm
    parts = (
        box(0, 0, 0.08, width, depth, seat - 0.18),
        box(0, depth / 2 - 0.11, seat - 0.1, width, 0.22, height - seat + 0.1),
        box(-(width - arm) / 2, -0.11, seat - 0.1, arm, depth - 0.22, 0.28),
        box((width - arm) / 2, -0.11, seat - 0.1, arm, depth - 0.22, 0.28),
        box(-inner / 4, -0.11, seat - 0.1, inner / 2 - 0.015, depth - 0.22, 0.1),
        box(inner / 4, -0.11, seat - 0.1, inner / 2 - 0.015, depth - 0.22, 0.1),
        box(0, 0, 0, width - 0.1, depth - 0.1, 0.08, "dark"),
    )
    surface = SupportSurface(0, -0.11, seat, inner / 2, depth / 2 - 0.11)
    return Build(parts, (surface,), "rectangular")


def bed(draw: RandomStream) -> Build:
    width, length = draw.choice((0.9, 1.2, 1.4, 1.6)), draw.uniform(1.95, 2.05)
    frame, top = 0.25, draw.uniform(0.45, 0.55)
    pillow = 0.35
    parts = (
        box(0, 0, 0.05, width, length, frame - 0.05, "frame"),
        box(0, length / 2 - 0.02, frame, width, 0.04, draw.uniform(0.6, 0.8), "frame"),
        box(0, -0.02, frame, width * 0.97, length - 0.06, top - frame - 0.02, "white"),
        box(0, -0.22, frame + 0.03, width * 0.99, length - 0.5, top - frame - 0.03),
        ellipsoid(0, length / 2 - 0.27, top - 0.05, width * 0.6, pillow, 0.15, "white"),
        box(0, 0, 0, width - 0.1, length - 0.1, 0.05, "dark"),
    )
    surface = SupportSurface(0, -0.3, top, width * 0.45, length / 2 - 0.4)
    return Build(parts, (surface,), "rectangular")


def cabinet(draw: RandomStream) -> Build:
    width, depth = draw.uniform(0.6, 1.2), draw.uniform(0.38, 0.5)
    height, door = draw.uniform(0.65, 1.1), 0.018
    front = -depth / 2
    half = width / 2
    parts = (
        box(0, door / 2, 0.06, width, depth - door, height - 0.06),
        box(0, 0.02, 0, width - 0.06, depth - 0.08, 0.06, "dark"),
        box(-half / 2, front + door / 2, 0.09, half - 0.03, door, height - 0.13),
        box(half / 2, front + door / 2, 0.09, half - 0.03, door, height - 0.13),
        box(-0.05, front - 0.012, height * 0.55, 0.025, 0.024, 0.12, "metal"),
        box(0.05, front - 0.012, height * 0.55, 0.025, 0.024, 0.12, "metal"),
    )
    surface = SupportSurface(0, door / 2, height, half, (depth - door) / 2)
    return Build(parts, (surface,), "rectangular")


def shelf(draw: RandomStream) -> Build:
    width, depth = draw.uniform(0.6, 1.0), draw.uniform(0.26, 0.36)
    height, levels, thick = draw.uniform(0.9, 1.7), draw.integer(3, 4), 0.025
    half = width / 2
    parts = [
        box(-half + thick / 2, 0, 0, thick, depth, height),
        box(half - thick / 2, 0, 0, thick, depth, height),
        box(0, depth / 2 - 0.005, 0, width - 2 * thick, 0.01, height),
    ]
    surfaces = []
    gap = (height - thick) / levels
    for level in range(levels + 1):
        bottom = level * gap
        parts.append(box(0, -0.005, bottom, width - 2 * thick, depth - 0.01, thick))
        clearance = 9.0 if level == levels else gap - thick
        top = bottom + thick
        surfaces.append(SupportSurface(0, -0.005, top, half - thick, depth / 2 - 0.005, clearance))
    return Build(tuple(parts), tuple(surfaces), "rectangular")


def lamp(draw: RandomStream) -> Build:
    height, shade = draw.uniform(1.3, 1.7), draw.uniform(0.32, 0.45)
    tall = draw.uniform(0.26, 0.36)
    parts = (
        cylinder(0, 0, 0, 0.28, 0.03, "metal"),
        cylinder(0, 0, 0.03, 0.035, height - tall - 0.03, "metal"),
        cylinder(0, 0, height - tall, shade, tall, "main", draw.uniform(0.5, 0.8)),
    )
    return Build(parts, (), "round")


def plant(draw: RandomStream) -> Build:
    pot, rise = draw.uniform(0.2, 0.34), draw.uniform(0.2, 0.32)
    foliage = draw.uniform(0.35, 0.75)
    spread = foliage * draw.uniform(0.35, 0.5)
    parts: list[Part] = [cylinder(0, 0, 0, pot, rise, "pot", 1.3, True)]
    count = draw.integer(4, 6)
    turn = draw.uniform(0, math.tau)
    for index in range(count):
        angle = turn + math.tau * index / count
        x, y = spread * 0.5 * math.cos(angle), spread * 0.5 * math.sin(angle)
        lift = rise + foliage * draw.uniform(0.02, 0.3)
        size = spread * draw.uniform(0.75, 1.0)
        parts.append(ellipsoid(x, y, lift, size, size, foliage * 0.55, "leaf"))
    crown = spread * 0.8
    parts.append(ellipsoid(0, 0, rise - 0.02, crown, crown, foliage, "leaf"))
    return Build(tuple(parts), (), "round")

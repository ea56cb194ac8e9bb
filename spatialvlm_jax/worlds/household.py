"""Builders of small things: each draws real sizes and returns the solids of one object."""

from spatialvlm_jax.random_stream import RandomStream
from spatialvlm_jax.worlds.parts import Build, Part, SupportSurface, box, cylinder, ellipsoid


def trash_can(draw: RandomStream) -> Build:
    height, width = draw.uniform(0.28, 0.6), draw.uniform(0.24, 0.36)
    if draw.chance(0.6):
        parts: tuple[Part, ...] = (cylinder(0, 0, 0, width, height, "main", 1.25, True),)
        return Build(parts, (), "round")
    rim = 0.03
    parts = (
        box(0, 0, 0, width * 0.92, width * 0.92, height - rim),
        box(0, 0, height - rim, width, width, rim, "main", True),
    )
    return Build(parts, (), "square")


def bucket(draw: RandomStream) -> Build:
    height, width = draw.uniform(0.22, 0.34), draw.uniform(0.24, 0.33)
    rim = 0.02
    parts = (
        cylinder(0, 0, 0, width * 0.95, height - rim, "main", 1.4),
        cylinder(0, 0, height - rim, width, rim, "main", 1.0, True),
    )
    return Build(parts, (), "round")


def crate(draw: RandomStream) -> Build:
    width = draw.log_uniform(0.06, 0.55)
    if draw.chance(0.4):
        depth, height, plan = width, width * draw.uniform(0.95, 1.05), "square"
    else:
        depth = width * draw.uniform(0.45, 0.7)
        height, plan = width * draw.uniform(0.35, 0.8), "rectangular"
    parts = (box(0, 0, 0, width, depth, height),)
    return Build(parts, (SupportSurface(0, 0, height, width / 2, depth / 2),), plan)


def ball(draw: RandomStream) -> Build:
    size = draw.log_uniform(0.045, 0.5)
    return Build((ellipsoid(0, 0, 0, size, size, size),), (), "round")


def mug(draw: RandomStream) -> Build:
    width, height = draw.uniform(0.075, 0.095), draw.uniform(0.085, 0.11)
    reach = width * 0.36
    x = width / 2 + reach / 2 - 0.004
    bar = 0.012
    parts = (
        cylinder(0, 0, 0, width, height, "main", 1.0, True),
        box(x, 0, height * 0.72, reach, bar, bar),
        box(x, 0, height * 0.2, reach, bar, bar),
        box(x + reach / 2, 0, height * 0.2, bar, bar, height * 0.52 + bar),
    )
    return Build(parts, (), "round")


def bottle(draw: RandomStream) -> Build:
    height, width = draw.uniform(0.22, 0.32), draw.uniform(0.065, 0.09)
    body, shoulder = height * 0.58, height * 0.16
    neck = width * 0.36
    cap = 0.02
    parts = (
        cylinder(0, 0, 0, width, body),
        cylinder(0, 0, body, width, shoulder, "main", 0.36),
        cylinder(0, 0, body + shoulder, neck, height - body - shoulder - cap),
        cylinder(0, 0, height - cap, neck * 1.15, cap, "dark"),
    )
    return Build(parts, (), "round")


def bowl(draw: RandomStream) -> Build:
    width = draw.uniform(0.13, 0.26)
    height = width * draw.uniform(0.38, 0.46)
    foot = 0.008
    parts = (
        cylinder(0, 0, 0, width * 0.4, foot),
        cylinder(0, 0, foot, width * 0.8, height * 0.45, "main", 1.8),
        cylinder(0, 0, foot + height * 0.45, width, height * 0.55 - foot, "main", 1.25, True),
    )
    return Build(parts, (), "round")


def book(draw: RandomStream) -> Build:
    width, depth, height = (
        draw.uniform(0.13, 0.22),
        draw.uniform(0.2, 0.3),
        draw.uniform(0.02, 0.06),
    )
    cover = 0.004
    parts = (
        box(0, 0, 0, width, depth, cover),
        box(0.002, 0, cover, width - 0.012, depth - 0.014, height - 2 * cover, "white"),
        box(0, 0, height - cover, width, depth, cover),
        box(-width / 2 + 0.003, 0, cover, 0.006, depth, height - 2 * cover),
    )
    return Build(parts, (SupportSurface(0, 0, height, width / 2, depth / 2),), "rectangular")


def vase(draw: RandomStream) -> Build:
    height, width = draw.uniform(0.18, 0.4), draw.uniform(0.12, 0.22)
    belly = height * 0.72
    parts = (
        cylinder(0, 0, 0, width * 0.55, 0.02),
        ellipsoid(0, 0, 0.004, width, width, belly),
        cylinder(0, 0, belly * 0.85, width * 0.6, height - belly * 0.85, "main", 1.6, True),
    )
    return Build(parts, (), "round")


def laptop(draw: RandomStream) -> Build:
    width = draw.uniform(0.3, 0.38)
    depth, lid, thick = width * 0.68, width * 0.66, 0.018
    back = depth / 2
    parts = (
        box(0, 0, 0, width, depth, thick),
        box(0, -0.01, thick, width * 0.88, depth * 0.72, 0.003, "dark"),
        box(0, back - 0.006, thick, width, 0.012, lid),
        box(0, back - 0.0135, thick + 0.012, width * 0.93, 0.003, lid - 0.024, "screen"),
    )
    return Build(parts, (), "rectangular")


def monitor(draw: RandomStream) -> Build:
    width = draw.uniform(0.48, 0.65)
    tall, lift, thick = width * 0.58, draw.uniform(0.09, 0.13), 0.03
    parts = (
        box(0, 0, 0, width * 0.4, 0.18, 0.015),
        box(0, 0.03, 0.015, 0.06, 0.03, lift + tall * 0.4),
        box(0, 0, lift, width, thick, tall),
        box(0, -thick / 2 - 0.002, lift + 0.03, width - 0.05, 0.004, tall - 0.05, "screen"),
    )
    return Build(parts, (), "rectangular")

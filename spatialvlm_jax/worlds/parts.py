"""What a kind of object is built of, in its own frame.

Object frame: origin in the middle of the footprint at the height of what it stands on, x to its
right, y to its back, z up; metres. An object faces -y.
"""

from typing import NamedTuple

BOX, CYLINDER, ELLIPSOID = 0, 1, 2
SHAPES = ("box", "cylinder", "ellipsoid")


class Part(NamedTuple):
    """One convex solid, upright in the object frame.

    shape: BOX, CYLINDER or ELLIPSOID.
    x, y, z: its middle, metres; width, depth, height: its full sizes along x, y, z.
    role: which paint it takes ("main" is the object's own colour and material).
    taper: top radius over bottom radius of a cylinder; width is the larger diameter.
    hollow: its top is open and dark inside.
    """

    shape: int
    x: float
    y: float
    z: float
    width: float
    depth: float
    height: float
    role: str = "main"
    taper: float = 1.0
    hollow: bool = False


class SupportSurface(NamedTuple):
    """A level rectangle or disc things can stand on: middle, half sizes, free height above."""

    x: float
    y: float
    z: float
    half_width: float
    half_depth: float
    clearance: float = 9.0
    round: bool = False


class Build(NamedTuple):
    """The outcome of a builder: solids, the surfaces they offer, and the word for the shape."""

    parts: tuple[Part, ...]
    surfaces: tuple[SupportSurface, ...]
    shape: str


def box(
    x: float,
    y: float,
    bottom: float,
    width: float,
    depth: float,
    height: float,
    role: str = "main",
    hollow: bool = False,
) -> Part:
    """A box whose underside is at height `bottom`."""
    middle = bottom + height / 2
    return Part(BOX, x, y, middle, width, depth, height, role, 1.0, hollow)


def cylinder(
    x: float,
    y: float,
    bottom: float,
    diameter: float,
    height: float,
    role: str = "main",
    taper: float = 1.0,
    hollow: bool = False,
) -> Part:
    """An upright cylinder, or a frustum where `taper` is not 1, standing at height `bottom`."""
    middle = bottom + height / 2
    return Part(CYLINDER, x, y, middle, diameter, diameter, height, role, taper, hollow)


def ellipsoid(
    x: float,
    y: float,
    bottom: float,
    width: float,
    depth: float,
    height: float,
    role: str = "main",
) -> Part:
    """An ellipsoid whose lowest point is at height `bottom`."""
    return Part(ELLIPSOID, x, y, bottom + height / 2, width, depth, height, role)


def legs(
    width: float, depth: float, height: float, thickness: float, role: str
) -> tuple[Part, ...]:
    """Four square legs under the corners of a `width` x `depth` top."""
    x, y = (width - thickness) / 2 * 0.96, (depth - thickness) / 2 * 0.96
    corners = ((-x, -y), (x, -y), (-x, y), (x, y))
    return tuple(box(cx, cy, 0.0, thickness, thickness, height, role) for cx, cy in corners)

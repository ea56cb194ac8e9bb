"""Exact nearest distances between convex solids, many pairs in one call.

The distance between two convex sets A and B is the minimum over x in A of dist(x, B). Projected
gradient descent on half its square with step 1 is alternating projection onto B and A; momentum
with restarts (Beck & Teboulle 2009; O'Donoghue & Candes 2015) speeds it up. With y in B and x its
projection onto A, |x - y| bounds the distance from above, and the gap between the support planes
of A and B along x - y bounds it from below, so every result comes with its certificate.

Axes: P solids or pairs of solids, D directions.
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from spatialvlm_jax.scene.clouds import cloud_distances
from spatialvlm_jax.scene.records import Object3D, Primitive

_CODES = {"box": 0, "cylinder": 1, "ellipsoid": 2}
_BOX, _CYLINDER, _ELLIPSOID = 0, 1, 2


@dataclasses.dataclass(frozen=True, eq=False)
class Solids:
    """Convex solids as arrays.

    codes: int64[P], 0 box, 1 cylinder, 2 ellipsoid.
    centers: float64[P, 3], metres. rotations: float64[P, 3, 3], columns are the solid's axes.
    halves: float64[P, 3], half extents; a cylinder's are (bottom radius, top radius, half length).
    owners: int64[P], index of the object a solid belongs to, ascending.
    """

    codes: np.ndarray
    centers: np.ndarray
    rotations: np.ndarray
    halves: np.ndarray
    owners: np.ndarray

    def take(self, index: np.ndarray) -> "Solids":
        """The solids at `index` (integers or a mask)."""
        return Solids(
            self.codes[index],
            self.centers[index],
            self.rotations[index],
            self.halves[index],
            self.owners[index],
        )

    def radii(self) -> np.ndarray:
        """Radius float64[P] of a sphere around each centre that holds the solid, metres."""
        box = np.sqrt((self.halves**2).sum(-1))
        wide = np.hypot(np.maximum(self.halves[:, 0], self.halves[:, 1]), self.halves[:, 2])
        return np.choose(self.codes, [box, wide, self.halves.max(-1)])


# A flat or empty solid is given this half extent, metres, so that the closed forms stay finite.
_THINNEST = 1e-6


def _halves(part: Primitive) -> list[float]:
    first, second, third = (max(float(extent) / 2, _THINNEST) for extent in part.extents)
    if part.shape != "cylinder":
        return [first, second, third]
    bottom = first if part.taper <= 1 else first / part.taper
    return [bottom, bottom * part.taper, third]


def solids_of(objects: Sequence[Object3D]) -> Solids:
    """The parts of all objects, an object without parts as its oriented box (camera frame)."""
    codes, centers, rotations, halves, owners = [], [], [], [], []
    for owner, thing in enumerate(objects):
        parts = thing.parts or (Primitive("box", thing.center, thing.rotation, thing.extents),)
        for part in parts:
            codes.append(_CODES[part.shape])
            centers.append(part.center)
            rotations.append(part.rotation)
            halves.append(_halves(part))
            owners.append(owner)
    return Solids(
        np.array(codes, np.int64),
        np.array(centers, np.float64).reshape(-1, 3),
        np.array(rotations, np.float64).reshape(-1, 3, 3),
        np.array(halves, np.float64).reshape(-1, 3),
        np.array(owners, np.int64),
    )


def support(solids: Solids, directions: np.ndarray) -> np.ndarray:
    """Largest d . p over each solid's points p: float64[P, D], for directions float64[P, D, 3]."""
    local = directions @ solids.rotations
    halves = solids.halves[:, None, :]
    box = (np.abs(local) * halves).sum(-1)
    around = np.hypot(local[..., 0], local[..., 1])
    along = local[..., 2] * halves[..., 2]
    cylinder = np.maximum(along + halves[..., 1] * around, -along + halves[..., 0] * around)
    ellipsoid = np.sqrt(((local * halves) ** 2).sum(-1))
    height = np.where(
        solids.codes[:, None] == _BOX,
        box,
        np.where(solids.codes[:, None] == _CYLINDER, cylinder, ellipsoid),
    )
    return height + (directions @ solids.centers[:, :, None])[..., 0]


def _project_cylinder(local: np.ndarray, halves: np.ndarray) -> np.ndarray:
    """Closest points of upright tapered cylinders, by their profile in (radius, height)."""
    bottom, top, half = halves.T
    radius = np.hypot(local[:, 0], local[:, 1])
    height = local[:, 2]
    slope = top - bottom
    share = ((radius - bottom) * slope + (height + half) * 2 * half) / (slope**2 + 4 * half**2)
    share = np.clip(share, 0.0, 1.0)
    radii = np.stack([np.minimum(radius, bottom), np.minimum(radius, top), bottom + share * slope])
    heights = np.stack([-half, half, (2 * share - 1) * half])
    best = ((radii - radius) ** 2 + (heights - height) ** 2).argmin(0)
    rows = np.arange(len(radius))
    side = bottom + np.clip((height + half) / (2 * half), 0, 1) * slope
    inside = (np.abs(height) <= half) & (radius <= side)
    radius_to = np.where(inside, radius, radii[best, rows])
    height_to = np.where(inside, height, heights[best, rows])
    scale = radius_to / np.maximum(radius, 1e-12)
    return np.stack([local[:, 0] * scale, local[:, 1] * scale, height_to], -1)


def _project_ellipsoid(local: np.ndarray, halves: np.ndarray) -> np.ndarray:
    """Closest points of ellipsoids.

    The closest point is p_i = a_i^2 x_i / (t + a_i^2) with t >= 0 such that |p / a| = 1. Newton's
    method on 1 / |p / a| = 1, nearly linear in t (as in trust-region methods), and exact in one
    step for a sphere.
    """
    squares = halves**2
    scaled = halves * local
    t = np.zeros((len(local), 1))
    for _ in range(6):
        ratio = scaled / (t + squares)
        norm2 = (ratio**2).sum(-1, keepdims=True)
        slope = (ratio**2 / (t + squares)).sum(-1, keepdims=True)
        t = np.maximum(t + (np.sqrt(norm2) - 1) * norm2 / np.maximum(slope, 1e-30), 0.0)
    return squares * local / (t + squares)


def closest_points(solids: Solids, points: np.ndarray) -> np.ndarray:
    """The point of each solid closest to `points`: float64[P, 3], solid p against point p."""
    local = ((points - solids.centers)[:, None, :] @ solids.rotations)[:, 0]
    closest = np.minimum(np.maximum(local, -solids.halves), solids.halves)
    for code, closed_form in ((_CYLINDER, _project_cylinder), (_ELLIPSOID, _project_ellipsoid)):
        index = np.flatnonzero(solids.codes == code)
        if len(index):
            closest[index] = closed_form(local[index], solids.halves[index])
    return (solids.rotations @ closest[:, :, None])[..., 0] + solids.centers


def group_distances(
    first: Solids,
    second: Solids,
    groups: np.ndarray,
    count: int,
    tolerance: float = 1e-4,
    max_iterations: int = 200,
) -> np.ndarray:
    """The least distance between `first[p]` and `second[p]` over the pairs p of each group.

    Args:
      groups: int64[P], group of each pair, in 0..count-1.
      tolerance: metres; a pair is done when its bounds are this close, or when another pair of
        its group is surely nearer.

    Returns:
      float64[count], metres; 0 where solids touch or intersect, inf for a group without pairs.
    """
    best = np.full(count, np.inf)
    apart = np.linalg.norm(first.centers - second.centers, axis=-1)
    np.minimum.at(best, groups, apart)
    keep = apart - first.radii() - second.radii() < best[groups]
    first, second, groups = first.take(keep), second.take(keep), groups[keep]
    x = closest_points(first, second.centers)
    ahead, momentum = x, np.ones((len(x), 1))
    lower = np.zeros(len(x))
    for _ in range(max_iterations):
        y = closest_points(second, ahead)
        moved = closest_points(first, y)
        gap = moved - y
        upper = np.sqrt((gap**2).sum(-1))
        np.minimum.at(best, groups, upper)
        normal = gap / np.maximum(upper, 1e-12)[:, None]
        plane = (normal * moved).sum(-1) - support(second, normal[:, None, :])[:, 0]
        lower = np.maximum(lower, plane)
        active = lower < best[groups] - tolerance
        active &= best[groups] > tolerance
        if not active.any():
            break
        uphill = ((ahead - moved) * (moved - x)).sum(-1, keepdims=True) > 0
        momentum = np.where(uphill, 1.0, momentum)
        after = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = moved + (momentum - 1) / after * (moved - x)
        x, momentum = moved, after
        if active.mean() < 0.75:
            first, second, groups = first.take(active), second.take(active), groups[active]
            x, ahead, momentum = x[active], ahead[active], momentum[active]
            lower = lower[active]
    return np.where(best <= tolerance, 0.0, best)


def is_cloud(thing: Object3D) -> bool:
    """Whether an object's surface is known by points only."""
    return thing.points is not None and len(thing.points) > 0 and not thing.parts


def _to_solids(points: np.ndarray, solids: Solids) -> float:
    """Least distance from points float64[N, 3] to solids, metres."""
    count = len(solids.codes)
    repeated = solids.take(np.tile(np.arange(count), len(points)))
    points = np.repeat(points, count, axis=0)
    return float(np.linalg.norm(points - closest_points(repeated, points), axis=-1).min())


def object_distances(objects: Sequence[Object3D], solids: Solids | None = None) -> np.ndarray:
    """Nearest surface distances float64[N, N] between all objects, metres; 0 on the diagonal.

    An object's surface is its parts; without them its points; without both its oriented box.
    """
    number = len(objects)
    solids = solids_of(objects) if solids is None else solids
    distances = np.zeros((number, number))
    clouds = [index for index, thing in enumerate(objects) if is_cloud(thing)]
    exact = solids.take(~np.isin(solids.owners, clouds))
    one, two = np.triu_indices(len(exact.codes), 1)
    apart = exact.owners[one] != exact.owners[two]
    one, two = one[apart], two[apart]
    if len(one):
        groups = exact.owners[one] * number + exact.owners[two]
        flat = group_distances(exact.take(one), exact.take(two), groups, number * number)
        found = flat.reshape(number, number)
        distances = np.where(np.isfinite(found), found, 0.0)
        distances += distances.T
    points = [np.asarray(objects[index].points, np.float64) for index in clouds]
    distances[np.ix_(clouds, clouds)] = cloud_distances(points)
    for other in set(range(number)).difference(clouds) if clouds else ():
        own = solids.take(solids.owners == other)
        for cloud, seen in zip(clouds, points, strict=True):
            distances[cloud, other] = distances[other, cloud] = _to_solids(seen, own)
    return distances

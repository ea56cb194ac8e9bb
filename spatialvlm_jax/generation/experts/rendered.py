"""Stand-in experts that read the rendered world behind a photo, with errors of a chosen size.

    photos = rendered_photos(WorldConfig.preset("rich", image_size=256), seed=0, indices=range(8))
    perceptions = perceive(photos, rendered_experts(NoiseConfig(depth_scale_std=0.08)))

They answer the same protocols as real experts, so that the whole path from photo to questions runs,
and can be judged, where no model's weights are at hand.
"""

import dataclasses
import hashlib
from collections.abc import Iterable, Sequence

import numpy as np

from spatialvlm_jax.generation.experts.base import Experts, MetricDepth, Photo, Region, Verdict
from spatialvlm_jax.generation.experts.noise import (
    NoiseConfig,
    eroded,
    jittered,
    noisy_depth,
    relative_std,
    stream,
)
from spatialvlm_jax.scene.records import Object3D, Scene
from spatialvlm_jax.worlds.catalog import CATEGORIES
from spatialvlm_jax.worlds.config import WorldConfig

# Metres. A larger one would take the foot of a wall for the floor.
_FLOOR_TOLERANCE = 0.003
_DIMENSIONS = 512


def _truth(photo: Photo) -> Scene:
    if photo.truth is None:
        raise ValueError(f"{photo.image_id}: stand-in experts need a rendered photo with its truth")
    return photo.truth


def _keep_all(photos: Sequence[Photo]) -> list[Verdict]:
    return [Verdict(True, "indoor scene", 1.0) for _ in photos]


@dataclasses.dataclass(frozen=True)
class _Detector:
    noise: NoiseConfig
    seed: int

    def __call__(self, photos: Sequence[Photo]) -> list[tuple[Region, ...]]:
        return [self._detect(photo) for photo in photos]

    def _detect(self, photo: Photo) -> tuple[Region, ...]:
        things, draws = _truth(photo).objects, stream(self.seed, photo.image_id, "detect")
        shape = photo.image.shape[:2]
        regions = []
        for index, thing in enumerate(things):
            # One pair of draws an object, so that more misses leave the rest as it was.
            missed, wrong = draws.random(2)
            called = thing
            if wrong < self.noise.wrong_caption_fraction:
                called = self._mistaken(things, index, draws)
            if missed < self.noise.missed_fraction:
                continue
            box = thing.box
            if self.noise.box_jitter:
                box = jittered(box, self.noise.box_jitter, shape, draws)
            if self.noise.nouns_only:
                regions.append(Region(box, called.category, called.category))
            else:
                attributes = dict(called.attributes)
                regions.append(Region(box, called.caption, called.category, attributes=attributes))
        return tuple(regions)

    def _mistaken(
        self, things: Sequence[Object3D], index: int, draws: np.random.Generator
    ) -> Object3D:
        """The object with the words of another."""
        others = [thing for place, thing in enumerate(things) if place != index]
        if others and draws.random() < 0.5:
            return others[draws.integers(len(others))]
        wrong = [name for name in CATEGORIES if name != things[index].category]
        noun = wrong[draws.integers(len(wrong))]
        color = things[index].attributes.get("color", "")
        return dataclasses.replace(things[index], caption=f"{color} {noun}".strip(), category=noun)


def _overlap(one: np.ndarray, two: np.ndarray) -> float:
    """Intersection over union of two boxes."""
    sides = np.minimum(one[2:], two[2:]) - np.maximum(one[:2], two[:2])
    shared = float(np.prod(np.maximum(sides, 0.0)))
    union = float(np.prod(one[2:] - one[:2]) + np.prod(two[2:] - two[:2])) - shared
    return shared / max(union, 1e-9)


@dataclasses.dataclass(frozen=True)
class _Segmenter:
    noise: NoiseConfig

    def __call__(
        self, photos: Sequence[Photo], regions: Sequence[tuple[Region, ...]]
    ) -> list[tuple[Region, ...]]:
        return [
            tuple(self._segment(_truth(photo), region) for region in found)
            for photo, found in zip(photos, regions, strict=True)
        ]

    def _segment(self, scene: Scene, region: Region) -> Region:
        """The mask of the object whose box is most like the region's."""
        things = [thing for thing in scene.objects if thing.mask is not None]
        best = max(things, key=lambda thing: _overlap(thing.box, region.box))
        assert best.mask is not None
        return dataclasses.replace(region, mask=eroded(best.mask, self.noise.mask_erosion))


@dataclasses.dataclass(frozen=True)
class _Depth:
    noise: NoiseConfig
    seed: int

    def __call__(self, photos: Sequence[Photo]) -> list[MetricDepth]:
        return [self._estimate(photo) for photo in photos]

    def _estimate(self, photo: Photo) -> MetricDepth:
        scene, draws = _truth(photo), stream(self.seed, photo.image_id, "depth")
        if scene.depth is None:
            raise ValueError(f"{photo.image_id}: the rendered scene has no depth")
        intrinsics = photo.intrinsics
        if intrinsics is None:
            intrinsics = scene.intrinsics.copy()
            intrinsics[[0, 1], [0, 1]] *= np.exp(self.noise.focal_std * draws.standard_normal())
        return MetricDepth(
            noisy_depth(scene.depth, self.noise, draws),
            intrinsics,
            relative_std(scene.depth, self.noise, photo.intrinsics is not None),
            self.noise.depth_noise_std,
        )


def floor_mask(scene: Scene) -> np.ndarray:
    """bool[H, W]: pixels of the floor, from the scene's depth, up and camera height.

    Raises:
      ValueError: one of the three is missing.
    """
    if scene.depth is None or scene.up is None or scene.camera_height is None:
        raise ValueError(f"{scene.image_id}: no depth, gravity or camera height to find a floor by")
    rows, columns = np.indices(scene.depth.shape) + 0.5
    rays = np.stack([columns, rows, np.ones_like(rows)], -1) @ np.linalg.inv(scene.intrinsics).T
    height = scene.depth * (rays @ scene.up) + scene.camera_height
    floor = (np.abs(height) < _FLOOR_TOLERANCE) & (scene.depth > 0)
    for thing in scene.objects:
        if thing.mask is not None:
            floor &= ~thing.mask
    return np.asarray(floor)


def _ground(photos: Sequence[Photo]) -> list[np.ndarray]:
    return [floor_mask(_truth(photo)) for photo in photos]


def lexical_embedding(texts: Sequence[str]) -> np.ndarray:
    """Rows of length 1, float32[N, 512]: how often each word occurs, words hashed to axes.

    The cosine of two rows is that of the captions' bags of words.
    """
    rows = np.zeros((len(texts), _DIMENSIONS), np.float32)
    for row, text in zip(rows, texts, strict=True):
        for word in text.lower().split():
            digest = hashlib.blake2b(word.encode(), digest_size=4).digest()
            row[int.from_bytes(digest, "little") % _DIMENSIONS] += 1
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def rendered_experts(noise: NoiseConfig = NoiseConfig(), seed: int = 0) -> Experts:  # noqa: B008
    """Experts that read `photo.truth`; what they get wrong depends on (seed, image id) only."""
    return Experts(
        detector=_Detector(noise, seed),
        segmenter=_Segmenter(noise),
        depth=_Depth(noise, seed),
        filter=_keep_all,
        ground=_ground,
        embedder=lexical_embedding,
    )


def rendered_photos(world_config: WorldConfig, seed: int, indices: Iterable[int]) -> list[Photo]:
    """Photos of rendered worlds: intrinsics given, gravity withheld, so that it must be found."""
    from spatialvlm_jax.worlds.source import generate_scenes

    return [
        Photo(scene.image_id, scene.image, intrinsics=scene.intrinsics, truth=scene)
        for scene in generate_scenes(world_config, seed, indices)
    ]

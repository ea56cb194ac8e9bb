"""Hand-made pictures with two objects and a few pairs, and a source of them that can go wrong."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spatialvlm_jax.generation.execution.ledger import Report
from spatialvlm_jax.generation.outcomes import Rejected
from spatialvlm_jax.generation.pipeline import generate_dataset
from spatialvlm_jax.generation.stages import NO_STAGES, AnsweredScene
from spatialvlm_jax.scene.records import QA, Object3D, Scene

LEVEL_UP = np.array([0.0, -1.0, 0.0])


def picture(index: int, size: int = 16, gravity: bool = True) -> Scene:
    """A red mug in the upper left quarter, a blue chair over the whole lower half.

    The camera is level, so canonical (x, y, z) is camera (x, z, -y).
    """
    half = size // 2
    mug, chair = np.zeros((2, size, size), np.bool_)
    mug[:half, :half] = True
    chair[half:] = True
    rng = np.random.default_rng(index)
    depth = np.full((size, size), 4.0, np.float32)
    depth[mug], depth[chair] = 2.0, 3.0
    depth[0, 0] = np.nan

    def thing(color: str, category: str, mask: np.ndarray, center: Sequence[float]) -> Object3D:
        return Object3D(
            caption=f"{color} {category}",
            category=category,
            box=np.array([0.0, 0.0, half, half], np.float32),
            center=np.array(center),
            rotation=np.eye(3),
            extents=np.array([0.125, 0.25, 0.5]),
            attributes={"color": color, "material": "plastic"},
            mask=mask,
            support=1 if category == "mug" else None,
            visible_fraction=0.75,
            truncation=0.25,
            std=0.5,
            extents_std=0.125,
        )

    return Scene(
        image_id=f"fake-{index:04d}",
        image=rng.integers(0, 256, (size, size, 3), np.uint8),
        intrinsics=np.array([[16.0, 0.0, 8.0], [0.0, 16.0, 8.0], [0.0, 0.0, 1.0]]),
        objects=(
            thing("red", "mug", mug, [-1.0, -0.5, 2.0]),
            thing("blue", "chair", chair, [0.5, 0.25, 3.0]),
        ),
        up=LEVEL_UP if gravity else None,
        camera_height=1.5 if gravity else None,
        depth=depth,
        source="fake",
        scale_std=0.0625,
        extra={"frame": "canonical" if gravity else "camera"},
    )


def pairs(index: int) -> list[QA]:
    """Five pairs of four types and all kinds; the numbers follow the index."""
    height = 0.5 + index / 100
    return [
        QA(
            "is the red mug left of the blue chair?",
            "left, so yes",
            "left_of",
            "qualitative",
            verdict="yes",
            objects=(0, 1),
            template="left_of.q0/left_of.a0",
        ),
        QA(
            "how tall is the red mug?",
            f"{height:.2f} m",
            "height",
            "quantitative",
            value=height,
            value_std=0.0,
            unit="m",
            objects=(0,),
            template="height.q0/height.a0",
        ),
        QA(
            "how tall is the blue chair?",
            "2.0 m",
            "height",
            "quantitative",
            value=2.0,
            value_std=0.125,
            unit="m",
            objects=(1,),
            template="height.q0/height.a0",
        ),
        QA(
            "what color is the red mug?",
            "red",
            "color",
            "general",
            verdict="red",
            objects=(0,),
            template="color.q0/color.a0",
        ),
        QA("how many mugs are there?", "1", "count", "general", verdict="1"),
    ]


@dataclasses.dataclass(frozen=True)
class PictureSource:
    """A `pipeline.Source` of these pictures.

    broken: indices that cannot be drawn. dull: indices that are left out.
    unclear: indices about which nothing can be asked.
    """

    broken: tuple[int, ...] = ()
    dull: tuple[int, ...] = ()
    unclear: tuple[int, ...] = ()
    seed: int = 0
    name = "fake"

    def describe(self) -> Mapping[str, Any]:
        return {"seed": self.seed}

    def image_id(self, index: int) -> str:
        return f"fake-{index:04d}"

    def observe(self, indices: Sequence[int]) -> list[Any]:
        if set(indices) & set(self.broken):
            raise RuntimeError("the lamp fell over")
        dull = Rejected("filter", "looks like 'a screenshot' (0.90)")
        return [dull if index in self.dull else self.answered(index) for index in indices]

    def answered(self, index: int) -> AnsweredScene:
        return AnsweredScene(picture(index), () if index in self.unclear else tuple(pairs(index)))


def store_pictures(
    source: PictureSource, splits: Mapping[str, int], directory: Path, **options: Any
) -> Report:
    """Generates a data set of them, as `generate` does, without a word."""
    return generate_dataset(source, splits, directory, stages=NO_STAGES, quiet=True, **options)

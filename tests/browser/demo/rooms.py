"""A room of three coloured things whose measures are plain, and a model that knows few answers."""

import dataclasses

import numpy as np

from spatialvlm_jax.browser.demo.example_worlds import ExampleWorld
from spatialvlm_jax.inference.putting import PutQuestion
from spatialvlm_jax.inference.spatial_answer import Doubt, SpatialAnswer
from spatialvlm_jax.scene.records import Object3D, Scene

SIDE, DOUBT = 64, Doubt(spread=10.0, confidence=0.6)
COLORS = {"red": (200, 40, 40), "blue": (40, 60, 200), "green": (40, 160, 60)}


def room() -> Scene:
    """A red mug on the left at 2 m, a blue chair in the middle at 3 m, a green box on the right.

    The camera is level: canonical (x, y, z) is camera (x, z, -y). Its focal length is 64 pixels.
    """
    image = np.full((SIDE, SIDE, 3), 190, np.uint8)
    depth = np.full((SIDE, SIDE), 5.0, np.float32)
    things = []
    for place, (color, category, away) in enumerate(
        [("red", "mug", 2.0), ("blue", "chair", 3.0), ("green", "box", 4.0)]
    ):
        mask = np.zeros((SIDE, SIDE), np.bool_)
        mask[24:48, 4 + 20 * place : 20 + 20 * place] = True
        image[mask], depth[mask] = COLORS[color], away
        lines = np.array([4 + 20 * place, 24, 20 + 20 * place, 48], np.float32)
        middle = (12 + 20 * place - SIDE / 2) / SIDE
        things.append(
            Object3D(
                caption=f"{color} {category}",
                category=category,
                box=lines,
                center=np.array([middle * away, 0.25, away]),
                rotation=np.array([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]),
                extents=np.array([0.4, 0.3, 0.5 + place / 4]),
                attributes={"color": color, "material": "wood"},
                mask=mask,
            )
        )
    return Scene(
        image_id="room-0",
        image=image,
        intrinsics=np.array([[64.0, 0, 32], [0, 64.0, 32], [0, 0, 1]]),
        objects=tuple(things),
        up=np.array([0.0, -1.0, 0.0]),
        camera_height=1.0,
        depth=depth,
        source="room",
    )


def world(number: int) -> ExampleWorld:
    """The same room under every number."""
    return ExampleWorld.of(room())


@dataclasses.dataclass(frozen=True)
class Guessing:
    """Says that all is 1.9 m, give or take, and that every choice is the mug."""

    doubt: Doubt = DOUBT

    def put(self, question):
        return PutQuestion(question)

    def ask_each(self, asked, *, scored_values):
        return [[guess(question) for question in questions] for _, questions in asked]


def guess(question: str) -> SpatialAnswer:
    if question == "fail":
        raise RuntimeError("a fault of the model")
    if question.lower().startswith("how"):
        interval = (0.1, 9.0) if "vast" in question else (1.2, 3.0)
        return SpatialAnswer(question, "1.9 m", 1.9, "m", 0.5, interval)
    return SpatialAnswer(question, "the red mug", verdict="red mug", confidence=0.9)

"""A picture with its truth, without a renderer: a red mug before a wall."""

import numpy as np

from spatialvlm_jax.generation.experts.base import Photo
from spatialvlm_jax.scene.intrinsics import pinhole
from spatialvlm_jax.scene.records import Object3D, Scene


def room() -> Photo:
    """64 pixels wide, 48 high; all of it 2 m away."""
    image = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    mask = np.zeros((48, 64), bool)
    mask[20:40, 10:30] = True
    mug = Object3D(
        caption="red mug",
        category="mug",
        box=np.array([10, 20, 30, 40], np.float32),
        center=np.array([0.0, 0.0, 2.0]),
        rotation=np.eye(3),
        extents=np.full(3, 0.1),
        mask=mask,
    )
    truth = Scene(
        image_id="mug",
        image=image,
        intrinsics=pinhole(64, 48, 60.0),
        objects=(mug,),
        up=np.array([0.0, -1.0, 0.0]),
        camera_height=5.0,
        depth=np.full((48, 64), 2.0, np.float32),
    )
    return Photo("mug", image, intrinsics=truth.intrinsics, truth=truth)

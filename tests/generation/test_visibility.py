import numpy as np

from spatialvlm_jax.generation.qa import QAConfig
from spatialvlm_jax.generation.visibility import clear_objects, named_objects
from tests.generation.scenes import make_scene, thing


def mask(pixels: int) -> np.ndarray:
    flat = np.zeros(64 * 64, bool)
    flat[:pixels] = True
    return flat.reshape(64, 64)


def test_small_hidden_and_cut_off_objects_are_not_clear() -> None:
    scene = make_scene(
        thing("red mug", (0, 3, 0), mask=mask(17)),
        thing("blue mug", (0, 3, 0), mask=mask(16)),
        thing("green mug", (0, 3, 0), visible_fraction=0.5, truncation=0.3),
        thing("black mug", (0, 3, 0), visible_fraction=0.49),
        thing("white mug", (0, 3, 0), truncation=0.31),
    )
    # 0.4 % of 64 x 64 pixels are 16.4.
    assert clear_objects(scene, QAConfig(min_pixel_fraction=0.004)) == (0, 2)
    assert clear_objects(scene, QAConfig(min_pixel_fraction=0.0)) == (0, 1, 2)
    lenient = QAConfig(min_pixel_fraction=0.004, max_truncation=1.0, min_visible_fraction=0.0)
    assert clear_objects(scene, lenient) == (0, 2, 3, 4)


def test_without_a_mask_the_box_counts() -> None:
    scene = make_scene(thing("red mug", (0, 3, 0)))
    assert clear_objects(scene, QAConfig(min_pixel_fraction=400 / 64**2)) == (0,)
    assert clear_objects(scene, QAConfig(min_pixel_fraction=401 / 64**2)) == ()


def test_a_caption_names_an_object_if_it_fits_no_other() -> None:
    scene = make_scene(
        thing("red mug", (0, 3, 0)),
        thing("mug", (1, 3, 0)),
        thing("blue box", (2, 3, 0)),
        thing("Blue Box", (3, 3, 0), visible_fraction=0.0),
    )
    assert named_objects(scene, (0, 1, 2)) == (0,)

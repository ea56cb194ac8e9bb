import dataclasses

import numpy as np

from spatialvlm_jax.generation.naming.ambiguity import AmbiguityConfig, resolve
from spatialvlm_jax.generation.questions.generate import QAConfig, generate_pairs
from spatialvlm_jax.generation.questions.visibility import clear_objects, named_objects, names_tell
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


def test_materials_are_asked_where_they_can_be_seen() -> None:
    scene = make_scene(
        thing("red mug", (0, 3, 0), mask=mask(256)),
        thing("blue box", (1, 3, 0), mask=mask(255)),
        thing("green lamp", (2, 3, 0), mask=mask(999), unseen=frozenset(["material"])),
        thing("black chair", (3, 3, 0), mask=mask(999), unseen=frozenset(["shape"])),
    )

    def asked(**options: int) -> set[str]:
        config = QAConfig(types=("material",), question_phrasings=1, **options)
        facts = [pair for seed in range(8) for pair in generate_pairs(scene, config, seed)]
        return {scene.objects[pair.objects[0]].category for pair in facts}

    assert asked() == {"mug", "box", "lamp", "chair"}
    assert asked(material_pixels=1) == {"mug", "box", "chair"}
    assert asked(material_pixels=256) == {"mug", "chair"}


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


def test_names_tell_what_they_were_made_of() -> None:
    by = {0: "position", 1: "position", 2: "landmark", 3: "size"}
    assert names_tell("left", (0, 1), by)
    assert not names_tell("left", (0, 4), by)
    assert not names_tell("taller", (0, 1), by)
    assert not names_tell("left", (0, 3), by)
    assert names_tell("on", (2, 4), by)
    assert not names_tell("", (0, 1), by)


def test_the_leftmost_is_not_asked_whether_it_is_left_of_the_rightmost() -> None:
    chairs = [
        dataclasses.replace(
            thing("chair", (x, 4, 0.5), attributes={}),
            box=np.array([at, 20, at + 12, 40], np.float32),
        )
        for x, at in ((-1.5, 5), (0.0, 26), (1.5, 47))
    ]
    scene = resolve(make_scene(*chairs), AmbiguityConfig())
    assert set(scene.extra["ambiguity"]["by"].values()) == {"position"}
    config = QAConfig(types=("left_of", "right_of", "which_left", "centre_distance"))
    asked = {pair.type for pair in generate_pairs(scene, config, 0)}
    assert "centre_distance" in {
        pair.type for pair in generate_pairs(scene, QAConfig(types=("centre_distance",)), 0)
    }
    assert not asked & {"left_of", "right_of", "which_left"}

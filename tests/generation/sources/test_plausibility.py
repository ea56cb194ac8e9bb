import math

import pytest

from spatialvlm_jax.generation.sources.plausibility import (
    CAMERA,
    USUAL,
    add_sizes,
    describe_doubts,
    measure_sizes,
)
from tests.generation.scenes import make_scene, thing


def sizes(**metres: float) -> dict[str, tuple[int, float]]:
    return {kind.replace("_", " "): (2, 2 * math.log(each)) for kind, each in metres.items()}


def test_what_is_as_usual_is_not_doubted() -> None:
    assert describe_doubts({}, "rgbd") == []
    usual = {kind: (1, math.log(each)) for kind, each in USUAL.items()}
    assert describe_doubts({**usual, CAMERA: (3, 3 * math.log(1.6))}, "rgbd") == []
    assert describe_doubts(sizes(chair=0.5, bed=1.2), "rgbd") == []


def test_a_wrong_unit_shows_with_figures_and_remedy() -> None:
    (line,) = describe_doubts(sizes(bed=0.211, chair=0.083), "rgbd")
    assert line == (
        "things are 0.1 times as large as such things are, by their longest sides (4 of them; "
        "bed 0.21 m, usually 2.11 m, chair 0.083 m, usually 0.83 m); is --depth-scale right?"
    )
    (line,) = describe_doubts(sizes(car=48.0), "omni3d")
    assert line.endswith("(2 of them; car 48 m, usually 4.75 m); are the boxes in metres?")


@pytest.mark.parametrize("metres", [0.04, 17.0])
def test_cameras_are_held_at_certain_heights(metres: float) -> None:
    (line,) = describe_doubts({CAMERA: (5, 5 * math.log(metres))}, "rgbd")
    assert line.startswith(f"cameras are {metres:.2g} m above the floor (mean of 5)")


def test_exact_scenes_give_no_sizes_and_kinds_have_one_name() -> None:
    couch = thing("red couch", (0, 3, 0), (2.0, 0.9, 0.8), provenance="sensor")
    cut = thing("blue bed", (0, 5, 0), (2.0, 2.0, 0.5), provenance="sensor", truncation=0.9)
    scene = make_scene(couch, cut)
    found = measure_sizes(scene)
    assert found.keys() - {CAMERA} == {"sofa"}
    assert found["sofa"][1] == pytest.approx(math.log(2.0))
    exact = make_scene(thing("red couch", (0, 3, 0), (2.0, 0.9, 0.8)))
    assert measure_sizes(exact) == {}


def test_sizes_add_up() -> None:
    both = add_sizes({"bed": (1, 0.5)}, {"bed": (2, 1.0), "car": (1, 0.1)})
    assert both == {"bed": (3, 1.5), "car": (1, 0.1)}

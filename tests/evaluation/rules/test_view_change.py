from typing import Any

import numpy as np
import pytest

from spatialvlm_jax.evaluation.rules.view_change import (
    motion_accuracy,
    read_motion,
    read_motion_parts,
    read_motion_strictly,
    relative_or_absolute,
)

TRUE = np.array([0.5, 0.0, 0.0, -20.0, 0.0])


@pytest.mark.parametrize(
    ("text", "strict", "loose"),
    [
        ("move_right:0.5,rotate_left:20", TRUE, TRUE),
        ("Move_right: 0.5, rotate_left: 20.", [0, 0, 0, 0, 0], TRUE),
        ("move_left:-0.5,rotate_left:20", TRUE, TRUE),
        ("move_right:0.5,rotate_left:nan", None, [0.5, 0, 0, 0, 0]),
        ("to the right", None, None),
        ("", None, None),
    ],
)
def test_motions_are_read(text: str, strict: Any, loose: Any) -> None:
    for found, expected in ((read_motion_strictly(text), strict), (read_motion(text), loose)):
        if expected is None:
            assert found is None
        else:
            assert found is not None
            np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize(
    ("text", "axes"),
    [
        ("move_right: 0.5 , rotate_left:20", TRUE),
        ("so move_right:0.5,rotate_left:20", [0, 0, 0, -20, 0]),
        ("move_right:0.5 m,rotate_left:20", [0, 0, 0, -20, 0]),
        ("move_right:0.5,move_right:1", [1, 0, 0, 0, 0]),
        ("to the right", np.zeros(5)),
        ("", np.zeros(5)),
    ],
)
def test_a_harness_passes_over_what_is_no_part_of_a_motion(text: str, axes: Any) -> None:
    np.testing.assert_allclose(read_motion_parts(text), axes)


def test_the_official_error_is_a_share_of_what_was_said() -> None:
    said = np.array([1.0, 0.0, 0.0, -20.0, 0.0])
    assert motion_accuracy(TRUE, TRUE, swapped=True) == 1
    assert motion_accuracy(said, TRUE, swapped=False) == pytest.approx(0.8)
    assert motion_accuracy(said, TRUE, swapped=True) == pytest.approx(0.82)
    assert relative_or_absolute(0.02, 0.0) == 1
    assert relative_or_absolute(2.0, 0.0) == 0

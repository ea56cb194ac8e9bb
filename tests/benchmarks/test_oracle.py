import numpy as np
import pytest

from benchmarks.oracle import along_ray, figures, first_holds, fit, object_facts
from spatialvlm_jax.scene.camera import KnownCamera
from spatialvlm_jax.scene.records import QA

CAMERA = KnownCamera(
    (64, 64),
    np.array([[50.0, 0, 32], [0, 50.0, 32], [0, 0, 1]]),
    up=np.array([0.0, -1.0, 0.0]),
    height=1.5,
)


def test_rays_say_what_is_known():
    # 45 degrees down, so the ground is 1.5 * sqrt(2) m away along the ray.
    known = along_ray(CAMERA, np.array([32.0, 82.0]))
    np.testing.assert_allclose(known[:3], [0, 0.5**0.5, -(0.5**0.5)], atol=1e-9)
    assert known[3] == pytest.approx(np.log(1.5 * 2**0.5))
    assert known[4] == 1
    assert not along_ray(KnownCamera((64, 64)), np.array([32.0, 82.0])).any()


def test_alternatives_are_read_from_the_verdict():
    def record(verdict: str) -> QA:
        return QA("?", "", "which_left", "qualitative", verdict=verdict, objects=(1, 0))

    captions = ["red mug", "blue lamp"]
    verdicts = ("blue lamp", "red mug", "yes", "no", "left")
    found = [first_holds(record(verdict), captions) for verdict in verdicts]
    np.testing.assert_equal(found, [1.0, 0.0, 1.0, 0.0, np.nan])


def test_sizes_follow_from_boxes():
    rng = np.random.default_rng(0)
    height = rng.uniform(0.1, 0.8, 400)
    boxes = np.stack([np.full(400, 20.0), 60 - 50 * height, np.full(400, 40.0), np.full(400, 60)])
    facts = np.array([object_facts(box, "mug", CAMERA) for box in boxes.T], np.float32)
    rows = {
        "types": np.full(400, "height"),
        "facts": facts,
        "lengths": height.astype(np.float32),
        "firsts": np.full(400, np.nan, np.float32),
    }
    found = figures(fit(rows, ["height"], epochs=200, seed=0), rows, ["height"])
    assert found["within_25/height"]["value"] > 0.97
    assert "qualitative_accuracy" not in found

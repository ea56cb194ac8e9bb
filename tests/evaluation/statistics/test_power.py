import math

import numpy as np
import pytest

from spatialvlm_jax.evaluation.statistics.power import holm, smallest_difference


def test_holm_by_hand():
    adjusted = holm(np.array([0.04, 0.01, 0.03, 0.005]))
    assert adjusted == pytest.approx([0.06, 0.03, 0.06, 0.02])
    assert holm(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]
    assert holm(np.array([])).tolist() == []


def test_what_215_paired_questions_can_show():
    error = math.sqrt(0.37 * 0.63 / 215)
    assert smallest_difference(error, 214) == pytest.approx(0.0926, abs=1e-4)
    assert smallest_difference(error * math.sqrt(2), 214) == pytest.approx(0.131, abs=1e-3)

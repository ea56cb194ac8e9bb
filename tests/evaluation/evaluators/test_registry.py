from typing import get_args

import pytest

from spatialvlm_jax.bounds import SettingError
from spatialvlm_jax.evaluation.evaluators import EVALUATORS, evaluator
from spatialvlm_jax.experiment import EvalConfig, EvaluatorName


def test_the_settings_name_every_evaluator():
    assert set(get_args(EvaluatorName)) == set(EVALUATORS)


def test_a_name_is_given_once():
    with pytest.raises(ValueError, match="'ranges' is registered twice"):
        evaluator("ranges")(lambda answers: {})


def test_a_name_that_is_none_is_refused_with_the_nearest():
    with pytest.raises(SettingError, match=r"evaluators\[0\]: 'rangs' is not .*ranges"):
        EvalConfig(evaluators=("rangs",))

import numpy as np
import pytest

from spatialvlm_jax.reasoning.exact_answers import answer_exactly, stored_facts
from spatialvlm_jax.reasoning.sub_question import SubQuestion
from spatialvlm_jax.scene.records import QA
from spatialvlm_jax.storage.examples import StoredExample, encode_example
from tests.generation.pictures import pairs, picture


def test_facts_of_a_stored_scene_are_its_exact_ones() -> None:
    gap = QA("?", "", "distance", "quantitative", value=0.75, objects=(1, 0))
    stored = StoredExample(encode_example(picture(3), [*pairs(3), gap]))
    facts = stored_facts(stored)
    assert facts.captions == ("red mug", "blue chair")
    np.testing.assert_allclose(facts.centers, [[-1, 2, 0.5], [0.5, 3, -0.25]], atol=1e-6)
    np.testing.assert_allclose(facts.spans[0], [0.125, 0.5, 0.25], atol=1e-6)
    assert facts.footprints[0] == pytest.approx(0.125 * 0.5)
    assert facts.gaps == {(0, 1): 0.75}
    first, second = answer_exactly(facts, SubQuestion("distance", ("blue chair", "red mug")))
    assert first.value == second.value == 0.75
    beside = SubQuestion("left_of", facts.captions)
    verdicts = [each.verdict for each in answer_exactly(facts, beside)]
    assert verdicts == ["yes", "no"]
    assert facts.bearings[0] == pytest.approx(-np.arctan(0.5))


def test_where_nothing_is_exact_nothing_is_composed() -> None:
    stored = StoredExample(encode_example(picture(3, gravity=False), pairs(3)))
    with pytest.raises(ValueError, match="fake-0003 is no rendered world"):
        stored_facts(stored)

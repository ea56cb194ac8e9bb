"""Errors in answers, as drawn and as said."""

import dataclasses

import numpy as np
import pytest

from data_loaders.answer_errors import AnswerErrors
from data_loaders.errors import DataError
from spatialvlm_jax.scene.records import QA
from tests.generation.pictures import pairs

CAPTIONS = ("red mug", "blue chair")


def test_noise_rephrases_numbers_only_and_leaves_the_truth() -> None:
    noise = AnswerErrors(std_metres=0.5, seed=1)
    before = pairs(0)
    after = [noise.apply(pair, "fake-0000", i, CAPTIONS) for i, pair in enumerate(before)]
    changed = [i for i in range(5) if after[i] != before[i]]
    assert changed == [1, 2]
    for index in changed:
        assert dataclasses.replace(after[index], answer="") == dataclasses.replace(
            before[index], answer=""
        )
        assert after[index].answer.endswith(" m")


def test_noise_in_metres_leaves_what_is_no_length() -> None:
    noise = AnswerErrors(std_metres=0.5, seed=1)
    pair = dataclasses.replace(pairs(0)[1], type="volume", value=0.03, unit="L")
    assert noise.apply(pair, "fake-0000", 0, CAPTIONS) == pair


def test_noise_has_the_asked_spread_and_follows_seed_image_and_place() -> None:
    pair = dataclasses.replace(pairs(0)[1], value=50.0, value_std=0.0)

    def spoken(seed: int, image: int, place: int) -> float:
        noisy = AnswerErrors(2.0, seed=seed).apply(pair, f"fake-{image:04d}", place, CAPTIONS)
        return float(noisy.answer.split()[0])

    draws = np.array([spoken(0, image, 0) for image in range(400)])
    assert abs(draws.mean() - 50.0) < 0.4
    assert 1.8 < draws.std() < 2.2
    assert draws.tolist() == [spoken(0, image, 0) for image in range(400)]
    for other in ([spoken(1, i, 0) for i in range(9)], [spoken(0, i, 1) for i in range(9)]):
        assert other != draws[:9].tolist()


def test_noise_that_leaves_no_length_is_drawn_again() -> None:
    """Cut off, it would make one length the likeliest: here 38 % of all."""
    pair = dataclasses.replace(pairs(0)[1], value=0.1, value_std=0.0)
    noise = AnswerErrors(std_metres=0.3)
    said = [
        float(noise.apply(pair, f"fake-{image:04d}", 0, CAPTIONS).answer.split()[0])
        for image in range(400)
    ]
    assert min(said) >= 0.01
    assert said.count(0.01) < 8
    # The mean of a Gaussian of this mean and deviation above 1 cm.
    assert np.mean(said) == pytest.approx(0.284, abs=0.03)
    absurd = AnswerErrors(std_metres=0.3).apply(
        dataclasses.replace(pair, value=-9.0), "fake-0000", 0, CAPTIONS
    )
    assert absurd.answer.split()[0] == "0.010"


def test_no_noise_changes_nothing() -> None:
    pair = pairs(0)[1]
    assert AnswerErrors().apply(pair, "fake-0000", 1, CAPTIONS) is pair


def test_all_lengths_of_a_picture_err_by_one_factor_and_volumes_by_its_cube() -> None:
    errors = AnswerErrors(scale_std=0.5, seed=1)
    length = dataclasses.replace(pairs(0)[1], value=50.0, value_std=0.0)
    volume = dataclasses.replace(length, type="volume", template="volume.q0/volume.a0", unit="m³")

    def factor(pair: QA, image: str, place: int) -> float:
        return float(errors.apply(pair, image, place, CAPTIONS).answer.split()[0]) / 50.0

    one = factor(length, "fake-0000", 0)
    assert factor(length, "fake-0000", 7) == one != 1.0
    assert factor(volume, "fake-0000", 1) == pytest.approx(one**3, rel=0.06)
    drawn = np.log([factor(length, f"fake-{image:04d}", 0) for image in range(400)])
    assert abs(drawn.mean()) < 0.1
    assert 0.45 < drawn.std() < 0.55


def test_a_wrong_scale_leaves_relations_and_general_answers() -> None:
    errors = AnswerErrors(scale_std=0.5)
    for place in (0, 3, 4):
        pair = pairs(0)[place]
        assert errors.apply(pair, "fake-0000", place, CAPTIONS) is pair


def test_so_many_relations_are_denied_and_those_of_a_smaller_share_are_among_them() -> None:
    pair = pairs(0)[0]

    def denied(share: float) -> set[int]:
        errors = AnswerErrors(flipped=share, seed=3)
        said = [errors.apply(pair, f"fake-{i:04d}", 0, CAPTIONS).answer for i in range(1000)]
        assert set(said) <= {"left, so yes", "right, so no"}
        return {i for i, answer in enumerate(said) if answer == "right, so no"}

    few, many = denied(0.05), denied(0.2)
    assert 30 < len(few) < 70
    assert 160 < len(many) < 240
    assert few < many
    assert len(denied(1.0)) == 1000


def test_only_relations_are_denied() -> None:
    errors = AnswerErrors(flipped=1.0)
    before = pairs(0)
    after = [errors.apply(pair, "fake-0000", i, CAPTIONS) for i, pair in enumerate(before)]
    assert [i for i in range(5) if after[i] is not before[i]] == [0]
    assert after[0].verdict == "no"


def test_an_answer_without_a_template_cannot_be_denied() -> None:
    pair = dataclasses.replace(pairs(0)[0], template="")
    with pytest.raises(DataError, match="flipped_relations: the answer 'left, so yes' about"):
        AnswerErrors(flipped=1.0).apply(pair, "fake-0000", 0, CAPTIONS)

"""The distribution that is read is the one that answers were drawn from."""

import numpy as np
import pytest

from spatialvlm_jax.generation.wording.spoken_values import spoken_values
from spatialvlm_jax.inference.read_values import read_values
from spatialvlm_jax.models.score import ROOT

METRES, FEET = spoken_values(("m",)), spoken_values(("m", "ft"))


def encode(text):
    return (*text.encode(), 1)


def likely(spoken, mean, std):
    """Log-likelihoods by text: a normal distribution of the logarithm, spread over the units."""
    middles, widths = (spoken.low + spoken.high) / 2, spoken.high - spoken.low
    scores = -(((middles - np.log(mean)) / std) ** 2) / 2 + np.log(widths)
    return dict(zip(spoken.texts, scores, strict=True))


def scorer(*questions):
    """Scores the answers of a tree by their texts."""
    asked = []

    def score(trees):
        found = np.full(trees.last.shape, -np.inf)
        for question, answer in np.argwhere(trees.last > 0):
            text, node = [], trees.ends[question, answer]
            while node != ROOT:
                text.append(trees.tokens[question, node])
                node = trees.parents[question, node]
            begun = bytes([*text[::-1], trees.last[question, answer]]).decode().rstrip("\x01")
            (said,) = (text for text in questions[question] if text.startswith(begun))
            asked.append(said)
            found[question, answer] = questions[question][said]
        return found

    return score, asked


@pytest.mark.parametrize(("spoken", "count"), [(METRES, 64), (METRES, 400), (FEET, 64)])
def test_what_is_read_is_what_the_likelihoods_say(spoken, count):
    score, asked = scorer(likely(spoken, 1.7, 0.2), {}, likely(spoken, 0.3, 0.6))
    sharp, none, wide = read_values(score, [spoken, None, spoken], encode, count)
    assert none is None
    assert sharp is not None
    assert wide is not None
    assert sharp.median == pytest.approx(1.7, rel=0.03)
    assert sharp.interval(0.9) == pytest.approx(
        (1.7 * np.exp(-1.645 * 0.2), 1.7 * np.exp(1.645 * 0.2)), rel=0.1
    )
    assert wide.median == pytest.approx(0.3, rel=0.06)
    assert wide.entropy - sharp.entropy == pytest.approx(np.log(3), abs=0.15)
    assert len(asked) <= 2 * count


def test_most_answers_are_asked_where_the_probability_lies():
    score, asked = scorer(likely(METRES, 1.7, 0.1))
    read_values(score, [METRES], encode, 64)
    near = [place for place, text in enumerate(METRES.texts) if 1.2 < float(text.split()[0]) < 2.4]
    assert len(near) == 11
    assert {METRES.texts[place] for place in near} <= set(asked)


def test_answers_that_are_not_likely_at_all_have_no_distribution():
    nothing = dict.fromkeys(METRES.texts, -np.inf)
    assert read_values(scorer(nothing)[0], [METRES], encode, 16) == [None]


def test_an_ending_that_all_answers_have_is_not_scored():
    trees = []

    def score(tree):
        trees.append(tree)
        return np.zeros(tree.last.shape)

    for unit in ("m", "cm"):
        read_values(score, [spoken_values((unit,))], encode, 64)
    metres, centimetres = trees[0], trees[2]
    assert set(metres.last[metres.last > 0]) <= set(b"0123456789")
    # "10 cm" goes on to be "100 cm" unless the blank behind it is scored.
    assert set(centimetres.last[centimetres.last > 0]) == set(b" ")


def test_too_few_answers_are_refused():
    with pytest.raises(ValueError, match="at least 4"):
        read_values(scorer({})[0], [METRES], encode, 3)

"""A quantity read from a model's likelihoods of all the answers that could state it.

Answers spaced evenly in ratio are scored first, then those where most of the probability lies.
"""

import functools
from collections.abc import Callable, Sequence

import jax
import numpy as np

from spatialvlm_jax.evaluation.distribution import ValueDistribution
from spatialvlm_jax.generation.wording.spoken_values import SpokenValues
from spatialvlm_jax.models.score import AnswerTrees, grow_tree, pad_tree

# AnswerTrees [Q, ...] -> float[Q, A]: log-likelihoods, as `models.score.score_answers` has them.
Score = Callable[[AnswerTrees], np.ndarray]
Encode = Callable[[str], Sequence[int]]
# Trees of about one size are padded to one, so that scoring is compiled seldom.
_MULTIPLES = (16, 16)
_LEAST = -1e4  # of a log-likelihood: nothing is linear beside infinity


def read_values(
    score: Score,
    spoken: Sequence[SpokenValues | None],
    encode: Encode,
    count: int,
    multiples: tuple[int, int] = _MULTIPLES,
) -> list[ValueDistribution | None]:
    """The distribution of each quantity asked for.

    Args:
      score: of Q questions.
      spoken: what can be said to each of them; None: it is not asked for.
      encode: an answer to its tokens, with the one that ends it.
      count: answers to score for each question, at least 4.
      multiples: of nodes and of answers that trees are padded to.

    Returns:
      One for each question, None where nothing is asked for or no answer is likely at all.

    Raises:
      ValueError: too few answers.
    """
    if count < 4:
        raise ValueError(f"a distribution needs at least 4 answers, not {count}")
    nothing = np.zeros(0, int)
    first = [nothing if each is None else each.spread(count // 2) for each in spoken]
    coarse = _scores(score, spoken, first, encode, multiples)
    second = [
        nothing if each is None else _refine(each, chosen, scores, count - len(chosen))
        for each, chosen, scores in zip(spoken, first, coarse, strict=True)
    ]
    fine = _scores(score, spoken, second, encode, multiples)
    return [
        None if each is None else _distribution(each, *parts)
        for each, *parts in zip(spoken, first, coarse, second, fine, strict=True)
    ]


def _scores(
    score: Score,
    spoken: Sequence[SpokenValues | None],
    chosen: Sequence[np.ndarray],
    encode: Encode,
    multiples: tuple[int, int],
) -> list[np.ndarray]:
    """Log-likelihoods of the chosen answers to each question."""
    trees = [
        _tree(() if each is None else tuple(each.texts[place] for place in places), encode)
        for each, places in zip(spoken, chosen, strict=True)
    ]
    return score_trees(score, trees, multiples)


def score_trees(
    score: Score, trees: Sequence[AnswerTrees], multiples: tuple[int, int]
) -> list[np.ndarray]:
    """Log-likelihoods float64[A] of the answers of each tree, which are of Q questions.

    Args:
      multiples: of nodes and of answers that trees are padded to.
    """
    nodes = _rounded(max(tree.tokens.shape[0] for tree in trees), multiples[0])
    answers = _rounded(max(tree.last.shape[0] for tree in trees), multiples[1])
    padded = [pad_tree(tree, nodes, answers) for tree in trees]
    found = np.asarray(score(jax.tree.map(lambda *arrays: np.stack(arrays), *padded)), np.float64)
    return [row[: tree.last.shape[0]] for row, tree in zip(found, trees, strict=True)]


def _rounded(count: int, multiple: int) -> int:
    return max(1, -(-count // multiple)) * multiple


@functools.lru_cache(maxsize=4096)
def _tree(texts: tuple[str, ...], encode: Encode) -> AnswerTrees:
    """Answers without the ending that all of them have.

    Unit and end follow a number with one probability whatever it is. Where a number may go on to be
    another ("10 cm", "100 cm"), the first token behind it, which tells them apart, stays.
    """
    answers = [tuple(encode(text)) for text in texts]
    shortest = min(map(len, answers), default=0)
    alike = 0
    while alike < shortest and len({answer[len(answer) - alike - 1 :] for answer in answers}) == 1:
        alike += 1
    numbers = [answer[: len(answer) - alike] for answer in answers]
    if _go_on(numbers):
        numbers = [answer[: len(answer) - max(alike - 1, 0)] for answer in answers]
    return grow_tree(numbers)


def _go_on(numbers: Sequence[tuple[int, ...]]) -> bool:
    """Whether one is the beginning of another, or nothing."""
    beginnings = {number[:length] for number in numbers for length in range(len(number))}
    return any(number in beginnings or not number for number in numbers)


def _densities(
    spoken: SpokenValues, chosen: np.ndarray, scores: np.ndarray
) -> list[ValueDistribution]:
    """The density of all answers in each unit: its logarithm is linear between those chosen.

    An answer's likelihood, spread over what it stands for, is its density.
    """
    middles, widths = (spoken.low + spoken.high) / 2, spoken.high - spoken.low
    known = np.maximum(scores, _LEAST) - np.log(widths[chosen])
    found = []
    for unit in np.unique(spoken.units):
        own, some = spoken.units == unit, spoken.units[chosen] == unit
        edges = np.append(spoken.low[own], spoken.high[own][-1])
        density = np.interp(middles[own], middles[chosen[some]], known[some])
        found.append(ValueDistribution(edges, density))
    return found


def _refine(spoken: SpokenValues, chosen: np.ndarray, scores: np.ndarray, count: int) -> np.ndarray:
    """The other answers that hold most of the probability, as far as is known.

    Returns:
      Rising indices int64[B], at most `count`.
    """
    density = np.concatenate([part.log_density for part in _densities(spoken, chosen, scores)])
    expected = density + np.log(spoken.high - spoken.low)
    expected[chosen] = -np.inf
    return np.sort(np.argsort(-expected, kind="stable")[: min(count, len(expected) - len(chosen))])


def _distribution(
    spoken: SpokenValues,
    first: np.ndarray,
    coarse: np.ndarray,
    second: np.ndarray,
    fine: np.ndarray,
) -> ValueDistribution | None:
    chosen, scores = np.concatenate([first, second]), np.concatenate([coarse, fine])
    if not np.isfinite(scores).any():
        return None
    order = np.argsort(chosen)
    return ValueDistribution.summed(_densities(spoken, chosen[order], scores[order]))

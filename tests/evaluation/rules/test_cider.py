import math
from typing import Any

import numpy as np
import pytest

from spatialvlm_jax.evaluation.rules.cider import cider_scores, words_of_caption

LAMP, MUG = "a red lamp on a desk", "the mug stands on a shelf"


def test_words_are_small_letters_without_punctuation():
    assert words_of_caption("A man's dog, 2 m away -- it isn’t THERE.") == [
        *("a", "man's", "dog", "2", "m", "away", "it", "isn’t", "there"),
    ]


def test_the_caption_itself_has_the_highest_score_and_another_none():
    same = cider_scores([LAMP, MUG], [[LAMP], [MUG]])
    assert same == pytest.approx([10, 10])
    assert cider_scores(["no word of these", ""], [[LAMP], [MUG]]).tolist() == [0, 0]


def test_a_score_by_hand():
    # Two pictures: what both captions have ("a", "on", "on a") weighs nothing, all else log 2, and
    # "a" twice nothing still. The reply has of the reference's words "red", "lamp", "desk" only
    # "red" and "lamp", of its pairs "a red" and "red lamp", of its triples "a red lamp".
    (score, _) = cider_scores(["a red lamp", MUG], [[LAMP], [MUG]])
    words = 2 / (math.sqrt(2) * math.sqrt(3))
    pairs = 2 / (math.sqrt(2) * math.sqrt(4))  # a red, red lamp, lamp on, a desk
    triples = 1 / (1 * math.sqrt(4))  # a red lamp, red lamp on, lamp on a, on a desk
    shorter = math.exp(-((2 - 5) ** 2) / (2 * 6**2))
    assert score == pytest.approx(10 * (words + pairs + triples + 0) / 4 * shorter)


def test_a_word_said_too_often_counts_as_often_as_people_say_it():
    (often, _) = cider_scores(["lamp lamp", MUG], [[LAMP], [MUG]])
    # Clipped at one of the reference; the reply's own weight is 2.
    shorter = math.exp(-((1 - 5) ** 2) / (2 * 6**2))
    assert often == pytest.approx(10 * (1 / (2 * math.sqrt(3))) / 4 * shorter)


def test_the_mean_over_people_counts_and_rarity_is_by_picture():
    both = cider_scores([LAMP, MUG], [[LAMP, MUG], [MUG, "x"]])
    one = cider_scores([LAMP, MUG], [[LAMP, LAMP], ["x", "x"]])
    # Of its own caption and another's, of which only words of no weight are shared.
    assert both[0] == pytest.approx(5)
    assert one[0] == pytest.approx(10)


def test_one_picture_alone_tells_nothing():
    assert cider_scores([LAMP], [[LAMP]]).tolist() == [0]
    assert cider_scores([], []).shape == (0,)


def witness(
    captions: list[str], references: list[list[str]], *, counts: bool, clipped: bool
) -> list[float]:
    """CIDEr and CIDEr-D of Vedantam et al. (2015), sections 3 and 5, by dense vectors.

    Args:
      counts: term frequencies are numbers of n-grams, as in the scorer of COCO captions; else
        their shares in the sentence, as the paper has them.
      clipped: CIDEr-D, ten times as much; else CIDEr.
    """
    sentences = {("said", i, 0): text for i, text in enumerate(captions)}
    sentences |= {
        ("true", i, j): text for i, texts in enumerate(references) for j, text in enumerate(texts)
    }
    vectors: dict[tuple[str, int, int, int], np.ndarray] = {}
    for size in (1, 2, 3, 4):
        found = {where: ngrams(text, size) for where, text in sentences.items()}
        names = {n: at for at, n in enumerate(sorted({n for each in found.values() for n in each}))}
        told = {(n, i) for (which, i, _), each in found.items() if which == "true" for n in each}
        pictures = np.bincount([names[n] for n, _ in told], minlength=len(names))
        rarity = np.log(len(references) / np.maximum(1, pictures))
        for where, each in found.items():
            terms = np.bincount([names[n] for n in each], minlength=len(names))
            vectors[*where, size] = terms / (1 if counts else max(1, len(each))) * rarity
    scores = []
    for i, texts in enumerate(references):
        total: Any = 0.0
        for j, reference in enumerate(texts):
            longer = len(captions[i].split()) - len(reference.split())
            penalty = math.exp(-(longer**2) / (2 * 6.0**2)) if clipped else 1.0
            for size in (1, 2, 3, 4):
                c, s = vectors["said", i, 0, size], vectors["true", i, j, size]
                norms = math.sqrt(sum(c**2)) * math.sqrt(sum(s**2))
                shared = (np.minimum(c, s) if clipped else c) @ s
                total += penalty * shared / norms / 4 if norms else 0.0
        scores.append((10 if clipped else 1) * total / len(texts))
    return scores


def ngrams(text: str, size: int) -> list[str]:
    words = text.split()
    return [" ".join(words[at : at + size]) for at in range(len(words) - size + 1)]


CASES = 1_000


def test_scores_are_those_of_the_scorer_of_coco_captions():
    draws = np.random.default_rng(0)

    def caption() -> str:
        return " ".join(draws.choice(list("abcdefgh"), draws.integers(1, 10)))

    for _ in range(CASES):
        pictures = range(draws.integers(2, 5))
        references = [[caption() for _ in range(draws.integers(1, 4))] for _ in pictures]
        captions = [caption() for _ in references]
        expected = witness(captions, references, counts=True, clipped=True)
        assert cider_scores(captions, references) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("repeats", [True, False])
def test_among_equally_long_captions_scores_are_those_of_the_paper(repeats):
    """The scorer counts n-grams where the paper has shares: then these weigh alike."""
    draws = np.random.default_rng(1)
    for _ in range(CASES):
        words, pictures = int(draws.integers(4, 8)), range(draws.integers(2, 5))

        def caption(words: int = words) -> str:
            return " ".join(draws.choice(list("abcdefgh"), words, replace=repeats))

        references = [[caption() for _ in range(draws.integers(1, 4))] for _ in pictures]
        captions = [caption() for _ in references]
        found = cider_scores(captions, references)
        expected = witness(captions, references, counts=False, clipped=True)
        assert found == pytest.approx(expected, abs=1e-9)
        if not repeats:  # there is nothing to clip, so that it is ten times CIDEr
            plain = witness(captions, references, counts=False, clipped=False)
            assert found / 10 == pytest.approx(plain, abs=1e-9)

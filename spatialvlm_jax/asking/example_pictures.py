"""The pictures of the replies that a report shows, small and inside its page."""

from collections.abc import Sequence

from spatialvlm_jax.asking.opened_benchmark import OpenedBenchmark
from spatialvlm_jax.evaluation.benchmarks.examples import (
    PICTURES,
    SIDE,
    ExamplePictures,
    best_replies,
    worst_replies,
)
from spatialvlm_jax.evaluation.benchmarks.report import ModelScores
from spatialvlm_jax.pages.data_uri import data_uri, smaller


def example_pictures(
    opened: Sequence[OpenedBenchmark], scores: Sequence[ModelScores]
) -> ExamplePictures:
    """The pictures of the worst and the best replies, as their questions show them.

    As many as a page may have are shared evenly among benchmarks; those that cannot be read are
    left out.
    """
    each = PICTURES // max(1, len(opened))
    found: dict[tuple[str, str], str] = {}
    for benchmark in opened:
        name = benchmark.benchmark.name
        chosen = {
            reply.item.id: reply.item
            for model in scores
            if model.benchmark == name
            for choose in (worst_replies, best_replies)
            for reply in choose(model.scores)
        }
        last: tuple[object, str] = (None, "")
        for item, picture in benchmark.pictures(list(chosen.values())[:each]):
            if isinstance(picture, str):
                continue
            if last[0] is not picture:
                last = picture, data_uri(smaller(picture.image, SIDE), "jpeg")
            found[name, item.id] = last[1]
    return found

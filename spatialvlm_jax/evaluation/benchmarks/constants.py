"""What a model reaches on a benchmark that always says the same and looks at no picture."""

from collections import Counter
from collections.abc import Sequence

from spatialvlm_jax.evaluation.benchmarks.headline import headline_of
from spatialvlm_jax.evaluation.benchmarks.item import Benchmark, Item

_TRIED = 8  # replies of each form
_TRIED_ON = 1_000  # questions of each form
_MARKED = 20_000  # questions in all


def best_constant(benchmark: Benchmark, items: Sequence[Item]) -> float:
    """The headline, by the robust rule, of the best of some replies that never change.

    For each form of answer (so many options, yes or no, a number in a unit, words) that is one
    reply: of the eight commonest truths, or for numbers of eight spread over the truths, the best.
    It is chosen on the truth itself. Of letters, yes and no all are tried; of numbers and words
    another reply may do better still, so that there it is no upper bound of what can be guessed
    without the picture.

    Many questions are thinned out evenly: a reply is chosen on 1,000 of each form, and the headline
    is of 20,000 at most.
    """
    items = _thinned(items, _MARKED)
    forms: dict[str, list[Item]] = {}
    for item in items:
        forms.setdefault(_form(item), []).append(item)
    weights = dict(zip((item.id for item in items), benchmark.weights(items), strict=True))
    replies: dict[str, str] = {}
    for form, of_form in forms.items():
        known, tried = _thinned(of_form, _TRIED_ON), _candidates(of_form)
        sums = [
            sum(weights[item.id] * benchmark.robust(item, reply).score for item in known)
            for reply in tried
        ]
        replies[form] = tried[sums.index(max(sums))]
    marked = [(item, benchmark.robust(item, replies[_form(item)])) for item in items]
    return headline_of(marked, benchmark.weights).value


def _thinned(items: Sequence[Item], most: int) -> Sequence[Item]:
    return items[:: -(-len(items) // most)] if items else items


def _form(item: Item) -> str:
    if item.options:
        return f"{len(item.options)} options"
    if item.value is not None:
        return f"number {item.unit}"
    return "yes or no" if item.answer in ("yes", "no") else "words"


def _candidates(items: Sequence[Item]) -> list[str]:
    """Replies to try: truths in their own words."""
    if items[0].value is None:
        return [answer for answer, _ in Counter(i.answer for i in items).most_common(_TRIED)]
    ranked = sorted(items, key=lambda item: item.value or 0.0)
    places = {round((number + 0.5) / _TRIED * (len(ranked) - 1)) for number in range(_TRIED)}
    return [ranked[place].answer for place in sorted(places)]

"""What to do about a question that no pattern fits."""

import re
from collections.abc import Mapping, Sequence

from spatialvlm_jax.flags import shorten
from spatialvlm_jax.inference.question_forms import matching_forms

_MOST_EXAMPLES = 2
_STEM = 4  # letters by which "wider" and "widest" are one word


def describe_unknown(words: str, patterns: Mapping[str, Sequence[tuple[str, str]]]) -> str:
    """Why a question cannot be broken up, and how to ask instead.

    Args:
      words: the question, in one line and without its end.
      patterns: kind -> patterns of whole sentences, with an example of each.
    """
    if matching_forms(f"{words}?"):
        return (
            f"{shorten(words)!r} is a simple question, which needs no breaking up: ask it by "
            "spatialvlm ask, or name a --coordinator"
        )
    examples = "; ".join(f'"{example}"' for example in nearest_examples(words, patterns))
    return (
        f"no way is known to break up {shorten(words)!r}: ask it as in docs/reasoning.md, such as "
        f"{examples}, or name a --coordinator"
    )


def nearest_examples(
    words: str, patterns: Mapping[str, Sequence[tuple[str, str]]]
) -> tuple[str, ...]:
    """One or two examples whose patterns share the most words with a question, at most one a kind.

    A word counts the less the more kinds have it: "triangle" says more than "the". Of equally near
    ones the shortest patterns are taken.
    """
    asked = _stems(words)
    own = {kind: [_own_stems(pattern) for pattern, _ in each] for kind, each in patterns.items()}
    holding = [stem for stems in own.values() for stem in set().union(*stems)]
    found: list[tuple[float, int, str]] = []
    for kind, each in patterns.items():
        ranked = [
            (-sum(1 / holding.count(stem) for stem in asked & stems), len(stems), example)
            for stems, (_, example) in zip(own[kind], each, strict=True)
        ]
        found.append(min(ranked))
    found.sort()
    least = found[0][0] / 2
    return tuple(example for negated, _, example in found[:_MOST_EXAMPLES] if negated <= least)


def _own_stems(pattern: str) -> set[str]:
    """Of a pattern's own words, without what stands in its groups for things and lengths."""
    return _stems(re.sub(r"\(\?(?:P<(?!word)\w+>|!)[^()]*\)|\(\?P<word>|\(\?:", " ", pattern))


def _stems(words: str) -> set[str]:
    return {word[:_STEM] for word in re.findall("[a-z]+", words.lower())}

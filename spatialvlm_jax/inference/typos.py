"""Typos in the words of a question: the known form that is a few letters away."""

import difflib
import functools
from collections.abc import Mapping

from spatialvlm_jax.generation.wording.phrasing import indefinite
from spatialvlm_jax.inference.known_names import mask_names
from spatialvlm_jax.inference.question_forms import PLACEHOLDER, all_templates
from spatialvlm_jax.taught import TaughtNames

_LONGEST = 200  # characters of a question
# How many letters may be other, missing or too many; a letter in place of another counts twice.
_MOST_LETTERS = 4
_LEAST_ALIKE = 0.8
_MASK = "\0"
# Before what is counted or asked for an article stands, which is a word of the template to people.
_WITH_ARTICLE = {"one": f"a {_MASK}"}


def without_typos(question: str, names: TaughtNames | None) -> str | None:
    """A question in the words of the form that it is a few letters from, taught or not.

    Args:
      question: of no known form, in one line.
      names: that were taught, which are told from words by that, and stay as they are.

    Returns:
      None where no form is near, or no names are known.
    """
    if names is None or len(question) > _LONGEST:
        return None
    masked, named = mask_names(question.lower(), names, _MASK)
    templates = _masked_templates().get(len(named), {})
    near = difflib.get_close_matches(masked, templates, n=1, cutoff=_LEAST_ALIKE)
    if not near or _letters_between(masked, near[0]) > _MOST_LETTERS:
        return None
    rest = iter(named)
    return PLACEHOLDER.sub(lambda slot: _filled(slot[1], next(rest)), templates[near[0]])


def _filled(slot: str, name: str) -> str:
    return indefinite(name) if slot in _WITH_ARTICLE else name


def _letters_between(first: str, second: str) -> int:
    matches = difflib.SequenceMatcher(None, first, second).get_matching_blocks()
    return len(first) + len(second) - 2 * sum(block.size for block in matches)


@functools.cache
def _masked_templates() -> Mapping[int, Mapping[str, str]]:
    """Number of names -> masked template in lower case -> the template."""
    found: dict[int, dict[str, str]] = {}
    for _, template in all_templates():
        masked = PLACEHOLDER.sub(lambda slot: _WITH_ARTICLE.get(slot[1], _MASK), template.lower())
        of_count = found.setdefault(masked.count(_MASK), {})
        of_count.setdefault(masked, template)
    return found

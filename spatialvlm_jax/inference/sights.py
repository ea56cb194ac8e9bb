"""Whether what questions name is in the picture: the model is asked that beside them, in one pass.

Questions of quantities and relations are taught about what is there, so they measure what is not as
well. Whether there is a red mug is taught of mugs that are there in some color.
"""

import dataclasses
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence

from spatialvlm_jax.generation.wording.phrasing import indefinite
from spatialvlm_jax.generation.wording.templates import TEMPLATES
from spatialvlm_jax.inference.asked_questions import PutWords
from spatialvlm_jax.inference.conclude import Heard
from spatialvlm_jax.inference.spatial_answer import DOUBTED, HELD_PROBABLE, UNSEEN, SpatialAnswer
from spatialvlm_jax.taught import Taught, TaughtNames

_EXISTENCE = "existence"


@dataclasses.dataclass(frozen=True)
class Sights:
    """What is asked of a picture to know whether the things are there that questions name.

    probes: thing -> what is asked of it, once for all questions.
    """

    probes: Mapping[str, PutWords]

    @classmethod
    def of(cls, things: Iterable[str], taught: Taught | None) -> "Sights":
        """Of those things that a model was taught such questions of: an adjective and a noun."""
        if taught is None or taught.names is None or _EXISTENCE not in taught.wordings:
            return cls({})
        found = {thing: _probe(thing, taught.names) for thing in things}
        return cls({thing: probe for thing, probe in found.items() if probe is not None})

    def seen(self, heard: Iterator[Heard]) -> dict[str, float]:
        """How probable each thing is, from what is said to the probes, in their order."""
        return {thing: min(1.0, next(heard).confidence or 0.0) for thing in self.probes}


def with_sight(
    answer: SpatialAnswer, things: Sequence[str], seen: Mapping[str, float], least: float
) -> SpatialAnswer:
    """The answer to a question, with a note where what it names is doubted; or in its place that
    it is not there.

    Args:
      things: that the question names. seen: how probable they are; of others nothing is known.
      least: below which a thing is not there.
    """
    known = {thing: seen[thing] for thing in things if thing in seen}
    if not known:
        return answer
    rarest = min(known, key=lambda thing: known[thing])
    seen_at_least = float(f"{known[rarest]:.4g}")
    percent = f"{100 * known[rarest]:.2g} %"
    reason = f"{HELD_PROBABLE.format(percent)}{indefinite(rarest)}"
    note = "; ".join(filter(None, (answer.note, reason)))
    missing = " or ".join(indefinite(thing) for thing in known if known[thing] < least)
    if missing:
        return SpatialAnswer(answer.question, UNSEEN.format(missing), note=note, seen=seen_at_least)
    note = note if seen_at_least < DOUBTED else answer.note
    return dataclasses.replace(answer, note=note, seen=seen_at_least)


@functools.lru_cache(maxsize=1024)
def _probe(thing: str, names: TaughtNames) -> PutWords | None:
    """Whether there is such a thing, with the ways to say yes of one or two of its kind."""
    color, _, noun = thing.partition(" ")
    if color not in names.adjectives or noun not in names.nouns:
        return None
    pairs = [each for other in names.adjectives for each in ((color, other), (other, color))]
    wording = TEMPLATES[_EXISTENCE]
    affirmations = [
        wording.reasons[0].format(listed=", ".join(listed), verdict="yes")
        for listed in dict.fromkeys([(color,), *pairs])
    ]
    return PutWords(wording.questions[0].format(one=indefinite(thing)), tuple(affirmations))

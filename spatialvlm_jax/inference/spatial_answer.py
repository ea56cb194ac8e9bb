"""What a model answered to one question, and how sure it is."""

import dataclasses
import math
from typing import Any

from spatialvlm_jax.errors import one_line
from spatialvlm_jax.units import METRIC, UNITS, describe_exact

UNSURE = "I can't tell."
UNSEEN = "I cannot see {}."
# Below this probability a thing is doubted, and a note says so: of things that are there in crowded
# pictures the shipped checkpoint doubts one in fifteen; at one half it would doubt one in five.
DOUBTED = 0.2
HELD_PROBABLE = "the model holds it {} probable that there is "


@dataclasses.dataclass(frozen=True)
class SpatialAnswer:
    """An answer in words, and what it says as numbers.

    question: as it was asked. text: the model's words, `UNSURE`, or `UNSEEN`.
    value: the quantity that it gives: the median of the distribution of what could be said, or
      what the text states where there is none (angles: degrees, positive to the right). None
      where the answer gives no quantity, or is unsure.
    unit: of value, mean, std and interval: "m", "m^2", "m^3", "times", "degrees"; "" where
      none is.
    std: standard deviation of the distribution, or None.
    interval: the central interval that holds 90 % of it, or None.
    verdict: "yes", "no", or which of two that the question names; None for other answers, and
      where unsure.
    confidence: of a verdict, its probability against the other one; of other words, that of
      exactly these words; None of quantities, and where nothing can be compared.
    note: what is to be known of it: that the question was asked in other words, why it was not
      asked, or that nothing tells how far off it may be; "" for nothing.
    seen: how probable the model holds it that what the question names is in the picture, of
      several things the least; None where it was not asked.
    mean: of the distribution; None where there is none, and where unsure.
    entropy: of the distribution of the quantity's logarithm, in nats: evenly spread over a factor e
      it is 0, over its square 0.69; None where there is no distribution.
    asked: whether the question was put to the model; the note says why not.
    """

    question: str
    text: str
    value: float | None = None
    unit: str = ""
    std: float | None = None
    interval: tuple[float, float] | None = None
    verdict: str | None = None
    confidence: float | None = None
    note: str = ""
    seen: float | None = None
    mean: float | None = None
    entropy: float | None = None
    asked: bool = True

    @property
    def spread(self) -> float | None:
        """How many times the lower end of the interval its upper end is; None without one."""
        return None if self.interval is None else self.interval[1] / self.interval[0]

    @property
    def is_sure(self) -> bool:
        """Whether it says anything."""
        return self.text != UNSURE and not self.is_unseen

    @property
    def is_unseen(self) -> bool:
        """Whether it says that what it was asked about is not there."""
        return self.text.startswith(UNSEEN.format("").rstrip("."))

    @property
    def doubted(self) -> str:
        """What it names that is held less probable than `DOUBTED`, as "a red mug"; else ""."""
        if self.seen is None or self.seen >= DOUBTED:
            return ""
        return self.note.rpartition(HELD_PROBABLE.partition("{}")[2])[2]

    @property
    def refusal(self) -> str:
        """Why it says nothing, in a word: "not asked", or that it was and is "refused"; else ""."""
        if not self.asked:
            return "not asked"
        return "" if self.is_sure else "refused"

    def describe_text(self) -> str:
        """Its words in a line, and behind them whether they were refused or not asked for."""
        return f"{one_line(self.text)} ({self.refusal})" if self.refusal else one_line(self.text)

    def describe_value(self) -> tuple[str, str]:
        """Value and interval as people read them; "" where there is none."""
        if not self.unit:
            return "", ""
        unit = UNITS[self.unit]
        value = "" if self.value is None else describe_exact(self.value * unit.si, unit.dimension)
        if self.interval is None:
            return value, ""
        low, high = self.interval
        return value, f"{low:.2g} to {high:.2g} {METRIC[unit.dimension]}"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class Doubt:
    """From where on an answer is `UNSURE`.

    spread: a quantity whose 90 % interval reaches over more than this factor. confidence: a
      verdict that is less probable.
    """

    spread: float = 4.0
    confidence: float = 0.7

    def __call__(self, answer: SpatialAnswer) -> SpatialAnswer:
        """The answer, or in its place that none can be given; what tells why is kept."""
        wide = answer.spread is not None and answer.spread > self.spread
        known = answer.verdict is not None and answer.confidence is not None
        if not wide and not (known and (answer.confidence or 0.0) < self.confidence):
            return answer
        return dataclasses.replace(answer, text=UNSURE, value=None, mean=None, verdict=None)


NEVER = Doubt(math.inf, 0.0)

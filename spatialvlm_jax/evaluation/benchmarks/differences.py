"""The lines of a report's tables of differences, and how many of them are chance."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from spatialvlm_jax.evaluation.statistics.pairs import PairedDifference
from spatialvlm_jax.evaluation.statistics.power import describe_multiplicity, holm, written_chance

DIFFERENCE_HEAD = (
    *("rule", "difference", "95 % interval", "p", "p (Holm)", "can show"),
    *("both", "only first", "only second", "neither"),
)


@dataclasses.dataclass(frozen=True)
class Difference:
    """One line.

    name: of the other model, or of the model and the probe. rule: by which replies are marked.
    adjusted: the p-value, adjusted by Holm for all lines of the report.
    """

    name: str
    rule: str
    found: PairedDifference
    adjusted: float = math.nan

    def cells(self) -> list[str]:
        """The figures of the line, as `DIFFERENCE_HEAD` names them."""
        found = self.found
        low, high = found.interval or (None, None)
        least = found.smallest_difference
        return [
            self.rule,
            f"{100 * found.difference:+.1f}",
            "–" if low is None or high is None else f"{100 * low:+.1f} to {100 * high:+.1f}",
            written_chance(found.p_value),
            written_chance(self.adjusted),
            "–" if least is None else f"{100 * least:.1f}",
            *(f"{n:,}" for n in (found.both, found.only_first, found.only_second, found.neither)),
        ]


def adjust_all(tables: Sequence[Sequence[Difference]]) -> list[tuple[Difference, ...]]:
    """The tables of a report, p-values adjusted for how many lines all of them have together."""
    adjusted = iter(holm(np.array([each.found.p_value for table in tables for each in table])))
    return [
        tuple(dataclasses.replace(each, adjusted=float(next(adjusted))) for each in table)
        for table in tables
    ]


def chance_line(differences: Sequence[Difference]) -> str:
    """How many differences of a report chance alone would show; "" where there are none."""
    if not differences:
        return ""
    p_values = [each.found.p_value for each in differences]
    told = describe_multiplicity(p_values, [each.adjusted for each in differences])
    return f"Of all differences below, {told}."

"""Several benchmarks and several models in one report: as Markdown and as JSON."""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from spatialvlm_jax.errors import one_line
from spatialvlm_jax.evaluation.benchmarks.comparing import compare_marks
from spatialvlm_jax.evaluation.benchmarks.constants import best_constant
from spatialvlm_jax.evaluation.benchmarks.score_table import scores_as_dict
from spatialvlm_jax.evaluation.benchmarks.scoring import OFFICIAL, ROBUST, Scores, headline_name
from spatialvlm_jax.evaluation.statistics.clusters import ClusteredRatio
from spatialvlm_jax.evaluation.statistics.pairs import PairedDifference
from spatialvlm_jax.evaluation.statistics.power import written_chance
from spatialvlm_jax.experiment import PictureProbe

_SHARES = ("official", "95 % interval", "robust", "95 % interval", "best constant")
_COUNTS = ("questions", "pictures", "wrong", "unreadable", "not answered")
DIFFERENCE_HEAD = (
    *("rule", "difference", "95 % interval", "p", "can show"),
    *("both", "only first", "only second", "neither"),
)
EXPLANATION = (
    "Official is each benchmark's own rule, robust reads what a reply says; intervals take "
    "pictures as what was sampled. The best constant is the robust headline of replies that never "
    "change, chosen on the truth. Wrong, unreadable and not answered are counts by the robust "
    "rule, and all of them are in the mean. Differences are of the headline, in which questions "
    "weigh as the benchmark has it."
)
PROBES_EXPLAINED = (
    "Blind is the robust headline where the picture was grey, other picture where that of another "
    "question was shown: what is left then was not seen."
)


@dataclasses.dataclass(frozen=True)
class ModelScores:
    """One model's marked replies to one benchmark.

    track: what it was shown. several: questions of several pictures, which nobody was asked.
    left_out: records that lacked a field or a picture. unasked: questions that it was not asked
    yet. failures: why there was no reply, and how often. probes: the same questions marked where
    another picture was shown.
    """

    model: str
    track: str
    scores: Scores
    several: int = 0
    left_out: int = 0
    unasked: int = 0
    failures: Mapping[str, int] = dataclasses.field(default_factory=dict)
    probes: Mapping[PictureProbe, Scores] = dataclasses.field(default_factory=dict)

    @property
    def benchmark(self) -> str:
        """Its name."""
        return self.scores.benchmark.name

    @property
    def title(self) -> str:
        """The model's name in tables, where it was stopped early with that."""
        return f"{self.model} (partial)" if self.unasked else self.model

    @functools.cached_property
    def headline(self) -> str:
        """The name of the figure that counts."""
        return headline_name(self.scores)

    @functools.cached_property
    def headlines(self) -> dict[str, ClusteredRatio]:
        """That figure by rule."""
        return self.scores.headlines()

    @functools.cached_property
    def constant(self) -> float:
        """What the best constant replies reach by the robust rule."""
        return best_constant(self.scores.benchmark, [reply.item for reply in self.scores.replies])

    def probed(self, probe: PictureProbe) -> float | None:
        """The robust headline where a probe's picture was shown; None where it was not."""
        scores = self.probes.get(probe)
        return None if scores is None else scores.headlines()[ROBUST].value

    def notes(self) -> list[str]:
        """What was not asked or not answered, and why."""
        said = [
            (self.several, "show several pictures and were not asked"),
            (self.left_out, "lacked a field or a picture and were left out"),
        ]
        return [f"{count:,} questions {what}" for count, what in said if count] + self.missing()

    def missing(self) -> list[str]:
        """What counts as not answered because there is no reply, and why."""
        unasked = [f"{self.unasked:,} questions were not asked yet"] if self.unasked else []
        return unasked + [
            f"{count:,} got no reply: {one_line(why)[:200]}" for why, count in self.failures.items()
        ]


@dataclasses.dataclass(frozen=True)
class Block:
    """What several models said to one benchmark on one track: these alone are compared."""

    benchmark: str
    track: str
    models: Sequence[ModelScores]

    @property
    def title(self) -> str:
        """Of a table."""
        return f"{self.benchmark}, track {self.track}" if self.track else self.benchmark

    def differences(self) -> list[tuple[str, str, PairedDifference]]:
        """By each other model and rule: the first model less that one, over common questions."""
        first, *others = self.models
        pairs = [(other, common_questions(first.scores, other.scores)) for other in others]
        return [
            (other.model, rule, compare_marks(*common, rule))
            for other, common in pairs
            if common[0].replies
            for rule in (OFFICIAL, ROBUST)
        ]

    def seen(self) -> list[tuple[str, str, PairedDifference]]:
        """By model and probe, and by rule: with the picture less without it."""
        return [
            (f"{each.model}, {named(probe)}", rule, compare_marks(each.scores, scores, rule))
            for each in self.models
            for probe, scores in each.probes.items()
            for rule in (OFFICIAL, ROBUST)
        ]


def named(probe: PictureProbe) -> str:
    """A probe in words."""
    return probe.replace("_", " ")


def probes_of(scores: Sequence[ModelScores]) -> list[PictureProbe]:
    """Those that any model was asked with."""
    return [probe for probe in get_args(PictureProbe) if any(probe in s.probes for s in scores)]


def head_of(probes: Sequence[PictureProbe]) -> list[str]:
    """What the figures of a line are called."""
    return [*_SHARES, *map(named, probes), *_COUNTS]


def common_questions(first: Scores, second: Scores) -> tuple[Scores, Scores]:
    """Both with the questions that both were asked, in one order."""
    known = {each.item.id: each for each in second.replies if each.is_asked}
    kept = [each for each in first.replies if each.is_asked and each.item.id in known]
    others = [known[each.item.id] for each in kept]
    return dataclasses.replace(first, replies=kept), dataclasses.replace(second, replies=others)


def blocks_of(scores: Sequence[ModelScores]) -> list[Block]:
    """In the order in which benchmarks and tracks come first."""
    found: dict[tuple[str, str], list[ModelScores]] = {}
    for each in scores:
        found.setdefault((each.benchmark, each.track), []).append(each)
    return [Block(*key, models) for key, models in found.items()]


def score_cells(found: ModelScores, probes: Sequence[PictureProbe]) -> list[str]:
    """The figures of one line, as `head_of` names them."""
    sure, states = found.headlines, found.scores.states()
    shares = []
    for rule in (OFFICIAL, ROBUST):
        low, high = sure[rule].share_interval()
        shares += [percent_of(sure[rule].value), f"{100 * low:.1f}–{100 * high:.1f} %"]
    counts = (sure[ROBUST].count, sure[ROBUST].clusters)
    return [
        *shares,
        percent_of(found.constant),
        *(percent_of(found.probed(probe)) for probe in probes),
        *(f"{n:,}" for n in counts),
        *(f"{states[name]:,}" for name in _COUNTS[-3:]),
    ]


def percent_of(share: float | None) -> str:
    """ "41.7 %", or a dash for none."""
    return "–" if share is None else f"{100 * share:.1f} %"


def difference_cells(rule: str, found: PairedDifference) -> list[str]:
    """The figures of one line, as `DIFFERENCE_HEAD` names them."""
    low, high = found.interval or (None, None)
    least = found.smallest_difference
    return [
        rule,
        f"{100 * found.difference:+.1f}",
        "–" if low is None or high is None else f"{100 * low:+.1f} to {100 * high:+.1f}",
        written_chance(found.p_value),
        "–" if least is None else f"{100 * least:.1f}",
        *(f"{n:,}" for n in (found.both, found.only_first, found.only_second, found.neither)),
    ]


def markdown(scores: Sequence[ModelScores]) -> str:
    """The report as Markdown."""
    probes = probes_of(scores)
    lines = ["# Benchmarks", "", explain_figures(probes), ""]
    blocks = blocks_of(scores)
    lines += _table(
        ["benchmark", "track", "model", *head_of(probes)],
        [
            [
                *(block.benchmark, block.track or "not declared", found.title),
                *score_cells(found, probes),
            ]
            for block in blocks
            for found in block.models
        ],
    )
    for block in blocks:
        benchmark = block.models[0].scores.benchmark
        lines += ["", f"## {block.title}", ""]
        lines.append(f"{block.models[0].headline}; official: {benchmark.official_is}.")
        for found in block.models:
            lines += [f"- {found.model}: {note}" for note in found.notes()]
        first = block.models[0].model
        lines += _differences(f"{first} less the others", "second", block.differences())
        lines += _differences("with the picture less without it", "without", block.seen())
    return "\n".join(lines) + "\n"


def explain_figures(probes: Sequence[PictureProbe]) -> str:
    """What the figures are, in sentences."""
    return f"{EXPLANATION} {PROBES_EXPLAINED}" if probes else EXPLANATION


def _differences(
    title: str, first: str, found: Sequence[tuple[str, str, PairedDifference]]
) -> list[str]:
    """A table with its title; nothing where there is no line."""
    if not found:
        return []
    rows = [[name, *difference_cells(rule, each)] for name, rule, each in found]
    return ["", f"{title}, percentage points:", "", *_table([first, *DIFFERENCE_HEAD], rows)]


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    written = [[one_line(cell)[:80].replace("|", "\\|") for cell in row] for row in (head, *rows)]
    ruled = [written[0], ["---"] * len(head), *written[1:]]
    return [f"| {' | '.join(row)} |" for row in ruled]


def as_document(scores: Sequence[ModelScores]) -> dict[str, Any]:
    """The report for programs."""
    return {
        "scores": [
            {
                "model": each.model,
                "track": each.track or None,
                "best_constant": each.constant,
                "several_pictures": each.several,
                "left_out": each.left_out,
                "not_asked": each.unasked,
                "is_partial": bool(each.unasked),
                "failures": dict(each.failures),
                **scores_as_dict(each.scores),
                "probes": {probe: _probe_as_dict(each, probe) for probe in each.probes},
            }
            for each in scores
        ],
        "differences": [
            {
                "benchmark": block.benchmark,
                "track": block.track or None,
                "first": block.models[0].model,
                "second": name,
                "rule": rule,
                **_difference_as_dict(found),
            }
            for block in blocks_of(scores)
            for name, rule, found in block.differences()
        ],
    }


def _probe_as_dict(found: ModelScores, probe: PictureProbe) -> dict[str, Any]:
    """The figures without the picture, and how much less they are, by rule."""
    scores = found.probes[probe]
    told = scores_as_dict(scores)
    seen = {
        rule: _difference_as_dict(compare_marks(found.scores, scores, rule))
        for rule in (OFFICIAL, ROBUST)
    }
    return {"figures": told["figures"], "headline": told["headline"], "seen_less_probed": seen}


def _difference_as_dict(found: PairedDifference) -> dict[str, Any]:
    return {
        "difference": found.difference,
        "ci95": found.interval,
        "p": found.p_value,
        "questions": found.count,
    }

"""Several benchmarks and several models in one report: as Markdown and as JSON."""

import dataclasses
import functools
import math
from collections.abc import Mapping, Sequence
from typing import Any, get_args

from spatialvlm_jax.errors import one_line
from spatialvlm_jax.evaluation.benchmarks.comparing import compare_marks
from spatialvlm_jax.evaluation.benchmarks.constants import best_constant
from spatialvlm_jax.evaluation.benchmarks.differences import (
    DIFFERENCE_HEAD,
    Difference,
    adjust_all,
    chance_line,
)
from spatialvlm_jax.evaluation.benchmarks.score_table import differing_lines, scores_as_dict
from spatialvlm_jax.evaluation.benchmarks.scoring import OFFICIAL, ROBUST, Scores, headline_name
from spatialvlm_jax.evaluation.statistics.clusters import ClusteredRatio
from spatialvlm_jax.evaluation.statistics.pairs import PairedDifference, possible_difference
from spatialvlm_jax.experiment import PictureProbe
from spatialvlm_jax.text_table import escape_markdown

_SHARES = ("official", "95 % interval", "robust", "95 % interval", "best constant")
_SAMPLE = ("questions", "pictures", "design effect", "can show")
_STATES = ("wrong", "unreadable", "not answered")
_DIFFER = "rules differ"
EXPLANATION = (
    "Official is each benchmark's own rule, robust reads what a reply says; intervals take "
    "pictures as what was sampled. The best constant is the robust headline of replies that never "
    "change, the best of those tried, chosen on the truth. Design effect and “can show”, the "
    "smallest difference to another model that so many questions would show four times of five, "
    "are of the robust headline. Wrong, unreadable and not answered are counts by the robust rule, "
    "and all of them are in the mean; “rules differ” is the share of replies whose official and "
    "robust marks are not the same. Differences are of the headline, in which questions weigh as "
    "the benchmark has it."
)
PROBES_EXPLAINED = (
    "Blind is the robust headline where the picture was grey, other picture where that of another "
    "question was shown: what is left then was not seen."
)


@dataclasses.dataclass(frozen=True)
class ModelScores:
    """One model's marked replies to one benchmark.

    track: what it was shown. chosen: what replies are where there is a choice, "" where they are
    generated. several: questions of several pictures, which nobody was asked.
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
    chosen: str = ""

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
        """How replies were chosen; what was not asked or not answered, and why."""
        chosen = [f"replies are {self.chosen}, where there is a choice"] if self.chosen else []
        said = [
            (self.several, "show several pictures and were not asked"),
            (self.left_out, "lacked a field or a picture and were left out"),
        ]
        counts = [f"{count:,} questions {what}" for count, what in said if count]
        return chosen + counts + self.missing()

    def missing(self) -> list[str]:
        """What counts as not answered because there is no reply, and why."""
        unasked = [f"{self.unasked:,} questions were not asked yet"] if self.unasked else []
        return unasked + [
            f"{count:,} got no reply: {one_line(why)[:200]}" for why, count in self.failures.items()
        ]


@dataclasses.dataclass(frozen=True)
class Block:
    """What several models said to one benchmark on one track: these alone are compared.

    differences: the first model less each other, by rule, over common questions. seen: of each
    model and probe, by rule, with the picture less without it.
    """

    benchmark: str
    track: str
    models: Sequence[ModelScores]
    differences: Sequence[Difference]
    seen: Sequence[Difference]

    @property
    def title(self) -> str:
        """Of a table."""
        return f"{self.benchmark}, track {self.track}" if self.track else self.benchmark


def named(probe: PictureProbe) -> str:
    """A probe in words."""
    return probe.replace("_", " ")


def probes_of(scores: Sequence[ModelScores]) -> list[PictureProbe]:
    """Those that any model was asked with."""
    return [probe for probe in get_args(PictureProbe) if any(probe in s.probes for s in scores)]


def head_of(probes: Sequence[PictureProbe]) -> list[str]:
    """What the figures of a line are called."""
    return [*_SHARES, *map(named, probes), *_SAMPLE, *_STATES, _DIFFER]


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
    tables = [table for models in found.values() for table in (_compared(models), _seen(models))]
    adjusted = iter(adjust_all(tables))
    return [Block(*key, models, next(adjusted), next(adjusted)) for key, models in found.items()]


def chance_of(blocks: Sequence[Block]) -> str:
    """How many of all differences of a report are chance; "" where there are none."""
    return chance_line([each for block in blocks for each in (*block.differences, *block.seen)])


def _compared(models: Sequence[ModelScores]) -> list[Difference]:
    first, *others = models
    pairs = [(other, common_questions(first.scores, other.scores)) for other in others]
    return [
        Difference(other.model, rule, compare_marks(*common, rule))
        for other, common in pairs
        if common[0].replies
        for rule in (OFFICIAL, ROBUST)
    ]


def _seen(models: Sequence[ModelScores]) -> list[Difference]:
    return [
        Difference(f"{each.model}, {named(probe)}", rule, compare_marks(each.scores, scores, rule))
        for each in models
        for probe, scores in each.probes.items()
        for rule in (OFFICIAL, ROBUST)
    ]


def score_cells(found: ModelScores, probes: Sequence[PictureProbe]) -> list[str]:
    """The figures of one line, as `head_of` names them."""
    sure, states = found.headlines, found.scores.states()
    shares = []
    for rule in (OFFICIAL, ROBUST):
        low, high = sure[rule].share_interval()
        shares += [percent_of(sure[rule].value), f"{100 * low:.1f}–{100 * high:.1f} %"]
    robust, differing = sure[ROBUST], len(found.scores.differing())
    effect, least = robust.design_effect, possible_difference(robust.smallest_difference())
    return [
        *shares,
        percent_of(found.constant),
        *(percent_of(found.probed(probe)) for probe in probes),
        *(f"{n:,}" for n in (robust.count, robust.clusters)),
        f"{effect:.2f}" if math.isfinite(effect) else "–",
        percent_of(least),
        *(f"{states[name]:,}" for name in _STATES),
        percent_of(differing / len(found.scores.replies)),
    ]


def percent_of(share: float | None) -> str:
    """ "41.7 %", or a dash for none."""
    return "–" if share is None else f"{100 * share:.1f} %"


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
    if said := chance_of(blocks):
        lines += ["", said]
    for block in blocks:
        benchmark = block.models[0].scores.benchmark
        lines += ["", f"## {block.title}", ""]
        lines.append(f"{block.models[0].headline}; official: {benchmark.official_is}.")
        for found in block.models:
            lines += [f"- {found.model}: {note}" for note in found.notes()]
            head, *examples = differing_lines(found.scores)
            lines.append(f"- {found.model}: {head}")
            lines += [f"  - {escape_markdown(each.strip())}" for each in examples]
        first = block.models[0].model
        lines += _differences(f"{first} less the others", "second", block.differences)
        lines += _differences("with the picture less without it", "without", block.seen)
    return "\n".join(lines) + "\n"


def explain_figures(probes: Sequence[PictureProbe]) -> str:
    """What the figures are, in sentences."""
    return f"{EXPLANATION} {PROBES_EXPLAINED}" if probes else EXPLANATION


def _differences(title: str, first: str, found: Sequence[Difference]) -> list[str]:
    """A table with its title; nothing where there is no line."""
    if not found:
        return []
    rows = [[each.name, *each.cells()] for each in found]
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
                "chosen": each.chosen or None,
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
                "second": each.name,
                "rule": each.rule,
                **_difference_as_dict(each.found),
                "p_holm": each.adjusted,
            }
            for block in blocks_of(scores)
            for each in block.differences
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

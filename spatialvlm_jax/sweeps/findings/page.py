"""`docs/findings.md`: the tables of all findings beside the paper's, from kept files alone."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from spatialvlm_jax.atomic_write import write_text
from spatialvlm_jax.errors import one_line
from spatialvlm_jax.sweeps.findings.catalog import Finding
from spatialvlm_jax.sweeps.findings.kept import (
    KeptSweep,
    KeptTrial,
    load_kept_sweep,
    load_kept_trials,
)
from spatialvlm_jax.sweeps.findings.measured import MeasuredArm, measure_arms
from spatialvlm_jax.sweeps.findings.sums import TITLES, is_squared_error
from spatialvlm_jax.sweeps.sameness import compare_digests, sameness_rows
from spatialvlm_jax.text_table import escape_markdown, markdown_table

_INTRODUCTION = """\
# The paper's findings, run again small

What SpatialVLM (arXiv 2401.12168) found by ablation, and what its users ask beside, on rendered
worlds with a model of about a million parameters. `make findings` runs all of it and writes this
page; stopped, it goes on, in as many sittings as it takes. Nothing here says what a large model
makes of photos: read directions, and what a sample of this size can tell at all.

A trial is one training with one seed, asked the same held-out questions as all others. Intervals
are 95 %, over seeds and pictures; a difference is to the first arm of its table, seed by seed on
the same questions. “Can show” is the smallest difference that would be found four times of five;
“seeds needed” are those that would show the paper's own difference so. An arm is “apart” if the
interval of its difference leaves out 0; of twenty arms that change nothing, one is."""
_HEAD = (
    *("arm", "seeds", "value", "95 % interval", "difference", "its 95 % interval"),
    *("can show", "seeds needed", "by seed"),
)


def write_findings_page(path: Path, folder: Path, findings: Sequence[Finding]) -> None:
    """Writes the page from what is kept in a folder.

    Raises:
      UserError: a kept file cannot be read.
    """
    parts = [_INTRODUCTION]
    for number, finding in enumerate(findings):
        parts += _section("abcdefgh"[number], finding, folder)
    write_text(path, "\n\n".join(parts) + "\n")


def _section(letter: str, finding: Finding, folder: Path) -> list[str]:
    kept = load_kept_sweep(folder, finding.key)
    parts = [f"## ({letter}) {finding.title}", finding.asks]
    if kept is None:
        return [*parts, "*Not run yet.*", *_paper(finding)]
    trials = load_kept_trials(folder, kept.record)
    total = len(kept.record.arms) * kept.record.seeds
    if len(trials) < total:
        parts.append(f"*{len(trials)} of {total} trials are finished; the rest is to be run.*")
    names = [arm.name for arm in kept.record.arms]
    for figure, wanted in finding.figures:
        if arms := measure_arms(trials, names, figure, wanted):
            parts += [f"**{TITLES[figure].capitalize()}**", _figure_table(arms, figure)]
            parts.append(_what_is_apart(arms, figure))
    return [*parts, *_paper(finding), *_provenance(finding, kept, trials)]


def _paper(finding: Finding) -> list[str]:
    if not finding.paper:
        return [finding.beside]
    return ["The paper:", markdown_table(finding.paper), finding.beside]


def _figure_table(arms: Sequence[MeasuredArm], figure: str) -> str:
    return markdown_table([_HEAD, *(_row(arm, figure) for arm in arms)])


def _row(arm: MeasuredArm, figure: str) -> list[str]:
    own = [arm.arm, str(len(arm.by_seed)), _number(arm.value, figure)]
    own.append(_interval(arm.interval, figure))
    seeds = ", ".join(_number(value, figure) for _, value in sorted(arm.by_seed.items()))
    versus = arm.versus
    if versus is None:
        return [*own, "–", "–", "–", "–", seeds]
    if versus.can_show is None:
        needed = "–"
    elif versus.needed is None:
        needed = "?" if versus.pairs < 2 else "more pictures"
    else:
        needed = str(versus.needed)
    return [
        *own,
        _signed(versus.value, figure),
        _interval(versus.interval, figure),
        "–" if versus.can_show is None else _number(versus.can_show, figure),
        needed,
        seeds,
    ]


def _what_is_apart(arms: Sequence[MeasuredArm], figure: str) -> str:
    compared = [(escape_markdown(arm.arm), arm.versus) for arm in arms if arm.versus]
    if not compared:
        return "Nothing to compare yet."
    apart = [f"{name} ({_signed(each.value, figure)})" for name, each in compared if each.is_apart]
    rest = [name for name, each in compared if not each.is_apart]
    said = [f"Apart from “{arms[0].arm}”: {', '.join(apart)}."] if apart else []
    said += [f"Not apart from it: {', '.join(rest)}." if apart else "No arm is apart."] * bool(rest)
    return " ".join(said)


def _provenance(
    finding: Finding, kept: KeptSweep, trials: Sequence[tuple[str, KeptTrial]]
) -> list[str]:
    """Commands, seeds, hashes, machine, versions and dates."""
    record = kept.record
    rows = [("arm", "changes", "steps", "digest")]
    rows += [
        (arm.name, ", ".join(arm.changes) or "–", f"{arm.steps:,}", arm.digest[:16])
        for arm in record.arms
    ]
    own = [trial for _, trial in trials]
    machines, versions = (_listed(each) for each in (_machines(own), _versions(own)))
    command = f"spatialvlm sweep --config={finding.config} --seeds={record.seeds} --out=DIR"
    lines = [
        f"- `make findings`, or this sweep alone: `{command}`",
        f"- seeds 1 to {record.seeds}; branch point `{kept.branch_point[:16]}` (SHA-256)",
        f"- commit {_listed({_short(trial.commit) for trial in own} or {_short(kept.commit)})}",
    ]
    if own:
        hours = sum(trial.seconds for trial in own) / 3600
        lines += [
            f"- {own[0].questions:,} held-out questions a trial; {len(own)} trials, {hours:.1f} "
            f"hours in all, {_listed({trial.date for trial in own})}",
            f"- {machines}; {versions}",
        ]
    same = compare_digests([(name, trial.seed, trial.digests) for name, trial in trials])
    parts = [markdown_table(rows), "\n".join(lines)]
    if table := sameness_rows(same):
        parts += ["In common among the arms of a seed, by SHA-256:", markdown_table(table)]
    return ["<details><summary>How it was run</summary>", *parts, "</details>"]


def _short(commit: str) -> str:
    """Twelve digits, and whether all was committed."""
    digits, plus, changes = commit.partition("+")
    return digits[:12] + plus + changes


def _machines(trials: Iterable[KeptTrial]) -> set[str]:
    return {trial.machine for trial in trials}


def _versions(trials: Iterable[KeptTrial]) -> set[str]:
    return {
        ", ".join(f"{name} {version}" for name, version in trial.versions.items())
        for trial in trials
    }


def _listed(texts: Iterable[str]) -> str:
    """Several that files tell, as plain words of Markdown."""
    return " and ".join(escape_markdown(one_line(text)) for text in sorted(texts))


def _number(value: float, figure: str) -> str:
    return f"{value:.3f}" if is_squared_error(figure) else f"{100 * value:.1f}"


def _signed(value: float, figure: str) -> str:
    text = _number(abs(value), figure)
    return f"{'−' if value < 0 and float(text) else '+'}{text}"


def _interval(ends: tuple[float, float], figure: str) -> str:
    low, high = (_number(abs(end), figure) for end in ends)
    signs = ["−" if end < 0 else "" for end in ends]
    return f"{signs[0]}{low} to {signs[1]}{high}"

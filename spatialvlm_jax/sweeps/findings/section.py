"""What is told of a finding, from kept files alone, for `docs/findings.md` and its page of HTML."""

import dataclasses
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from spatialvlm_jax.sweeps.findings.catalog import Finding
from spatialvlm_jax.sweeps.findings.kept import (
    KeptSweep,
    KeptTrial,
    load_kept_sweep,
    load_kept_trials,
)
from spatialvlm_jax.sweeps.findings.measured import (
    ArmDifference,
    MeasuredArm,
    measure_arms,
    share_without_number,
)
from spatialvlm_jax.sweeps.findings.sums import TITLES, is_squared_error
from spatialvlm_jax.sweeps.sameness import compare_digests, sameness_rows

ENOUGH_QUESTIONS = 5_000
HEAD = (
    *("arm", "seeds", "answers", "value", "95 % interval", "difference", "its 95 % interval"),
    *("can show", "seeds needed", "by seed"),
)
_IMAGES = re.compile(r"(?:--)?config\.eval\.images=(\d+)")
_QUESTIONS = "held-out questions"


@dataclasses.dataclass(frozen=True)
class FigureSection:
    """One figure of all arms.

    name: as in `TITLES`. rows: below `HEAD`. notes: sentences about what it is a mean over.
    apart: which arms are apart from the first. arms: those that have it.
    constant: what the best constant answers get, "" where that is not known.
    """

    name: str
    title: str
    rows: Sequence[Sequence[str]]
    notes: str
    apart: str
    arms: Sequence[MeasuredArm]
    constant: str = ""

    def values_by_arm(self) -> list[str]:
        """ "no noise 94.4", "0.1 m 89.8†"; the dagger: apart from the first."""
        daggers = {arm.arm: "†" for arm in self.arms if arm.versus and arm.versus.is_apart}
        return [f"{row[0]} {row[3]}{daggers.get(row[0], '')}" for row in self.rows]


@dataclasses.dataclass(frozen=True)
class FindingSection:
    """A finding as it stands.

    title: with its letter. seeds: of its sweep.
    warnings: how far the sweep is, and what is not as it should be.
    figures: () where nothing is kept. facts: how it was run, each with its name.
    changes: of the arms, a table with its head. sameness: of `sameness_rows`.
    """

    finding: Finding
    title: str
    is_begun: bool
    seeds: int
    warnings: Sequence[str] = ()
    figures: Sequence[FigureSection] = ()
    facts: Sequence[tuple[str, str]] = ()
    changes: Sequence[Sequence[str]] = ()
    sameness: Sequence[Sequence[str]] = ()

    @property
    def command(self) -> str:
        """What runs its sweep alone."""
        return f"spatialvlm sweep --config={self.finding.config} --seeds={self.seeds} --out=DIR"


def read_section(letter: str, finding: Finding, folder: Path) -> FindingSection:
    """What is kept of a finding in a folder, as it is told.

    Raises:
      UserError: a kept file cannot be read.
    """
    title = f"({letter}) {finding.title}"
    kept = load_kept_sweep(folder, finding.key)
    if kept is None:
        return FindingSection(finding, title, is_begun=False, seeds=finding.seeds)
    called = dict(finding.called)
    names = [called.get(arm.name, arm.name) for arm in kept.record.arms]
    trials = [
        (called.get(name, name), trial) for name, trial in load_kept_trials(folder, kept.record)
    ]
    pictures = _pictures(finding, kept)
    changes = [
        (name, ", ".join(arm.changes) or "–", f"{arm.steps:,}", arm.digest[:16])
        for name, arm in zip(names, kept.record.arms, strict=True)
    ]
    same = compare_digests([(name, trial.seed, trial.digests) for name, trial in trials])
    return FindingSection(
        finding=finding,
        title=title,
        is_begun=True,
        seeds=kept.record.seeds,
        warnings=_warnings(kept, trials),
        figures=[
            _figure_section(
                trials, names, figure, wanted, pictures, dict(finding.constants).get(figure)
            )
            for figure, wanted in finding.figures
            if trials
        ],
        facts=_facts(kept, [trial for _, trial in trials], pictures),
        changes=[("arm", "changes", "steps", "digest"), *changes],
        sameness=sameness_rows(same),
    )


def _pictures(finding: Finding, kept: KeptSweep) -> int:
    """That every trial is asked about."""
    said = [_IMAGES.fullmatch(word) for word in kept.record.overrides]
    return next((int(found[1]) for found in reversed(said) if found), finding.pictures)


def _warnings(kept: KeptSweep, trials: Sequence[tuple[str, KeptTrial]]) -> list[str]:
    total, said = len(kept.record.arms) * kept.record.seeds, []
    if len(trials) < total:
        said.append(f"{len(trials)} of {total} trials are finished; the rest is to be run.")
    if not trials:
        return said
    asked = sorted({trial.questions for _, trial in trials})
    if asked[0] < ENOUGH_QUESTIONS:
        said.append(
            f"A trial was asked {asked[0]:,} questions only, fewer than the {ENOUGH_QUESTIONS:,} "
            "that a finding wants: small differences cannot be told."
        )
    if len(asked) > 1:
        said.append(
            f"Trials were not asked equally many questions, but {asked[0]:,} to {asked[-1]:,}: "
            "what the arms are asked differs."
        )
    elif len({trial.digests.get(_QUESTIONS) for _, trial in trials}) > 1:
        said.append("Trials were not asked the same questions: what the arms are asked differs.")
    return said


def _figure_section(
    trials: Sequence[tuple[str, KeptTrial]],
    names: Sequence[str],
    figure: str,
    wanted: float,
    pictures: int,
    constant: float | None,
) -> FigureSection:
    arms = measure_arms(trials, names, figure, wanted, pictures)
    rows = {arm.arm: _row(arm, figure) for arm in arms}
    for name in names:
        own = [trial for its, trial in trials if its == name]
        if own and name not in rows:
            has = any(sum(trial.figures[figure].counts) for trial in own if figure in trial.figures)
            why = "too few answers" if has else "no answers"
            rows[name] = [name, str(len(own)), why, *["–"] * (len(HEAD) - 3)]
    return FigureSection(
        name=figure,
        title=TITLES[figure].capitalize(),
        rows=[rows[name] for name in names if name in rows],
        notes=_notes(trials, names, arms, figure, wanted, pictures)
        + ("" if constant is None else f" The best constant: {written_figure(constant, figure)}."),
        apart=_what_is_apart(arms, names[0], figure),
        arms=arms,
        constant="" if constant is None else written_figure(constant, figure),
    )


def _notes(
    trials: Sequence[tuple[str, KeptTrial]],
    names: Sequence[str],
    arms: Sequence[MeasuredArm],
    figure: str,
    wanted: float,
    pictures: int,
) -> str:
    """What it is a mean over, how far answers agree, and what was left out."""
    said = [f"Answers of a seed are about {pictures:,} pictures."]
    effects = [arm.design_effect for arm in arms if arm.design_effect is not None]
    if effects:
        said.append(f"Design effect: {_from_to([f'{each:.2f}' for each in effects])}.")
    shares = [arm.versus.seed_share for arm in arms if arm.versus]
    known = [f"{100 * share:.0f}" for share in shares if share is not None]
    if known:
        said.append(f"Of the variance of a difference, {_from_to(known)} % are due to seeds.")
    said.append(f"Seeds needed are for a difference of {written_figure(wanted, figure)}.")
    if is_squared_error(figure):
        left = []
        for name in names:
            share = share_without_number([each for its, each in trials if its == name], figure)
            left += [] if share is None else [f"{name} {100 * share:.1f} %"]
        of_arms = f": {', '.join(left)}" if left else ""
        said.append(f"Answers without a number have no error, and are left out{of_arms}.")
    return " ".join(said)


def _from_to(texts: Sequence[str]) -> str:
    low, high = (end(texts, key=float) for end in (min, max))
    return low if low == high else f"{low} to {high}"


def _row(arm: MeasuredArm, figure: str) -> list[str]:
    own = [arm.arm, str(len(arm.by_seed)), f"{arm.answers:,}", written_figure(arm.value, figure)]
    own.append(_interval(arm.interval, figure))
    seeds = ", ".join(written_figure(value, figure) for _, value in sorted(arm.by_seed.items()))
    versus = arm.versus
    if versus is None:
        return [*own, "–", "–", "–", "–", seeds]
    own.append(signed(versus.value, figure))
    if versus.can_show is None:  # no answer differs, or all alike: of others that tells nothing
        return [*own, "–", "–", "–", seeds]
    return [
        *own,
        _interval(versus.interval, figure),
        written_figure(versus.can_show, figure),
        _needed(versus),
        seeds,
    ]


def _needed(versus: ArmDifference) -> str:
    if versus.needed is not None:
        return str(versus.needed)
    return "?" if versus.pairs < 2 else "more pictures"


def _what_is_apart(arms: Sequence[MeasuredArm], first: str, figure: str) -> str:
    compared = [(arm.arm, arm.versus) for arm in arms if arm.versus]
    if not compared:
        return "Nothing to compare yet."
    if all(each.pairs == 1 for _, each in compared):
        return "One seed cannot tell arms apart: its intervals are over pictures alone."
    apart = [f"{name} ({signed(each.value, figure)})" for name, each in compared if each.is_apart]
    rest = [name for name, each in compared if not each.is_apart]
    said = [f"Apart from “{first}”: {', '.join(apart)}."] if apart else []
    said += [f"Not apart from it: {', '.join(rest)}." if apart else "No arm is apart."] * bool(rest)
    return " ".join(said)


def _facts(kept: KeptSweep, trials: Sequence[KeptTrial], pictures: int) -> list[tuple[str, str]]:
    """Seeds, hashes, machine, versions and dates."""
    commits = {_short(trial.commit) for trial in trials} or {_short(kept.commit)}
    facts = [
        ("seeds", f"1 to {kept.record.seeds}"),
        ("branch point, SHA-256", kept.branch_point[:16]),
        ("commit", _listed(commits)),
    ]
    if not trials:
        return facts
    hours = sum(trial.seconds for trial in trials) / 3600
    least, most = (f"{end(trial.questions for trial in trials):,}" for end in (min, max))
    asked = least if least == most else f"{least} to {most}"
    return [
        *facts,
        ("held-out questions of each trial", f"{asked}, about {pictures:,} pictures"),
        ("trials", f"{len(trials)}, {hours:.1f} hours in all"),
        ("dates", _listed(trial.date for trial in trials)),
        ("machine", _listed(trial.machine for trial in trials)),
        ("versions", _listed(_versions(trial) for trial in trials)),
    ]


def _short(commit: str) -> str:
    """Twelve digits, and whether all was committed."""
    digits, plus, changes = commit.partition("+")
    return digits[:12] + plus + changes


def _versions(trial: KeptTrial) -> str:
    return ", ".join(f"{name} {version}" for name, version in trial.versions.items())


def _listed(texts: Iterable[str]) -> str:
    return " and ".join(sorted(set(texts)))


def signed(value: float, figure: str) -> str:
    """A difference of a figure as all tables have it: "+3.4" points, or "−0.012" square metres."""
    text = written_figure(abs(value), figure)
    return f"{'−' if value < 0 and float(text) else '+'}{text}"


def written_figure(value: float, figure: str) -> str:
    """A figure as all tables have it: "94.4" per cent, or "0.028" square metres."""
    return f"{value:.3f}" if is_squared_error(figure) else f"{100 * value:.1f}"


def _interval(ends: tuple[float, float], figure: str) -> str:
    low, high = (written_figure(abs(end), figure) for end in ends)
    signs = ["−" if end < 0 else "" for end in ends]
    return f"{signs[0]}{low} to {signs[1]}{high}"

"""`docs/findings.md`, and a page of HTML for each finding beside what is kept of it."""

import os
from collections.abc import Sequence
from pathlib import Path

from spatialvlm_jax.atomic_write import write_text
from spatialvlm_jax.errors import one_line
from spatialvlm_jax.sweeps.findings.catalog import Finding
from spatialvlm_jax.sweeps.findings.html_page import write_finding_page
from spatialvlm_jax.sweeps.findings.section import (
    HEAD,
    FigureSection,
    FindingSection,
    read_section,
)
from spatialvlm_jax.text_table import escape_markdown, markdown_table

_INTRODUCTION = """\
# The paper's findings, run again small

What SpatialVLM (arXiv 2401.12168) found by ablation, and what its users ask beside, on rendered
worlds with a model of about a million parameters. `make findings` runs all of it and writes this
page; stopped, it goes on, in as many sittings as it takes. Nothing here says what a large model
makes of photos: read directions, and what a sample of this size can tell at all. Relations are
which is nearer and which is taller; left and right take such a model more steps than arms have.

Beside its size this is not the paper's setting: worlds of a few objects in 64 by 64 pixels with
exact truth; one wording of each question; general questions about the same pictures; 700 steps of
8 rows; and in all arms the same losses on what patches show. “Best constant” is what one answer to
all questions of a type gets that is chosen with their truths in hand; relations have two answers.
An arm below it may have learned little more than how such questions are answered."""
_EXPLANATION = """\
A trial is one training with one seed, asked the same held-out questions as all others. Intervals
are 95 %, over seeds and pictures; a difference is to the first arm of its table, seed by seed on
the same questions. “Answers” are those of one seed. “Can show” is the smallest difference that
would be found four times of five; “seeds needed” are those that would so show the difference that
is named below the table, the paper's own where it has one. An arm is “apart” if the interval of its
difference leaves out 0; of twenty arms that change nothing, one is. Questions that are answered
without a number are wrong in every range, but have no squared error: how many are left out there
stands with it."""


def write_findings_page(path: Path, folder: Path, findings: Sequence[Finding]) -> None:
    """Writes the page from what is kept in a folder, and there KEY.html of each that is begun.

    Raises:
      UserError: a kept file cannot be read.
    """
    sections = [
        read_section(letter, finding, folder)
        for letter, finding in zip("abcdefgh", findings, strict=False)
    ]
    parts = [_INTRODUCTION, _EXPLANATION, *_in_short(sections)]
    for section in sections:
        own = finding_page(folder, section.finding)
        if section.is_begun:
            write_finding_page(own, section, " ".join(_EXPLANATION.split()))
        parts += _section(section, Path(os.path.relpath(own, path.parent)).as_posix())
    write_text(path, "\n\n".join(parts) + "\n")


def finding_page(folder: Path, finding: Finding) -> Path:
    """Where the page of a finding lies, beside what is kept of it."""
    return folder / f"{finding.key}.html"


def _in_short(sections: Sequence[FindingSection]) -> list[str]:
    """All figures of all findings in one table; nothing while there is none."""
    rows = [
        (
            "" if place else section.title,
            figure.title,
            figure.constant or "–",
            ", ".join(figure.values_by_arm()),
        )
        for section in sections
        for place, figure in enumerate(section.figures)
    ]
    if not rows:
        return []
    head = ("finding", "held-out figure", "best constant", "by arm; † apart from the first")
    table = markdown_table([head, *rows], left=len(head))
    found = [
        f"**{section.title}** {section.finding.found}"
        for section in sections
        if section.figures and section.finding.found
    ]
    return ["## In short", table, *found]


def _section(section: FindingSection, page: str) -> list[str]:
    finding = section.finding
    parts = [f"## {section.title}", finding.asks]
    if not section.is_begun:
        return [*parts, "*Not run yet.*", *_paper(finding)]
    parts += [f"*{said}*" for said in section.warnings]
    parts.append(f"With plots: [the page of this sweep]({page}).")
    for figure in section.figures:
        parts += _figure(figure)
    return [*parts, *_paper(finding), *_provenance(section)]


def _figure(figure: FigureSection) -> list[str]:
    table = markdown_table([HEAD, *figure.rows])
    said = (escape_markdown(each) for each in (figure.notes, figure.apart))
    return [f"**{escape_markdown(figure.title)}**", table, *said]


def _paper(finding: Finding) -> list[str]:
    if not finding.paper:
        return [finding.beside]
    return ["The paper:", markdown_table(finding.paper), finding.beside]


def _provenance(section: FindingSection) -> list[str]:
    """Commands, seeds, hashes, machine, versions and dates."""
    facts = [f"- {name}: {escape_markdown(one_line(text))}" for name, text in section.facts]
    lines = [f"- `make findings`, or this sweep alone: `{section.command}`", *facts]
    parts = [markdown_table(section.changes), "\n".join(lines)]
    if section.sameness:
        parts += ["In common among the arms of a seed, by SHA-256:"]
        parts.append(markdown_table(section.sameness))
    return ["<details><summary>How it was run</summary>", *parts, "</details>"]

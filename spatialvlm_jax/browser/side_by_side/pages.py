"""The pages of several runs: figures side by side, curves, settings that differ, two compared."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from spatialvlm_jax.browser.side_by_side.reading import RunFiles, read_run, short_names
from spatialvlm_jax.browser.site import Site, foreign_page, show, site_templates
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.comparison.differences import compare
from spatialvlm_jax.evaluation.comparison.page import comparison_page
from spatialvlm_jax.evaluation.comparison.predictions import (
    common_answers,
    missing_replies,
    read_answers,
)
from spatialvlm_jax.evaluation.evaluators.distributions import CORRELATION, COVERS
from spatialvlm_jax.evaluation.report.charts import figure_curves, loss_curves
from spatialvlm_jax.evaluation.report.results import TITLES, ResultRow
from spatialvlm_jax.flags import parse_whole_number

_CURVES = ("qualitative_accuracy", "within_25", "general_accuracy")
_LESS_IS_BETTER = ("error", "unreadable", "not_answered", "wrong")
_NO_BEST = frozenset(COVERS.values())  # intervals should hold their share, not more


class Runs:
    """Workdirs side by side; each page reads them as they are then."""

    def __init__(self, workdirs: Sequence[Path]) -> None:
        self._workdirs, self._names = list(workdirs), short_names(workdirs)
        self._templates = site_templates()

    def site(self, host: str) -> Site:
        """The pages, for a server that listens at `host`."""
        routes = [
            Route("/", self._all),
            Route("/run/{place}/report", self._report),
            Route("/compare", self._compare),
        ]
        return Site(routes, ["keys.js"], host)

    def _all(self, request: Request) -> Response:
        runs = [read_run(*each) for each in zip(self._workdirs, self._names, strict=True)]
        curves = [("Loss", loss_curves({run.name: run.rows for run in runs}))]
        evaluations = {run.name: run.evaluations for run in runs}
        curves += [(TITLES[name], figure_curves(name, evaluations)) for name in _CURVES]
        asked = {run.questions for run in runs if run.headline}
        return show(
            self._templates,
            "runs.html.jinja",
            runs=runs,
            reports=[(run.workdir / "report.html").is_file() for run in runs],
            tables=[
                ("Figures", "metric", figure_rows([run.headline for run in runs])),
                ("By question type", "type", figure_rows([run.types for run in runs])),
            ],
            curves=[(title, chart) for title, chart in curves if chart],
            settings=differing_settings(runs),
            is_one_set=len(asked) <= 1,
            is_one_track=len({run.tracks for run in runs if run.headline and run.tracks}) <= 1,
            comparable=[place for place, run in enumerate(runs) if run.headline],
        )

    def _report(self, request: Request) -> Response:
        workdir = self._workdirs[self._place(request.path_params["place"])]
        return foreign_page(workdir / "report.html")

    def _compare(self, request: Request) -> Response:
        asked = request.query_params
        first, second = (self._place(asked.get(name, "")) for name in ("first", "second"))
        if first == second:
            raise UserError("choose two different runs to compare")
        places = [self._workdirs[first], self._workdirs[second]]
        names = (self._names[first], self._names[second])
        common = common_answers([read_answers(place) for place in places], names)
        overall, by_type = compare(common.answers[:1], common.answers[1:], common.images)
        missing = missing_replies(common, names)
        return HTMLResponse(comparison_page(names, common, overall, by_type, missing, places))

    def _place(self, text: str) -> int:
        place = parse_whole_number(text, "a run", 0, 2**31)
        if place >= len(self._workdirs):
            raise HTTPException(404, f"there are {len(self._workdirs)} runs, counted from 0")
        return place


def figure_rows(runs: Sequence[Mapping[str, ResultRow]]) -> list[dict[str, Any]]:
    """A line for each figure that any run has: its title, its baseline, a cell for each run."""
    names = dict.fromkeys(name for rows in runs for name in rows)
    lines = []
    for name in names:
        rows = [each.get(name) for each in runs]
        known = [row for row in rows if row is not None]
        best = _best(known)
        lines.append(
            {
                "title": known[0].title.replace("_", " "),
                "baseline": known[0].written(known[0].baseline),
                "cells": [
                    {
                        "value": "" if row is None else row.written(row.value),
                        "interval": "" if row is None else row.interval,
                        "is_best": row is not None and row.value is not None and row.value == best,
                    }
                    for row in rows
                ],
            }
        )
    return lines


def _best(rows: Sequence[ResultRow]) -> float | None:
    """The best of several values; None where there is one alone, or none is better than others."""
    values = [row.value for row in rows if row.value is not None]
    if len(set(values)) < 2 or rows[0].name in _NO_BEST:
        return None
    # The name of the correlation has "error" in it, and more of it is better.
    is_less = rows[0].name != CORRELATION and any(word in rows[0].name for word in _LESS_IS_BETTER)
    return min(values) if is_less else max(values)


def differing_settings(runs: Sequence[RunFiles]) -> list[tuple[str, list[str]]]:
    """Fields that are not the same in all runs that have a configuration, and their values."""
    known = [run.settings for run in runs if run.settings]
    names = dict.fromkeys(name for settings in known for name in settings)
    return [
        (name, [run.settings.get(name, "–") for run in runs])
        for name in names
        if len({settings.get(name) for settings in known}) > 1
    ]

"""Runs side by side, and two compared."""

import re

import pytest
from starlette.testclient import TestClient

from spatialvlm_jax.browser.side_by_side.pages import Runs, figure_rows
from spatialvlm_jax.evaluation.evaluators.distributions import CORRELATION
from spatialvlm_jax.evaluation.report import results
from tests.browser.side_by_side.evaluated import leave_readings, leave_run

_FIGURE = {"baseline": None, "count": 9, "ci95": None}


def client(*workdirs) -> TestClient:
    return TestClient(Runs(workdirs).site("127.0.0.1").routes(), base_url="http://127.0.0.1")


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return leave_run(folder / "good", 1.1), leave_run(folder / "bad", 1.6, peak_lr=0.5)


def test_figures_stand_side_by_side_with_the_best_in_bold(pair) -> None:
    page = client(*pair).get("/").text
    row = re.search(r"Within 25 % of truth.*?</tr>", page, re.DOTALL)
    assert row is not None
    assert re.findall(r'<td( class="best")? data-label="(good|bad)">([\d.]+ %)', row[0]) == [
        (' class="best"', "good", "100.0 %"),
        ("", "bad", "0.0 %"),
    ]
    assert "different questions" not in page


def test_no_share_of_truths_in_an_interval_is_the_best(tmp_path) -> None:
    runs = [leave_readings(tmp_path / name, held) for name, held in (("all", 4), ("three", 3))]
    page = client(*runs).get("/").text
    for share in (50, 90):
        row = re.search(rf"Truth in the {share} % interval.*?</tr>", page, re.DOTALL)
        assert row is not None
        assert re.findall(r'<td( class="best")? data-label="(all|three)">([\d.]+ %)', row[0]) == [
            ("", "all", "100.0 %"),
            ("", "three", "75.0 %"),
        ]


def test_curves_and_settings_that_differ_are_shown(pair) -> None:
    page = client(*pair).get("/").text
    assert 'aria-label="Training loss by step, of each run"' in page
    assert page.count('class="line s0"') == page.count('class="line s1"') == 3
    assert "<code>optim.peak_lr</code>" in page
    assert "<code>name</code>" not in page


def test_two_runs_are_compared(pair) -> None:
    page = client(*pair).get("/compare?first=0&second=1").text
    assert "24 common questions about 4 pictures" in page
    for query, status in (("first=0&second=0", 400), ("first=0&second=2", 404), ("", 400)):
        assert client(*pair).get(f"/compare?{query}").status_code == status


def test_reports_are_shown_without_any_right(pair) -> None:
    answer = client(*pair).get("/run/1/report")
    assert answer.text == "<h1>its report</h1>"
    assert answer.headers["content-security-policy"].endswith("sandbox")


def test_other_questions_and_runs_without_figures_are_told(pair, tmp_path) -> None:
    other = leave_run(tmp_path / "other", 1.0, questions=8)
    (tmp_path / "new").mkdir()
    page = client(pair[0], other, tmp_path / "new").get("/").text
    assert "evaluated on different questions" in page
    assert "it has not been evaluated to the end yet" in page
    assert client(tmp_path / "new").get("/run/0/report").status_code == 404


def test_other_tracks_are_told(pair, tmp_path) -> None:
    camera, pixels = (
        leave_run(tmp_path / track, 1.0, track=track) for track in ("camera", "pixels")
    )
    pages = client(camera, pixels, pair[0])
    assert "These runs were given different things" in pages.get("/").text
    assert "Different tracks:" in pages.get("/compare?first=0&second=1").text
    assert "Different tracks:" not in pages.get("/compare?first=0&second=2").text
    assert "given different things" not in client(camera, camera).get("/").text


def test_of_correlations_of_spread_and_error_the_larger_is_the_best() -> None:
    rows = [
        results.headline_rows({CORRELATION: {**_FIGURE, "value": value}}, None)
        for value in (0.2, 0.6)
    ]
    (line,) = figure_rows([{row.name: row for row in each} for each in rows])
    assert [(cell["value"], cell["is_best"]) for cell in line["cells"]] == [
        ("0.20", False),
        ("0.60", True),
    ]

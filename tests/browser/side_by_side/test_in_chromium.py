"""Runs side by side in a real browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spatialvlm_jax.browser.side_by_side.pages import Runs
from tests.browser.chromium import SCREENSHOTS, a_tab, faults, take_picture
from tests.browser.side_by_side.evaluated import leave_pictures, leave_run
from tests.evaluation.report.test_page import write
from tests.serving.asking import running

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("runs")
    how: Any = {"questions": 240, "track": "pixels", "noise": 0.3} if SCREENSHOTS else {}
    workdirs: list[Path] = [
        leave_run(folder / "base", 1.05, **how),
        leave_run(folder / "warmer", 1.35, peak_lr=3e-3, **how),
    ]
    for workdir in workdirs:
        leave_pictures(workdir)
    write(workdirs[1])  # a report of its own, as evaluations leave it
    with running(Runs(workdirs).site("127.0.0.1")) as (port, _):
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("path", ["/", "/compare?first=0&second=1"])
def test_a_page_is_without_fault_on_a_phone_and_a_desk_by_day_and_by_night(
    browser: Any, origin: str, path: str
) -> None:
    with a_tab(browser, origin) as tab:
        tab.goto(origin + path)
        assert faults(tab) == {}


def test_a_report_is_shown_by_the_server_without_an_error(browser: Any, origin: str) -> None:
    with a_tab(browser, origin) as tab:
        answer = tab.goto(f"{origin}/run/1/report")
        assert answer.headers["content-security-policy"].endswith("sandbox")
        assert tab.locator("main h1").is_visible()
        assert tab.locator("main img").count() > 0


def test_two_runs_are_chosen_and_compared(browser: Any, origin: str) -> None:
    with a_tab(browser, origin) as tab:
        tab.goto(origin)
        take_picture(tab, "runs")
        tab.get_by_role("button", name="Compare").click()
        tab.wait_for_url("**/compare?first=0&second=1")
        assert "common questions about" in tab.inner_text("main")
        assert tab.locator("main img").count() > 0
        take_picture(tab, "runs_compared")

"""Pages that commands write, in a real browser: they have the look of those that are served."""

import json
from pathlib import Path
from typing import Any

import pytest

from spatialvlm_jax import cli
from spatialvlm_jax.sweeps.findings.page import write_findings_page
from tests.asking.saying import Saying, write_benchmarks
from tests.browser.chromium import a_tab, faults
from tests.evaluation.report.test_page import write
from tests.generation.pictures import PictureSource, store_pictures
from tests.sweeps.findings.kept_trials import FINDING, keep_tiny
from tests.sweeps.stored_answers import fail
from tests.sweeps.test_results import swept

pytestmark = pytest.mark.browser


def test_a_card_and_a_preview_are_without_fault(browser: Any, tmp_path: Path) -> None:
    store_pictures(PictureSource(dull=(1,)), {"train": 4}, tmp_path / "set")
    out = tmp_path / "preview.html"
    assert cli.main(["preview", str(tmp_path / "set"), f"--out={out}"]) == 0
    for page in (tmp_path / "set" / "card.html", out):
        with a_tab(browser, "file:") as tab:
            tab.goto(page.as_uri())
            assert faults(tab) == {}


def test_a_report_is_without_fault(browser: Any, tmp_path: Path) -> None:
    write(tmp_path)
    with a_tab(browser, "file:") as tab:
        tab.goto((tmp_path / "report.html").as_uri())
        assert faults(tab) == {}


def test_a_report_of_benchmarks_is_without_fault(
    browser: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = {"small128": Saying(), "other": Saying(lambda question: "It is A.", "others")}
    monkeypatch.setattr(
        "spatialvlm_jax.asking.respondents.load_to_ask", lambda where, tokenizer: models[where]
    )
    write_benchmarks(tmp_path / "data", ["cv_bench", "blink"])
    words = ["evaluate", f"--data={tmp_path}/data", f"--out={tmp_path}/out"]
    words += ["--benchmark=cv_bench", "--benchmark=blink", "--model=small128", "--model=other"]
    assert cli.main([*words, "--probes=blind,other_picture"]) == 0
    with a_tab(browser, "file:") as tab:
        tab.goto((tmp_path / "out" / "report.html").as_uri())
        for summary in tab.locator("summary").all():
            summary.click()
        assert tab.locator("article img").count() > 4
        assert faults(tab) == {}


def test_a_sweep_is_without_fault(browser: Any, tmp_path: Path) -> None:
    trials = swept(tmp_path)
    for trial in trials:
        if trial.is_finished:
            digests = {"weights": {"decoder": trial.arm.digest}, "pictures": {"1": "a", "10": "b"}}
            (trial.workdir / "fingerprints.json").write_text(json.dumps(digests))
    fail(trials[2], ("a line that is " + "much " * 40 + "longer than a phone is wide", "no room"))
    assert cli.main(["sweep", "table", str(tmp_path)]) == 1
    with a_tab(browser, "file:") as tab:
        tab.goto((tmp_path / "index.html").as_uri())
        assert tab.locator("svg.chart").count()
        assert tab.get_by_text("first weights: decoder").count()
        assert tab.get_by_text("no room").count()
        assert faults(tab) == {}


def test_a_finding_is_without_fault(browser: Any, tmp_path: Path) -> None:
    keep_tiny(tmp_path)
    write_findings_page(tmp_path / "findings.md", tmp_path, [FINDING])
    with a_tab(browser, "file:") as tab:
        tab.goto((tmp_path / "tiny.html").as_uri())
        assert tab.locator("svg.chart").count() == 4
        assert tab.get_by_text("first weights: decoder").count()
        assert faults(tab) == {}

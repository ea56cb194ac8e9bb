import base64
import dataclasses
import io
import json
from html.parser import HTMLParser

import numpy as np
from PIL import Image

from spatialvlm_jax.evaluation.distribution import ValueReading
from spatialvlm_jax.evaluation.report.page import pick_answers, results, write_report
from spatialvlm_jax.evaluation.scorer import Scorer
from spatialvlm_jax.scene.records import QA

EVIL = "<script>alert('x')</script> & \"co\""
VOID = {"meta", "img", "br", "link", "input", "hr"}


class Checker(HTMLParser):
    """Collects tags and sees that they nest."""

    def __init__(self):
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.sources: list[str] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.attributes.append((tag, dict(attrs)))
        self.sources += [value for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)

    def handle_data(self, data):
        self.texts += [data.strip()] if data.strip() else []

    def with_tag(self, tag):
        return [attributes for name, attributes in self.attributes if name == tag]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def sample_answers():
    scorer = Scorer()
    for i in range(6):
        value = 0.5 * (i + 1)
        height = QA("How tall is the mug?", "", "height", "quantitative", value=value, unit="m")
        left = QA("Is the mug left?", "yes", "left_of", "qualitative", verdict="yes")
        color = QA(EVIL, "red", "color", "general", verdict="red")
        for record, text in ((height, f"{value} m"), (left, "no"), (color, EVIL)):
            scorer.add(record, text, image_id=f"image-{i % 3}", dataset="worlds")
    return scorer.answers()


def write(workdir, step=20, images=3):
    rng = np.random.default_rng(0)
    pictures = {f"image-{i}": rng.integers(0, 256, (8, 8, 3), np.uint8) for i in range(images)}
    answers = sample_answers()
    path = write_report(
        workdir,
        name="a & b",
        step=step,
        answers=answers,
        pictures=pictures,
        summary=results.summarize(answers),
    )
    return path.read_text("utf-8"), pictures


def check(page):
    checker = Checker()
    checker.feed(page)
    assert checker.open == []
    return checker


def test_a_bare_workdir_gives_a_page_without_curves(tmp_path):
    page, _ = write(tmp_path)
    checker = check(page)
    assert "script" not in checker.seen
    assert EVIL not in page
    assert "a &amp; b" in page
    assert "Training</h2>" not in page
    assert "before" not in page.split("</style>")[1]
    assert "What trains" not in page


def test_the_page_needs_nothing_from_outside(tmp_path):
    page, pictures = write(tmp_path)
    sources = check(page).sources
    assert len(sources) == len(pictures)
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    first = Image.open(io.BytesIO(base64.b64decode(sources[0].split(",", 1)[1])))
    np.testing.assert_array_equal(np.asarray(first), pictures["image-0"])
    assert "http" not in page


def test_a_run_with_history_shows_curves_before_and_parameters(tmp_path):
    rows = [json.dumps({"step": step, "loss": 3.0 - step / 10}) for step in range(1, 21)]
    (tmp_path / "metrics.jsonl").write_text("\n".join(rows) + '\n{"step": 21, "lo')
    results.save_evaluation(tmp_path, 0, sample_answers())
    (tmp_path / "parameters.txt").write_text(f"group  parameters  dtype\nencoder  12,345  {EVIL}")
    page, _ = write(tmp_path)
    check(page)
    assert "before, step 0" in page
    assert "Training loss by step" in page
    assert "Held-out accuracy by step" in page
    assert '<td data-label="parameters">12,345</td>' in page
    assert EVIL not in page


def test_pictures_are_shown_with_marked_answers_and_the_truth_of_wrong_ones(tmp_path):
    page, _ = write(tmp_path, images=1)
    assert page.count("<article>") == 1
    assert "true: yes" in page
    assert page.count('class="mark right"') == 2
    assert page.count('class="mark wrong"') == 2


def test_distributions_are_held_against_truths_where_there_are_some(tmp_path):
    page, _ = write(tmp_path)
    assert "No answer has a distribution, so that there is nothing to calibrate" in page
    assert "Coverage of intervals" not in page
    reading = ValueReading(2.0, 2.0, 0.2, (1.8, 2.2), (1.5, 2.6), 0.1, 0.4)
    answers = [
        dataclasses.replace(each, reading=reading if each.dimension == "length" else None)
        for each in sample_answers()
        if each.record.kind == "quantitative"
    ]
    summary = results.summarize(answers)
    path = write_report(tmp_path, name="a", step=1, answers=answers, pictures={}, summary=summary)
    page = path.read_text("utf-8")
    check(page)
    assert "No answer has a distribution" not in page
    for title in ("Coverage of intervals", "Error by stated spread"):
        chart = page.split(f"<h3>{title}</h3>")[1].split("</div></div>")[0]
        assert chart.count('class="line') == 2  # what is found, and where a model should be
        assert "6 answers" in chart


def test_picked_answers_take_turns_among_kinds():
    picked = pick_answers(sample_answers(), 4)
    kinds = [answer.record.kind for answer in picked]
    assert kinds == ["quantitative", "qualitative", "general", "quantitative"]


def test_a_phone_finds_the_name_of_each_figure_beside_it(tmp_path):
    results.save_evaluation(tmp_path, 0, sample_answers())
    page, _ = write(tmp_path)
    checker = check(page)
    assert "viewport" in {each.get("name") for each in checker.with_tag("meta")}
    assert all("stack" in (each["class"] or "") for each in checker.with_tag("table"))
    cells = [each for each in checker.with_tag("td") if each.get("class") != "wide"]
    named = {each["data-label"] for each in cells if "data-label" in each}
    assert {"before, step 0", "after, step 20", "baseline", "95 % interval", "answers"} < named
    assert sum("data-label" not in each for each in cells) == 1  # over the bars, in the head
    assert all(each["alt"] for each in checker.with_tag("img"))


def test_figures_of_few_answers_are_muted_and_a_note_says_so(tmp_path):
    answers = sample_answers()  # six of each type

    def rows(count):
        page = write_report(
            tmp_path,
            name="run",
            step=1,
            answers=answers * count,
            pictures={},
            summary=results.summarize(answers * count),
        ).read_text("utf-8")
        checker = check(page)
        few = [each for each in checker.with_tag("tr") if each.get("class") == "few"]
        assert ("Figures of fewer than 10 answers" in page) == bool(few)
        return len(few)

    headline = results.headline_rows(results.summarize(answers), None)
    types, factors = 3, 6
    assert rows(1) == sum(row.count < 10 for row in headline) + types + factors
    assert rows(2) == 0


def test_figures_of_other_questions_are_named_and_not_compared(tmp_path):
    results.save_evaluation(tmp_path, 0, sample_answers()[:-1])
    page, _ = write(tmp_path)
    told = "are of other questions or of another track, and are not compared."
    assert f"Figures kept at step 0 {told}" in page
    assert "before, step 0" not in page


def test_true_angles_are_in_degrees(tmp_path):
    scorer = Scorer()
    record = QA("Where?", "", "bearing", "quantitative", value=-0.5236, unit="degrees")
    scorer.add(record, "5 degrees to the right", image_id="image")
    answers = scorer.answers()
    pictures = {"image": np.zeros((4, 4, 3), np.uint8)}
    summary = results.summarize(answers)
    path = write_report(
        tmp_path, name="run", step=1, answers=answers, pictures=pictures, summary=summary
    )
    assert "true: 30° to the left" in path.read_text("utf-8")

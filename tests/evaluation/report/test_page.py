import base64
import io
import json
from html.parser import HTMLParser

import numpy as np
from PIL import Image

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

    def handle_starttag(self, tag, attrs):
        self.seen.append(tag)
        self.sources += [value for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append(tag)

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
    results.save_evaluation(tmp_path, 0, results.summarize(sample_answers()))
    (tmp_path / "parameters.txt").write_text(f"encoder  12,345  {EVIL}")
    page, _ = write(tmp_path)
    check(page)
    assert "before, step 0" in page
    assert "Training loss by step" in page
    assert "Held-out accuracy by step" in page
    assert "encoder  12,345" in page
    assert EVIL not in page


def test_pictures_are_shown_with_marked_answers_and_the_truth_of_wrong_ones(tmp_path):
    page, _ = write(tmp_path, images=1)
    assert page.count("<article>") == 1
    assert "true: yes" in page
    assert page.count('class="mark right"') == 2
    assert page.count('class="mark wrong"') == 2


def test_picked_answers_take_turns_among_kinds():
    picked = pick_answers(sample_answers(), 4)
    kinds = [answer.record.kind for answer in picked]
    assert kinds == ["quantitative", "qualitative", "general", "quantitative"]

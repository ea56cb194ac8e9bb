"""Pages of what was reasoned out, about a stored room and about a picture of nothing known."""

import dataclasses
import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from spatialvlm_jax.browser.demo.example_worlds import ExampleWorlds
from spatialvlm_jax.browser.trace_page import write_trace_page
from spatialvlm_jax.generation.questions.generate import QAConfig, generate_pairs
from spatialvlm_jax.inference.load import load_to_ask
from spatialvlm_jax.inference.picture import CameraFacts, open_picture
from spatialvlm_jax.inference.spatial_answer import SpatialAnswer
from spatialvlm_jax.reasoning.coordinator import CoordinatorLimits, coordinate
from spatialvlm_jax.reasoning.eyes import Eyes
from spatialvlm_jax.reasoning.plan import reason
from spatialvlm_jax.reasoning.trace import Trace, plan_trace
from spatialvlm_jax.storage.examples import StoredExample, encode_example
from tests.browser.chromium import DESK, SCREENSHOTS, a_tab, faults, look_from, take_picture
from tests.browser.demo.rooms import guess, room

NEAREST = "Which of the red mug and the blue chair is nearest to the camera?"
PATH = "How long is the path from the red mug to the green box?"
ORIGIN = {"image_sha256": "ab" * 32, "checkpoint": "small128", "seed": 0, "version": "1"}


def stored_room() -> Eyes:
    pairs = generate_pairs(room(), QAConfig(), seed=0)
    example = StoredExample(encode_example(room(), pairs))
    return Eyes(open_picture(room().image), CameraFacts(), example)


def traced(question: str) -> Trace:
    found = reason(question, lambda asked: [guess(each) for each in asked])
    return plan_trace(found, ORIGIN)


def written(path: Path, traces: list[Trace], eyes: Eyes) -> str:
    write_trace_page(path, traces, eyes)
    return path.read_text()


def test_steps_and_conclusions_stand_beside_the_truth(tmp_path: Path) -> None:
    page = written(tmp_path / "a.html", [traced(NEAREST), traced(PATH)], stored_room())
    rows = re.findall(r'<th scope="row">(.*?)</th>.*data-label="in truth">([\d.]+ m)', page)
    assert rows[:2] == [
        ("how far is the red mug from the camera?", "2.11 m"),
        ("how far is the blue chair from the camera?", "3.01 m"),
    ]
    assert "In truth: the red mug" in page
    assert page.count('<path class="truth"') == 1  # of the path
    for name in ("red mug", "blue chair", "green box"):
        assert f"</b> {name}<" in page  # beside its letter
    assert not re.search(r"<script|src=.http|href=.http", page)
    again = written(tmp_path / "b.html", [traced(NEAREST), traced(PATH)], stored_room())
    assert again == page


def test_why_a_step_has_no_truth_is_said(tmp_path: Path) -> None:
    question = "Which of the red mug and the purple sofa is nearest to the camera?"
    page = written(tmp_path / "a.html", [traced(question)], stored_room())
    assert 'data-label="in truth">2.11 m' in page
    assert 'data-label="in truth">there is no purple sofa</td>' in page
    assert "In truth: " not in page


def test_of_a_picture_alone_nothing_is_said_to_be_true(tmp_path: Path) -> None:
    eyes = Eyes(open_picture(room().image), CameraFacts())
    page = written(tmp_path / "a.html", [traced(NEAREST)], eyes)
    assert "n truth" not in page
    assert "data:image/jpeg;base64," in page


def test_words_of_a_model_are_shown_and_not_obeyed(tmp_path: Path) -> None:
    said = SpatialAnswer("how far?", "<script>alert(1)</script>")
    found = reason(NEAREST, lambda asked: [dataclasses.replace(said, question=q) for q in asked])
    page = written(tmp_path / "a.html", [plan_trace(found, ORIGIN)], stored_room())
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_what_is_to_be_known_of_a_step_stands_below_its_question(tmp_path: Path) -> None:
    notes = ("it holds it <b>10 %</b> probable", "")

    def ask(questions: Sequence[str]) -> list[SpatialAnswer]:
        return [
            dataclasses.replace(guess(words), note=note)
            for words, note in zip(questions, notes, strict=True)
        ]

    page = written(tmp_path / "a.html", [plan_trace(reason(NEAREST, ask), ORIGIN)], stored_room())
    assert re.findall(r'<th scope="row">(.*?)</th>', page) == [
        'how far is the red mug from the camera?<br><small class="note">it holds it '
        "&lt;b&gt;10 %&lt;/b&gt; probable</small>",
        "how far is the blue chair from the camera?",
    ]


def test_why_a_coordinator_came_to_no_answer_is_shown(tmp_path: Path) -> None:
    function = {"name": "ask", "arguments": '{"question": "how tall is the red mug?"}'}
    call = {"id": "1", "type": "function", "function": function}
    reply: dict[str, Any] = {"role": "assistant", "content": None, "tool_calls": [call]}

    def ask(questions: Any) -> list[SpatialAnswer]:
        return [guess(each) for each in questions]

    limits = CoordinatorLimits(steps=2)
    questions = ("Why?", NEAREST)
    traces = [
        coordinate(each, lambda messages, seconds: reply, ask, ORIGIN, limits, clock=lambda: 0.0)
        for each in questions
    ]
    page = written(tmp_path / "a.html", traces, stored_room())
    assert page.count("In truth: ") == page.count("In truth: the red mug") == 1
    assert "the coordinator gave no answer in 2 steps" in page
    assert 'data-label="in truth">0.5 m' in page
    assert "A language model broke questions up" in page


@pytest.mark.browser
def test_a_page_of_what_was_reasoned_is_without_fault(browser: Any, tmp_path: Path) -> None:
    page = tmp_path / "a.html"
    if SCREENSHOTS:
        write_trace_page(page, *reasoned_by_the_shipped_model())
    else:
        write_trace_page(page, [traced(NEAREST), traced(PATH)], stored_room())
    with a_tab(browser, "file:") as tab:
        tab.goto(page.as_uri())
        assert faults(tab) == {}
        look_from(tab, DESK, "light")
        take_picture(tab, "reasoned")


def reasoned_by_the_shipped_model() -> tuple[list[Trace], Eyes]:
    """About a room of the demo."""
    world = ExampleWorlds()(3)
    example = StoredExample(encode_example(world.scene, list(world.pairs.values())))
    eyes = Eyes(world.picture, CameraFacts(), example)
    ask = eyes.asking(load_to_ask("small128"))
    first, *others = [f"the {world.name(index)}" for index in world.named[:3]]
    asked = [
        next(each for each in world.suggestions() if each.startswith("Which of")),
        f"How long is the path from {' to '.join([first, *others])}?",
    ]
    digest = hashlib.sha256(example.bytes_of("image")[0]).hexdigest()
    origin = {**ORIGIN, "image_sha256": digest}
    return [plan_trace(reason(each, ask), origin) for each in asked], eyes

"""The demo in a real browser: asked, clicked, given a picture; and without fault in every sight."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from spatialvlm_jax.browser.demo.example_worlds import ExampleWorlds
from spatialvlm_jax.browser.demo.pages import Demo
from spatialvlm_jax.inference.load import load_to_ask
from spatialvlm_jax.serving.limits import Limits
from tests.browser.chromium import PHONE, SCREENSHOTS, a_tab, faults, look_from, take_picture
from tests.browser.demo.rooms import SIDE, Guessing, world
from tests.serving.asking import running
from tests.test_repository import ROOT

pytestmark = pytest.mark.browser
OWN = ROOT / "docs" / "images" / "world_11.png"
LIMITS = Limits(seconds=600.0)


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    if SCREENSHOTS:
        demo = Demo(load_to_ask("small128"), "small128", ExampleWorlds(), LIMITS, scored_values=96)
    else:
        demo = Demo(Guessing(), "guessing", world, LIMITS, scored_values=96)
    with running(demo.site("127.0.0.1"), LIMITS) as (port, _):
        yield f"http://127.0.0.1:{port}"


def wait_for_answers(tab: Any, count: int) -> None:
    tab.locator("#answers article").nth(count - 1).wait_for()


def test_a_question_is_asked_and_answered(browser: Any, origin: str) -> None:
    with a_tab(browser, origin) as tab:
        tab.goto(f"{origin}/world/3")
        name = tab.locator("[data-object]").first.inner_text()
        tab.fill("#question", f"how far is the {name} from the camera?")
        tab.keyboard.press("Enter")
        wait_for_answers(tab, 1)
        assert tab.locator("#answers svg.interval").count() == 1
        assert "In truth: " in tab.inner_text("#answers")
        assert faults(tab) == {}


def test_two_things_are_clicked_and_their_distance_is_told(browser: Any, origin: str) -> None:
    with a_tab(browser, origin) as tab:
        tab.goto(f"{origin}/world/3")
        names = tab.locator("[data-object]")
        if SCREENSHOTS:
            names.nth(0).click()
            names.nth(1).click()
            tab.click("#about")
        else:
            for column in (12, 52):
                box = tab.locator("#picture").bounding_box()
                scale = min(box["width"], box["height"]) / SIDE
                left = (box["width"] - scale * SIDE) / 2
                place = {"x": left + column * scale, "y": 30 * scale}
                tab.locator("#picture").click(position=place)
                chosen = tab.locator('[data-object][aria-pressed="true"]')
                chosen.nth(0 if column == 12 else 1).wait_for()
        wait_for_answers(tab, 3)
        if not SCREENSHOTS:
            assert tab.locator(".marker").count() == 2
            assert "Between the two points themselves: " in tab.inner_text("#answers")
        tab.evaluate("scrollTo(0, 0)")
        take_picture(tab, "demo_room")


def test_a_composed_question_is_reasoned_out(browser: Any, origin: str) -> None:
    with a_tab(browser, origin) as tab:
        tab.goto(f"{origin}/world/3")
        tab.locator("[data-question]").first.click()
        wait_for_answers(tab, 1)
        assert tab.locator("#answers ol li").count() > 1
        assert faults(tab) == {}
        look_from(tab, PHONE, "dark")
        tab.evaluate("document.querySelector('#answers').scrollIntoView()")
        take_picture(tab, "demo_reasoned")


def drop(tab: Any, selector: str, path: Path) -> None:
    """Drops a file there, as a desktop does."""
    made = """([name, bytes]) => {
      const carried = new DataTransfer();
      const content = Uint8Array.from(atob(bytes), (each) => each.charCodeAt(0));
      carried.items.add(new File([content], name, {type: "image/png"}));
      return carried;
    }"""
    content = base64.b64encode(path.read_bytes()).decode()
    carried = tab.evaluate_handle(made, [path.name, content])
    for kind in ("dragenter", "dragover", "drop"):
        tab.dispatch_event(selector, kind, {"dataTransfer": carried})


def test_a_picture_of_ones_own_is_dropped(browser: Any, origin: str) -> None:
    with a_tab(browser, origin) as tab:
        tab.goto(f"{origin}/picture")
        drop(tab, "#drop", OWN)
        tab.locator("#about:enabled").wait_for()
        shown = "async () => (await picture.decode(), picture.naturalWidth)"
        assert tab.evaluate(shown) == Image.open(OWN).width
        tab.fill("#question", "how wide is the blue ball?")
        tab.keyboard.press("Enter")
        wait_for_answers(tab, 1)
        assert "1.9 m" in tab.inner_text("#answers") or SCREENSHOTS


def test_a_picture_of_ones_own_is_chosen_and_asked_about(browser: Any, origin: str) -> None:
    with a_tab(browser, origin) as tab:
        tab.goto(f"{origin}/picture")
        tab.fill("#question", "How wide would you say the blue ball is?")
        tab.keyboard.press("Enter")
        assert tab.locator("#answers [role=alert]").inner_text() == "Choose a picture first."
        tab.set_input_files("#file", OWN)
        tab.locator("#about:enabled").wait_for()
        tab.locator("#picture").click(position={"x": 322, "y": 322})
        tab.keyboard.type("blue ball")
        tab.click("#about")
        wait_for_answers(tab, 4)
        assert tab.locator(".marker").count() == 1
        tab.evaluate("scrollTo(0, 0)")
        take_picture(tab, "demo_picture")
        assert faults(tab) == {}

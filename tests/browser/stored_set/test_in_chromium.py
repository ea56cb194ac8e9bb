"""A stored set in a real browser: every page, on a phone and on a desk, by day and by night."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from spatialvlm_jax import cli
from spatialvlm_jax.browser.stored_set.pages import stored_set_site
from spatialvlm_jax.browser.stored_set.reader import StoredSet
from tests.browser.chromium import PHONE, SCREENSHOTS, a_tab, faults, look_from, take_picture
from tests.generation.pictures import PictureSource, store_pictures
from tests.serving.asking import running

pytestmark = pytest.mark.browser
PAGES = {
    "set": "/",
    "search": "/pictures/train?text=red&kind=general",
    "picture": "/pictures/train/1?view=masks&pair=0",
    "lost": "/lost",
    "refused": "/pictures/train/x",
}


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stored") / "rooms"
    if SCREENSHOTS:
        asked = ["generate", f"--out={folder}", "--preset=gallery", "--image-size=192"]
        asked += ["--images=6", "--seed=3"]
        assert cli.main(asked) == 0
    else:
        store_pictures(PictureSource(broken=(5,), dull=(2,)), {"train": 8}, folder)
    return folder


@pytest.fixture(scope="module")
def origin(directory: Path) -> Iterator[str]:
    with running(stored_set_site(StoredSet(directory), "127.0.0.1")) as (port, _):
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_without_fault_on_a_phone_and_a_desk_by_day_and_by_night(
    browser: Any, origin: str, name: str
) -> None:
    with a_tab(browser, origin, "status of 400" if name == "refused" else "nothing") as tab:
        tab.goto(origin + PAGES[name])
        assert faults(tab) == {}


def test_the_card_is_shown_by_the_server_without_an_error(browser: Any, origin: str) -> None:
    with a_tab(browser, origin) as tab:
        assert tab.goto(f"{origin}/card").headers["content-security-policy"].endswith("sandbox")
        assert tab.locator("main h1").is_visible()
        assert tab.locator("main svg, main img").count() > 0


def test_keys_turn_pages_and_lead_to_the_search(browser: Any, origin: str) -> None:
    with a_tab(browser, origin) as tab:
        tab.goto(f"{origin}/pictures/train/1?type=color")
        tab.keyboard.press("ArrowRight")
        tab.wait_for_url("**/pictures/train/2?type=color")
        tab.keyboard.press("p")
        tab.wait_for_url("**/pictures/train/1?type=color")
        tab.keyboard.press("u")
        tab.wait_for_url("**/pictures/train?type=color&from=1")
        tab.keyboard.press("/")
        tab.keyboard.type("chair, n")
        assert tab.input_value("input[name=text]") == "chair, n"
        tab.keyboard.press("Enter")
        tab.wait_for_url("**text=chair*")


def test_a_question_is_chosen_and_its_objects_are_shown(browser: Any, origin: str) -> None:
    with a_tab(browser, origin) as tab:
        tab.goto(f"{origin}/pictures/train/0")
        tab.click("table.pairs a >> nth=1")
        tab.wait_for_url("**pair=1")
        assert tab.locator("table.pairs tr.chosen").count() == 1
        take_picture(tab, "inspect_question")


def test_pictures_for_the_guide(browser: Any, origin: str) -> None:
    with a_tab(browser, origin) as tab:
        tab.goto(f"{origin}/pictures/train")
        tab.wait_for_load_state("networkidle")
        assert tab.locator("article img").count() > 3
        take_picture(tab, "inspect_pictures")
        tab.goto(f"{origin}/pictures/train/0")
        look_from(tab, PHONE, "dark")
        assert tab.locator("svg.picture").is_visible()
        take_picture(tab, "inspect_phone")

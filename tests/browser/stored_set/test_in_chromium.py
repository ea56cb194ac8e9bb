"""A stored set in a real browser: every page, on a phone and on a desk, by day and by night."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from spatialvlm_jax import cli
from spatialvlm_jax.browser.stored_set.pages import stored_set_site
from spatialvlm_jax.browser.stored_set.reader import StoredSet
from spatialvlm_jax.generation.outcomes import Rejected
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


LOST = {
    2: Rejected("filter", "looks like 'a screenshot' (0.90)"),
    11: Rejected("filter", "looks like 'a drawing' (0.81)"),
    23: Rejected("lift", "no object is left (3 too small, 1 with too little depth)"),
    31: Rejected("decode", "the file is empty"),
}


class Photographs(PictureSource):
    """Some of which are left out, at several stages."""

    name = "photos"

    def image_id(self, index: int) -> str:
        return f"kitchen/{index:04d}.jpg"

    def observe(self, indices: Sequence[int]) -> list[Any]:
        if set(indices) & set(self.broken):
            raise OSError("the file ends early")
        return [LOST.get(index) or self.answered(index) for index in indices]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stored") / "rooms"
    if SCREENSHOTS:
        asked = ["generate", f"--out={folder}", "--preset=gallery", "--image-size=192"]
        asked += ["--images=6", "--seed=3"]
        with pytest.MonkeyPatch.context() as patch:
            # The card says by which command its set was made.
            patch.setattr(sys, "argv", ["spatialvlm", asked[0], "--out=rooms", *asked[2:]])
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
        take_picture(tab, "inspect_card")


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


def test_the_set_tells_what_it_holds(browser: Any, origin: str) -> None:
    with a_tab(browser, origin) as tab:
        tab.goto(origin)
        assert tab.locator("main .tile").count() >= 3
        assert tab.get_by_text("Question types").is_visible()
        take_picture(tab, "inspect_set")


def test_pictures_that_were_left_out_are_listed_with_their_reasons(
    browser: Any, tmp_path: Path
) -> None:
    source = Photographs(broken=(7, 40), unclear=(5, 16))
    store_pictures(source, {"train": 40, "validation": 8}, tmp_path / "kitchens")
    site = stored_set_site(StoredSet(tmp_path / "kitchens"), "127.0.0.1")
    with running(site) as (port, _), a_tab(browser, f"http://127.0.0.1:{port}") as tab:
        tab.goto(f"http://127.0.0.1:{port}/lost")
        assert tab.locator("tbody tr").count() == 8
        assert tab.get_by_text("the file ends early").count() == 2
        take_picture(tab, "inspect_lost")


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

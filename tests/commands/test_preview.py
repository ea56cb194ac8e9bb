"""The page of a stored set; the sheet of worlds is with `worlds.sheet`."""

from html.parser import HTMLParser
from pathlib import Path

import pytest

from spatialvlm_jax import cli
from spatialvlm_jax.storage.shards import SplitSize, shard_path, write_dataset_info, write_shard
from tests.generation.pictures import PictureSource, store_pictures


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("stored") / "mugs"
    store_pictures(PictureSource(), {"train": 5, "validation": 2}, directory)
    return directory


class Page(HTMLParser):
    """Tags with their attributes, and texts."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts += [data.strip()] if data.strip() else []

    def count(self, tag: str, css: str | None = None) -> int:
        return sum(name == tag and attrs.get("class") == css for name, attrs in self.tags)


def test_a_page_shows_pictures_with_all_objects_and_pairs(
    stored: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "mugs.html"
    assert cli.main(["preview", str(stored), f"--out={out}", "--first=1", "--images=3"]) == 0
    assert capsys.readouterr().out == f"{out}: 3 pictures of {stored}\n"
    page = Page(out)
    assert "mugs: train – SpatialVLM-JAX" in page.texts
    assert ("meta", "viewport") in {(tag, attrs.get("name")) for tag, attrs in page.tags}
    assert page.count("svg", "picture") == 3
    assert page.count("rect", "badge") == page.count("rect", "box") / 2 == 6
    assert page.count("dt") == page.count("dd") == 15
    assert page.texts.count("is the red mug left of the blue chair?") == 3
    assert page.texts.count("(2 ± 0.12 m)") == 3
    links = [value for _, attrs in page.tags for name, value in attrs.items() if name == "href"]
    assert all((link or "").startswith("data:image/jpeg") for link in links)


def test_a_split_is_shown_to_its_end_and_alike_each_time(stored: Path, tmp_path: Path) -> None:
    pages = []
    for name in ("a.html", "b.html"):
        command = ["preview", str(stored), "--split=validation", f"--out={tmp_path / name}"]
        assert cli.main(command) == 0
        pages.append((tmp_path / name).read_bytes())
    assert pages[0] == pages[1]
    assert Page(tmp_path / "a.html").count("svg", "picture") == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["{set}/nowhere"], "nowhere does not exist"),
        (["{set}/generation.json"], "is a file; name the folder of a data set"),
        (["{empty}"], "has no dataset_info.json"),
        (["{set}", "--split=test"], "has no split 'test'; it has train, validation"),
        (["{set}", "--first=5"], "has 5 pictures, counted from 0: there is none with number 5"),
        (["{set}", "--out=a.png"], "--out must name a .html file"),
        (["{set}", "--images=0"], "0 is less than 1"),
        (["{set}", "--preset=rich"], "--preset is of rendered worlds, without DIR"),
        (["--split=train"], "--split is of a stored data set: name its folder DIR, too"),
    ],
)
def test_mistakes_are_told_in_a_line(
    options: list[str],
    message: str,
    stored: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = [word.format(set=stored, empty=tmp_path) for word in options]
    assert cli.main(["preview", f"--out={tmp_path / 'a.html'}", *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "a.html").exists()


def test_a_set_of_another_program_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shard = shard_path(tmp_path, "train", 0, 1)
    write_shard(shard, [b""])
    sizes = {"train": SplitSize((1,), shard.stat().st_size)}
    write_dataset_info(tmp_path, sizes, description="another")
    for verb in ("preview", "card"):
        assert cli.main([verb, str(tmp_path)]) == 2
        assert "is a data set of another program: spatialvlm convert" in capsys.readouterr().err

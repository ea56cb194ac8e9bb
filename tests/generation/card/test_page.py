import dataclasses
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from spatialvlm_jax import cli
from spatialvlm_jax.generation.card.counts import (
    CardCounts,
    ExampleIndex,
    ExampleReader,
    TypeCounts,
    count_examples,
    sample_indices,
)
from spatialvlm_jax.generation.card.drawing import outline_from_above, picture, plan
from spatialvlm_jax.generation.card.page import choose_examples, write_card
from spatialvlm_jax.generation.execution.making import Making, record_making
from spatialvlm_jax.scene.records import Scene
from spatialvlm_jax.storage.examples import StoredExample, encode_example
from tests.generation.pictures import PictureSource, pairs, store_pictures
from tests.generation.pictures import picture as draw


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("set")
    source = PictureSource(broken=(1,), dull=(2, 3), unclear=(4,))
    store_pictures(source, {"train": 12, "validation": 4}, directory)
    return directory


def test_every_generation_leaves_a_card_on_one_page(directory: Path) -> None:
    page = (directory / "card.html").read_text()
    assert not re.search(r'(?:src|href)="(?!data:)', page)
    assert "http" not in page
    for said in ("left of", "100% yes", "Units of the answers", "mug", "16 × 16 px"):
        assert said in page
    assert "rejected at filter: looks like" in page
    assert "failed at observe: RuntimeError" in page
    assert page.count('<svg class="picture"') == 4
    assert "<title>Data set from fake: data card" in page
    assert 'name="viewport"' in page
    assert re.search(r"true answer: (0\.\d+|2 ± 0\.12) m<", page)
    assert re.search(r'aria-label="Picture fake-00\d\d: A red mug, B blue chair"', page)
    assert "is the red mug left of the blue chair?" in page
    assert "prefers-color-scheme: dark" in page


def test_the_card_in_markdown_says_the_same(directory: Path) -> None:
    text = (directory / "card.md").read_text()
    assert "asked 16 = stored 12 + rejected 3 + failed 1" in text
    assert "| qualitative | left_of | 12 | 100% yes |" in text
    assert "| quantitative | height | 24 | 0.5" in text
    assert "m (meters) 24" in text
    assert "*count*: how many mugs are there? → 1" in text


def test_the_card_is_the_same_every_time(
    directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (directory / "card.html").read_bytes()
    (directory / "card.html").unlink()
    assert cli.main(["card", str(directory)]) == 0
    assert "card.html" in capsys.readouterr().out
    assert (directory / "card.html").read_bytes() == before


def test_a_directory_without_a_set_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["card", str(tmp_path)]) == 2
    assert "has no dataset_info.json" in capsys.readouterr().err


def test_a_sample_covers_all_splits_and_is_bounded(directory: Path) -> None:
    places = sample_indices(directory)
    assert len(places) == len(set(places)) == 12
    assert ExampleIndex("train", 0) in places
    assert ExampleIndex("validation", 3) in places
    few = sample_indices(directory, 5)
    assert len(few) == 5
    assert set(few) < set(places)
    read = ExampleReader(directory)
    assert read(ExampleIndex("validation", 0)).image_id == "fake-0012"


def test_examples_show_every_type_once(directory: Path) -> None:
    places, read = sample_indices(directory), ExampleReader(directory)
    types = ["color", "count", "height", "left_of"]
    examples = choose_examples(places, read, types)
    assert [example.pair.type for example in examples] == types
    assert len({example.place for example in examples}) == 4


def test_counts_of_one_example() -> None:
    counts = count_examples([StoredExample(encode_example(draw(0), pairs(0)))])
    assert (counts.images, counts.pairs, counts.gravity) == (1, 5, 1)
    assert counts.units == {"m": 2}
    assert counts.objects_per_image == [2]
    np.testing.assert_allclose(counts.camera_distances, [5.25**0.5, 9.3125**0.5], rtol=1e-6)
    assert counts.lengths == [0.5, 2.0]
    assert counts.types["left_of"].balance == "100% yes"
    assert counts.types["height"].balance.endswith("median 1.25 m")


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"yes": 1, "no": 3}, "25% yes"),
        ({"no": 3}, "0% yes"),
        ({"first": 1, "second": 1}, "50% first"),
        ({"red": 2}, "always “red”"),
        ({"red": 3, "blue": 1}, "2 answers, most often “red” (75%)"),
        ({}, ""),
    ],
)
def test_balance_in_a_few_words(answers: dict[str, int], said: str) -> None:
    row = TypeCounts("qualitative", pairs=sum(answers.values()))
    row.answers.update(answers)
    assert row.balance == said


@pytest.mark.parametrize(
    ("dimension", "values", "said"),
    [
        ("length", [0.5, 0.5], "0.5 m"),
        ("area", [1.0, 1.0, 3.0], "1 m² – 2.8 m², median 1 m²"),
        ("angle", [-0.5236], "30° to the left"),
    ],
)
def test_balance_of_numbers_has_the_units_of_the_answers(
    dimension: str, values: list[float], said: str
) -> None:
    assert TypeCounts("quantitative", dimension, values=values).balance == said


@pytest.mark.parametrize(
    ("sizes", "said"),
    [({(64, 48)}, "64 × 48 px"), ({(730, 530), (1024, 309)}, "730–1024 × 309–530 px")],
)
def test_sizes_of_pictures_are_a_range(sizes: set[tuple[int, int]], said: str) -> None:
    assert CardCounts(sizes=sizes).size == said


def test_name_date_and_commands_are_told_and_stay_when_the_card_is_written_again(
    directory: Path, tmp_path: Path
) -> None:
    stored = tmp_path / "moved"
    shutil.copytree(directory, stored)
    record_making(stored, Making("my <mugs>", "2026-11-28", ("spatialvlm generate --out='a b'",)))
    pages = [(write_card(stored).read_text(), (stored / "card.md").read_text()) for _ in range(2)]
    assert pages[0] == pages[1]
    page, text = pages[0]
    assert "<h1>my &lt;mugs&gt;</h1>" in page
    assert "made on 2026-11-28 by SpatialVLM-JAX" in page
    assert "<code><span>spatialvlm generate</span> <span>--out=&#39;a b&#39;</span> </code>" in page
    assert text.startswith("# my &lt;mugs&gt;\n")
    assert "Made by: spatialvlm generate --out='a b'" in text


def test_no_word_of_the_trade_is_left_unexplained(directory: Path) -> None:
    page = (directory / "card.html").read_text().split("</style>")[1].split("<h2>Settings")[0]
    words = set(re.findall(r"[a-z]+", re.sub(r"<[^>]*>", " ", page).lower()))
    assert not words & {"gravity", "sensor", "provenance", "canonical", "shards", "si", "extents"}


def test_types_of_few_questions_are_muted(directory: Path, tmp_path: Path) -> None:
    page = (directory / "card.html").read_text()
    assert "fewer than 10" not in page
    assert '<tr class="few">' not in page
    store_pictures(PictureSource(), {"train": 2}, tmp_path)
    page = (tmp_path / "card.html").read_text()
    assert "fewer than 10" in page
    assert page.count('<tr class="few">') == 4


def test_a_footprint_is_the_box_from_above() -> None:
    mug = draw(0).objects[0]  # extents 0.125, 0.25, 0.5 along the camera's x, y, z
    outline = outline_from_above(mug, np.array([[1.0, 0, 0], [0, 0, 1.0]]))
    corners = sorted(map(tuple, outline.round(4).tolist()))
    assert corners == [(-1.0625, 1.75), (-1.0625, 2.25), (-0.9375, 1.75), (-0.9375, 2.25)]


def test_left_is_left_and_far_is_up_on_the_plan() -> None:
    drawing = plan(draw(0), (0, 1))
    shapes = dict(re.findall(r'class="print (\w)" points="([^"]+)"', drawing))
    middle = {
        name: np.mean([list(map(float, p.split(","))) for p in points.split()], axis=0)
        for name, points in shapes.items()
    }
    assert middle["a"][0] < middle["b"][0]  # the mug is left of the chair
    assert middle["a"][1] > middle["b"][1]  # and nearer, so lower
    assert 'class="view"' in drawing


def test_unknown_cameras_and_odd_names_are_drawn_all_the_same() -> None:
    named = tuple(dataclasses.replace(item, caption="<b>&") for item in draw(0).objects)
    scene = dataclasses.replace(
        draw(0, gravity=False), objects=named, intrinsics=np.full((3, 3), np.nan)
    )
    assert "<b>&" not in picture(scene, (0,)) + plan(scene, (0,))
    assert 'class="view"' not in plan(scene, (0,))
    bare = Scene("bare", draw(0).image, np.full((3, 3), np.nan), objects=())
    assert plan(bare, ()) == ""
    assert picture(bare, ()).count("<image") == 1

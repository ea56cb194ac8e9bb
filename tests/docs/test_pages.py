"""Headings, fields and files that pages name are there, and so are pages that the code names."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.commands import ROOT, pages
from tests.test_repository import PACKAGES, sources

SETTINGS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
FIELDS = set(re.findall(r"`(?:--)?config\.([^`]+)`", SETTINGS))
SECTIONS = {re.split(r"[.\[]", field)[0] for field in FIELDS}
FILES = (".json", ".jsonl", ".md", ".model", ".py", ".safetensors")


def anchors(page: Path) -> set[str]:
    """What headings are linked by, as the sites do that show Markdown."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    titles = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", pages(), ids=[page.name for page in pages()])
def test_links_lead_to_headings(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    broken = []
    for target, anchor in re.findall(r"\]\(([^)#:]*)#([^)]+)\)", text):
        other = page.parent / target if target else page
        if other.suffix == ".md" and anchor not in anchors(other):
            broken.append(f"{target}#{anchor}")
    assert broken == []


def fields(page: Path) -> Iterator[str]:
    """What a page's sentences name as a field of a section, by "section.field"."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for code in re.findall(r"`([a-z_]+(?:\.[a-z_0-9]+|\[\d\])+)(?:=[^`]*)?`", text):
        if re.split(r"[.\[]", code)[0] in SECTIONS and not code.endswith(FILES):
            yield re.sub(r"\[\d\]", "[0]", code)


@pytest.mark.parametrize("page", pages(), ids=[page.name for page in pages()])
def test_fields_that_sentences_name_are_fields(page: Path) -> None:
    # Beside whole names, what is below a record: "worlds.questions".
    unknown = {name for name in fields(page) if not any(f".{name}" in f".{f}" for f in FIELDS)}
    assert unknown == set()


def test_files_that_sentences_name_are_there() -> None:
    folders = "benchmarks|configs|data_loaders|docs|requirements|spatialvlm_jax|tests"
    found = {
        (page.name, path)
        for page in pages()
        for path in re.findall(rf"`((?:{folders})/[\w./-]+)`", page.read_text(encoding="utf-8"))
    }
    assert len(found) > 30
    assert {(page, path) for page, path in found if not (ROOT / path).exists()} == set()


def test_pages_that_the_code_names_are_there() -> None:
    named = {
        page
        for path in sources(*PACKAGES, "configs", "benchmarks")
        for page in re.findall(r"\bdocs/[\w-]+\.md\b", path.read_text(encoding="utf-8"))
    }
    assert len(named) > 5
    assert {page for page in named if not (ROOT / page).is_file()} == set()

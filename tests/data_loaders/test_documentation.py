import re
import runpy
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "data.md"
SNIPPETS = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=[code.splitlines()[0] for code in SNIPPETS])
def test_what_the_page_shows_runs(
    snippet: str, stored: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "worlds").symlink_to(stored)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "snippet.py").write_text(snippet)
    runpy.run_path("snippet.py")


def test_the_page_names_every_stored_feature() -> None:
    from spatialvlm_jax.storage.examples import features

    page = PAGE.read_text(encoding="utf-8")
    names = {*features(), *features()["objects"].feature, *features()["qa"].feature}
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []

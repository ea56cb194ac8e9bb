from pathlib import Path

import pytest

from tests.marked_files import lacks_marker
from tests.test_repository import ROOT


@pytest.mark.parametrize(
    ("expression", "left_out"),
    [
        ("", False),
        ("ray", False),
        ("tpu", True),
        ("ra", True),
        ("not tpu", False),
        ("not (slow or tpu)", False),
        ("ray and not slow", False),
        ("tpu and not (slow or experts)", True),
        ("tpu or ray", False),
        ("tpu and not slow or ray", False),
        ("(tpu)", False),
    ],
)
def test_files_without_the_marker_that_is_asked_for_are_left_out(
    tmp_path: Path, expression: str, left_out: bool
) -> None:
    file = tmp_path / "test_one.py"
    file.write_text("pytestmark = [pytest.mark.ray]")
    assert lacks_marker(file, expression) == left_out
    assert not lacks_marker(tmp_path, expression)


def test_every_marker_is_written_where_it_is_looked_for() -> None:
    for path in (ROOT / "tests").rglob("*.py"):
        text = path.read_text()
        assert path == Path(__file__) or "add_marker" not in text, path
        assert "from pytest import" not in text or path == Path(__file__), path

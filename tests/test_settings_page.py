import dataclasses
from typing import Annotated

from spatialvlm_jax.bounds import Range
from spatialvlm_jax.config_help import meanings
from spatialvlm_jax.settings_page import settings_page
from tests.test_repository import ROOT


@dataclasses.dataclass(frozen=True)
class Told:
    """Two things: told of together, and apart.

    first, second: where they are; another. third: as `first`, in
      the next line.

    This is of none of them: not of fourth.
    """

    first: str
    second: str = ""
    third: Annotated[int, Range(1, 2)] = 1
    fourth: int = 0


def test_meanings_are_read_from_docstrings() -> None:
    assert meanings(Told) == {
        "first": "where they are; another.",
        "second": "where they are; another.",
        "third": "as `first`, in the next line.",
    }


def test_the_page_is_what_the_code_says() -> None:
    """A field without a meaning in its record's docstring is a KeyError here."""
    made = settings_page()
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert page == made, "run: python -m spatialvlm_jax.settings_page > docs/settings.md"


def test_a_setting_is_found_by_its_name() -> None:
    rows = [line for line in settings_page().splitlines() if line.startswith("| `--config.")]
    assert len(rows) > 150
    (rate,) = [row for row in rows if row.startswith("| `--config.optim.peak_lr` ")]
    assert rate == (
        "| `--config.optim.peak_lr` | number, 0 to 1,000 | `0.001` "
        "| learning rate after the warm-up. |"
    )
    # The same record may begin otherwise at another place.
    upright = [row.split(" | ")[2] for row in rows if ".decode.upright`" in row]
    assert upright == ["`false`", "`false`", "`true`"]
    for name in ("questions.units", "experts.noise.box_jitter", "data.datasets[0].weight"):
        assert [row for row in rows if row.startswith(f"| `--config.{name}` ")], name

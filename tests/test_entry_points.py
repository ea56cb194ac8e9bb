"""What holds for `train.py` and `eval.py` as files: who imports them, and how long they are."""

import pytest

from tests.test_repository import PACKAGES, ROOT, imports, within


@pytest.mark.parametrize("entry_point", ["train", "eval"])
def test_entry_points_do_not_import_each_other_nor_the_command_line(entry_point: str) -> None:
    others = {"train", "eval", "spatialvlm_jax.cli", "spatialvlm_jax.commands"}
    beneath = [path for folder in PACKAGES for path in (ROOT / folder).rglob("*.py")]
    command_line = ROOT / "spatialvlm_jax" / "cli.py"
    files = [path for path in beneath if path != command_line and path.parent.name != "commands"]
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in [ROOT / f"{entry_point}.py", *files]
        for name in imports(path)
        if within(name, others)
    }
    assert not found


def test_the_entry_points_fit_a_page() -> None:
    lines = {name: (ROOT / name).read_text().count("\n") for name in ("train.py", "eval.py")}
    assert lines["train.py"] < 120
    assert lines["eval.py"] < 120

import math
from pathlib import Path

import pytest

from spatialvlm_jax.atomic_write import remove_leftovers, whole_file, write_json, write_text


def test_text_and_json_are_written_with_their_folder(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er.txt"
    write_text(path, "café")
    assert path.read_bytes() == "café".encode()
    write_json(path, {"b": [1], "a": None}, indent=None, sort_keys=True)
    assert path.read_text() == '{"a": null, "b": [1]}\n'
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("single_writer", [False, True])
def test_a_file_that_is_broken_off_leaves_what_was_there(
    tmp_path: Path, single_writer: bool
) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def break_off() -> None:
        with whole_file(path, single_writer=single_writer) as temporary:
            temporary.write_text("ne")
            raise KeyError

    with pytest.raises(KeyError):
        break_off()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_numbers_that_json_has_not_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"loss": math.nan})
    assert not list(tmp_path.iterdir())


def test_two_writers_do_not_share_a_temporary_name(tmp_path: Path) -> None:
    with whole_file(tmp_path / "a") as one, whole_file(tmp_path / "a") as other:
        assert one != other
        one.write_text("one")
        other.write_text("other")
    assert (tmp_path / "a").read_text() == "one"


def test_leftovers_are_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in ("a.json", "a.json.incomplete-0f", "b.npz.incomplete", "incomplete.txt"):
        (tmp_path / name).touch()
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "incomplete.txt"]

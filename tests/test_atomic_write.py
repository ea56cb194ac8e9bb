import errno
import math
from pathlib import Path

import pytest

from spatialvlm_jax.atomic_write import (
    final_name,
    remove_leftovers,
    whole_file,
    write_json,
    write_text,
)


def test_text_and_json_are_written_with_their_folder(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er.txt"
    write_text(path, "café")
    assert path.read_bytes() == "café".encode()
    write_json(path, {"b": [1], "a": None}, indent=None, sort_keys=True)
    assert path.read_text() == '{"a": null, "b": [1]}\n'
    assert list(path.parent.iterdir()) == [path]
    write_text(path, "half \ud83d")
    assert path.read_text() == "half ?"


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


def test_a_file_that_is_being_written_is_told_by_its_name(tmp_path: Path) -> None:
    for single_writer in (False, True):
        with whole_file(tmp_path / "a.json", single_writer=single_writer) as temporary:
            assert temporary.name != "a.json"
            assert final_name(temporary.name) == "a.json"
    assert final_name("a.incompletely") == "a.incompletely"
    assert final_name("incomplete.txt") == "incomplete.txt"


def test_what_the_system_refuses_a_library_is_an_os_error_that_names_the_file(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.bin"
    message = "write() failed: No space left on device; writing a.bin.incomplete; at byte 9"
    with pytest.raises(OSError, match="No space left on device") as told, whole_file(path):
        raise RuntimeError(message)
    assert (told.value.filename, told.value.errno) == (str(path), errno.ENOSPC)
    with pytest.raises(RuntimeError, match="a bug"), whole_file(path):
        raise RuntimeError("a bug")
    assert not list(tmp_path.iterdir())


def test_folders_and_devices_are_not_written_over(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        write_text(tmp_path, "text")
    with pytest.raises(OSError, match="is no plain file"):
        write_text(Path("/dev/full"), "text")
    assert tmp_path.is_dir()

import os
from pathlib import Path

from spatialvlm_jax.foreign_files.fingerprints import (
    fingerprint_bytes,
    fingerprint_file,
    fingerprint_recording,
)


def test_a_change_shows_in_size_time_or_contents(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    os.utime(path, ns=(5, 7))
    assert fingerprint_file(path, contents=False) == "3 bytes of 7"
    assert fingerprint_file(path, contents=True) == fingerprint_bytes(b"one")
    path.write_bytes(b"two")
    assert fingerprint_file(path, contents=True) == fingerprint_bytes(b"two")
    assert fingerprint_bytes(b"one") != fingerprint_bytes(b"two")


def test_a_recording_is_told_by_what_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    assert fingerprint_recording(path) == fingerprint_bytes(b"one")
    size = 2**20
    found = set()
    for place in (0, size // 2, size - 1, None):
        data = bytearray(size)
        if place is not None:
            data[place] = 1
        path.write_bytes(data)
        os.utime(path, ns=(5, 7))
        found.add(fingerprint_recording(path))
    assert len(found) == 4
    assert all(each.startswith("1048576 bytes of 7: ") for each in found)
    os.utime(path, ns=(5, 8))
    assert fingerprint_recording(path) not in found
    assert fingerprint_recording(tmp_path / "no") == "No such file or directory"


def test_what_cannot_be_read_has_one_too(tmp_path: Path) -> None:
    for contents in (False, True):
        assert fingerprint_file(tmp_path / "no", contents) == "No such file or directory"
    assert fingerprint_file(tmp_path, contents=True) == "Is a directory"

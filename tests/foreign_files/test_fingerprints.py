import os
from pathlib import Path

from spatialvlm_jax.foreign_files.fingerprints import fingerprint_bytes, fingerprint_file


def test_a_change_shows_in_size_time_or_contents(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"one")
    os.utime(path, ns=(5, 7))
    assert fingerprint_file(path, contents=False) == "3 bytes of 7"
    assert fingerprint_file(path, contents=True) == fingerprint_bytes(b"one")
    path.write_bytes(b"two")
    assert fingerprint_file(path, contents=True) == fingerprint_bytes(b"two")
    assert fingerprint_bytes(b"one") != fingerprint_bytes(b"two")


def test_what_cannot_be_read_has_one_too(tmp_path: Path) -> None:
    for contents in (False, True):
        assert fingerprint_file(tmp_path / "no", contents) == "No such file or directory"
    assert fingerprint_file(tmp_path, contents=True) == "Is a directory"

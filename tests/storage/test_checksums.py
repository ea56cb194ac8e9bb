import json
from pathlib import Path

import pytest

from spatialvlm_jax.storage.checksums import CHECKSUMS, damaged_shards, describe_file

# SHA-256 of b"abc": FIPS 180-2, appendix B.1.
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "b").write_bytes(b"abd")
    recorded = {name: describe_file(tmp_path / name) for name in "ab"}
    (tmp_path / CHECKSUMS).write_text(json.dumps(recorded))
    return tmp_path


def test_a_file_is_its_size_and_digest(folder: Path) -> None:
    assert describe_file(folder / "a") == {"bytes": 3, "sha256": ABC}
    assert damaged_shards(folder, contents=True) == {}


def test_what_differs_is_named(folder: Path) -> None:
    (folder / "a").write_bytes(b"abx")
    assert damaged_shards(folder) == {}
    assert damaged_shards(folder, contents=True) == {"a": "has changed since it was written"}
    assert damaged_shards(folder, ["b", "unknown"], contents=True) == {}
    (folder / "a").write_bytes(b"ab")
    (folder / "b").unlink()
    assert damaged_shards(folder) == {"a": "has 2 bytes, not 3", "b": "is missing"}


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000])
def test_a_record_that_cannot_be_read_is_damage(folder: Path, text: str) -> None:
    (folder / CHECKSUMS).write_text(text)
    assert damaged_shards(folder) == {CHECKSUMS: "cannot be read"}


def test_names_that_lead_elsewhere_are_not_followed(folder: Path) -> None:
    (folder / CHECKSUMS).write_text(json.dumps({"../a": {"bytes": 1}, "a": {"bytes": 3}}))
    assert damaged_shards(folder) == {}
    assert list(damaged_shards(folder, contents=True)) == ["a"]


def test_sets_of_before_are_taken(folder: Path) -> None:
    (folder / CHECKSUMS).unlink()
    assert damaged_shards(folder, contents=True) == {}

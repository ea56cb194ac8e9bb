from pathlib import Path

import pytest

from spatialvlm_jax import cli
from spatialvlm_jax.storage.shards import StoreError, open_split, shard_files
from tests.generation.pictures import PictureSource, store_pictures

SPLITS = {"train": 8, "validation": 2}


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    store_pictures(PictureSource(), SPLITS, tmp_path / "set", shards={"train": 2})
    return tmp_path / "set"


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def swap(path: Path) -> None:
    other = path.with_name(path.name.replace("-00000-", "-00001-"))
    mine, theirs = path.read_bytes(), other.read_bytes()
    path.write_bytes(theirs)
    other.write_bytes(mine)


def test_a_whole_set_is_verified(stored: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["card", "--verify", str(stored)]) == 0
    assert "3 shards are as they were written" in capsys.readouterr().out


@pytest.mark.parametrize("damage", [flip, truncate, swap])
def test_damage_is_named_and_made_again(
    stored: Path, damage, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = shard_files(stored, "train")
    before = first.read_bytes(), second.read_bytes()
    damage(first)
    assert cli.main(["card", "--verify", str(stored)]) == 2
    error = capsys.readouterr().err
    assert first.name in error
    assert (second.name in error) == (damage is swap)
    assert error.count("\n") == 1
    store_pictures(PictureSource(), SPLITS, stored, shards={"train": 2})
    assert (first.read_bytes(), second.read_bytes()) == before
    assert cli.main(["card", "--verify", str(stored)]) == 0


def test_a_shard_of_another_size_is_not_opened(stored: Path) -> None:
    truncate(shard_files(stored, "train")[1])
    with pytest.raises(StoreError, match=r"00001-of-00002 has \d+ bytes, not \d+; run the command"):
        open_split(stored, "train")
    assert len(open_split(stored, "validation")) == 2


def test_a_set_of_before_is_read_and_gets_checksums_when_it_is_made_again(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in [*stored.glob("checksums.json"), *stored.glob(".shards/*.checksum")]:
        path.unlink()
    assert len(open_split(stored, "train")) == 8
    assert cli.main(["card", "--verify", str(stored)]) == 2
    assert "has no checksums.json" in capsys.readouterr().err
    store_pictures(PictureSource(), SPLITS, stored, shards={"train": 2})
    assert cli.main(["card", "--verify", str(stored)]) == 0

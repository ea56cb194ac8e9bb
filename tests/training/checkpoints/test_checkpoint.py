"""Checkpoints: what is saved comes back, and damage of every kind is found out."""

import json
import logging
from pathlib import Path

import grain
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spatialvlm_jax.training.checkpoints.checkpoint import Checkpoints
from spatialvlm_jax.training.checkpoints.load_model import find_run_checkpoint
from spatialvlm_jax.training.state import TrainState
from spatialvlm_jax.weights.checkpoint_folders import (
    MANIFEST,
    checkpoint_damage,
    checkpoint_steps,
    write_manifest,
)


def make_state(step: int) -> TrainState:
    return TrainState(
        step=jnp.asarray(step, jnp.int32),
        trainable={"a/kernel": jnp.arange(3000, dtype=jnp.float32) * 0.37 + step},
        frozen={"b/kernel": jnp.full((4,), 0.3, jnp.bfloat16)},
        opt_state=({"a/kernel": jnp.full((3000,), 0.25 * step)}, (jnp.asarray(step, jnp.int32),)),
    )


def make_data():
    return iter(grain.MapDataset.range(100).repeat().to_iter_dataset())


@pytest.fixture
def checkpoints(tmp_path):
    made = Checkpoints(tmp_path / "checkpoints", keep=2)
    yield made
    made.close()


def fill(checkpoints, steps):
    """Saves at each of `steps`; the data has then given as many numbers."""
    data = make_data()
    for step in range(1, max(steps) + 1):
        next(data)
        if step in steps:
            checkpoints.save(make_state(step), data, {"note": f"step {step}"})
    checkpoints.wait()


def test_state_data_and_metadata_come_back(checkpoints):
    fill(checkpoints, [3])
    path = checkpoints.latest()
    assert checkpoints.metadata(path) == {"note": "step 3"}
    abstract = jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=x.sharding), make_state(0)
    )
    data = make_data()
    state = checkpoints.restore(path, abstract, data)
    assert str(jax.tree.structure(state)) == str(jax.tree.structure(make_state(3)))
    for got, want in zip(jax.tree.leaves(state), jax.tree.leaves(make_state(3)), strict=True):
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(got, want)
    assert next(data) == 3


def test_a_save_is_not_changed_by_steps_that_follow_it(checkpoints):
    """The buffers are donated to the next step while the save is still being written."""
    overwrite = jax.jit(lambda state: jax.tree.map(lambda x: x * 0 - 1, state), donate_argnums=0)
    state = jax.tree.map(jnp.copy, make_state(5))
    checkpoints.save(state, make_data(), {})
    jax.block_until_ready(overwrite(state))
    checkpoints.wait()
    abstract = jax.tree.map(
        lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=x.sharding), make_state(0)
    )
    saved = checkpoints.restore(checkpoints.latest(), abstract, make_data())
    np.testing.assert_array_equal(saved.trainable["a/kernel"], make_state(5).trainable["a/kernel"])


def test_old_checkpoints_are_deleted_once_newer_ones_are_whole(checkpoints):
    fill(checkpoints, [1, 2, 3, 4])
    assert checkpoints.steps() == [3, 4]
    assert checkpoint_damage(checkpoints.folder / "3") is None


def largest_file(folder):
    return max(
        (p for p in (folder / "state").rglob("*") if p.is_file()), key=lambda p: p.stat().st_size
    )


def flip(folder):
    path = largest_file(folder)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def truncate(folder):
    path = largest_file(folder)
    path.write_bytes(path.read_bytes()[:-1])


def remove(folder):
    largest_file(folder).unlink()


def unfinish(folder):
    (folder / MANIFEST).unlink()


def garble(folder):
    (folder / MANIFEST).write_text("{")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (flip, "has changed since it was written"),
        (truncate, "bytes, not"),
        (remove, "is missing"),
        (unfinish, "it was never finished"),
        (garble, f"{MANIFEST} is unreadable"),
    ],
)
def test_damage_is_named_and_the_checkpoint_before_is_used(checkpoints, damage, reason, caplog):
    fill(checkpoints, [1, 2])
    damage(checkpoints.folder / "2")
    with caplog.at_level(logging.WARNING):
        assert checkpoints.latest().name == "1"
    assert reason in caplog.text
    assert "checkpoints/2" in caplog.text
    assert checkpoints.steps() == [1]
    assert (checkpoints.folder / "2.damaged").is_dir()
    checkpoints.save(make_state(2), make_data(), {})
    checkpoints.wait()
    assert checkpoints.latest().name == "2"


def test_no_whole_checkpoint_is_none(checkpoints, caplog):
    assert checkpoints.latest() is None
    fill(checkpoints, [1])
    truncate(checkpoints.folder / "1")
    with caplog.at_level(logging.WARNING):
        assert checkpoints.latest() is None
    assert "none is left, so the run begins anew" in caplog.text


def test_a_step_is_written_without_zeros_in_front(checkpoints):
    fill(checkpoints, [1])
    for name in ("045", "00", "²", "notes"):
        (checkpoints.folder / name).mkdir()
    assert checkpoint_steps(checkpoints.folder) == [1]
    assert checkpoints.latest().name == "1"
    assert find_run_checkpoint(checkpoints.folder.parent).name == "1"


def test_leftovers_of_killed_saves_are_removed(tmp_path):
    leftover = tmp_path / "checkpoints" / "7.orbax-checkpoint-tmp"
    leftover.mkdir(parents=True)
    checkpoints = Checkpoints(tmp_path / "checkpoints", keep=2)
    checkpoints.close()
    assert not leftover.exists()


def test_every_byte_of_every_file_is_watched(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "data").write_bytes(bytes(range(40)))
    (tmp_path / "empty").write_bytes(b"")
    write_manifest(tmp_path)
    assert sorted(json.loads((tmp_path / MANIFEST).read_text())["files"]) == ["empty", "inner/data"]
    for i in range(40):
        content = bytearray(range(40))
        content[i] ^= 128
        (tmp_path / "inner" / "data").write_bytes(content)
        assert checkpoint_damage(tmp_path) == "inner/data has changed since it was written"
    (tmp_path / "inner" / "data").write_bytes(bytes(range(40)))
    assert checkpoint_damage(tmp_path) is None


def test_every_byte_of_the_list_of_files_is_watched(tmp_path):
    """A flipped bit there is damage like any other, unless it changes no word of the list."""
    (tmp_path / "data").write_bytes(b"weights")
    write_manifest(tmp_path)
    whole = (tmp_path / MANIFEST).read_bytes()
    for i in range(len(whole)):
        for bit in (1, 4, 32, 128):
            content = bytearray(whole)
            content[i] ^= bit
            (tmp_path / MANIFEST).write_bytes(content)
            assert checkpoint_damage(tmp_path) is not None or whole[i : i + 1].isspace(), (i, bit)


def test_a_file_that_the_disk_does_not_give_is_named(tmp_path, monkeypatch):
    (tmp_path / "data").write_bytes(b"weights")
    write_manifest(tmp_path)

    plainly = Path.open

    def fail(path, *args, **settings):
        if path.name == "data":
            raise OSError(5, "Input/output error")
        return plainly(path, *args, **settings)

    monkeypatch.setattr(Path, "open", fail)
    assert checkpoint_damage(tmp_path) == "data cannot be read: Input/output error"

"""LeRobot data sets of both versions with pictures in their tables, and traps of real ones."""

import dataclasses
import json

import pyarrow as pa
import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.rewards.episodes.frame_range import FrameRange
from spatialvlm_jax.rewards.episodes.lerobot_layout import LeRobotLayout, fill_path
from spatialvlm_jax.rewards.episodes.lerobot_set import lerobot_episodes
from tests.rewards.episodes.written import (
    CAMERA,
    levels,
    pictures,
    png,
    rows,
    write_info,
    write_lerobot_v2,
    write_lerobot_v3,
    write_table,
)

WRITERS = pytest.mark.parametrize("write", [write_lerobot_v2, write_lerobot_v3])


@WRITERS
def test_episodes_have_their_own_frames_and_numbers(write, tmp_path):
    root = write(tmp_path, (3, 2, 4))
    first, second, third = lerobot_episodes(root, "", None)
    assert [each.number for each in (first, second, third)] == [0, 1, 2]
    assert [each.length for each in (first, second, third)] == [3, 2, 4]
    assert second.name == "episode 1: pick up the can"
    frames = list(third.frames())
    assert levels(iter(frames)) == [5, 6, 7, 8]
    assert [frame.frame_index for frame in frames] == [0, 1, 2, 3]
    assert [frame.index for frame in frames] == [5, 6, 7, 8]
    assert levels(first.frames()) == [0, 1, 2]
    (only,) = lerobot_episodes(root, CAMERA, [1])
    assert levels(only.frames()) == [3, 4]


@WRITERS
def test_chosen_frames_of_each_episode_keep_the_numbers_of_the_set(write, tmp_path):
    root = write(tmp_path, (3, 2, 4))
    episodes = lerobot_episodes(root, "", None, FrameRange(1, 2))
    assert [each.length for each in episodes] == [2, 1, 2]
    assert [levels(each.frames()) for each in episodes] == [[1, 2], [4], [6, 7]]
    assert [frame.frame_index for frame in episodes[2].frames()] == [1, 2]
    assert [frame.index for frame in episodes[2].frames()] == [6, 7]
    with pytest.raises(UserError, match="episode 1 has 2 frames, .* none of --frames=2-3"):
        lerobot_episodes(root, "", None, FrameRange(2, 3))
    assert len(lerobot_episodes(root, "", [0, 2], FrameRange(2, 3))) == 2


def test_frames_that_are_said_to_be_there_and_are_not_are_told(tmp_path):
    root = write_lerobot_v2(tmp_path, (3,))
    columns = rows([2]) | {CAMERA: pictures(0, 2)}
    write_table(root / "data" / "chunk-000" / "episode_000000.parquet", columns)
    (episode,) = lerobot_episodes(root, "", None, FrameRange(2, 2))
    with pytest.raises(UserError, match="episode 0 has 2 frames, .* none of --frames=2-2"):
        list(episode.frames())


@WRITERS
def test_cameras_and_episodes_that_are_not_there_are_told(write, tmp_path):
    root = write(tmp_path, (2, 2))
    with pytest.raises(UserError, match=f"no camera 'wrist'; it has {CAMERA}"):
        lerobot_episodes(root, "wrist", None)
    with pytest.raises(UserError, match="no episode 7; it has 2, from 0 to 1"):
        lerobot_episodes(root, "", [0, 7])


def test_one_of_several_cameras_must_be_named(tmp_path):
    root = write_lerobot_v2(tmp_path, (2,))
    features = {CAMERA: {"dtype": "image"}, "wrist": {"dtype": "image"}}
    write_info(root, "v2.1", "image", features=features)
    with pytest.raises(UserError, match=f"--camera=KEY, of {CAMERA}, wrist"):
        lerobot_episodes(root, "", None)


@pytest.mark.parametrize("column", ["task", "__index_level_0__"])
def test_tasks_are_an_index_with_or_without_a_name(column, tmp_path):
    root = write_lerobot_v3(tmp_path, (2,), task_column=column)
    assert LeRobotLayout.read(root).tasks() == {0: "pick up the can"}
    (episode,) = lerobot_episodes(root, "", None)
    assert episode.name == "episode 0: pick up the can"


def test_pictures_may_be_files_that_a_table_names(tmp_path):
    root = write_lerobot_v2(tmp_path, (3,))
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "a.png").write_bytes(png(4))
    cells = [{"bytes": None, "path": path} for path in ("a.png", "images/a.png", "../a.png")]
    columns = rows([3]) | {CAMERA: pa.array(cells)}
    write_table(root / "data" / "chunk-000" / "episode_000000.parquet", columns)
    (episode,) = lerobot_episodes(root, "", None)
    frames = list(episode.frames())
    assert levels(iter(frames)) == [4, 4, None]
    assert frames[2].problem.startswith("images/../a.png: ")


def test_a_frame_without_a_picture_is_told_and_others_stay(tmp_path):
    root = write_lerobot_v2(tmp_path, (3,))
    cells = pictures(0, 3).to_pylist()
    cells[1] = {"bytes": b"nothing", "path": ""}
    columns = rows([3]) | {CAMERA: pa.array(cells)}
    write_table(root / "data" / "chunk-000" / "episode_000000.parquet", columns)
    (episode,) = lerobot_episodes(root, "", None)
    assert levels(episode.frames()) == [0, None, 2]


def test_rows_in_another_order_are_put_in_order(tmp_path):
    root = write_lerobot_v3(tmp_path, (4,))
    table = pa.table(rows([4]) | {CAMERA: pictures(0, 4)}).take([2, 0, 3, 1])
    write_table(root / "data" / "chunk-000" / "file-000.parquet", dict(table.to_pydict()))
    (episode,) = lerobot_episodes(root, "", None)
    assert levels(episode.frames()) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda info: info.update(codebase_version="v1.6"), "v2 and v3 are read, not 'v1.6'"),
        (lambda info: info.update(fps=0), "cannot be read"),
        (lambda info: info.update(features=[1]), "cannot be read"),
        (lambda info: info.pop("data_path"), "cannot be read"),
        (lambda info: info.update(data_path="../{episode_index}"), "it leads out|no such file"),
        (lambda info: info.update(data_path="/{episode_index}"), "is no path"),
        (lambda info: info.update(data_path="{episode_index.__class__}"), "is no path"),
        (lambda info: info.update(data_path="{episode_index:0999999999d}"), "is no path"),
        (lambda info: info.update(data_path="{total}"), "asks for 'total'"),
    ],
)
def test_a_description_that_cannot_be_is_refused(spoil, said, tmp_path):
    root = write_lerobot_v2(tmp_path / "set", (2,))
    path = root / "meta" / "info.json"
    info = json.loads(path.read_text())
    spoil(info)
    path.write_text(json.dumps(info))
    with pytest.raises(UserError, match=said):
        lerobot_episodes(root, "", None)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda columns: columns.pop("index"), "no column 'index'"),
        (lambda columns: columns.update(episode_index=[5, 5]), "no row of episode 0"),
        (lambda columns: columns.update(frame_index=[1, 1]), "a frame twice"),
        (lambda columns: columns.update(frame_index=[None, 1]), "not numbered"),
    ],
)
def test_tables_that_cannot_be_are_refused(change, said, tmp_path):
    root = write_lerobot_v2(tmp_path, (2,))
    columns = rows([2]) | {CAMERA: pictures(0, 2)}
    change(columns)
    write_table(root / "data" / "chunk-000" / "episode_000000.parquet", columns)
    (episode,) = lerobot_episodes(root, "", None)
    with pytest.raises(UserError, match=said):
        list(episode.frames())


def test_a_set_that_was_not_copied_whole_is_told(tmp_path):
    root = write_lerobot_v3(tmp_path, (2,))
    (root / "data" / "chunk-000" / "file-000.parquet").unlink()
    with pytest.raises(UserError, match="was all of it copied"):
        lerobot_episodes(root, "", None)
    (root / "meta" / "episodes" / "chunk-000" / "file-000.parquet").unlink()
    with pytest.raises(UserError, match="was all of it copied"):
        lerobot_episodes(root, "", None)


def test_paths_are_filled_in_with_numbers_alone():
    numbers = {"chunk_index": 2, "file_index": 13}
    path = fill_path("v/{video_key}/c-{chunk_index:03d}/f-{file_index}.mp4", numbers, "a.top")
    assert path == "v/a.top/c-002/f-13.mp4"


def test_a_layout_is_told_apart_by_what_it_is_of(tmp_path):
    layout = LeRobotLayout.read(write_lerobot_v3(tmp_path, (2,)))
    assert (layout.version, layout.period, dict(layout.cameras)) == (3, 0.1, {CAMERA: "image"})
    assert dataclasses.replace(layout, version=2) != layout

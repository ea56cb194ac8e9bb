"""LeRobot data sets of both versions with pictures in their tables, and traps of real ones."""

import dataclasses
import json
import os
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

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
    write_lines,
    write_table,
)

NUMBERS = ("episode_index", "frame_index", "index", "timestamp")
FROM = f"videos/{CAMERA}/from_timestamp"
TABLE_V2 = "data/chunk-000/episode_000000.parquet"
WRITERS = pytest.mark.parametrize("write", [write_lerobot_v2, write_lerobot_v3])


def write_no_film(path: Path, first: int, count: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"video")


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
    said = "episode 0 has 2 frames, counted from 0, though 3 in its description, and none of"
    with pytest.raises(UserError, match=f"{said} --frames=2-2: choose others"):
        lerobot_episodes(root, "", None, FrameRange(2, 2))


def test_rows_tell_how_many_frames_there_are_whatever_is_said_of_them(tmp_path):
    root = write_lerobot_v2(tmp_path, (6,))
    write_lines(root / "meta" / "episodes.jsonl", [{"episode_index": 0, "length": 2}])
    (episode,) = lerobot_episodes(root, "", None, FrameRange(3, 4))
    assert (episode.length, episode.count(), levels(episode.frames())) == (2, 6, [3, 4])


def test_chosen_frames_are_those_of_these_numbers_where_they_do_not_begin_with_0(tmp_path):
    root = write_lerobot_v2(tmp_path, (6,))
    columns = rows([6]) | {CAMERA: pictures(0, 6), "frame_index": list(range(5, 11))}
    write_table(root / TABLE_V2, columns)
    (episode,) = lerobot_episodes(root, "", None, FrameRange(8, 9))
    frames = list(episode.frames())
    assert [frame.frame_index for frame in frames] == [8, 9]
    assert (episode.length, levels(iter(frames))) == (2, [3, 4])
    said = "episode 0 has 6 frames, of frame_index 5 to 10, and none of --frames=0-4"
    with pytest.raises(UserError, match=said):
        lerobot_episodes(root, "", None, FrameRange(0, 4))


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
        (lambda columns: columns.update(index=[5, 5]), "two frames of one index: index is 5 in"),
        (lambda columns: columns.update(index=[-1, 0]), "index is -1 in a row, no whole number"),
        (lambda columns: columns.update(index=[0, 2**62]), "index is 4611686018427387904 in a row"),
        (lambda columns: columns.update(index=[0, None]), "index is nan in a row"),
        (lambda columns: columns.update(index=[0.0, 0.5]), "index is 0.5 in a row"),
        (lambda columns: columns.update(index=["0", "1"]), "index does not hold a number in every"),
        (lambda columns: columns.update(index=[[0], [1]]), "index does not hold a number in every"),
        (lambda columns: columns.update({n: [[0], [1]] for n in NUMBERS}), "not numbered"),
        (
            lambda columns: columns.update(timestamp=[[0.0], [0.1]]),
            "timestamp does not hold a number",
        ),
        (lambda columns: columns.pop(CAMERA), f"has no column '{CAMERA}'; it has episode_index, "),
    ],
)
def test_tables_that_cannot_be_are_refused(change, said, tmp_path):
    root = write_lerobot_v2(tmp_path, (2,))
    columns = rows([2]) | {CAMERA: pictures(0, 2)}
    change(columns)
    write_table(root / "data" / "chunk-000" / "episode_000000.parquet", columns)
    with pytest.raises(UserError, match=said):
        lerobot_episodes(root, "", None)


@pytest.mark.parametrize("name", ["index", CAMERA])
def test_two_columns_of_one_name_are_refused(name, tmp_path):
    root = write_lerobot_v2(tmp_path, (2,))
    columns = rows([2]) | {CAMERA: pictures(0, 2)}
    table = pa.table(columns).append_column(name, columns[name])
    parquet.write_table(table, root / TABLE_V2)
    with pytest.raises(UserError, match=f"has two columns '{name}': which is meant"):
        lerobot_episodes(root, "", None)


def test_episodes_that_share_an_index_are_refused_together(tmp_path):
    root = write_lerobot_v2(tmp_path, (3, 2))
    columns = rows([2], 1, first_index=2) | {CAMERA: pictures(3, 2)}
    write_table(root / "data" / "chunk-000" / "episode_000001.parquet", columns)
    with pytest.raises(UserError, match="episodes 0 and 1 both have a frame of index 2, by which"):
        lerobot_episodes(root, "", None)
    assert [levels(each.frames()) for each in lerobot_episodes(root, "", [1])] == [[3, 4]]


def test_an_episode_that_is_listed_twice_is_refused(tmp_path):
    root = write_lerobot_v2(tmp_path, (2,))
    path = root / "meta" / "episodes.jsonl"
    path.write_text(path.read_text() * 2)
    with pytest.raises(UserError, match="lists episode 0 twice"):
        lerobot_episodes(root, "", None)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"episode_index": 1, "len', "line 2 is not JSON: Invalid control character"),
        ("[1]", r"line 2 is no episode, but \[1\]"),
        ("{}", "line 2 is no episode: it has no 'episode_index'"),
        ('{"episode_index": 1e999}', "line 2 is no episode: episode_index is inf, no whole"),
        ('{"episode_index": 1.5}', r"line 2 is no episode: episode_index is 1\.5, no whole"),
        ('{"episode_index": -1}', "line 2 is no episode: episode_index is -1, no whole"),
        ('{"episode_index": [1]}', r"line 2 is no episode: episode_index is \[1\], no whole"),
        ('{"episode_index": 1, "length": 1e999}', "line 2 is no episode: length is inf"),
        (f'{{"episode_index": 1, "length": 1{"0" * 400}}}', "line 2 is no episode: length is 1000"),
    ],
)
def test_lines_that_describe_no_episode_are_told(line, said, tmp_path):
    root = write_lerobot_v2(tmp_path, (2,))
    path = root / "meta" / "episodes.jsonl"
    path.write_text(f"{path.read_text()}{line}\n")
    with pytest.raises(UserError, match=rf"episodes\.jsonl: {said}"):
        lerobot_episodes(root, "", None)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"length": [float("inf")]}, "length is inf, no whole number"),
        ({"data/file_index": [None]}, "data/file_index is None, no whole number"),
        ({FROM: [float("nan")]}, f"{FROM} is nan, no number of seconds"),
        ({FROM: [float("inf")]}, f"{FROM} is inf, no number of seconds"),
    ],
)
def test_rows_that_describe_no_episode_are_told(change, said, tmp_path):
    root = write_lerobot_v3(tmp_path, (2,), write_no_film)
    path = root / "meta" / "episodes" / "chunk-000" / "file-000.parquet"
    write_table(path, parquet.read_table(path).to_pydict() | change)
    with pytest.raises(UserError, match=rf"record 0 \(from 0\) is no episode: {said}"):
        lerobot_episodes(root, "", None)


def test_a_path_that_no_file_can_have_takes_its_own_frame_alone(tmp_path):
    root = write_lerobot_v2(tmp_path, (3,))
    cells = pictures(0, 3).to_pylist()
    cells[1] = {"bytes": None, "path": "a" * 5_000 + ".png"}
    write_table(root / TABLE_V2, rows([3]) | {CAMERA: pa.array(cells)})
    (episode,) = lerobot_episodes(root, "", None)
    frames = list(episode.frames())
    assert levels(iter(frames)) == [0, None, 2]
    assert frames[1].problem.endswith("aaa.png: cannot be read: File name too long")
    assert len(frames[1].problem) < 300


@pytest.fixture
def decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{lerobot_episodes.__module__}.require_decoder", lambda path: None)


@pytest.mark.parametrize(
    "change",
    [
        lambda root: rewrite_meta(root, {FROM: [0.0, 0.2]}),
        lambda root: write_info(root, "v3.0", "video", fps=20),
        lambda root: replace_film(root),
    ],
)
def test_all_that_decides_which_frames_of_a_video_are_seen_is_in_its_mark(
    change, decoder, tmp_path
):
    root = write_lerobot_v3(tmp_path, (3, 2), write_no_film)
    before = lerobot_episodes(root, "", None)[1].fingerprint
    assert lerobot_episodes(root, "", None)[1].fingerprint == before
    change(root)
    assert lerobot_episodes(root, "", None)[1].fingerprint != before


def rewrite_meta(root: Path, change: dict) -> None:
    path = root / "meta" / "episodes" / "chunk-000" / "file-000.parquet"
    write_table(path, parquet.read_table(path).to_pydict() | change)


def replace_film(root: Path) -> None:
    """By another of the same size and time."""
    (path,) = root.glob("videos/*/*/*.mp4")
    kept = path.stat().st_mtime_ns
    path.write_bytes(b"other")
    os.utime(path, ns=(kept, kept))


def test_pictures_that_a_table_names_are_in_its_mark(tmp_path):
    root = write_lerobot_v2(tmp_path, (2,))
    (root / "images").mkdir()
    cells = pa.array([{"bytes": None, "path": f"{at}.png"} for at in range(2)])
    write_table(root / TABLE_V2, rows([2]) | {CAMERA: cells})
    found = []
    for contents in ((1, 2), (3, 4), (3, 2), (1, 2)):
        for at, shown in enumerate(contents):
            (root / "images" / f"{at}.png").write_bytes(png(shown))
        (episode,) = lerobot_episodes(root, "", None)
        assert levels(episode.frames()) == list(contents)
        found.append(episode.fingerprint)
    assert len(set(found)) == 3
    assert found[0] == found[3]


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

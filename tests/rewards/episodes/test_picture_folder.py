"""Folders of pictures as episodes."""

import os

import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.rewards.episodes.frame_range import FrameRange
from spatialvlm_jax.rewards.episodes.picture_folder import open_picture_folder, picture_files
from tests.rewards.episodes.written import levels, png, write_folder


def test_frames_come_by_their_numbers(tmp_path):
    episode = open_picture_folder(write_folder(tmp_path / "can", 12), 3)
    assert (episode.number, episode.name, episode.length) == (3, "can", 12)
    assert levels(episode.frames()) == list(range(12))
    assert levels(episode.frames()) == list(range(12))
    assert [frame.frame_index for frame in episode.frames()] == list(range(12))


def test_chosen_frames_keep_their_numbers_and_others_are_not_opened(tmp_path):
    folder = write_folder(tmp_path / "can", 6)
    (folder / "frame_5.png").write_bytes(b"")
    episode = open_picture_folder(folder, 0, FrameRange(2, 4))
    frames = list(episode.frames())
    assert (episode.length, episode.count()) == (3, 6)
    assert levels(iter(frames)) == [2, 3, 4]
    assert [frame.frame_index for frame in frames] == [2, 3, 4]
    assert open_picture_folder(folder, 0, FrameRange(4, 99)).length == 2
    with pytest.raises(UserError, match="can has 6 frames, .* none of --frames=6-7"):
        open_picture_folder(folder, 0, FrameRange(6, 7))


def test_a_changed_folder_has_another_fingerprint(tmp_path):
    folder = write_folder(tmp_path / "can", 3)
    before = open_picture_folder(folder, 0).fingerprint
    assert open_picture_folder(folder, 0).fingerprint == before
    (folder / "frame_3.png").write_bytes(png(3))
    assert open_picture_folder(folder, 0).fingerprint != before


def test_contents_tell_folders_apart_and_copies_are_the_same(tmp_path):
    one, other = write_folder(tmp_path / "a", 3), write_folder(tmp_path / "b", 3)
    for path in [*one.iterdir(), *other.iterdir()]:
        os.utime(path, ns=(5, 5))
    mark = open_picture_folder(one, 0).fingerprint
    assert open_picture_folder(other, 0).fingerprint == mark
    data = (other / "frame_1.png").read_bytes()
    (other / "frame_1.png").write_bytes(data[:-1] + b"?")
    os.utime(other / "frame_1.png", ns=(5, 5))
    assert open_picture_folder(other, 0).fingerprint != mark
    # Which frames are read is told by itself.
    assert open_picture_folder(one, 0, FrameRange(2, 2)).fingerprint == mark
    (other / "frame_0.png").rename(other / "frame_9.png")
    (other / "frame_1.png").write_bytes(data)
    assert open_picture_folder(other, 0).fingerprint != mark


def test_what_is_no_picture_is_left_out_or_told(tmp_path):
    folder = write_folder(tmp_path / "can", 3)
    (folder / "frame_1.png").write_bytes(png(1)[:60])
    (folder / "notes.txt").write_text("no picture")
    (folder / ".frame_9.png").write_bytes(png(9))
    (tmp_path / "outside.png").write_bytes(png(5))
    (folder / "frame_3.png").symlink_to(tmp_path / "outside.png")
    frames = list(open_picture_folder(folder, 0).frames())
    assert levels(iter(frames)) == [0, None, 2, None]
    assert frames[1].problem.startswith("frame_1.png: ")
    assert "leads out of the folder" in frames[3].problem


def test_names_without_numbers_and_with_many_are_ordered(tmp_path):
    for name in (
        "b10.png",
        "b9.png",
        "a.PNG",
        "9" * 100 + ".jpg",
        "01.png",
        "1.png",
        "1²3.png",
        "1①2.png",
    ):
        (tmp_path / name).write_bytes(b"")
    names = [path.name for path in picture_files(tmp_path)]
    assert names == [
        "01.png",
        "1.png",
        "1²3.png",
        "1①2.png",
        "9" * 100 + ".jpg",
        "a.PNG",
        "b9.png",
        "b10.png",
    ]


def test_a_folder_without_pictures_is_refused(tmp_path):
    with pytest.raises(UserError, match="no pictures in"):
        open_picture_folder(tmp_path, 0)

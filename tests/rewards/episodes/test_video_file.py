"""Videos of both codecs of LeRobot, alone and in data sets, with the faults of real ones."""

import builtins
import dataclasses
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from spatialvlm_jax import cli
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.rewards.episodes.frame_range import FrameRange
from spatialvlm_jax.rewards.episodes.lerobot_set import lerobot_episodes
from spatialvlm_jax.rewards.episodes.video_file import (
    VideoFrame,
    container_format,
    open_video,
    pictures_at,
    rising,
    upright,
    video_frames,
)
from tests.rewards.episodes.films import AV1, H264, film_writer, write_film
from tests.rewards.episodes.written import (
    FPS,
    gray,
    levels,
    write_folder,
    write_lerobot_v2,
    write_lerobot_v3,
)

video = pytest.mark.video
CODECS = pytest.mark.parametrize("codec", [H264, AV1])
LAYOUTS = pytest.mark.parametrize("write", [write_lerobot_v2, write_lerobot_v3])


@video
@CODECS
def test_a_video_is_an_episode(codec, tmp_path):
    write_film(tmp_path / "a.mp4", range(8), codec)
    episode = open_video(tmp_path / "a.mp4", 2)
    assert (episode.number, episode.name, episode.length) == (2, "a.mp4", 8)
    frames = list(episode.frames())
    assert levels(iter(frames)) == list(range(8))
    assert [frame.frame_index for frame in frames] == list(range(8))
    assert frames[0].index is None


@video
def test_chosen_frames_of_a_video_are_the_only_ones_that_are_converted(tmp_path, monkeypatch):
    write_film(tmp_path / "a.mp4", range(10))
    write_film(tmp_path / "b.mkv", range(4))
    converted: list[int] = []
    image = VideoFrame.image

    def counted(self):
        converted.append(round(self.seconds * FPS))
        return image(self)

    monkeypatch.setattr(VideoFrame, "image", counted)
    episode = open_video(tmp_path / "a.mp4", 0, FrameRange(3, 5))
    frames = list(episode.frames())
    assert (episode.length, episode.count()) == (3, 10)
    assert levels(iter(frames)) == [3, 4, 5]
    assert [frame.frame_index for frame in frames] == [3, 4, 5]
    assert converted == [3, 4, 5]
    # One that does not say how many frames it has.
    unknown = open_video(tmp_path / "b.mkv", 0, FrameRange(2, 9))
    assert (unknown.length, levels(unknown.frames())) == (None, [2, 3])
    with pytest.raises(UserError, match="a.mp4 has 10 frames, .* none of --frames=10-11"):
        open_video(tmp_path / "a.mp4", 0, FrameRange(10, 11))
    with pytest.raises(UserError, match="b.mkv has 4 frames, .* none of --frames=4-5"):
        list(open_video(tmp_path / "b.mkv", 0, FrameRange(4, 5)).frames())


@video
@LAYOUTS
def test_chosen_frames_of_a_data_set_with_videos_are_its_own(write, tmp_path):
    root = write(tmp_path, (3, 4, 4), film_writer())
    episodes = lerobot_episodes(root, "", None, FrameRange(1, 2))
    assert [levels(each.frames()) for each in episodes] == [[1, 2], [4, 5], [8, 9]]


@video
@CODECS
@LAYOUTS
def test_data_sets_with_videos_show_each_episode_its_own_frames(write, codec, tmp_path):
    root = write(tmp_path, (3, 4, 4), film_writer(codec))
    episodes = lerobot_episodes(root, "", None)
    found = [levels(each.frames()) for each in episodes]
    assert found == [[0, 1, 2], [3, 4, 5, 6], [7, 8, 9, 10]]
    assert [frame.index for frame in episodes[2].frames()] == [7, 8, 9, 10]


@video
@LAYOUTS
def test_a_folder_may_be_called_video(write, tmp_path):
    """info.json says videos/, and on disk it is video/."""
    root = write(tmp_path, (2, 3), film_writer(), videos="video")
    assert [levels(each.frames()) for each in lerobot_episodes(root, "", None)] == [
        [0, 1],
        [2, 3, 4],
    ]


@video
@LAYOUTS
@pytest.mark.parametrize("late", [0.04, -0.04])
def test_times_that_are_off_by_part_of_a_frame_mean_the_nearest(write, late, tmp_path):
    shifts = {"late": late} if late > 0 else {}
    root = write(tmp_path, (3, 4), film_writer(**shifts), shift=max(-late, 0.0))
    assert [levels(each.frames()) for each in lerobot_episodes(root, "", None)] == [
        [0, 1, 2],
        [3, 4, 5, 6],
    ]


@video
def test_times_that_are_off_by_more_are_told(tmp_path):
    root = write_lerobot_v2(tmp_path, (4,), film_writer(), shift=0.17)
    (episode,) = lerobot_episodes(root, "", None)
    frames = list(episode.frames())
    assert levels(iter(frames)) == [2, 3, None, None]
    said = frames[2].problem
    assert "has no frame at 0.3700 s: the nearest is at 0.3000 s" in said


@video
def test_times_pick_frames_in_one_pass(tmp_path):
    write_film(tmp_path / "a.mp4", range(10))
    wanted = np.array([0.0, 0.0, 0.31, math.nan, 0.5, 0.2, 0.9]) + 0.0
    found = list(pictures_at(tmp_path / "a.mp4", wanted, 0.5 / FPS))
    shown = [None if picture is None else round(picture.image.mean() / 20) for picture, _ in found]
    # The pass does not go back to 0.2 s.
    assert [None if each is None else each - each % 1 for each in shown][:3] == [0, 0, 3]
    assert shown[3] is None
    assert shown[5] is None
    assert "no time stamp says when it was" in found[3][1]
    assert "its time stamp, 0.2000 s, does not fit" in found[5][1]
    assert shown[6] is not None


@dataclasses.dataclass(frozen=True, eq=False)
class Shown:
    """As a `VideoFrame`, without a decoder."""

    seconds: float
    level: int

    def image(self) -> np.ndarray:
        return gray(self.level)


def shown_at(monkeypatch, times: Sequence[float], wanted: Sequence[float]) -> list:
    """What is found at these times in a video with a frame of each level: levels and problems."""

    def frames(path: Path, start: float = 0.0) -> Iterator[Shown]:
        return (Shown(seconds, level) for level, seconds in enumerate(times))

    monkeypatch.setattr("spatialvlm_jax.rewards.episodes.video_file.video_frames", frames)
    found = pictures_at(Path("a.mp4"), wanted, 0.05)
    return [
        problem if picture is None else round((picture.image.mean() - 10) / 20)
        for picture, problem in found
    ]


@pytest.mark.parametrize(
    ("damaged", "said"),
    [
        (math.nan, "a.mp4 has no frame for it: no time stamp says when it was"),
        (math.inf, "a.mp4 has no frame for it: its time stamp, inf s, does not fit between"),
        (1e18, "its time stamp, 1000000000000000000.0000 s, does not fit between"),
        (-1.0, "its time stamp, -1.0000 s, does not fit between those of its neighbours"),
    ],
)
def test_a_damaged_time_stamp_takes_its_own_frame_alone(damaged, said, monkeypatch):
    times = [0.0, 0.1, 0.2, 0.3, 0.4]
    one, problem, *rest = shown_at(monkeypatch, times, [0.0, damaged, 0.2, 0.3, 0.4])
    assert [one, *rest] == [0, 2, 3, 4]
    assert said in problem


def test_a_frame_of_a_video_without_a_time_hides_no_neighbour(monkeypatch):
    times = [0.0, math.nan, 0.2, 0.3]
    one, problem, *rest = shown_at(monkeypatch, times, [0.0, 0.1, 0.2, 0.3])
    assert [one, *rest] == [0, 2, 3]
    assert "a.mp4 has no frame at 0.1000 s: the nearest is at" in problem
    assert shown_at(monkeypatch, [math.nan], [0.0]) == [
        "a.mp4 has no frame at 0.0000 s: none has a time"
    ]


def test_times_that_do_not_fit_are_as_few_as_can_be():
    nan, inf = math.nan, math.inf
    assert rising([]) == []
    assert rising([0.0, 0.0, 0.1]) == [True, True, True]
    assert rising([0.0, 9.0, 0.1, nan, 0.2]) == [True, False, True, False, True]
    assert rising([5.0, -inf, 6.0, 1.0, 7.0, inf]) == [True, False, True, False, True, False]


@video
def test_a_video_that_is_cut_off_says_so_or_ends(tmp_path):
    whole, cut = tmp_path / "a.mkv", tmp_path / "cut.mkv"
    write_film(whole, range(10))
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    try:
        assert len(list(video_frames(cut))) < 10
    except UserError as error:
        assert "cannot be decoded" in str(error)


@video
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n", "none of the videos that are read"),
        (b"ffconcat version 1.0\nfile a.mp4\n", "none of the videos that are read"),
        (b"", "none of the videos that are read"),
        (b"\0\0\0\x18ftypisom" + bytes(300), "damaged|has no video"),
    ],
)
def test_what_leads_elsewhere_or_is_no_video_is_refused(content, said, tmp_path):
    (tmp_path / "a.mp4").write_bytes(content)
    with pytest.raises(UserError, match=said):
        open_video(tmp_path / "a.mp4", 0)


def test_without_pyav_the_extra_is_named(tmp_path, monkeypatch, capsys):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name == "av":
            raise ImportError("No module named 'av'")
        return real(name, *rest, **more)

    (tmp_path / "a.mp4").write_bytes(b"")
    robot = write_lerobot_v2(tmp_path / "robot", (2,), write_nothing)
    monkeypatch.setattr(builtins, "__import__", without)
    for path in (tmp_path / "a.mp4", robot):
        words = ["reward", str(path), "--goal=distance to the can", "--model=nowhere"]
        assert cli.main([*words, f"--out={tmp_path}/r.parquet"]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert f"{path}" in line
        assert ".mp4 is a video, which needs the extra 'video': run `make setup-video`" in line


def write_nothing(path: Path, first: int, count: int) -> None:
    path.parent.mkdir(parents=True)
    path.touch()


def test_containers_are_told_by_their_first_bytes():
    assert container_format(b"\0\0\0\x20ftypisom\0\0\0\0") == "mp4"
    assert container_format(b"\x1aE\xdf\xa3" + bytes(12)) == "matroska"
    assert container_format(b"RIFF\0\0\0\0AVI LIST") == "avi"
    assert container_format(b"RIFF\0\0\0\0WAVEfmt ") is None
    assert container_format(b"") is None


def test_pictures_are_turned_as_the_file_says():
    image = np.arange(6, dtype=np.uint8).reshape(2, 3, 1).repeat(3, -1)
    np.testing.assert_array_equal(upright(image, 90)[..., 0], [[2, 5], [1, 4], [0, 3]])
    np.testing.assert_array_equal(upright(image, -90)[..., 0], [[3, 0], [4, 1], [5, 2]])
    for degrees in (0, 360, 45):
        np.testing.assert_array_equal(upright(image, degrees), image)


@video
def test_the_command_takes_videos_beside_folders(tmp_path):
    from spatialvlm_jax.rewards.episodes.open_episodes import open_episodes

    write_film(Path(tmp_path / "a.webm"), range(3), AV1)
    episodes = open_episodes([tmp_path / "a.webm", write_folder(tmp_path / "b", 2)])
    assert [levels(each.frames()) for each in episodes] == [[0, 1, 2], [0, 1]]
    assert gray(0).shape == (64, 64, 3)

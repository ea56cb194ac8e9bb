"""From paths to episodes, whatever they are recorded as."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.rewards.episodes.episode import Episode
from spatialvlm_jax.rewards.episodes.frame_range import WHOLE, FrameRange, parse_range
from spatialvlm_jax.rewards.episodes.lerobot_set import lerobot_episodes
from spatialvlm_jax.rewards.episodes.picture_folder import open_picture_folder
from spatialvlm_jax.rewards.episodes.rlds_set import rlds_episodes
from spatialvlm_jax.rewards.episodes.video_file import VIDEO_SUFFIXES, open_video
from spatialvlm_jax.rewards.place_names import distinct_names

_MOST_EPISODES = 1_000_000


def open_episodes(
    paths: Sequence[Path],
    *,
    camera: str = "",
    split: str = "",
    numbers: Sequence[int] | None = None,
    chosen: FrameRange = WHOLE,
) -> list[Episode]:
    """The episodes at these places.

    Args:
      paths: folders of pictures and videos, one an episode, or one LeRobot or RLDS data set.
      camera, split, numbers: of a data set.
      chosen: frames of each episode that are meant.

    Raises:
      UserError: something is none of these, or there is no such camera, split, episode or frame.
    """
    sets = [path for path in paths if is_data_set(path)]
    if sets and len(paths) > 1:
        raise UserError(f"{sets[0]} is a data set with episodes of its own: name it alone")
    if not sets:
        if camera or split or numbers is not None:
            raise UserError("--camera, --split and --episodes are of data sets: leave them out")
        opened = [_open_one(path, number, chosen) for number, path in enumerate(paths)]
        named = zip(opened, distinct_names(paths), strict=True)
        return [dataclasses.replace(each, name=name) for each, name in named]
    (root,) = sets
    if (root / "meta" / "info.json").is_file():
        if split:
            raise UserError("--split is of RLDS data sets: choose by --episodes")
        found = lerobot_episodes(root, camera, numbers, chosen)
    else:
        found = rlds_episodes(root, camera, split, numbers, chosen)
    if not found:
        raise UserError(f"{root} has no episodes")
    return found


def is_data_set(path: Path) -> bool:
    """Whether a folder describes itself as a LeRobot or RLDS data set."""
    return (path / "meta" / "info.json").is_file() or (path / "dataset_info.json").is_file()


def _open_one(path: Path, number: int, chosen: FrameRange) -> Episode:
    if path.is_dir():
        return open_picture_folder(path, number, chosen)
    if not path.exists():
        raise UserError(f"{path} does not exist")
    if path.suffix.lower() in VIDEO_SUFFIXES:
        return open_video(path, number, chosen)
    raise UserError(
        f"{path} is no episode: name a folder of pictures, a video "
        f"({', '.join(sorted(VIDEO_SUFFIXES))}), or a LeRobot or RLDS data set"
    )


def parse_numbers(text: str) -> list[int]:
    """Numbers of episodes from "0-4,7".

    Raises:
      UserError: it says none, one twice, or too many.
    """
    numbers: list[int] = []
    for part in text.split(","):
        low, high = parse_range(part, "--episodes")
        if high - low >= _MOST_EPISODES:
            raise UserError(f"--episodes {part!r} is no range of up to {_MOST_EPISODES}")
        numbers += range(low, high + 1)
    if len(set(numbers)) < len(numbers):
        raise UserError(f"--episodes {text[:60]!r} names an episode twice")
    return numbers

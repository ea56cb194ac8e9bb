"""A picture of reward curves with key frames: one SVG file that needs nothing else."""

import dataclasses
import html
import itertools
from collections.abc import Mapping, Sequence

import numpy as np

from spatialvlm_jax.pages.data_uri import data_uri, smaller
from spatialvlm_jax.pages.svg import HEIGHT, LEFT, RIGHT, WIDTH, Axis, PlotArea, limits, text_at
from spatialvlm_jax.rewards.crop import WHOLE_FRAME, Crop
from spatialvlm_jax.rewards.episode_rewards import EpisodeRewards
from spatialvlm_jax.rewards.episodes.episode import Episode
from spatialvlm_jax.rewards.place_names import cut_name

KEY_FRAMES = 5
MOST_DRAWN = 6
_THUMB, _GAP, _TITLE = 66, 12, 26
_PANEL = _TITLE + HEIGHT + _THUMB + _GAP
_STYLE = """
svg { background: #fff; font: 13px system-ui, sans-serif; }
.axis { stroke: #444; fill: none; } .grid { stroke: #ddd; fill: none; }
.label { fill: #333; } .title { fill: #111; font-weight: 600; }
.band { fill: #2a6fdb; fill-opacity: .16; } .line { stroke: #2a6fdb; stroke-width: 2; fill: none; }
.read { fill: #2a6fdb; fill-opacity: .45; } .truth { stroke: #c2410c; stroke-dasharray: 5 4;
fill: none; stroke-width: 1.5; } .key { stroke: #888; fill: none; }
"""


def key_frames(count: int) -> list[int]:
    """Up to `KEY_FRAMES` of `count` frames, evenly spaced, the first and the last among them."""
    places = np.linspace(0, max(count - 1, 0), min(KEY_FRAMES, count)).round().astype(int)
    return sorted(set(places.tolist()))


@dataclasses.dataclass(frozen=True, eq=False)
class DrawnEpisode:
    """An episode to draw.

    pictures: place among its frames -> uint8[H, W, 3] of key frames, as far as they can be read.
    truth: float[N], metres, where it is known.
    """

    rewards: EpisodeRewards
    pictures: Mapping[int, np.ndarray]
    truth: np.ndarray | None = None


def with_key_frames(
    episode: Episode, rewards: EpisodeRewards, crop: Crop = WHOLE_FRAME
) -> DrawnEpisode:
    """An episode to draw, read once more for the part `crop` of its key frames."""
    wanted = key_frames(len(rewards.index))
    pictures = {}
    upto = wanted[-1] + 1 if wanted else 0
    for place, frame in enumerate(itertools.islice(episode.frames(), upto)):
        if place in wanted and frame.picture is not None:
            pictures[place] = smaller(crop.cut(frame.picture.image), 2 * _THUMB)
    return DrawnEpisode(rewards, pictures)


def draw_curves(episodes: Sequence[DrawnEpisode], goal: str) -> str:
    """The SVG of the distances of some episodes, one below the other.

    A line is the smoothed distance and its band one standard deviation, dots are readings of single
    frames, a dashed line is the truth where there is some; the line is broken where the model could
    not tell.
    """
    panels = []
    for place, episode in enumerate(episodes):
        shift = f'<g transform="translate(0 {place * _PANEL})">'
        panels.append(f"{shift}{_panel(episode)}</g>")
    height = _PANEL * len(episodes)
    title = html.escape(goal, quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
        f'height="{height}" role="img" aria-label="{title}"><title>{title}</title>'
        f"<style>{_STYLE}</style>{''.join(panels)}</svg>\n"
    )


def _panel(episode: DrawnEpisode) -> str:
    rewards = episode.rewards
    curve, frames = rewards.curve, rewards.frame_index.astype(np.float64)
    upper, lower = curve.distances + curve.spreads, curve.distances - curve.spreads
    shown = [curve.distances, rewards.read, upper]
    if episode.truth is not None:
        shown.append(episode.truth)
    top = limits(np.concatenate(shown).tolist())[1]
    first, last = (frames[0], frames[-1]) if len(frames) else (0.0, 1.0)
    area = PlotArea(
        Axis(float(first), max(float(last), first + 1.0), "frame", whole=True),
        Axis(0.0, top, "distance, m"),
    )
    known = [area.point(x, y) for x, y in zip(frames, rewards.read, strict=True) if y == y]
    parts = [
        text_at(LEFT, 17, cut_name(rewards.name, 53), "title", "start"),
        f'<g transform="translate(0 {_TITLE})">',
        *_bands(area, frames, lower, upper, curve.valid),
        area.axes(),
        "".join(f'<circle class="read" cx="{x:.1f}" cy="{y:.1f}" r="2"/>' for x, y in known),
        area.path(frames.tolist(), curve.distances.tolist(), "line"),
    ]
    if episode.truth is not None:
        parts.append(area.path(frames.tolist(), np.asarray(episode.truth).tolist(), "truth"))
    return "".join([*parts, *_thumbs(episode, area), "</g>"])


def _bands(
    area: PlotArea, frames: np.ndarray, lower: np.ndarray, upper: np.ndarray, valid: np.ndarray
) -> Sequence[str]:
    """One area for each run of frames that are valid."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], valid.astype(int), [0]])))
    found = []
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        run = frames[start:stop]
        bounds = [*upper[start:stop], *np.maximum(lower[start:stop], 0.0)[::-1]]
        found.append(area.path([*run, *run[::-1]], bounds, "band", close=True))
    return found


def _thumbs(episode: DrawnEpisode, area: PlotArea) -> Sequence[str]:
    """Key frames below the axis, each with a tick where it is."""
    found = []
    places = sorted(episode.pictures)
    step = (WIDTH - LEFT - RIGHT - _THUMB) / max(len(places) - 1, 1)
    for count, place in enumerate(places):
        picture, x = episode.pictures[place], LEFT + count * step
        height, width = picture.shape[:2]
        side = _THUMB / max(height, width)
        frame = int(episode.rewards.frame_index[place])
        at, _ = area.point(frame, area.y.low)
        y = HEIGHT + _GAP / 2
        found.append(f'<path class="key" d="M{at:.1f} {HEIGHT - 54}v6"/>')
        found.append(
            f'<image x="{x:.1f}" y="{y:.1f}" width="{width * side:.1f}" '
            f'height="{height * side:.1f}" href="{data_uri(picture, "jpeg")}"/>'
        )
        found.append(text_at(x + 3, y + 13, str(frame), "key-number", "start", _OUTLINED))
    return found


_OUTLINED = ' fill="#fff" stroke="#000" stroke-width="2.5" paint-order="stroke"'

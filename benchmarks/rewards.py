"""What rewards from a model are worth: curves of rendered episodes beside the exact distance.

    python benchmarks/rewards.py --episodes=100 --json=rewards.json
    python benchmarks/rewards.py --episodes=100 --crop --json=crop.json
    python benchmarks/rewards.py --episodes=100 --guarded --json=guarded.json
    python benchmarks/rewards.py --episodes=2 --write=runs/episodes --frames=60

A gripper approaches a thing on a table, grasps it, lifts it and carries it over another one. Each
episode has two curves: the distance between gripper and thing until it is grasped (approach), and
that between the thing and the other one from then on (carry). Both are compared with the exact
distance by rank (Spearman); a curve that says the same throughout counts 0. Episodes are held out:
their seed is drawn by no training.

Each curve is made in three ways of what is read: of answers, as the command does unless told
otherwise; of places, as by --by=places; and of places, told that the second thing stands still and,
while it carries, that the gripper holds the first, as by --still and --held-by.

Frames are read as by --there: what is asked about is in all episodes, and hidden by other things in
some of their frames. Places of what is hidden are not known; frames that are not valid by that are
left out of the comparison, of answers none. With --guarded they are read as `spatialvlm reward`
reads them unless told otherwise: what the model does not see makes a frame not valid, in however
many of an episode's frames that is. With --crop frames are rendered with twice the pixels a side,
and of each episode the smallest square is read that has gripper, thing and goal in all frames, as
whoever sets up a camera would say by --crop.

--write only renders, into folders with a picture a frame, and goals.json with goals and distances.
"""

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tqdm import tqdm

import spatialvlm_jax
from spatialvlm_jax.atomic_write import write_json, write_text
from spatialvlm_jax.inference.asked_rows import MOST_PICTURES
from spatialvlm_jax.inference.picture import CameraFacts, open_picture
from spatialvlm_jax.inference.scored_values import SCORED_VALUES
from spatialvlm_jax.rewards.asking import asking_frames
from spatialvlm_jax.rewards.crop import WHOLE_FRAME, Crop
from spatialvlm_jax.rewards.drawing import DrawnEpisode, draw_curves, key_frames
from spatialvlm_jax.rewards.episode_rewards import By, EpisodeRewards, RewardSettings, tells_places
from spatialvlm_jax.rewards.episodes.episode import EpisodeFrame
from spatialvlm_jax.rewards.frame_reading import FrameReading
from spatialvlm_jax.rewards.goal import Goal
from spatialvlm_jax.rewards.reading import AskFrames
from spatialvlm_jax.rewards.shaping import rank_correlation
from spatialvlm_jax.scene.records import Scene
from spatialvlm_jax.text_table import align_columns
from spatialvlm_jax.worlds.config import WorldConfig
from spatialvlm_jax.worlds.episodes import ManipulationEpisode, draw_episode, render_episode

SEED = 7_700
STAGES = ("approach", "carry")
WAYS = ("answers", "places", "told")  # of curves: from answers, from places, told what is still


@dataclasses.dataclass(frozen=True, eq=False)
class Goals:
    """Which two objects a stage brings together, its frames, and their exact distances."""

    pair: tuple[str, str]
    frames: np.ndarray
    truth: np.ndarray

    @property
    def text(self) -> str:
        return "distance between the {} and the {}".format(*self.pair)


@dataclasses.dataclass(frozen=True, eq=False)
class ReadCurve:
    """A curve and how it agrees with the exact distance."""

    stage: str
    way: str
    rewards: EpisodeRewards
    truth: np.ndarray
    images: np.ndarray

    @property
    def agreement(self) -> float:
        return rank_correlation(self.rewards.curve.distances, self.truth)


def goals_of(episode: ManipulationEpisode) -> dict[str, Goals]:
    """Of both stages."""
    is_held = np.array([phase in ("lift", "carry", "lower") for phase in episode.phases])
    before, after = np.flatnonzero(~is_held), np.flatnonzero(is_held)
    pairs = (episode.gripper, episode.target), (episode.target, episode.goal)
    return {
        "approach": Goals(pairs[0], before, episode.reach[before]),
        "carry": Goals(pairs[1], after, episode.carry[after]),
    }


def crop_around(episode: ManipulationEpisode, scenes: Sequence[Scene]) -> Crop:
    """The smallest square that has gripper, thing and goal in all pictures, all of one size, and a
    tenth of that around it."""
    captions = (episode.gripper, episode.target, episode.goal)
    boxes = np.array(
        [each.box for scene in scenes for each in scene.objects if each.caption in captions]
    )
    size = np.array(scenes[0].image.shape[1::-1], np.float64)
    low, high = boxes[:, :2].min(0), boxes[:, 2:].max(0)
    side = min(1.2 * (high - low).max(), size.min())
    corner = np.clip((low + high - side) / 2, 0, size - side)
    return Crop(*(corner / size).tolist(), *((corner + side) / size).tolist())


def read_curves(
    stage: str, name: str, goals: Goals, images: np.ndarray, ask: AskFrames, window: int
) -> list[ReadCurve]:
    """Asks about all frames of a stage; a curve of each of `WAYS`, or of answers alone where no
    places are told.

    Args:
      images: uint8[N, H, W, 3], those of its frames.
    """
    readings: list[FrameReading] = []
    for start in range(0, len(images), MOST_PICTURES):
        pictures = [open_picture(image) for image in images[start : start + MOST_PICTURES]]
        for picture, said in zip(pictures, ask(pictures), strict=True):
            readings.append(FrameReading.of(EpisodeFrame(len(readings), None, picture), said))
    curves = []
    for way in WAYS if tells_places(readings) else WAYS[:1]:
        things = {"answers": 0, "places": 2, "told": 3}[way]
        known = [dataclasses.replace(each, places=each.places[:things]) for each in readings]
        by: By = "answers" if way == "answers" else "places"
        settings = RewardSettings(window, still=way == "told", by=by)
        made = EpisodeRewards.of(0, name, known, 0, settings)
        curves.append(ReadCurve(stage, way, made, goals.truth, images))
    return curves


def figures(curves: Sequence[ReadCurve]) -> dict[str, Any]:
    """By way and stage, and in all: median and worst agreement, how many curves are below .3 and
    run backwards, and the median of relative errors."""
    found: dict[str, Any] = {}
    for way in dict.fromkeys(each.way for each in curves):
        found[way] = {}
        for stage in (*STAGES, "all"):
            chosen = [each for each in curves if each.way == way and stage in (each.stage, "all")]
            ranks = np.array([each.agreement for each in chosen])
            valid = np.concatenate([each.rewards.curve.valid for each in chosen])
            found[way][stage] = {
                "curves": len(chosen),
                "frames": len(valid),
                "valid": float(valid.mean()),
                "median": float(np.median(ranks)),
                "worst": float(ranks.min()),
                "below_30": int((ranks < 0.3).sum()),
                "backwards": int((ranks < 0).sum()),
                "median_relative_error": _median_error(chosen),
            }
    return found


def _median_error(curves: Sequence[ReadCurve]) -> float | None:
    """Of all distances that are known, relative to the exact ones."""
    both = [(each.rewards.curve, each.truth) for each in curves]
    errors = [np.abs(curve.distances / truth - 1)[curve.valid] for curve, truth in both]
    known = np.concatenate(errors)
    return float(np.median(known)) if known.size else None


def each_curve(curves: Sequence[ReadCurve]) -> list[dict[str, Any]]:
    """Of every curve what it is of, its agreement, and how much of it is known."""
    return [
        {
            "stage": each.stage,
            "way": each.way,
            "name": each.rewards.name,
            "agreement": each.agreement,
            "frames": len(each.truth),
            "valid": int(each.rewards.curve.valid.sum()),
        }
        for each in curves
    ]


def table(found: dict[str, Any]) -> list[str]:
    """Lines for people."""
    head = (
        *("read by", "stage", "curves", "valid"),
        *("Spearman, median", "worst", "below .3", "backwards", "median error"),
    )
    rows = [
        (
            way,
            stage,
            *(str(row["curves"]), _percent(row["valid"])),
            *(f"{row['median']:.3f}", f"{row['worst']:.2f}"),
            *(str(row["below_30"]), str(row["backwards"])),
            _percent(row["median_relative_error"]),
        )
        for way, stages in found.items()
        for stage, row in stages.items()
    ]
    return align_columns([head, *rows], rule=True)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f} %"


def write_episode(folder: Path, episode: ManipulationEpisode, images: Sequence[np.ndarray]) -> None:
    """A folder with a picture a frame, and beside it what is true of them."""
    folder.mkdir(parents=True, exist_ok=True)
    for place, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{place:06d}.png")
    told = {
        "phases": episode.phases,
        "goals": {
            stage: {
                "goal": goals.text,
                "frames": goals.frames.tolist(),
                "metres": goals.truth.tolist(),
            }
            for stage, goals in goals_of(episode).items()
        },
    }
    write_json(folder / "goals.json", told)


def picture(curves: Sequence[ReadCurve]) -> str:
    """Curves with the exact distance, as SVG."""
    drawn = [
        DrawnEpisode(
            each.rewards,
            {place: each.images[place] for place in key_frames(len(each.images))},
            each.truth,
        )
        for each in curves
    ]
    return draw_curves(drawn, "distances as read, and as they are (dashed)")


def _flags() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--episodes", type=int, default=16, help="default: %(default)s")
    parser.add_argument("--frames", type=int, default=48, help="of each; default: %(default)s")
    parser.add_argument("--model", default="small128", help="default: %(default)s")
    parser.add_argument("--wordings", type=int, default=4, help="default: %(default)s")
    help_text = "pass over frames where the model does not see the things, as `spatialvlm reward`"
    parser.add_argument("--guarded", action="store_true", help=help_text)
    help_text = (
        "look at the part that has gripper, thing and goal, of frames with four times the pixels"
    )
    parser.add_argument("--crop", action="store_true", help=help_text)
    parser.add_argument("--window", type=int, default=9, help="default: %(default)s")
    parser.add_argument("--image-size", type=int, default=128, help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=SEED, help="of the episodes")
    parser.add_argument("--write", type=Path, help="only render, into folders below this one")
    parser.add_argument("--picture", type=Path, help="draw the curves of an episode, as .svg")
    parser.add_argument("--draw", type=int, default=0, help="which episode; default: %(default)s")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    return parser


def main() -> None:
    args = _flags().parse_args()
    size = 2 * args.image_size if args.crop else args.image_size
    config = WorldConfig.preset("manipulation", image_size=size)
    model = None if args.write else spatialvlm_jax.load(args.model)
    curves: list[ReadCurve] = []
    for index in tqdm(range(args.episodes), unit="episode"):
        episode = draw_episode(config, args.seed, index, args.frames)
        scenes = render_episode(episode, config)
        crop = crop_around(episode, scenes) if args.crop else WHOLE_FRAME
        images = np.stack([crop.cut(scene.image) for scene in scenes])
        if model is None:
            write_episode(args.write / f"{index:03d}", episode, list(images))
            continue
        for stage, goals in goals_of(episode).items():
            holder = episode.gripper if stage == "carry" else ""
            ask = asking_frames(
                model,
                Goal.of(goals.text, held_by=holder),
                camera=CameraFacts(),
                wordings=args.wordings,
                scored_values=SCORED_VALUES,
                there=not args.guarded,
            )
            name = "episode {}: {} to {}".format(index, *goals.pair)
            curves += read_curves(stage, name, goals, images[goals.frames], ask, args.window)
    if not curves:
        return
    found = figures(curves)
    print("\n".join(table(found)))
    if args.picture:
        best = [each for each in curves if each.way == curves[-1].way]
        write_text(args.picture, picture(best[args.draw * len(STAGES) :][: len(STAGES)]))
    if args.json:
        write_json(args.json, {**found, "each": each_curve(curves)})


if __name__ == "__main__":
    main()

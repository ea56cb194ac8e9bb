"""`spatialvlm reward`: dense rewards for recordings of robots, by what a model sees."""

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spatialvlm_jax.flags import number, place, whole_number
from spatialvlm_jax.inference.asking_flags import add_camera_flags, add_model_flags

if TYPE_CHECKING:
    from spatialvlm_jax.rewards.crop import Crop
    from spatialvlm_jax.rewards.episode_rewards import EpisodeRewards
    from spatialvlm_jax.rewards.episodes.episode import Episode
    from spatialvlm_jax.rewards.episodes.frame_range import FrameRange

_DESCRIPTION = """\
Asks a model for a distance in every frame of one or several episodes, smooths what it says, and
writes a reward, its shaping and the progress of each frame as a parquet table that LeRobot's
trainings read.

EPISODE is a folder with a picture a frame, a video (extra `video`), a LeRobot data set (v2, v3) or
an RLDS data set in TFDS layout; of the first two there may be several. Frames where the model
cannot tell are marked, not guessed. Readings are kept beside the table: cut off and started again,
the same command goes on; with other --gamma, --window, --target or --still nothing is asked again.
A goal often holds for a part of an episode only: --frames says which. Say --still where what the
distance is from does not move, --held-by what holds the thing, and --there that all of it is in the
recording: they make curves truer. What matters is often a part of the picture only: a model that
looks at --crop sees it larger, and tells it better.
"""
_EPILOG = """\
examples:
  spatialvlm reward runs/episodes/001 --goal="distance between the gray gripper and the red mug" \\
    --frames=0-32 --still --there --out=runs/reward.parquet --picture=runs/reward.svg
  spatialvlm reward lerobot/pick_can --camera=observation.images.top --episodes=0-9 \\
    --goal="distance between the gripper and the can" --model=runs/mine --out=rewards.parquet
"""


def add_parser(subparsers: Any) -> None:
    """Adds the verb `reward`."""
    parser = subparsers.add_parser(
        "reward",
        help="dense rewards for episodes of robots",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("episodes_at", nargs="+", type=place, metavar="EPISODE", help="what was recorded")
    help_text = 'the distance that should become small, such as "distance between A and B"'
    add("--goal", required=True, metavar="TEXT", help=help_text)
    help_text = (
        "what holds the first thing that the goal names: it is read beside, as fingers hide what "
        "they hold"
    )
    add("--held-by", default="", metavar="THING", help=help_text)
    help_text = (
        "the second thing that the goal names does not move: it is where most frames have it"
    )
    add("--still", action="store_true", help=help_text)
    help_text = (
        "all that the goal names is there: where the model does not see it in some frames, it is "
        "hidden in those (unless said, frames where it is not seen are not valid)"
    )
    add("--there", action="store_true", help=help_text)
    help_text = "of each episode, the frames that the goal is of, from 0 on: 0-32, or 7 alone (all)"
    add("--frames", default="", metavar="A-B", help=help_text)
    help_text = (
        "look at this part of each frame, shares of its width and height such as 0.2,0.3,0.8,0.9; "
        "what is said of the camera stays that of the whole (0,0,1,1)"
    )
    add("--crop", default="0,0,1,1", metavar="LEFT,TOP,RIGHT,BOTTOM", help=help_text)
    add("--out", type=place, required=True, metavar="FILE", help="the table to write, .parquet")
    help_text = "also draw the curves of the first episodes with key frames, as .svg"
    add("--picture", type=place, metavar="FILE", help=help_text)
    add("--json", action="store_true", help="print one JSON object instead of a table")
    add_model_flags(add)
    _add_sets(parser.add_argument_group("data sets").add_argument)
    _add_reading(parser.add_argument_group("how frames are read").add_argument)
    _add_rewards(parser.add_argument_group("how rewards are made of it").add_argument)
    add_camera_flags(parser)


def _add_sets(add: Any) -> None:
    help_text = "the feature that holds the pictures, where a set has several"
    add("--camera", default="", metavar="KEY", help=help_text)
    add("--split", default="", metavar="NAME", help="of an RLDS set (train)")
    add("--episodes", default="", metavar="A-B,C", help="numbers of the episodes wanted (all)")


def _add_reading(add: Any) -> None:
    help_text = (
        "take distances from where the model holds the things to be, or from its answers; it tells "
        "places of distances between centers and from the camera (places with --still or "
        "--held-by, else answers)"
    )
    add("--by", default="auto", choices=("auto", "places", "answers"), help=help_text)
    help_text = "ask in up to N ways, both orders of the objects among them (4)"
    add("--wordings", type=whole_number(1, 6), default=4, metavar="N", help=help_text)
    help_text = "how many worded answers a distance is read from (96)"
    add("--scored-values", type=whole_number(32, 1_024), default=96, metavar="N", help=help_text)
    help_text = "a frame whose 90 %% interval spans a larger factor is not valid (8)"
    add("--max-spread", type=number(1.0, 1e6), default=8.0, metavar="FACTOR", help=help_text)
    help_text = "episodes that are read side by side (4)"
    add("--at-once", type=whole_number(1, 64), default=4, metavar="N", help=help_text)


def _add_rewards(add: Any) -> None:
    help_text = "frames that are smoothed over, an odd number; 1 smooths nothing (9)"
    add("--window", type=whole_number(1, 10_001), default=9, metavar="FRAMES", help=help_text)
    add("--gamma", type=number(1e-6, 1.0), default=0.99, help="discount of the shaping (0.99)")
    help_text = "the distance that is wished (0)"
    add("--target", type=number(0.0, 1e6), default=0.0, metavar="METRES", help=help_text)
    help_text = "how far from the target still counts as success (0.1)"
    add("--tolerance", type=number(0.0, 1e6), default=0.1, metavar="METRES", help=help_text)
    help_text = "last frames that must be that near to it (5)"
    add("--hold", type=whole_number(1, 1_000_000), default=5, metavar="FRAMES", help=help_text)


def run(args: argparse.Namespace) -> int:
    """Reads, smooths, writes and prints."""
    from spatialvlm_jax import progress
    from spatialvlm_jax.bounds import SettingError
    from spatialvlm_jax.errors import UserError
    from spatialvlm_jax.flags import check_suffix
    from spatialvlm_jax.rewards.crop import Crop
    from spatialvlm_jax.rewards.episode_rewards import RewardSettings, check_place
    from spatialvlm_jax.rewards.episodes.frame_range import WHOLE, FrameRange
    from spatialvlm_jax.rewards.episodes.open_episodes import open_episodes, parse_numbers
    from spatialvlm_jax.rewards.goal import Goal

    # What cannot be done is told before a model is loaded.
    check_suffix(args.out, "--out", ".parquet")
    check_place(args.out)
    if args.picture is not None:
        check_suffix(args.picture, "--picture", ".svg")
    if args.window % 2 == 0:
        raise UserError(f"--window={args.window}: take an odd number, {args.window + 1}")
    if args.there and args.unseen:
        raise UserError("--there goes by what the model sees, which --unseen does not ask: say one")
    chosen_settings = (args.gamma, args.target, args.tolerance, args.hold, args.still, args.by)
    try:
        settings = RewardSettings(args.window, *chosen_settings)
    except SettingError as error:
        raise UserError(f"--{error}") from None
    goal = Goal.of(args.goal, args.untaught, args.held_by, args.still)
    chosen = FrameRange.parse(args.frames) if args.frames else WHOLE
    crop = Crop.parse(args.crop)
    numbers = parse_numbers(args.episodes) if args.episodes else None
    with progress.waiting("looking at the recordings", "looked at them", quiet=args.json):
        episodes = open_episodes(
            args.episodes_at, camera=args.camera, split=args.split, numbers=numbers, chosen=chosen
        )
    rewards, origin = _read(args, goal, crop, episodes, chosen, settings)
    made = dataclasses.asdict(settings)
    _write(args, goal.text, crop, episodes, rewards, {**origin, **made})
    return 0


def _read(
    args: Any,
    goal: Any,
    crop: "Crop",
    episodes: "Sequence[Episode]",
    chosen: "FrameRange",
    settings: Any,
) -> tuple[Any, Any]:
    """The rewards of all episodes, and what they were made of."""
    from spatialvlm_jax.rewards.journal import Journal
    from spatialvlm_jax.storage.only_writer import only_writer

    folder = args.out.with_name(f"{args.out.name}.readings")
    with only_writer(folder):
        origin = _origin(args, goal, crop, chosen)
        sources = {str(each.number): each.fingerprint for each in episodes}
        journal = Journal(folder, {**origin, "episodes": sources})
        try:
            if any(each.number not in journal.finished for each in episodes):
                _ask_all(args, goal, crop, episodes, journal)
        finally:
            journal.close()
    return _rewards(episodes, journal, chosen, settings), origin


def _origin(args: Any, goal: Any, crop: "Crop", chosen: "FrameRange") -> dict[str, Any]:
    """All that readings depend on, beside the recordings."""
    import spatialvlm_jax
    from spatialvlm_jax.rewards.crop import WHOLE_FRAME

    camera = {
        "key": args.camera,
        "fov": args.fov,
        "height": args.camera_height,
        "pitch": args.pitch,
    }
    return {
        "goal": goal.text,
        "question": goal.question,
        "model": [str(args.model), *told_weights(args)],
        "wordings": args.wordings,
        "scored_values": args.scored_values,
        "max_spread": args.max_spread,
        "camera": {name: told for name, told in camera.items() if told not in ("", None)},
        "version": spatialvlm_jax.__version__,
        **{name: True for name in ("untaught", "unseen", "there") if getattr(args, name)},
        **({"split": args.split} if args.split else {}),
        **({"frames": str(chosen)} if chosen.is_part else {}),
        **({"crop": str(crop)} if crop != WHOLE_FRAME else {}),
        **({"question_of_holder": goal.of_holder} if goal.of_holder else {}),
        **({"by": "answers"} if goal.of_holder and args.by == "answers" else {}),
    }


def told_weights(args: Any) -> list[str]:
    """What tells the weights and the tokenizer at these places from others that may come there."""
    import spatialvlm_jax
    from spatialvlm_jax.foreign_files.fingerprints import fingerprint_file

    path = Path(args.model)
    if not path.exists():
        path = Path(spatialvlm_jax.__file__).parent / "assets" / f"{args.model}.safetensors"
    files = [path]
    if path.is_dir():
        files = sorted({*path.glob("*.safetensors"), *path.glob("*.json")})
        # The newest of these is asked; each is written once.
        files += sorted(path.glob("checkpoints/*"))
    files += [Path(args.tokenizer)] if args.tokenizer else []
    return [f"{file.name}: {fingerprint_file(file, file.is_file())}" for file in files]


def _ask_all(
    args: Any, goal: Any, crop: "Crop", episodes: "Sequence[Episode]", journal: Any
) -> None:
    from spatialvlm_jax import progress

    if not args.json:
        progress.begin_importing()
    from spatialvlm_jax.inference.asked_rows import MOST_PICTURES
    from spatialvlm_jax.inference.load import load_to_ask
    from spatialvlm_jax.inference.picture import CameraFacts
    from spatialvlm_jax.rewards.asking import asking_frames
    from spatialvlm_jax.rewards.reading import read_episodes

    progress.end_importing()
    with progress.waiting("loading the model", "loaded it", quiet=args.json):
        model = load_to_ask(args.model, args.tokenizer, args.untaught, args.unseen)
    ask = asking_frames(
        model,
        goal,
        camera=CameraFacts(args.fov, args.camera_height, args.pitch),
        crop=crop,
        max_spread=args.max_spread,
        wordings=args.wordings,
        scored_values=args.scored_values,
        by="places" if args.still else args.by,
        there=args.there,
    )
    lengths = [each.length for each in episodes]
    total = None if None in lengths else sum(length or 0 for length in lengths)
    bar = progress.bar(desc="reading", unit="frame", total=total, quiet=args.json)
    with bar:
        read_episodes(
            episodes,
            ask,
            journal,
            at_once=args.at_once,
            batch=MOST_PICTURES,
            advance=bar.update,
            tell=_tell,
        )


def _tell(line: str) -> None:
    import sys

    from spatialvlm_jax.errors import one_line

    print(f"spatialvlm reward: {one_line(line)}", file=sys.stderr)


def _rewards(
    episodes: "Sequence[Episode]", journal: Any, chosen: "FrameRange", settings: Any
) -> "Sequence[EpisodeRewards]":
    from spatialvlm_jax.rewards.episode_rewards import EpisodeRewards

    found: list[EpisodeRewards] = []
    first = 0
    for count, each in enumerate(episodes, 1):
        readings = journal.readings[each.number]
        found.append(EpisodeRewards.of(each.number, each.name, readings, first, settings))
        # Whole recordings are counted, whichever frames are read: the numbers stay the same.
        if not chosen.is_part:
            first += len(readings)
        elif count < len(episodes) and (not readings or readings[-1].index is None):
            first += each.count()
    return found


def _write(
    args: Any,
    goal: str,
    crop: "Crop",
    episodes: "Sequence[Episode]",
    rewards: "Sequence[EpisodeRewards]",
    origin: dict[str, Any],
) -> None:
    import json

    from spatialvlm_jax.atomic_write import write_text
    from spatialvlm_jax.errors import one_line
    from spatialvlm_jax.rewards.drawing import MOST_DRAWN, draw_curves, with_key_frames
    from spatialvlm_jax.rewards.episode_rewards import write_rewards
    from spatialvlm_jax.rewards.place_names import cut_name
    from spatialvlm_jax.text_table import align_columns

    write_rewards(args.out, rewards, origin)
    if args.picture is not None:
        both = zip(episodes[:MOST_DRAWN], rewards[:MOST_DRAWN], strict=True)
        drawn = [with_key_frames(*each, crop) for each in both]
        write_text(args.picture, draw_curves(drawn, goal))
    summaries = [each.summary() for each in rewards]
    if args.json:
        print(json.dumps({**origin, "out": str(args.out), "episodes": summaries}, indent=1))
        return
    head = ("episode", "frames", "valid", "first", "last", "monotonicity", "success")
    rows = [(cut_name(one_line(each["name"]), 40), *_figures(each)) for each in summaries]
    lines = [*align_columns([head, *rows], rule=True), "", *_doubts(summaries)]
    if args.held_by and args.by != "answers":
        lines += _by_answers(summaries)
    print("\n".join([*lines, str(args.out)]))


def _doubts(summaries: Sequence[dict[str, Any]]) -> Sequence[str]:
    """A line for each thing that was doubted in an episode, and an empty one behind them."""
    from spatialvlm_jax.errors import one_line
    from spatialvlm_jax.inference.spatial_answer import DOUBTED, HELD_PROBABLE
    from spatialvlm_jax.rewards.place_names import cut_name

    held = HELD_PROBABLE.format(f"less than {100 * DOUBTED:g} %")
    lines = [
        f"{cut_name(one_line(each['name']), 40)}: in {count} of {each['frames']} frames "
        f"{held}{one_line(thing)}"
        for each in summaries
        for thing, count in each["doubted"].items()
    ]
    return [*lines, ""] if lines else []


def _by_answers(summaries: Sequence[dict[str, Any]]) -> Sequence[str]:
    """A line for what was to be read by places and was not, and an empty one behind it."""
    count = sum(each["by"] == "answers" and each["valid"] > 0 for each in summaries)
    if not count:
        return []
    told = f"{count} of {len(summaries)} by answers"
    return [f"{told}: no places are told, of this goal or by this model", ""]


def _figures(summary: dict[str, Any]) -> Sequence[str]:
    lengths = (summary["first_m"], summary["last_m"])
    return (
        str(summary["frames"]),
        str(summary["valid"]),
        *("-" if length is None else f"{length:.2g} m" for length in lengths),
        "-" if summary["monotonicity"] is None else f"{summary['monotonicity']:.2f}",
        "yes" if summary["success"] else "no",
    )

"""From readings of an episode to its rewards, and the table that trainings read."""

import dataclasses
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np

from spatialvlm_jax.atomic_write import whole_file
from spatialvlm_jax.bounds import Range, SettingError, Settings, Share
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.rewards.frame_reading import FrameReading
from spatialvlm_jax.rewards.held import with_holder
from spatialvlm_jax.rewards.placed import placed_distances
from spatialvlm_jax.rewards.shaping import (
    distance_reward,
    has_succeeded,
    monotonicity,
    potential_shaping,
    progress,
)
from spatialvlm_jax.rewards.smoothing import Curve, smooth
from spatialvlm_jax.scene.object_values import SMALLEST_METRES

# Names by which LeRobot's trainings find frames and progress; then ours.
COLUMNS = (
    *("index", "episode_index", "frame_index", "progress_sparse"),
    *("distance_m", "std_m", "reward", "reward_shaped", "valid"),
)
_METADATA_KEY = b"spatialvlm"
NO_PLACES = (
    "no places are told, of this goal or by this model: leave --still and --by=places out. They "
    "are of distances between centers and from the camera, of names that are no words of the "
    "question, and told by models with dense targets (dense.weight)"
)


Frames = Annotated[int, Range(1, 1_000_000)]
Metres = Annotated[float, Range(0, 1e6)]
By = Literal["auto", "places", "answers"]


@dataclasses.dataclass(frozen=True)
class RewardSettings(Settings):
    """How readings become rewards.

    window: frames that are smoothed over, an odd number; 1 leaves readings as they are.
    gamma: discount of the shaping. target: wished distance, metres.
    tolerance, hold: an episode has succeeded if its last `hold` frames are at most `tolerance`
      metres away from that.
    still: what the distance is from does not move.
    by: what distances are read from, places that the model tells or its answers; "auto" takes
      places where something is known of them: what does not move, or what holds the thing.
    """

    window: Frames = 9
    gamma: Share = 0.99
    target: Metres = 0.0
    tolerance: Metres = 0.1
    hold: Frames = 5
    still: bool = False
    by: By = "auto"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.still and self.by == "answers":
            reason = "answers tell no places, by which something could stand still"
            raise SettingError("still", reason)

    @property
    def needs_places(self) -> bool:
        """Whether answers alone are not enough."""
        return self.still or self.by == "places"


@dataclasses.dataclass(frozen=True, eq=False)
class EpisodeRewards:
    """All that is known of an episode's N frames; NaN where the model could not tell.

    index, frame_index: int64[N]. read: float64[N], metres, before smoothing; with what holds the
      thing, where that was read, too. by_places: whether it comes from places.
    reward, shaped, progress: float64[N]. steadiness: `shaping.monotonicity`.
    doubted: what the model holds improbable to be in the picture, as "a red mug" -> in how many of
      the frames.
    """

    number: int
    name: str
    index: np.ndarray
    frame_index: np.ndarray
    read: np.ndarray
    by_places: bool
    curve: Curve
    reward: np.ndarray
    shaped: np.ndarray
    progress: np.ndarray
    has_succeeded: bool
    steadiness: float
    doubted: Mapping[str, int]

    @classmethod
    def of(
        cls,
        number: int,
        name: str,
        readings: Sequence[FrameReading],
        first_index: int,
        settings: RewardSettings,
    ) -> "EpisodeRewards":
        """From readings in the order of frames.

        Args:
          first_index: of the episode's frame 0 in the whole set, where that numbers no frames.

        Raises:
          UserError: places are needed, and answers were read alone.
        """
        if settings.needs_places:
            check_places(readings)
        by_places = is_by_places(readings, settings)
        read, spreads = _distances(readings, by_places, settings.still)
        counted = (
            first_index + each.frame_index if each.index is None else each.index
            for each in readings
        )
        curve = smooth(read, spreads, settings.window // 2)
        reward = distance_reward(curve.distances, settings.target)
        goal = settings.target, settings.tolerance, settings.hold
        return cls(
            number,
            name,
            np.array(list(counted), np.int64),
            np.array([each.frame_index for each in readings], np.int64),
            read,
            by_places,
            curve,
            reward,
            potential_shaping(reward, settings.gamma),
            progress(curve.distances, settings.target),
            has_succeeded(curve.distances, *goal),
            monotonicity(reward),
            Counter(thing for each in readings for thing in each.doubted),
        )

    def summary(self) -> dict[str, Any]:
        """For JSON and tables."""
        known = self.curve.distances[self.curve.valid]
        return {
            "episode_index": self.number,
            "name": self.name,
            "frames": len(self.index),
            "valid": int(self.curve.valid.sum()),
            "by": "places" if self.by_places else "answers",
            "first_m": _short(known[0]) if known.size else None,
            "last_m": _short(known[-1]) if known.size else None,
            "success": self.has_succeeded,
            "monotonicity": None if math.isnan(self.steadiness) else _short(self.steadiness),
            "doubted": dict(sorted(self.doubted.items())),
        }


def _distances(
    readings: Sequence[FrameReading], by_places: bool, still: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Of every frame, with standard deviations: float64[N], metres; NaN where there is none."""
    pairs = [
        (each.distance, each.spread, each.holder_distance, each.holder_spread) for each in readings
    ]
    distance, spread, *holder = np.array(pairs, np.float64).reshape(-1, 4).T
    if not by_places:
        return with_holder((distance, spread), (holder[0], holder[1]))
    things = max(len(each.places) for each in readings)
    nowhere = [(math.nan,) * 3] * things
    places = np.array([each.places or nowhere for each in readings], np.float64)
    # Whether it can be told at all, and how surely, is what the answer says. What is not told or
    # hidden is placed somewhere all the same, and no other frame goes by that. What hides a thing
    # hides much of its holder, too, which then is placed too badly to tell where it carries it.
    hidden = _hidden(readings, things)
    places[hidden] = np.nan
    places[np.isnan(distance) | hidden[:, 0]] = np.nan
    if things > 2:
        places[np.isnan(holder[0]), 2] = np.nan
    placed = np.maximum(placed_distances(places, still), SMALLEST_METRES)
    return placed, placed * (spread / distance)


def _hidden(readings: Sequence[FrameReading], things: int) -> np.ndarray:
    """bool[N, things]: which are doubted in a frame, and in fewer than half of all that were asked
    about: something is in front of them. What is doubted in more of them is there and hard to see,
    which sets no frame apart."""
    doubted = np.array([[k in each.hidden for k in range(things)] for each in readings], bool)
    asked = sum(bool(each.places) for each in readings)
    return doubted & (2 * doubted.sum(axis=0) < asked)


def tells_places(readings: Sequence[FrameReading]) -> bool:
    """Whether any place was told."""
    return any(math.isfinite(x) for each in readings for x, _, _ in each.places)


def is_by_places(readings: Sequence[FrameReading], settings: RewardSettings) -> bool:
    """Whether distances come from places."""
    wanted = settings.needs_places or any(len(each.places) > 2 for each in readings)
    return settings.by != "answers" and wanted and tells_places(readings)


def check_places(readings: Sequence[FrameReading]) -> None:
    """Raises UserError where distances were read, and places of things were not."""
    if any(math.isfinite(each.distance) for each in readings) and not tells_places(readings):
        raise UserError(NO_PLACES)


def _short(number: float) -> float:
    """With four significant digits."""
    return float(f"{number:.4g}")


def write_rewards(
    path: Path, episodes: Sequence[EpisodeRewards], origin: Mapping[str, Any]
) -> None:
    """Writes one row a frame, in the order of episodes and frames; unknown numbers are null.

    Args:
      origin: what was asked of which model; with the summaries of all episodes it is kept in the
        schema's metadata, as JSON under "spatialvlm".
    """
    import pyarrow as pa
    from pyarrow import parquet

    def joined(values: Sequence[np.ndarray], kind: Any) -> Any:
        whole = np.concatenate(list(values)) if values else np.zeros(0)
        missing = np.isnan(whole) if whole.dtype.kind == "f" else np.zeros(whole.shape, bool)
        return pa.array(np.where(missing, 0, whole).astype(kind), mask=missing)

    columns = (
        joined([each.index for each in episodes], np.int64),
        joined([np.full(len(each.index), each.number) for each in episodes], np.int64),
        joined([each.frame_index for each in episodes], np.int64),
        joined([each.progress for each in episodes], np.float32),
        joined([each.curve.distances for each in episodes], np.float32),
        joined([each.curve.spreads for each in episodes], np.float32),
        joined([each.reward for each in episodes], np.float32),
        joined([each.shaped for each in episodes], np.float32),
        joined([each.curve.valid for each in episodes], np.bool_),
    )
    table = pa.table(dict(zip(COLUMNS, columns, strict=True)))
    told = {**origin, "episodes": [each.summary() for each in episodes]}
    table = table.replace_schema_metadata({_METADATA_KEY: json.dumps(told).encode()})
    with whole_file(path) as temporary:
        parquet.write_table(table, temporary)


def check_place(path: Path) -> None:
    """Checks that `write_rewards` can name a table so, and replaces none but its own.

    Raises:
      UserError: what is there holds something else, such as frames of a data set; or the name is
        none in UTF-8, which libraries for parquet read.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise UserError(f"{str(path)!a} is no name in UTF-8: name another place") from None
    if path.exists() and not _is_replaced(path):
        raise UserError(
            f"{path} is no table of rewards, and is not written over: name another, or remove it"
        )


def _is_replaced(path: Path) -> bool:
    import pyarrow as pa
    from pyarrow import parquet

    if path.is_file() and not path.stat().st_size:
        return True
    try:
        return _METADATA_KEY in (parquet.read_schema(path).metadata or {})
    except (OSError, pa.ArrowException):
        return False


def read_origin(path: Path) -> dict[str, Any]:
    """What `write_rewards` has kept beside the rows."""
    from pyarrow import parquet

    return json.loads(parquet.read_schema(path).metadata[_METADATA_KEY])

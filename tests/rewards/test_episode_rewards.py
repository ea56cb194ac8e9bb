"""From readings to the table that trainings read."""

import math

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from spatialvlm_jax.bounds import SettingError
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.rewards.episode_rewards import (
    COLUMNS,
    EpisodeRewards,
    RewardSettings,
    check_place,
    check_places,
    read_origin,
    write_rewards,
)
from spatialvlm_jax.rewards.frame_reading import FrameReading

PLAIN = RewardSettings(window=1, gamma=0.5, tolerance=0.25, hold=1)


def rewards_of(distances, number=0, first=0, settings=PLAIN, indices=None) -> EpisodeRewards:
    readings = [
        FrameReading(place, None if indices is None else indices[place])
        if math.isnan(distance)
        else FrameReading(place, None if indices is None else indices[place], distance, 0.1)
        for place, distance in enumerate(distances)
    ]
    return EpisodeRewards.of(number, f"episode {number}", readings, first, settings)


def test_rewards_follow_from_distances():
    found = rewards_of([1.0, math.nan, 0.5, 0.25])
    np.testing.assert_array_equal(found.reward, [-1.0, math.nan, -0.5, -0.25])
    np.testing.assert_allclose(found.shaped, [math.nan, math.nan, 0.375, 0.0])
    np.testing.assert_array_equal(found.progress, [0.0, math.nan, 0.5, 0.75])
    assert found.has_succeeded
    assert found.steadiness == pytest.approx(1.0)
    assert found.summary() == {
        "episode_index": 0,
        "name": "episode 0",
        "frames": 4,
        "valid": 3,
        "by": "answers",
        "first_m": 1.0,
        "last_m": 0.25,
        "success": True,
        "monotonicity": 1.0,
        "doubted": {},
    }


def test_what_is_doubted_is_counted_by_thing():
    doubted = [("a red mug",), (), ("a gray gripper", "a red mug")]
    readings = [
        FrameReading(place, None, 0.5, 0.1, doubted=each) for place, each in enumerate(doubted)
    ]
    found = EpisodeRewards.of(0, "a", readings, 0, PLAIN)
    assert found.summary()["doubted"] == {"a gray gripper": 1, "a red mug": 2}


def placed(*places, answer=0.5, **fields) -> EpisodeRewards:
    """Readings with these places, all of one answer with a spread of a fifth of it."""
    readings = [
        FrameReading(number, None, answer, 0.2 * answer, places=each)
        for number, each in enumerate(places)
    ]
    return EpisodeRewards.of(0, "a", readings, 0, RewardSettings(window=1, **fields))


ORIGIN = (0.0, 0.0, 0.0)
NOWHERE = (math.nan,) * 3


def test_distances_come_from_places_where_they_are_told():
    places = [((3.0, 4.0, 0.0), ORIGIN), ((0.0, 0.0, 2.0), ORIGIN), ((1.0, 0.0, 0.0), NOWHERE)]
    found = placed(*places, by="places")
    np.testing.assert_allclose(found.read, [5.0, 2.0, math.nan])
    np.testing.assert_allclose(found.curve.spreads[:2], [1.0, 0.4])
    assert found.by_places
    assert found.summary()["by"] == "places"
    for settings in ({}, {"by": "answers"}):
        found = placed(*places, **settings)
        np.testing.assert_allclose(found.read, [0.5] * 3)
        assert found.summary()["by"] == "answers"
    # Most of the frames have the second thing there.
    np.testing.assert_allclose(placed(*places, still=True).read, [5.0, 2.0, 1.0])


def test_two_things_in_one_place_are_next_to_nothing_apart():
    found = placed((ORIGIN, ORIGIN), (ORIGIN, NOWHERE), by="places")
    np.testing.assert_allclose(found.read, [1e-3, math.nan])


def test_what_the_answer_cannot_tell_no_place_tells():
    unsure = placed(((3.0, 4.0, 0.0), ORIGIN), answer=math.nan, by="places")
    assert not unsure.curve.valid.any()
    # Nor does it tell of other frames where something stands.
    there, wrong = ((3.0, 4.0, 0.0), ORIGIN), ((0.0, 0.0, 0.0), (9.0, 9.0, 9.0))
    readings = [
        FrameReading(0, None, 0.5, 0.1, places=there),
        *(FrameReading(number, None, places=wrong) for number in (1, 2, 3)),
    ]
    found = EpisodeRewards.of(0, "a", readings, 0, RewardSettings(window=1, still=True))
    np.testing.assert_allclose(found.read, [5.0, *[math.nan] * 3])


def hidden_at_times(*hidden, **fields) -> list[float]:
    """Distances of frames in which these places are of something doubted, and are wrong."""
    places, wrong = ((3.0, 4.0, 0.0), ORIGIN, (3.0, 4.0, 1.0)), (9.0, 9.0, 9.0)
    readings = [
        FrameReading(
            number,
            None,
            *(0.5, 0.1, 0.1, 0.1),
            places=tuple(wrong if k in each else place for k, place in enumerate(places)),
            hidden=each,
        )
        for number, each in enumerate(hidden)
    ]
    settings = RewardSettings(window=1, by="places", **fields)
    found = EpisodeRewards.of(0, "a", readings, 0, settings)
    np.testing.assert_array_equal(found.curve.valid, np.isfinite(found.read))
    return found.read.tolist()


def test_what_is_hidden_in_some_frames_has_no_place_there():
    thing = [(0,), (), (0,), (), ()]
    np.testing.assert_allclose(hidden_at_times(*thing), [math.nan, 5, math.nan, 5, 5])
    other = [(1,), (), (), (1,), ()]
    np.testing.assert_allclose(hidden_at_times(*other), [math.nan, 5, 5, math.nan, 5])
    np.testing.assert_allclose(hidden_at_times(*other, still=True), [5] * 5)
    holder = [(2,), (), (), (2,), ()]
    np.testing.assert_allclose(hidden_at_times(*holder), [5] * 5)


def test_what_is_doubted_in_most_frames_is_there():
    found = hidden_at_times((1,), (1,), (1,), (), ())
    away = math.dist((3.0, 4.0, 0.0), (9.0, 9.0, 9.0))
    np.testing.assert_allclose(found, [away, away, away, 5, 5])
    np.testing.assert_allclose(hidden_at_times((1,), ()), [away, 5])
    # Frames that could not be read tell nothing of it.
    known = ((3.0, 4.0, 0.0), ORIGIN)
    readings = [
        *(FrameReading(number, None, 0.5, 0.1, places=known, hidden=(0,)) for number in range(2)),
        *(FrameReading(number, None) for number in range(2, 6)),
    ]
    unread = EpisodeRewards.of(0, "a", readings, 0, RewardSettings(window=1, by="places"))
    np.testing.assert_allclose(unread.read, [5, 5, *[math.nan] * 4])


def test_a_holder_that_is_not_seen_carries_nothing():
    thing, held = (1.0, 0.0, 0.0), (1.0, 0.0, 2.0)
    beside = [0.4, math.nan, 0.4]
    readings = [
        FrameReading(number, None, 0.5, 0.1, told, 0.1, (), (thing, ORIGIN, holder))
        for number, (told, holder) in enumerate(zip(beside, (held, thing, held), strict=True))
    ]
    found = EpisodeRewards.of(0, "a", readings, 0, RewardSettings(window=1))
    np.testing.assert_allclose(found.read, [1.0, 1.0, 1.0])


def test_places_that_are_nowhere_leave_the_answers():
    found = placed((NOWHERE, NOWHERE), (NOWHERE, NOWHERE))
    assert not found.by_places
    np.testing.assert_allclose(found.read, [0.5, 0.5])


def test_places_that_are_wanted_and_not_told_are_an_error():
    check_places([FrameReading(0, None)])
    check_places([FrameReading(0, None, 0.5, 0.1, places=(ORIGIN, ORIGIN))])
    with pytest.raises(UserError, match="leave --still and --by=places out"):
        check_places([FrameReading(0, None, 0.5, 0.1)])
    with pytest.raises(UserError, match="no places are told"):
        rewards_of([0.5], settings=RewardSettings(still=True))
    with pytest.raises(SettingError, match="still: answers tell no places"):
        RewardSettings(still=True, by="answers")


@pytest.mark.parametrize(
    ("distances", "monotonicity"),
    [
        (np.linspace(0.171, 0.264, 12), -1.0),
        ([*np.linspace(0.5, 1.5, 25), *np.linspace(1.4, 0.45, 5)], -0.596),
        ([0.5, 0.45, *np.linspace(0.5, 1.5, 28)], -0.9992),
    ],
)
def test_monotonicity_is_below_0_where_a_curve_moves_away_from_its_first_distance(
    distances, monotonicity
):
    assert rewards_of(distances).summary()["monotonicity"] == monotonicity


@pytest.mark.parametrize(("target", "monotonicity"), [(0.0, -1.0), (0.5, 1.0), (0.3, 0.4)])
def test_monotonicity_goes_by_how_far_the_target_is(target, monotonicity):
    settings = RewardSettings(window=1, target=target)
    # From 0.3 m these are 0.2, 0.1, 0.05 and 0.15 m away.
    found = rewards_of([0.1, 0.2, 0.35, 0.45], settings=settings)
    assert found.summary()["monotonicity"] == monotonicity


def test_nothing_is_said_of_an_episode_that_cannot_be_told():
    found = rewards_of([math.nan, math.nan])
    assert not found.has_succeeded
    assert found.summary()["first_m"] is None
    assert found.summary()["monotonicity"] is None
    assert rewards_of([]).summary()["frames"] == 0


def test_the_table_joins_back_to_every_frame(tmp_path):
    first = rewards_of([1.0, math.nan, 0.5], number=0, first=0)
    second = rewards_of([0.5, 0.25], number=1, first=3)
    write_rewards(tmp_path / "r.parquet", [first, second], {"goal": "distance to the can"})
    table = parquet.read_table(tmp_path / "r.parquet")
    assert tuple(table.column_names) == COLUMNS
    assert [str(each) for each in table.schema.types[:5]] == ["int64"] * 3 + ["float"] * 2
    frames = pa.table(
        {"episode_index": [0, 0, 0, 1, 1], "frame_index": [0, 1, 2, 0, 1], "action": range(5)}
    )
    joined = frames.join(table, ["episode_index", "frame_index"]).sort_by("index")
    assert joined["index"].to_pylist() == [0, 1, 2, 3, 4]
    assert joined["action"].to_pylist() == [0, 1, 2, 3, 4]
    assert table["valid"].to_pylist() == [True, False, True, True, True]
    assert table["progress_sparse"].to_pylist() == [0.0, None, 0.5, 0.0, 0.5]
    assert table["distance_m"].to_pylist() == [1.0, None, 0.5, 0.5, 0.25]
    assert table["reward"].to_pylist() == [-1.0, None, -0.5, -0.5, -0.25]
    assert table["std_m"].null_count == table["reward_shaped"].null_count - 1 == 1
    origin = read_origin(tmp_path / "r.parquet")
    assert origin["goal"] == "distance to the can"
    assert [each["frames"] for each in origin["episodes"]] == [3, 2]


def test_frames_keep_the_numbers_of_their_set(tmp_path):
    found = rewards_of([1.0, 0.5], number=7, indices=[70, 71])
    write_rewards(tmp_path / "r.parquet", [found], {})
    table = parquet.read_table(tmp_path / "r.parquet")
    assert table["index"].to_pylist() == [70, 71]
    assert table["episode_index"].to_pylist() == [7, 7]


def test_an_empty_table_has_its_columns(tmp_path):
    write_rewards(tmp_path / "r.parquet", [], {})
    assert tuple(parquet.read_table(tmp_path / "r.parquet").column_names) == COLUMNS


def test_a_table_replaces_none_but_its_own(tmp_path):
    check_place(tmp_path / "nothing.parquet")
    write_rewards(tmp_path / "own.parquet", [rewards_of([1.0])], {})
    check_place(tmp_path / "own.parquet")
    parquet.write_table(pa.table({"action": [1]}), tmp_path / "frames.parquet")
    (tmp_path / "text.parquet").write_text("PAR1 it is not")
    (tmp_path / "empty.parquet").touch()
    check_place(tmp_path / "empty.parquet")
    (tmp_path / "folder.parquet").mkdir()
    (tmp_path / "link.parquet").symlink_to("frames.parquet")
    for name in ("frames", "text", "folder", "link"):
        with pytest.raises(UserError, match=f"{name}.parquet is no table of rewards, and is not"):
            check_place(tmp_path / f"{name}.parquet")


def test_a_table_is_named_in_utf_8(tmp_path):
    with pytest.raises(UserError, match=r"a.udcff.parquet' is no name in UTF-8: name another"):
        check_place(tmp_path / "a\udcff.parquet")

"""Readings on disk: kept, gone on with, and refused where they are of something else."""

import math
from pathlib import Path

import hypothesis
import hypothesis.strategies as st
import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.rewards.frame_reading import FrameReading
from spatialvlm_jax.rewards.journal import Journal

HEAD = {"goal": "distance to the can", "episodes": {"0": "a", "1": "b"}}


def begun(folder: Path) -> Path:
    journal = Journal(folder, HEAD)
    journal.add([(0, FrameReading(0, 7, 0.5, 0.1)), (1, FrameReading(0, None))])
    journal.add([(0, FrameReading(1, 8, 0.25, 0.0))])
    journal.finish(1)
    journal.close()
    return folder / "readings.jsonl"


def keep(folder: Path, reading: FrameReading) -> dict[int, list[FrameReading]]:
    """Writes the one reading of episode 0, and tells what is to be there again."""
    journal = Journal(folder, HEAD)
    journal.add([(0, reading)])
    journal.close()
    return {0: [reading]}


def read_again(folder: Path) -> Journal:
    """As the next run finds it."""
    journal = Journal(folder, HEAD)
    journal.close()
    return journal


def test_what_was_read_is_there_again(tmp_path):
    path = begun(tmp_path)
    before = path.read_text()
    journal = read_again(tmp_path)
    assert journal.readings[0] == [FrameReading(0, 7, 0.5, 0.1), FrameReading(1, 8, 0.25, 0.0)]
    (unread,) = journal.readings[1]
    assert math.isnan(unread.distance)
    assert journal.finished == {1}
    assert path.read_text().splitlines()[0] == before.splitlines()[0]


def test_an_episode_without_frames_is_finished_too(tmp_path):
    journal = Journal(tmp_path, HEAD)
    journal.finish(5)
    journal.close()
    again = read_again(tmp_path)
    assert again.readings == {5: []}


def test_a_line_that_was_cut_off_is_read_again(tmp_path):
    path = begun(tmp_path)
    path.write_bytes(path.read_bytes()[:-3] + b"")
    journal = read_again(tmp_path)
    assert journal.finished == set()
    assert len(journal.readings[0]) == 2
    assert path.read_bytes().endswith(b"]\n")


def test_lines_that_are_missing_are_told(tmp_path):
    path = begun(tmp_path)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:2], *lines[3:]]) + "\n")
    with pytest.raises(UserError, match=r"readings\.jsonl: line 4 is damaged"):
        Journal(tmp_path, HEAD)


def test_readings_of_another_layout_are_refused(tmp_path):
    path = begun(tmp_path)
    path.write_text(path.read_text().replace('"layout": 2', '"layout": 1'))
    with pytest.raises(UserError, match="layout: another version of this program kept them"):
        Journal(tmp_path, HEAD)


def test_another_question_or_recording_is_refused(tmp_path):
    begun(tmp_path)
    with pytest.raises(UserError, match=r"something else \(goal\): name another --out"):
        Journal(tmp_path, HEAD | {"goal": "distance to the mug"})
    said = r"\(episodes: files of theirs have changed, or others are named; more\): name"
    with pytest.raises(UserError, match=said):
        Journal(tmp_path, {"goal": HEAD["goal"], "episodes": {}, "more": 1})


def test_what_nothing_was_read_for_is_begun_anew(tmp_path):
    Journal(tmp_path, HEAD | {"crop": "0,0,0.01,1"}).close()
    kept = keep(tmp_path, FrameReading(0, None, 0.5, 0.1))
    assert read_again(tmp_path).readings == kept


@pytest.mark.parametrize(
    "line",
    [
        *("[0, 1]", "[0]", "{}", "3", '["a"]', "[0, 2, 2, -0.5, 0.1]", "[0, 2.5, null, 1, 1]"),
        "[true]",
        *('{"a": 1}', '"a"', "[]", "null", f"[{2**62}]", "[0, 2, -1, 1, 1]"),
        *("[0, 2, 2, 1e999, 0.1]", "[0, 2, 2, 0.5, 1e999]", "[0, 2, 2, 0.5, 0.1, -1e999, 0.1]"),
        *("[0, 2, 2, 0.5, 0.1, [3]]", '[["a"], 1]', '[0, 2, 2, ["a red mug"]]'),
        *('[0, 2, 2, 0.5, 0.1, "a red mug"]', "[[]]"),
        *('[0, 2, 2, 0.5, 0.1, {"places": [[1, 2, 3]]}]', "[0, 2, 2, 0.5, 0.1, {}]"),
        *('[0, 2, 2, 0.5, 0.1, {"places": [[1, 2], null]}]', '[0, 2, 2, {"places": [null, null]}]'),
        *('[0, 2, 2, 0.5, 0.1, {"places": [[1, 2, "3"], null]}]', '[0, 2, 2, 1, 1, {"places": 3}]'),
        '[0, 2, 2, 0.5, 0.1, {"places": [[1, 2, 3], [1, 2, 3], [1, 2, 3]]}]',
        *('[0, 2, 2, 0.5, 0.1, {"places": [[1, 2, 1e308], null]}]', '[0, 2, {"places": [null]}]'),
        '[0, 2, 2, 0.5, 0.1, {"places": [null, [1, 2, 3]], "hidden": [2]}]',
        '[0, 2, 2, 0.5, 0.1, {"places": [null, [1, 2, 3]], "hidden": 0}]',
        '[0, 2, 2, 0.5, 0.1, {"places": [null, [1, 2, 3]], "hiden": [0]}]',
        '[0, 2, 2, 0.5, 0.1, {"places": []}]',
        *("[1, 1, null, 1, 1]", "[1, 1]", "[0, 1, 2, 0.5, 0.1]", "[0, 0, 2, 0.5, 0.1]"),
        *('[0, 2, 2, "0.5", 0.1]', "[0, 2, 2, true, 0.1]", f"[0, 2, 2, 1{'0' * 400}, 0.1]"),
    ],
)
def test_lines_that_are_no_readings_are_refused(line, tmp_path):
    path = begun(tmp_path)
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(UserError, match=r"readings\.jsonl: line 6 is damaged"):
        Journal(tmp_path, HEAD)


@pytest.mark.parametrize("index", [0, 2**62 - 1])
def test_whatever_number_a_set_may_give_a_frame_is_there_again(index, tmp_path):
    kept = keep(tmp_path, FrameReading(0, index, 0.5, 0.1))
    assert read_again(tmp_path).readings == kept


def test_what_was_doubted_is_there_again(tmp_path):
    doubted = ("a gray gripper", "a red mug")
    rows = [
        FrameReading(0, None, 0.5, 0.1, doubted=doubted),
        FrameReading(1, None, 0.5, 0.1, 0.25, 0.0, doubted),
    ]
    journal = Journal(tmp_path, HEAD)
    journal.add([(0, each) for each in rows])
    journal.close()
    again = read_again(tmp_path)
    assert repr(again.readings[0]) == repr(rows)
    assert (tmp_path / "readings.jsonl").read_text().splitlines()[1:] == [
        '[0, 0, null, 0.5, 0.1, ["a gray gripper", "a red mug"]]',
        '[0, 1, null, 0.5, 0.1, 0.25, 0.0, ["a gray gripper", "a red mug"]]',
    ]


def test_places_are_there_again(tmp_path):
    (tmp_path / "held").mkdir()
    nowhere, there = (math.nan,) * 3, (0.1, 0.9, -0.25)
    rows = [
        FrameReading(0, None, 0.5, 0.1, places=(there, nowhere)),
        FrameReading(1, 8, places=(nowhere, there), hidden=(0,)),
        FrameReading(1, 7, 0.5, 0.1, 0.25, 0.0, ("a red mug",), (there, there, nowhere)),
    ]
    journal = Journal(tmp_path, HEAD)
    journal.add([(0, each) for each in rows[:2]])
    journal.close()
    assert repr(read_again(tmp_path).readings[0]) == repr(rows[:2])
    held = HEAD | {"question_of_holder": "how far is the hand?"}
    journal = Journal(tmp_path / "held", held)
    journal.add([(0, rows[2])])
    journal.close()
    again = Journal(tmp_path / "held", held)
    again.close()
    assert repr(again.readings[0]) == repr(rows[2:])
    assert (tmp_path / "readings.jsonl").read_text().splitlines()[1:] == [
        '[0, 0, null, 0.5, 0.1, {"places": [[0.1, 0.9, -0.25], null]}]',
        '[0, 1, 8, null, null, {"places": [null, [0.1, 0.9, -0.25]], "hidden": [0]}]',
    ]


def test_a_file_of_something_else_is_refused(tmp_path):
    (tmp_path / "readings.jsonl").write_text("hello\n")
    with pytest.raises(UserError, match="begun for something else"):
        Journal(tmp_path, HEAD)


@hypothesis.given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.one_of(
                st.none(),
                st.tuples(st.floats(1e-6, 1e6), st.floats(0, 1e6)),
                st.tuples(*[st.floats(1e-6, 1e6), st.floats(0, 1e6)] * 2),
                st.tuples(*[st.just(math.nan)] * 2, st.floats(1e-6, 1e6), st.floats(0, 1e6)),
            ),
        ),
        max_size=12,
    )
)
@hypothesis.settings(
    deadline=None,
    max_examples=25,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
def test_any_readings_are_there_again(tmp_path, rows):
    (tmp_path / "readings.jsonl").unlink(missing_ok=True)
    journal = Journal(tmp_path, HEAD)
    for place, (episode, told) in enumerate(rows):
        journal.add([(episode, FrameReading(place, None, *(told or ())))])
    journal.close()
    again = read_again(tmp_path)
    assert repr(again.readings) == repr(journal.readings)

"""Several episodes read side by side by a model whose answers are known."""

import math

import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.rewards.episodes.episode import Episode
from spatialvlm_jax.rewards.frame_reading import FrameReading
from spatialvlm_jax.rewards.journal import Journal
from spatialvlm_jax.rewards.reading import read_episodes
from tests.rewards.known import KnownModel, episode_of

HEAD = {"goal": "?"}


def read(episodes, model, folder, *, at_once=2, batch=4):
    """The journal, frames that were counted, and lines that were told."""
    counted: list[int] = []
    told: list[str] = []
    journal = Journal(folder, HEAD)
    try:
        read_episodes(
            *(episodes, model.ask, journal),
            at_once=at_once,
            batch=batch,
            advance=counted.append,
            tell=told.append,
        )
    finally:
        journal.close()
    return journal, sum(counted), told


def distances(journal: Journal, number: int) -> list[float]:
    return [round(each.distance, 3) for each in journal.readings[number]]


def test_each_frame_is_decoded_and_asked_once_in_full_batches(tmp_path):
    passes: list[int] = []
    grays = ([250, 200, 150, 100, 50], [25, 50], [125, 100, 75, 50])
    episodes = [episode_of(number, each, passes) for number, each in enumerate(grays)]
    model = KnownModel()
    journal, counted, told = read(episodes, model, tmp_path)
    assert distances(journal, 0) == [1.0, 0.8, 0.6, 0.4, 0.2]
    assert distances(journal, 1) == [0.1, 0.2]
    assert distances(journal, 2) == [0.5, 0.4, 0.3, 0.2]
    assert journal.finished == {0, 1, 2}
    assert (counted, len(passes), told) == (11, 11, [])
    assert max(model.batches) == 4
    assert sum(model.batches) == 11
    assert len(model.batches) <= 5
    # The first two go on alike; the third begins when one of them has ended.
    assert passes[:4] == [0, 1, 0, 1]


def test_frames_without_a_picture_or_an_answer_are_no_readings(tmp_path):
    episode = episode_of(0, [250, None, 0, None, 125], [])
    model = KnownModel()
    journal, counted, told = read([episode], model, tmp_path)
    found = [each.distance for each in journal.readings[0]]
    assert [math.isnan(each) for each in found] == [False, True, True, True, False]
    assert sum(model.batches) == 3
    assert counted == 5
    assert told == ["episode 0: frame 1 is damaged; such frames are not valid"]


def test_it_goes_on_where_it_was_cut_off(tmp_path):
    grays = [250, 200, 150, 100, 50, 25]
    passes: list[int] = []
    whole = [episode_of(0, [125], passes), episode_of(1, grays, passes)]

    class Stopped(KnownModel):
        def ask(self, pictures):
            if len(self.batches) == 2:
                raise KeyboardInterrupt
            return super().ask(pictures)

    with pytest.raises(KeyboardInterrupt):
        read(whole, Stopped(), tmp_path, batch=2)
    passes.clear()
    model = KnownModel()
    journal, counted, _ = read(whole, model, tmp_path, batch=2)
    assert distances(journal, 1) == [1.0, 0.8, 0.6, 0.4, 0.2, 0.1]
    # Three frames of it were kept; the finished episode is not opened again.
    assert sum(model.batches) == 3
    assert 0 not in passes
    assert counted == 7
    again = KnownModel()
    assert read(whole, again, tmp_path)[1] == 7
    assert again.batches == []


def test_what_was_read_before_a_recording_breaks_is_kept(tmp_path):
    def broken():
        yield from episode_of(0, [250, 200], []).frames()
        raise UserError("the video ends here")

    episode = Episode(0, "broken", None, "x", broken, lambda: 2)
    with pytest.raises(UserError, match="ends here"):
        read([episode], KnownModel(), tmp_path, batch=1)
    journal = Journal(tmp_path, HEAD)
    journal.close()
    assert distances(journal, 0) == [1.0, 0.8]
    assert journal.finished == set()


@pytest.mark.parametrize("left", [(0, 2), (1, 2)])
def test_readings_that_are_not_the_first_ones_are_not_gone_on_with(tmp_path, left):
    grays = [250, 200, 150, 100]
    journal = Journal(tmp_path, HEAD)
    journal.add([(0, FrameReading(number, None, 0.5, 0.1)) for number in left])
    journal.close()
    with pytest.raises(UserError, match=r"readings of .* are missing or changed: remove it"):
        read([episode_of(0, grays, [])], KnownModel(), tmp_path)

"""Which frames of an episode are meant, and what is told where there are none."""

import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.rewards.episodes.frame_range import WHOLE, FrameRange


def test_both_ends_are_meant_and_an_end_beyond_is_the_end():
    assert FrameRange.parse("2-4") == FrameRange(2, 4)
    assert FrameRange.parse("3") == FrameRange(3, 3)
    assert FrameRange(2, 4).part_of(10, "can") == 3
    assert FrameRange(2, 400).part_of(10, "can") == 8
    assert (WHOLE.part_of(10, "can"), WHOLE.part_of(0, "can")) == (10, 0)
    assert [each.is_part for each in (WHOLE, FrameRange(0, 9))] == [False, True]


def test_an_episode_without_such_frames_is_told():
    with pytest.raises(UserError, match=r"can has 10 frames, .* none of --frames=10-12"):
        FrameRange(10, 12).part_of(10, "can")


@pytest.mark.parametrize("text", ["4-2", "", "2-", "-3", "a-b", "1-2-3", "0-2,5", "1.5"])
def test_what_is_no_range_is_refused(text):
    with pytest.raises(UserError, match="--frames"):
        FrameRange.parse(text)

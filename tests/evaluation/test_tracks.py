import pytest

from spatialvlm_jax.evaluation.tracks import describe_tracks, track_of


@pytest.mark.parametrize(
    ("is_told", "known", "track"),
    [
        (True, "known", "camera"),
        (True, "field_of_view", "camera"),
        (True, "unknown", "pixels"),
        (False, "known", "pixels"),
    ],
)
def test_a_track_is_what_the_model_is_told(is_told, known, track):
    assert track_of(is_told, known) == track


def test_tracks_are_told_in_words():
    assert describe_tracks(["pixels", "camera", "pixels", ""]) == "camera and pixels"
    assert describe_tracks(["", ""]) == "not declared"

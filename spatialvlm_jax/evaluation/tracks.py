"""Input tracks: what a model was given beside the question. Figures are compared within one."""

from collections.abc import Iterable

PIXELS, CAMERA = "pixels", "camera"
_UNDECLARED = "not declared"


def track_of(is_told: bool, known: str) -> str:
    """The track on which a model is asked about a data set's pictures.

    Args:
      is_told: whether the model is told of cameras at all.
      known: what the set lets it know of them, as `DatasetConfig.camera` has it.
    """
    return CAMERA if is_told and known != "unknown" else PIXELS


def describe_tracks(tracks: Iterable[str]) -> str:
    """ "camera", "camera and pixels" of several sets, "not declared" where none is known ("")."""
    return " and ".join(sorted({track for track in tracks if track})) or _UNDECLARED

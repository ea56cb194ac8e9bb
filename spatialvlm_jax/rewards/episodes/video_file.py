"""Frames of video files that nobody vouches for, decoded once from beginning to end.

FFmpeg guesses what a file is, and some of what it knows are lists of other files or addresses. So
containers are told by their first bytes, and only those that hold their own frames are opened; of
decoders only those of common video are.
"""

import bisect
import contextlib
import dataclasses
import itertools
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.fingerprints import fingerprint_recording
from spatialvlm_jax.inference.picture import Picture, open_picture
from spatialvlm_jax.rewards.episodes.episode import Episode, EpisodeFrame
from spatialvlm_jax.rewards.episodes.frame_range import WHOLE, FrameRange

VIDEO_SUFFIXES = frozenset((".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi"))
CODECS = frozenset(
    "h264 hevc av1 libdav1d vp8 vp9 libvpx libvpx-vp9 mpeg4 mjpeg ffv1 mpeg2video".split()
)
_MAX_PIXELS = 100_000_000
_ATOMS = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide")
# Before a frame that is looked for, so many seconds are decoded rather than jumped over.
_SEEK_SECONDS = 1.0


@dataclasses.dataclass(frozen=True, eq=False)
class VideoFrame:
    """A decoded frame. seconds: its time in the video, or NaN."""

    seconds: float
    decoded: Any

    def image(self) -> np.ndarray:
        """uint8[H, W, 3], upright as the file says."""
        return upright(self.decoded.to_ndarray(format="rgb24"), int(self.decoded.rotation or 0))


def upright(image: np.ndarray, degrees: int) -> np.ndarray:
    """A picture turned counter-clockwise by a multiple of 90 degrees; others leave it as it is."""
    turns, rest = divmod(degrees, 90)
    return image if rest or turns % 4 == 0 else np.ascontiguousarray(np.rot90(image, turns % 4))


def open_video(path: Path, number: int, chosen: FrameRange = WHOLE) -> Episode:
    """A video as an episode, every frame of it or those that are chosen.

    Frames before those are decoded, since others are made of them; those behind are not.

    Raises:
      UserError: it is no video that can be read, it says that it has none of these frames, or
        nothing can decode videos here.
    """
    with _opened(path) as stream:
        length = chosen.part_of(stream.frames, str(path)) if stream.frames else None
    fingerprint = fingerprint_recording(path)

    def frames() -> Iterator[EpisodeFrame]:
        place = -1
        for place, frame in enumerate(itertools.islice(video_frames(path), chosen.stop)):
            if place >= chosen.first:
                yield EpisodeFrame(place, None, open_picture(frame.image()))
        chosen.part_of(place + 1, str(path))

    def count() -> int:
        return sum(1 for _ in video_frames(path))

    return Episode(number, path.name, length, fingerprint, frames, count)


def video_frames(path: Path, start: float = 0.0) -> Iterator[VideoFrame]:
    """The frames of a video in the order they are shown.

    Args:
      start: seconds; frames before it may be left out.

    Raises:
      UserError: it cannot be read, or not on.
    """
    with _opened(path) as stream:
        import av

        try:
            if start > _SEEK_SECONDS:
                # A file without an index is read from its beginning.
                with contextlib.suppress(av.FFmpegError):
                    stream.container.seek(int(start / stream.time_base), stream=stream)
            is_late = start > _SEEK_SECONDS
            for decoded in stream.container.decode(stream):
                frame = _frame(path, decoded)
                if is_late and not frame.seconds <= start:
                    break  # the index of the file led too far, or to where no times are told
                is_late = False
                yield frame
        except av.FFmpegError as error:
            raise UserError(f"{path} cannot be decoded: {error}") from None
    if is_late:
        yield from video_frames(path)


def _frame(path: Path, decoded: Any) -> VideoFrame:
    if decoded.width * decoded.height > _MAX_PIXELS:
        raise UserError(f"{path}: a frame of {decoded.width} x {decoded.height} pixels")
    return VideoFrame(math.nan if decoded.time is None else float(decoded.time), decoded)


def pictures_at(
    path: Path, seconds: Sequence[float] | np.ndarray, tolerance: float
) -> Iterator[tuple[Picture | None, str]]:
    """The frames of a video nearest to these times, or why there is none.

    The video is decoded once, so a time that does not fit into the order of the others has none.

    Args:
      seconds: in the video, not falling; NaN where a time is not known.
      tolerance: seconds that a frame may be away.
    """
    times = np.asarray(seconds, np.float64)
    rises = rising(np.where(times < -tolerance, np.nan, times))
    first = next((float(each) for each, fits in zip(times, rises, strict=True) if fits), 0.0)
    decoded = video_frames(path, max(first - tolerance, 0.0))
    # A frame that does not say when it is shown is not near to any time.
    frames = (frame for frame in decoded if math.isfinite(frame.seconds))
    before: VideoFrame | None = None
    after = next(frames, None)
    for wanted, fits in zip(map(float, times), rises, strict=True):
        if not fits:
            yield None, f"{path.name} has no frame for it: {_misfit(wanted)}"
            continue
        while after is not None and after.seconds < wanted:
            before, after = after, next(frames, None)
        near = [frame for frame in (before, after) if frame is not None]
        best = min(near, key=lambda frame: abs(frame.seconds - wanted), default=None)
        if best is None or not abs(best.seconds - wanted) <= tolerance * (1 + 1e-6):
            there = "none has a time" if best is None else f"the nearest is at {best.seconds:.4f} s"
            yield None, f"{path.name} has no frame at {wanted:.4f} s: {there}"
        else:
            yield open_picture(best.image()), ""


def rising(seconds: Sequence[float] | np.ndarray) -> list[bool]:
    """Which of these times are among the most that never fall; those that are not finite are not.

    One that is far too late would otherwise lead past the frames of all that follow it.
    """
    ends: list[float] = []  # of the runs of each length, the one that ends lowest
    lengths = []
    for each in map(float, seconds):
        length = bisect.bisect_right(ends, each) if math.isfinite(each) else -1
        if length >= 0:
            ends[length : length + 1] = [each]
        lengths.append(length)
    due = len(ends) - 1
    fits = []
    for length in reversed(lengths):
        fits.append(length >= 0 and length == due)
        due -= fits[-1]
    return fits[::-1]


def _misfit(wanted: float) -> str:
    if math.isnan(wanted):
        return "no time stamp says when it was"
    return f"its time stamp, {wanted:.4f} s, does not fit between those of its neighbours"


def require_decoder(path: Path) -> None:
    """Does nothing where videos can be decoded; `path` is one that is to be.

    Raises:
      UserError: PyAV is not here.
    """
    try:
        import av  # noqa: F401
    except ImportError:
        raise UserError(
            f"{path} is a video, which needs the extra 'video': run `make setup-video`, or write "
            "its frames into a folder"
        ) from None


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The first video stream of a file.

    Raises:
      UserError: it is no such file, or PyAV is not here.
    """
    require_decoder(path)
    import av

    with contextlib.ExitStack() as stack:
        file = stack.enter_context(path.open("rb"))
        form = container_format(file.read(16))
        if form is None:
            raise UserError(f"{path} is none of the videos that are read: MP4, Matroska, AVI")
        file.seek(0)
        try:
            container = stack.enter_context(av.open(file, format=form, metadata_errors="replace"))
        except av.FFmpegError as error:
            raise UserError(f"{path} is a video that is damaged: {error}") from None
        if not container.streams.video:
            raise UserError(f"{path} has no video in it")
        stream = container.streams.video[0]
        codec = stream.codec_context
        if codec is None or codec.name not in CODECS:
            named = "unknown" if codec is None else codec.name
            raise UserError(f"{path}: videos of codec {named} are not read: convert it to H.264")
        if codec.width * codec.height > _MAX_PIXELS:
            raise UserError(
                f"{path}: frames of {codec.width} x {codec.height} pixels are too large"
            )
        yield stream


def container_format(head: bytes) -> str | None:
    """FFmpeg's name of the container that a file begins as, or None."""
    if head[4:8] in _ATOMS:
        return "mp4"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return "matroska"
    return "avi" if head[:4] == b"RIFF" and head[8:12] == b"AVI " else None

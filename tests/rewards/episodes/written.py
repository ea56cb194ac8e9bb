"""Tiny episodes of every kind; frame k is gray of level 20 * k + 10, which coding leaves."""

import io
import json
import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from PIL import Image
from pyarrow import parquet

from spatialvlm_jax.foreign_files.tfrecord_files import masked_checksum
from spatialvlm_jax.rewards.episodes.episode import EpisodeFrame

CAMERA = "observation.images.top"
FPS = 10
SIDE = 64


def gray(level: int) -> np.ndarray:
    return np.full((SIDE, SIDE, 3), 20 * level + 10, np.uint8)


def png(level: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(gray(level)).save(buffer, "PNG")
    return buffer.getvalue()


def level(frame: EpisodeFrame) -> int | None:
    """Which k a frame shows, or None where it shows nothing."""
    return None if frame.picture is None else round((frame.picture.image.mean() - 10) / 20)


def levels(frames: Iterator[EpisodeFrame]) -> list[int | None]:
    return [level(frame) for frame in frames]


def write_folder(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True)
    for place in range(count):
        (folder / f"frame_{place}.png").write_bytes(png(place))
    return folder


def write_lines(path: Path, rows: Sequence[dict]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))


def write_table(path: Path, columns: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table(columns), path)


def write_info(root: Path, version: str, kind: str, **changes) -> None:
    is_old = version.startswith("v2")
    data = "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet"
    video = "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4"
    if is_old:
        data = "data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet"
        video = "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4"
    info = {
        "codebase_version": version,
        "fps": FPS,
        "chunks_size": 1000,
        "data_path": data,
        "video_path": video if kind == "video" else None,
        "features": {CAMERA: {"dtype": kind}, "action": {"dtype": "float32"}},
        **changes,
    }
    (root / "meta").mkdir(parents=True, exist_ok=True)
    (root / "meta" / "info.json").write_text(json.dumps(info))


def rows(lengths: Sequence[int], first_episode: int = 0, first_index: int = 0, shift=0.0) -> dict:
    """Columns of the frames of some episodes in a row; the i-th of all shows level i."""
    frames = [place for length in lengths for place in range(length)]
    episodes = [first_episode + at for at, length in enumerate(lengths) for _ in range(length)]
    return {
        "episode_index": pa.array(episodes, pa.int64()),
        "frame_index": pa.array(frames, pa.int64()),
        "index": pa.array(range(first_index, first_index + len(frames)), pa.int64()),
        "timestamp": pa.array([place / FPS + shift for place in frames], pa.float32()),
        "task_index": pa.array([0] * len(frames), pa.int64()),
    }


def pictures(first: int, count: int) -> pa.Array:
    return pa.array([{"bytes": png(first + at), "path": f"{at}.png"} for at in range(count)])


def write_lerobot_v2(
    root: Path,
    lengths: Sequence[int],
    write_video: Callable[[Path, int, int], None] | None = None,
    *,
    shift: float = 0.0,
    videos: str = "videos",
) -> Path:
    """v2.1; with `write_video(path, first level, frames)` its pictures are in videos."""
    write_info(root, "v2.1", "image" if write_video is None else "video")
    first = 0
    for number, length in enumerate(lengths):
        columns = rows([length], number, first, shift)
        if write_video is None:
            columns[CAMERA] = pictures(first, length)
        else:
            film = root / videos / "chunk-000" / CAMERA / f"episode_{number:06d}.mp4"
            write_video(film, first, length)
        write_table(root / "data" / "chunk-000" / f"episode_{number:06d}.parquet", columns)
        first += length
    write_lines(root / "meta" / "tasks.jsonl", [{"task_index": 0, "task": "pick up the can"}])
    listed = [
        {"episode_index": number, "tasks": ["pick up the can"], "length": length}
        for number, length in enumerate(lengths)
    ]
    write_lines(root / "meta" / "episodes.jsonl", listed)
    return root


def write_lerobot_v3(
    root: Path,
    lengths: Sequence[int],
    write_video: Callable[[Path, int, int], None] | None = None,
    *,
    shift: float = 0.0,
    videos: str = "videos",
    task_column: str = "task",
) -> Path:
    """v3.0, all episodes in one table and one video."""
    write_info(root, "v3.0", "image" if write_video is None else "video")
    columns = rows(lengths, shift=shift)
    starts = [sum(lengths[:at]) for at in range(len(lengths))]
    count = len(lengths)
    listed = {
        "episode_index": list(range(count)),
        "length": list(lengths),
        "data/chunk_index": [0] * count,
        "data/file_index": [0] * count,
        "dataset_from_index": starts,
        "stats/action/mean": [[0.0]] * count,
    }
    if write_video is None:
        columns[CAMERA] = pictures(0, sum(lengths))
    else:
        write_video(root / videos / CAMERA / "chunk-000" / "file-000.mp4", 0, sum(lengths))
        listed[f"videos/{CAMERA}/chunk_index"] = [0] * count
        listed[f"videos/{CAMERA}/file_index"] = [0] * count
        listed[f"videos/{CAMERA}/from_timestamp"] = [start / FPS for start in starts]
        listed[f"videos/{CAMERA}/to_timestamp"] = [
            (start + length) / FPS for start, length in zip(starts, lengths, strict=True)
        ]
    write_table(root / "data" / "chunk-000" / "file-000.parquet", columns)
    write_table(root / "meta" / "episodes" / "chunk-000" / "file-000.parquet", listed)
    write_table(
        root / "meta" / "tasks.parquet", {"task_index": [0], task_column: ["pick up the can"]}
    )
    return root


def framed(record: bytes) -> bytes:
    """A record as TFRecord frames it; of its own checksum nobody asks."""
    head = struct.pack("<Q", len(record))
    return head + struct.pack("<I", masked_checksum(head)) + record + bytes(4)


def rlds_record(first: int, count: int, cameras: Sequence[str] = ("image",)) -> bytes:
    return rlds_record_of({camera: [png(first + at) for at in range(count)] for camera in cameras})


def rlds_record_of(seen: Mapping[str, Sequence[bytes]]) -> bytes:
    """An episode with a step for each of what is seen by its cameras."""
    from tensorflow_datasets.proto import tf_example_pb2

    example = tf_example_pb2.Example()
    features = example.features.feature
    count = max(map(len, seen.values()), default=0)
    for camera, data in seen.items():
        features[f"steps/observation/{camera}"].bytes_list.value.extend(data)
    features["steps/action"].float_list.value.extend([0.0] * 7 * count)
    features["steps/language_instruction"].bytes_list.value.extend([b"pick up the can"] * count)
    features["steps/is_first"].int64_list.value.extend([int(at == 0) for at in range(count)])
    return example.SerializeToString()


def write_rlds(
    folder: Path, lengths: Sequence[int], form: str = "tfrecord", cameras=("image",)
) -> Path:
    """One shard of the split train."""
    starts = [sum(lengths[:at]) for at in range(len(lengths))]
    records = [rlds_record(*each, cameras) for each in zip(starts, lengths, strict=True)]
    return write_rlds_records(folder, records, form)


def write_rlds_records(folder: Path, records: Sequence[bytes], form: str = "tfrecord") -> Path:
    folder.mkdir(parents=True)
    file = folder / f"can-train.{form}-00000-of-00001"
    if form == "tfrecord":
        file.write_bytes(b"".join(map(framed, records)))
    else:
        from array_record.python.array_record_module import ArrayRecordWriter

        writer = ArrayRecordWriter(str(file), "group_size:1")
        for record in records:
            writer.write(record)
        writer.close()
    info = {
        "name": "can",
        "fileFormat": form,
        "splits": [{"name": "train", "shardLengths": [str(len(records))]}],
    }
    (folder / "dataset_info.json").write_text(json.dumps(info))
    return folder


def write_features(folder: Path, cameras: Sequence[str]) -> None:
    """`features.json` as TFDS writes it."""
    image = {"pythonClassName": "x.Image", "image": {"dtype": "uint8"}}
    seen = dict.fromkeys(cameras, image) | {"state": {"tensor": {"dtype": "float32"}}}
    observation = {"featuresDict": {"features": seen}}
    steps = {"feature": {"featuresDict": {"features": {"observation": observation}}}}
    content = {"features": {"steps": {"pythonClassName": "x.Dataset", "sequence": steps}}}
    (folder / "features.json").write_text(json.dumps({"type": "x", "content": content}))

"""Files that come beside a colour picture: depth, instance masks, labels, intrinsics, gravity."""

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.json_files import parse_json
from spatialvlm_jax.generation.naming.captions import annotated_name
from spatialvlm_jax.generation.outcomes import Rejected

_NUMBER = re.compile(
    r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?inf|nan", re.IGNORECASE | re.ASCII
)
_AXES = {"x": (1, 0, 0), "y": (0, 1, 0), "z": (0, 0, 1)}
# Channels that renderers and sensors write depth to, in order of preference.
_EXR_CHANNELS = ("Z", "Y", "depth", "depth.Z", "Depth.Z", "V", "R", "RGB")


def read_depth(
    path: Path, *, scale: float, encoding: str, max_depth: float, max_pixels: int
) -> np.ndarray:
    """float32[H, W], metres along the camera's z, 0 where unknown.

    Args:
      path: 16-bit PNG or TIFF, NPY, or EXR.
      scale: what integers are divided by to be metres; floating-point values are metres.
      encoding: "plain", or "sunrgbd" for integers whose bits are turned by three (SUN RGB-D).
      max_depth: metres, larger values are unknown.

    Raises:
      Rejected: it cannot be read.
      UserError: an EXR file, and the package that reads them is missing.
    """
    suffix = path.suffix.lower()
    if suffix == ".npy":
        values = _read_npy(path, max_pixels)
    elif suffix == ".exr":
        values = _read_exr(path, max_pixels)
    else:
        values = _read_channels(path, max_pixels)
    if values.ndim == 3 or values.dtype.itemsize == 1:
        raise Rejected(
            "decode",
            f"{path.name} has {'colours' if values.ndim == 3 else '8 bits'} of depth, which are no "
            "lengths: a picture to look at? "
            "16-bit PNG or TIFF, NPY and EXR are read",
        )
    if np.issubdtype(values.dtype, np.integer):
        if encoding == "sunrgbd":
            bits = values.astype(np.uint16)
            values = (bits >> 3) | (bits << 13)
        metres = values.astype(np.float32) / np.float32(scale)
    else:
        metres = values.astype(np.float32)
    known = np.isfinite(metres) & (metres > 0) & (metres <= max_depth)
    beyond = metres[np.isfinite(metres) & (metres > max_depth)]
    if beyond.size and not known.any():
        raise Rejected(
            "decode",
            f"{path.name}: all depth is beyond {max_depth:g} m (median {np.median(beyond):.4g} m): "
            + (
                "floating-point depth is read as metres"
                if values.dtype.kind == "f"
                else f"is --depth-scale={scale:g} right?"
            ),
        )
    return np.where(known, metres, 0).astype(np.float32)


def _read_npy(path: Path, max_pixels: int) -> np.ndarray:
    try:
        # Mapped first: the header may promise more than there is memory.
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise Rejected("decode", f"{path.name} is no array: {error}") from None
    return _plane(np.squeeze(mapped), path, max_pixels)


def _read_exr(path: Path, max_pixels: int) -> np.ndarray:
    try:
        import OpenEXR
    except ImportError:
        raise UserError(f"{path.name}: EXR files need the extra 'exr': run `make setup`") from None
    try:
        # The header first: it may promise more than there is memory.
        with OpenEXR.File(str(path), header_only=True) as file:
            low, high = (np.asarray(each, np.int64) for each in file.header()["dataWindow"])
        if np.prod((high - low + 1).astype(np.float64)) > max_pixels:
            raise Rejected("decode", f"{path.name} has more than {max_pixels} pixels")
        with OpenEXR.File(str(path)) as file:
            channels = {name: channel.pixels for name, channel in file.channels().items()}
    except Rejected:
        raise
    except Exception as error:  # the library raises what it likes on damaged files
        raise Rejected("decode", f"{path.name} is no EXR picture: {error}") from None
    name = next((each for each in _EXR_CHANNELS if each in channels), None)
    if name is None:
        raise Rejected("decode", f"{path.name} has channels {sorted(channels)}, none of depth")
    values = np.asarray(channels[name])
    return _plane(values[..., 0] if values.ndim == 3 else values, path, max_pixels)


def _plane(values: np.ndarray, path: Path, max_pixels: int) -> np.ndarray:
    if values.ndim != 2 or values.dtype.kind not in "iuf" or values.size > max_pixels:
        raise Rejected(
            "decode", f"{path.name} is {values.dtype} of shape {values.shape}, not a depth picture"
        )
    return np.array(values)


def read_integers(path: Path, max_pixels: int) -> np.ndarray:
    """int[H, W]: the values of a picture as they are; three channels count in base 256.

    Raises:
      Rejected: it cannot be read, or is too large.
    """
    values = _read_channels(path, max_pixels)
    if values.ndim == 3:
        values = values[..., :3].astype(np.int64) @ np.array([1, 256, 65536])
    return values


def _read_channels(path: Path, max_pixels: int) -> np.ndarray:
    """int[H, W] or, where there are several channels, int[H, W, C]."""
    try:
        with Image.open(path, formats=("PNG", "TIFF", "BMP", "PPM")) as picture:
            if picture.size[0] * picture.size[1] > max_pixels:
                raise Rejected("decode", f"{path.name} has more than {max_pixels} pixels")
            return np.asarray(picture)
    except Rejected:
        raise
    except Exception as error:  # decoders raise whatever a damaged file leads them to
        raise Rejected("decode", f"{path.name} is damaged: {type(error).__name__}") from None


def fitted(values: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The nearest value at each pixel of a picture of (height, width) that shows the same.

    Raises:
      Rejected: its sides have another ratio, so it does not show the same.
    """
    if values.shape == size:
        return values
    scale = np.array(values.shape) / np.array(size)
    if not 0.98 < scale[0] / scale[1] < 1.02:
        raise Rejected(
            "decode",
            f"{values.shape[1]} x {values.shape[0]} pixels of depth or masks beside "
            f"{size[1]} x {size[0]} of colour",
        )
    rows, columns = (
        np.minimum(((np.arange(each) + 0.5) * factor).astype(np.int64), most - 1)
        for each, factor, most in zip(size, scale, values.shape, strict=True)
    )
    return values[rows[:, None], columns]


def read_labels(text: str, suffix: str) -> dict[int, str]:
    """Names by instance id, "" for what is no name (null, "", "nan", "17").

    JSON: {"1": "chair"}, {"1": {"label": "chair"}}, [{"id": 1, "label": "chair"}], or ScanNet's
    aggregation, whose object n has the id n + 1. CSV: columns id and label.

    Raises:
      ValueError: it is in none of these forms, or one instance has two names.
    """
    text = text.removeprefix("\ufeff")
    if suffix == ".csv":
        rows: Any = list(csv.DictReader(io.StringIO(text)))
    else:
        rows = parse_json(text)
    if isinstance(rows, Mapping) and "segGroups" in rows:
        rows = [{**row, "id": int(row["objectId"]) + 1} for row in rows["segGroups"]]
    elif isinstance(rows, Mapping):
        rows = [{"id": key, **_named(value)} for key, value in rows.items()]
    try:
        named = [(int(row["id"]), _name(row)) for row in rows]
    except (KeyError, TypeError):
        raise ValueError("labels are {id: label}, or rows of 'id' and 'label'") from None
    names = dict(named)
    for instance, name in named:
        if names[instance] != name:
            raise ValueError(f"labels call {instance} both {name!r} and {names[instance]!r}")
    return names


def _named(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {"label": value}


def _name(row: Mapping[str, Any]) -> str:
    for key in ("label", "name", "category"):
        if key in row:
            if not isinstance(row[key], str | int | float | None):
                raise TypeError(f"{key} is no text")
            return annotated_name(row[key])
    raise KeyError("label")


def read_intrinsics(text: str, stem: str) -> tuple[np.ndarray, tuple[float, float] | None]:
    """float64[3, 3], pixels, and width and height of the picture they are of, where that is told.

    JSON: fx, fy, cx, cy; or K, or a list by itself; or any of these under the name of each picture;
    with width and height, if they are told. Text: 4 numbers (fx fy cx cy), 9, 12 or 16 (a matrix
    3x3, 3x4 or 4x4, row by row), or the 6 of ARKitScenes (width height fx fy cx cy).

    Raises:
      ValueError: it is in none of these forms.
    """
    text = text.removeprefix("\ufeff")
    if text.lstrip()[:1] in ("{", "["):
        return _from_json(parse_json(text), stem)
    numbers = [float(number) for number in _NUMBER.findall(text)]
    if len(numbers) == 6:
        return camera_matrix(numbers[2:]), (numbers[0], numbers[1])
    return camera_matrix(numbers), None


def _from_json(content: Any, stem: str) -> tuple[np.ndarray, tuple[float, float] | None]:
    if isinstance(content, Mapping):
        size = None
        if content.get("width") and content.get("height"):
            size = float(content["width"]), float(content["height"])
        if "fx" in content:
            values = [float(content[name]) for name in ("fx", "fy", "cx", "cy")]
            return camera_matrix(values), size
        for key in ("K", "intrinsics", "intrinsic_matrix", stem):
            if key in content:
                matrix, inner = _from_json(content[key], stem)
                return matrix, inner or size
        raise ValueError(f"intrinsics have neither fx, fy, cx, cy, nor K, nor {stem!r}")
    return camera_matrix(content), None


def camera_matrix(content: Any) -> np.ndarray:
    """float64[3, 3], pixels, of fx fy cx cy or a matrix 3x3, 3x4 or 4x4, flat or as rows.

    Raises:
      ValueError: it is none of these.
    """
    numbers = np.ravel(np.asarray(content, np.float64)).tolist()
    if len(numbers) == 4:
        fx, fy, cx, cy = numbers
        matrix = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
    elif len(numbers) in (9, 12, 16):
        matrix = np.array(numbers).reshape(-1, 3 if len(numbers) == 9 else 4)[:3, :3]
    else:
        raise ValueError(f"intrinsics are 4, 6, 9, 12 or 16 numbers, not {len(numbers)}")
    if not (matrix[0, 0] > 0 and matrix[1, 1] > 0 and np.isfinite(matrix).all()):
        raise ValueError("intrinsics need positive focal lengths")
    return matrix


def read_up(text: str, world_up: str) -> np.ndarray | None:
    """Up, float64[3], unit, camera frame; None where the file says that it is unknown.

    JSON: {"up": [x, y, z]} in the camera frame; {"gravity": [x, y, z]}, the other way; or {"pose":
    4x4}, with "axis_alignment" 4x4 if there is one. Text: a pose of 9, 12 or 16 numbers.

    A pose takes camera coordinates to the world's; ScanNet writes infinities where it has none.

    Args:
      world_up: the axis of the world (after the alignment) that points up, "z" or "-y" or alike.

    Raises:
      ValueError: it is in none of these forms.
    """
    if text.lstrip()[:1] == "{":
        content = parse_json(text)
        for key, sign in (("up", 1.0), ("gravity", -1.0)):
            if key in content:
                return _unit(sign * np.asarray(content[key], np.float64))
        turn = _rotation(content["pose"]) if "pose" in content else None
        if turn is None:
            raise ValueError("gravity needs 'up', 'gravity' or 'pose'")
        if "axis_alignment" in content:
            turn = _rotation(content["axis_alignment"]) @ turn
    else:
        turn = _rotation([float(number) for number in _NUMBER.findall(text)])
    if not np.isfinite(turn).all():
        return None
    axis = np.array(_AXES[world_up[-1]], np.float64) * (-1 if world_up[0] == "-" else 1)
    return _unit(turn.T @ axis)


def _rotation(numbers: Any) -> np.ndarray:
    """float64[3, 3] of a pose as 3x3, 3x4 or 4x4 numbers."""
    values = np.ravel(np.asarray(numbers, np.float64))
    columns = {9: 3, 12: 4, 16: 4}.get(len(values))
    if columns is None:
        raise ValueError(f"a pose has 9, 12 or 16 numbers, not {len(values)}")
    return values.reshape(-1, columns)[:3, :3]


def _unit(vector: np.ndarray) -> np.ndarray | None:
    if vector.shape != (3,) or not vector.any():
        raise ValueError(f"a direction is three numbers, not all 0: {vector.tolist()}"[:200])
    length = float(np.linalg.norm(vector))
    return vector / length if np.isfinite(length) else None

"""Depth, labels and camera files of RGB-D folders that nobody should trust."""

import io
import json
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from tests.generation.sources.test_rgbd import HEIGHT, LABELS, WIDTH, frame, plain
from tests.hostile.attempt import LISTED, READ, REFUSED, Case, Fault, command, stored_or_listed


def _generate(folder: Path, *words: str) -> str:
    out = folder / "out"
    code, _, _ = command(
        *("generate", "--source=rgbd", f"--rgbd={folder}/scans", f"--out={out}"),
        *("--validation-images=0", "--quiet", *words),
    )
    return stored_or_listed(code, out, good=1, bad=1)


def _depth(name: str, content: bytes, folder: Path) -> str:
    """Two frames, the depth of the second replaced."""
    root = plain(folder / "scans", ("0", "1"))
    place = root / "room" / "depth"
    if name.endswith(".npy"):
        for path in place.glob("*.png"):
            np.save(path.with_suffix(".npy"), frame()[0].astype(np.float32))
            path.unlink()
    for path in place.glob("1.*"):
        path.unlink()
    (place / name).write_bytes(content)
    words = ("--depth-glob=room/depth/{stem}.npy",) if name.endswith(".npy") else ()
    return _generate(folder, *words)


def picture(array: np.ndarray) -> bytes:
    """A PNG file of an array."""
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()


def npy(array: np.ndarray) -> bytes:
    """A file as `np.save` writes it."""
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def npy_header(text: str, body: bytes = b"") -> bytes:
    """A file whose header says anything."""
    data = text.encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(data)) + data + body


def png_of(width: int, height: int) -> bytes:
    """16-bit grey, of a claimed size, with hardly a row."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(name + data))
        return struct.pack(">I", len(data)) + name + data + check

    header = struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def depths() -> Iterator[Case]:
    """The second of two frames; the first is good."""
    metres = frame()[0]
    good = np.rint(metres * 1000).astype(np.uint16)
    pngs = {
        "8 bits": picture((good // 16).astype(np.uint8)),
        "colours": picture(np.stack([good // 16] * 3, -1).astype(np.uint8)),
        "cut": picture(good)[:200],
        "empty": b"",
        "text": b"0.5 0.6 0.7",
        "nothing measured": picture(np.zeros_like(good)),
        "all at the end of the range": picture(np.full_like(good, 65_535)),
        "another size": picture(good[:50, :90]),
        "one pixel": picture(good[:1, :1]),
        "claims 50000 pixels": png_of(50_000, 50_000),
        "claims more than there is": png_of(WIDTH, HEIGHT),
        "jpeg": _jpeg(good),
    }
    for name, content in pngs.items():
        yield Case(f"png, {name}", partial(_depth, "1.png", content))
    huge = "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000), }"
    objects = "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    arrays = {
        "NaN": npy(np.full(metres.shape, np.nan, np.float32)),
        "infinite": npy(np.full(metres.shape, np.inf, np.float32)),
        "negative": npy(-metres.astype(np.float32)),
        "words": npy(np.full(metres.shape, "x")),
        "complex": npy(metres.astype(np.complex64)),
        "three axes": npy(np.zeros((HEIGHT, WIDTH, 3), np.float32)),
        "no axis": npy(np.float32(1.0)),
        "four terabytes claimed": npy_header(huge),
        "objects": npy_header(objects, b"cos\nsystem\n(S'true'\ntR."),
        "a header that is no header": npy_header("[" * 60_000),
        "cut": npy(metres.astype(np.float32))[:300],
        "empty": b"",
    }
    for name, content in arrays.items():
        yield Case(f"npy, {name}", partial(_depth, "1.npy", content))
    plane = exr(metres.astype(np.float32), "Z")
    window = plane.index(b"dataWindow\0box2i\0") + len(b"dataWindow\0box2i\0") + 4
    pictures = {
        "empty": b"",
        "text": b"0.5 0.6 0.7",
        "cut in the header": plane[:100],
        "cut in the values": plane[: len(plane) // 2],
        "a window of 2^62 pixels": _patched(
            plane, window, struct.pack("<4i", 0, 0, 2**31 - 1, 2**31 - 1)
        ),
        "a window turned inside out": _patched(plane, window, struct.pack("<4i", 9, 9, -9, -9)),
        "a window that is larger than the data": _patched(
            plane, window, struct.pack("<4i", 0, 0, 3000, 3000)
        ),
        "a header without end": plane[:8] + b"x" * 70_000,
        "no channel of depth": exr(metres.astype(np.float32), "roughness"),
        "NaN": exr(np.full(metres.shape, np.nan, np.float32), "Z"),
    }
    for name, content in pictures.items():
        yield Case(f"exr, {name}", partial(_depth, "1.exr", content))


def exr(values: np.ndarray, channel: str) -> bytes:
    """An OpenEXR file of one channel."""
    import OpenEXR

    header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/a.exr"
        OpenEXR.File(header, {channel: values}).write(path)
        return Path(path).read_bytes()


def _patched(data: bytes, place: int, new: bytes) -> bytes:
    return data[:place] + new + data[place + len(new) :]


def _jpeg(values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray((values // 16).astype(np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()


def _room(change: Callable[[Path], None], folder: Path) -> str:
    root = plain(folder / "scans", ("0",))
    change(root / "room")
    return _generate(folder)


def _write(name: str, content: str | bytes, room: Path) -> None:
    data = content.encode() if isinstance(content, str) else content
    (room / name).write_bytes(data)


def _mask(array: np.ndarray, room: Path) -> None:
    Image.fromarray(array).save(room / "masks" / "0.png")


def labels() -> Iterator[Case]:
    """Names, masks and cameras of the only frame."""
    files: dict[str, dict[str, str | bytes]] = {
        "labels.json": {
            "empty": "",
            "not JSON": "{7: box",
            "deep": "[" * 100_000,
            "a number": "7",
            "a text": '"box"',
            "a list of numbers": "[7, 9]",
            "rows without ids": '[{"label": "box"}]',
            "ids that are words": '{"seven": "box"}',
            "ids of a superscript": '{"²": "box"}',
            "names that are numbers": '{"7": 3, "9": 4}',
            "names that are lists": '{"7": ["a"], "9": ["b"]}',
            "names that are null": '{"7": null, "9": null}',
            "names that are blank": '{"7": " ", "9": ""}',
            "not a word of UTF-8": b"\xff\xfe\x00",
            "an id without end": '{"' + "9" * 10_000 + '": "box"}',
        },
        "intrinsics.json": {
            "empty": "",
            "deep": "[" * 100_000,
            "no focal length": '{"fx": 0, "fy": 0, "cx": 80, "cy": 60}',
            "negative": '{"fx": -150, "fy": -150, "cx": 80, "cy": 60}',
            "NaN": '{"fx": NaN, "fy": 150, "cx": 80, "cy": 60}',
            "infinite": '{"fx": 1e999, "fy": 150, "cx": 80, "cy": 60}',
            "words": '{"fx": "wide", "fy": 150, "cx": 80, "cy": 60}',
            "without a middle": '{"fx": 150, "fy": 150}',
            "two numbers": "[150, 150]",
            "zeros": json.dumps(np.zeros((3, 3)).tolist()),
            "of a larger picture": '{"fx": 1200, "fy": 1200, "cx": 640, "cy": 480}',
        },
        "gravity.json": {
            "zeros": "[0, 0, 0]",
            "NaN": "[NaN, 0, 1]",
            "two numbers": "[0, 1]",
            "words": '["up", "up", "up"]',
            "an object": '{"up": 1}',
            "upside down": "[0, -1, 0]",
        },
    }
    for name, contents in files.items():
        for what, content in contents.items():
            yield Case(f"{name}, {what}", partial(_room, partial(_write, name, content)))
    ids = frame()[1]
    masks = {
        "another size": ids[:40, :70].astype(np.uint8),
        "one pixel": ids[:1, :1].astype(np.uint8),
        "nothing in it": np.zeros(ids.shape, np.uint8),
        "ids that have no name": np.full(ids.shape, 200, np.uint8),
        "colours": np.stack([ids] * 3, -1).astype(np.uint8),
    }
    for what, array in masks.items():
        yield Case(f"masks, {what}", partial(_room, partial(_mask, array)))
    yield Case(
        "byte order mark", partial(_room, partial(_write, "labels.json", _marked())), (READ,)
    )
    yield Case("a frame without masks", partial(_room, _without_masks))
    yield Case("a null label", _null_label, (READ,))


def _marked() -> bytes:
    return b"\xef\xbb\xbf" + json.dumps(LABELS).encode()


def _without_masks(room: Path) -> None:
    (room / "masks" / "0.png").unlink()


def _null_label(folder: Path) -> str:
    """The box has no name: nothing may be said of a thing called "none" or "null"."""
    root = plain(folder / "scans", ("0",))
    (root / "room" / "labels.json").write_text(json.dumps({**LABELS, "7": None}))
    became = _generate(folder)
    for path in (folder / "out").glob("*.array_record*"):
        if b"none" in path.read_bytes() or b"null" in path.read_bytes():
            raise Fault("an object is called none")
    return READ if became in (READ, LISTED, REFUSED) else became


def npz_bomb(path: Path) -> None:
    """An archive whose member claims more than any machine holds."""
    header = npy_header("{'descr': '<f4', 'fortran_order': False, 'shape': (10000000000,), }")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("params/a.npy", header + bytes(1000))

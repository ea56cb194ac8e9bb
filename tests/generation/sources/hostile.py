"""Pictures that nobody should trust, two hundred of them, and what should become of each."""

import io
import os
import struct
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 64, 48
FINE = "stored"


def pixels(seed: int, size: tuple[int, int] = (HEIGHT, WIDTH)) -> np.ndarray:
    """uint8[H, W, 3]: a smooth picture, which no lossy format changes much."""
    rows, columns = np.indices(size)
    return np.stack([rows * 3 + seed, columns * 2, rows + columns], -1).astype(np.uint8)


def encoded(array: np.ndarray, kind: str = "JPEG", mode: str = "RGB", **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def png(width: int, height: int, depth: int = 8, color: int = 2, rows: bytes = b"") -> bytes:
    """A PNG that claims a size, with whatever rows."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def animated(seed: int, kind: str) -> bytes:
    frames = [Image.fromarray(np.roll(pixels(seed), 20 * step, 1)) for step in range(3)]
    buffer = io.BytesIO()
    frames[0].save(buffer, kind, save_all=True, append_images=frames[1:])
    return buffer.getvalue()


def turned(seed: int, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[274] = orientation
    return encoded(pixels(seed), exif=exif)


def palette_with_hole(seed: int) -> bytes:
    picture = Image.fromarray(pixels(seed)).quantize(16)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", transparency=0)
    return buffer.getvalue()


def sixteen_bits(seed: int) -> bytes:
    values = pixels(seed)[..., 0].astype(np.uint16) * 257
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, "PNG")
    return buffer.getvalue()


def deep_color(seed: int) -> bytes:
    values = (pixels(seed).astype(">u2") * 257).reshape(HEIGHT, -1)
    return png(WIDTH, HEIGHT, depth=16, rows=b"".join(b"\0" + row.tobytes() for row in values))


# What a file holds, the end of its name, and what becomes of it: FINE, or words of the reason.
KINDS: dict[str, tuple[Callable[[int], bytes], str, str]] = {
    "plain": (lambda seed: encoded(pixels(seed)), ".jpg", FINE),
    "grey": (lambda seed: encoded(pixels(seed), mode="L"), ".jpg", FINE),
    "cmyk": (lambda seed: encoded(pixels(seed), mode="CMYK"), ".jpg", FINE),
    "see-through": (lambda seed: encoded(pixels(seed), "PNG", "RGBA"), ".png", FINE),
    "palette": (palette_with_hole, ".png", FINE),
    "sixteen": (sixteen_bits, ".png", FINE),
    "deep": (deep_color, ".png", FINE),
    "gif": (lambda seed: animated(seed, "GIF"), ".gif", FINE),
    "webp": (lambda seed: animated(seed, "WEBP"), ".webp", FINE),
    "wrong name": (lambda seed: encoded(pixels(seed), "PNG"), ".jpg", FINE),
    "turned": (lambda seed: turned(seed, 6), ".jpg", FINE),
    "strange turn": (lambda seed: turned(seed, 60), ".jpg", FINE),
    "bad metadata": (
        lambda seed: encoded(pixels(seed), exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 40),
        ".jpg",
        FINE,
    ),
    "ünï코드 🦜": (lambda seed: encoded(pixels(seed)), ".JPG", FINE),
    "empty": (lambda seed: b"", ".jpg", "the file is empty"),
    "cut": (lambda seed: encoded(pixels(seed))[:400], ".jpg", "damaged"),
    "cut png": (lambda seed: encoded(pixels(seed), "PNG")[:-60], ".png", "damaged"),
    "text": (lambda seed: b"dear diary, " * 9, ".jpg", "not a picture"),
    "page": (lambda seed: b"<html><script>alert(1)</script>", ".png", "not a picture"),
    "program": (lambda seed: b"%!PS-Adobe-3.0 EPSF-3.0\n(x) run", ".png", "not a picture"),
    "bomb": (lambda seed: png(50_000, 50_000), ".png", "a bomb?"),
    "noise": (lambda seed: np.random.default_rng(seed).bytes(999), ".webp", "not a picture"),
    "dot": (lambda seed: encoded(pixels(seed, (1, 1)), "PNG"), ".png", "shorter than 32"),
    "sliver": (lambda seed: encoded(pixels(seed, (2, 3000)), "PNG"), ".png", "shorter than 32"),
    "no rows": (lambda seed: png(WIDTH, HEIGHT), ".png", "damaged"),
}


def make(root: Path, count: int = 200) -> dict[str, str]:
    """Fills a folder with `count` hostile entries; returns what becomes of each, by name."""
    fates = {**_links_and_specials(root), **_tar(root / "inside.tar")}
    kinds = list(KINDS.items())
    for number in range(count - len(fates)):
        kind, (content, suffix, fate) = kinds[number % len(kinds)]
        name = f"{number % 3}/{kind} {number}{suffix}"
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(content(number))
        fates[name] = fate
    (root / "notes.txt").write_text("not even named like a picture")
    (root / ".hidden.jpg").write_bytes(b"")
    return fates


def _links_and_specials(root: Path) -> dict[str, str]:
    outside = root.parent / "secret.png"
    outside.write_bytes(encoded(pixels(0), "PNG"))
    folder = root / "folder.jpg"
    folder.mkdir()
    (folder / "plain.jpg").write_bytes(encoded(pixels(1)))
    os.symlink(folder, folder / "again")
    os.symlink("nowhere.jpg", root / "broken.jpg")
    os.symlink(outside, root / "outside.png")
    os.symlink("circle b.jpg", root / "circle a.jpg")
    os.symlink("circle a.jpg", root / "circle b.jpg")
    os.symlink("folder.jpg/plain.jpg", root / "good link.jpg")
    os.mkfifo(root / "pipe.jpg")
    line_break = "two\nlines.jpg"
    (root / line_break).write_bytes(encoded(pixels(2)))
    return {
        "folder.jpg/plain.jpg": FINE,
        "broken.jpg": "a broken link",
        "outside.png": "leads out of the folder",
        "circle a.jpg": "cannot be reached",
        "circle b.jpg": "cannot be reached",
        "good link.jpg": FINE,
        "pipe.jpg": "not a regular file",
        line_break: FINE,
    }


def _tar(path: Path) -> dict[str, str]:
    with tarfile.open(path, "w") as archive:
        for name, data in (
            ("../../up.jpg", encoded(pixels(3))),
            ("000.jpg", encoded(pixels(4))),
            ("000.json", b"{}"),
            ("001.jpg", b""),
        ):
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        link = tarfile.TarInfo("link.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/hosts"
        archive.addfile(link)
    return {
        f"{path.name}/../../up.jpg": FINE,
        f"{path.name}/000.jpg": FINE,
        f"{path.name}/001.jpg": "the file is empty",
        f"{path.name}/link.jpg": "inside of a tar is not read",
    }

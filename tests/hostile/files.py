"""Pictures, archives, tables and texts that nobody should trust, each beside one that is good."""

import gzip
import io
import json
import struct
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.generation.sources.hostile import FINE, KINDS, encoded, pixels, png
from tests.hostile.attempt import LISTED, READ, REFUSED, Case, command, stored_or_listed

GOOD = encoded(pixels(1))
RECORD = {"image": "good.jpg", "question": "what is it?", "answer": "a wall"}


def convert(folder: Path, kind: str, *words: object, good: int = 1, bad: int = 1) -> str:
    """Runs `spatialvlm convert` into FOLDER/out, and says what became of it."""
    out = folder / "out"
    code, _, _ = command("convert", f"--format={kind}", f"--out={out}", "--quiet", *words)
    return stored_or_listed(code, out, good=good, bad=bad)


def _picture(content: bytes, suffix: str, folder: Path) -> str:
    (folder / "img").mkdir()
    (folder / "img" / "good.jpg").write_bytes(GOOD)
    (folder / "img" / f"bad{suffix}").write_bytes(content)
    records = [RECORD, {**RECORD, "image": f"bad{suffix}"}]
    (folder / "q.jsonl").write_text("".join(json.dumps(each) + "\n" for each in records))
    return convert(folder, "jsonl", f"--questions={folder}/q.jsonl", f"--images={folder}/img")


def pictures() -> Iterator[Case]:
    """Through `convert`; the photo sources have two hundred of their own."""
    for name, (make, suffix, fate) in KINDS.items():
        right = (READ,) if fate == FINE else (LISTED,)
        yield Case(name, partial(_picture, make(7), suffix), right)
    huge = bytearray(GOOD)
    frame = huge.index(b"\xff\xc0")
    huge[frame + 5 : frame + 9] = struct.pack(">HH", 65_535, 65_535)
    odd = {
        "jpeg that claims 65535 pixels": (bytes(huge), ".jpg"),
        "png of no width": (png(0, 48), ".png"),
        "png of negative width": (png(2**31, 48), ".png"),
        "long strip": (png(1_000_000, 40), ".png"),
        "jpeg with bytes behind": (GOOD + b"PK\x03\x04" * 50, ".jpg"),
        "two jpegs in one": (GOOD + GOOD, ".jpg"),
        "svg": (
            b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/hosts"/>',
            ".svg",
        ),
        "icon": (b"\0\0\1\0" + bytes(100), ".ico"),
        "tiff of endless directories": (
            b"II*\0\x08\0\0\0\x01\0" + bytes(12) + b"\x08\0\0\0",
            ".tif",
        ),
        "pcx": (b"\x0a\x05\x01\x08" + bytes(124), ".pcx"),
    }
    for name, (content, suffix) in odd.items():
        yield Case(name, partial(_picture, content, suffix), (LISTED, REFUSED, READ))


def _member(name: str, data: bytes = b"", **fields: Any) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.size = len(data)
    for field, value in fields.items():
        setattr(member, field, value)
    return member, data


def tar_of(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """An archive of headers and data as they are, fitting or not."""
    parts = []
    for member, data in members:
        parts += [member.tobuf(), data, bytes(-len(data) % 512)]
    return b"".join([*parts, bytes(1024)])


def _with_size(raw: bytes) -> bytes:
    """A tar whose second header claims a size, given as the twelve bytes of that field."""
    good = tar_of(_member("a.jpg", GOOD), _member("a.json", json.dumps(RECORD).encode()))[:-1024]
    header = bytearray(_member("b.jpg", GOOD)[0].tobuf())
    header[124:136] = raw.ljust(12, b"\0")
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return good + bytes(header) + GOOD + bytes(-len(GOOD) % 512) + bytes(1024)


def _tar(content: bytes, folder: Path) -> str:
    (folder / "a.tar").write_bytes(content)
    return convert(folder, "webdataset", f"--data={folder}/a.tar")


def _zip(content: bytes, folder: Path) -> str:
    (folder / "a.zip").write_bytes(content)
    records = [RECORD, {**RECORD, "image": "bad.jpg"}]
    (folder / "q.jsonl").write_text("".join(json.dumps(each) + "\n" for each in records))
    return convert(folder, "jsonl", f"--questions={folder}/q.jsonl", f"--images={folder}/a.zip")


def zip_of(**names: bytes) -> bytes:
    """A zip of a good picture and others; double underscores stand for slashes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("good.jpg", GOOD)
        for name, data in names.items():
            archive.writestr(name.replace("__", "/") + ".jpg", data)
    return buffer.getvalue()


def archives() -> Iterator[Case]:
    """Tars of samples and zips of pictures."""
    record = json.dumps(RECORD).encode()
    good = (_member("a.jpg", GOOD), _member("a.json", record))
    sizes = {
        "negative": b"\xff" * 12,
        "minus one header": b"\xff" * 10 + b"\xfe\x00",
        "eight exabytes": b"\x80\0\0\0\x7f" + b"\xff" * 7,
        "eight gigabytes": b"77777777777",
        "no number": b"nonsense",
        "a little too much": b"00000077777",
    }
    for name, raw in sizes.items():
        yield Case(f"tar, size {name}", partial(_tar, _with_size(raw)))
    tars = {
        "cut": tar_of(*good, _member("b.jpg", GOOD))[:-1800],
        "empty": b"",
        "zeros": bytes(10_240),
        "noise": np.random.default_rng(0).bytes(9_999),
        "not a tar": b"dear diary" * 99,
        "packed": gzip.compress(tar_of(*good)),
        "two archives in one": tar_of(*good) + tar_of(_member("b.jpg", GOOD)),
        "twenty thousand names of nothing": tar_of(_member("x", type=tarfile.GNUTYPE_LONGNAME))
        * 20_000,
        "a picture twice": tar_of(*good, _member("a.jpg", encoded(pixels(5)))),
        "no text": tar_of(*good, _member("b.jpg", GOOD)),
        "no picture": tar_of(*good, _member("b.json", record)),
        "broken text": tar_of(*good, _member("b.jpg", GOOD), _member("b.json", b"{")),
        "deep text": tar_of(*good, _member("b.jpg", GOOD), _member("b.json", b"[" * 99_999)),
        "text of another kind": tar_of(*good, _member("b.jpg", GOOD), _member("b.json", b"7")),
        "binary text": tar_of(*good, _member("b.jpg", GOOD), _member("b.json", b"\xff\xfe\0")),
        "empty picture": tar_of(*good, _member("b.jpg"), _member("b.json", record)),
        "link": tar_of(
            *good,
            _member("b.jpg", type=tarfile.SYMTYPE, linkname="/etc/hosts"),
            _member("b.json", record),
        ),
        "link to itself": tar_of(
            *good,
            _member("b.jpg", type=tarfile.LNKTYPE, linkname="b.jpg"),
            _member("b.json", record),
        ),
        "device": tar_of(*good, _member("b.jpg", type=tarfile.CHRTYPE), _member("b.json", record)),
    }
    for name, content in tars.items():
        yield Case(f"tar, {name}", partial(_tar, content))
    bomb = zip_of(bad=bytes(200_000_000))
    zips = {
        "bomb": bomb,
        "cut": zip_of(bad=GOOD)[:-30],
        "flipped": zip_of(bad=GOOD)[:300] + b"\xff\xff" + zip_of(bad=GOOD)[302:],
        "not a zip": GOOD,
        "empty": b"",
        "picture lacks": zip_of(),
        "only climbs out": zip_of(**{"..__..__bad": GOOD}),
        "two of one name": zip_of(x__bad=GOOD, y__bad=encoded(pixels(9))),
    }
    for name, content in zips.items():
        yield Case(f"zip, {name}", partial(_zip, content))


def _table(content: bytes | pa.Table, folder: Path, *words: str) -> str:
    path = folder / "a.parquet"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        pq.write_table(content, path)
    return convert(folder, "parquet", f"--data={path}", *words)


def _columns(**columns: list[Any]) -> pa.Table:
    good = {"image": {"bytes": GOOD, "path": "good.jpg"}, "question": "what?", "answer": "it"}
    return pa.table({name: [good.get(name), *more] for name, more in columns.items()})


def tables() -> Iterator[Case]:
    """Parquet with pictures inside; the first row of each is good."""
    whole = io.BytesIO()
    pq.write_table(_columns(image=[None], question=["q"], answer=["a"]), whole)
    raw = whole.getvalue()
    shelves: dict[str, bytes | pa.Table] = {
        "empty file": b"",
        "cut": raw[:-20],
        "not a table": GOOD,
        "noise between the marks": b"PAR1" + np.random.default_rng(0).bytes(500) + raw[-200:],
        "no rows": _columns(image=[], question=[], answer=[]).slice(0, 0),
        "other columns": pa.table({"a": [1], "b": ["x"]}),
        "no picture": _columns(image=[None], question=["q"], answer=["a"]),
        "picture without bytes": _columns(
            image=[{"bytes": None, "path": "../../x"}], question=["q"], answer=["a"]
        ),
        "no question": _columns(image=[{"bytes": GOOD, "path": ""}], question=[None], answer=["a"]),
        "not a picture": _columns(
            image=[{"bytes": b"no", "path": ""}], question=["q"], answer=["a"]
        ),
        "numbers for pictures": pa.table({"image": [1], "question": ["q"], "answer": ["a"]}),
        "lists for questions": pa.table(
            {"image": [GOOD], "question": [["q", "r"]], "answer": ["a"]}
        ),
        "two pictures": pa.table({"images": [[GOOD, GOOD]], "question": ["q"], "answer": ["a"]}),
    }
    for name, content in shelves.items():
        yield Case(name, partial(_table, content))
    for place in range(8, len(raw), max(1, len(raw) // 16)):
        flipped = raw[:place] + bytes([raw[place] ^ 0x55]) + raw[place + 1 :]
        yield Case(f"byte {place} flipped", partial(_table, flipped), (REFUSED, LISTED))
    yield Case("eight gigabytes in a few bytes", _wide_table)


def _wide_table(folder: Path) -> str:
    count = 2**23
    column = pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(count, np.int32)), pa.array(["x" * 1000])
    )
    table = pa.table({"image": column, "question": column, "answer": column})
    pq.write_table(table, folder / "a.parquet", compression="zstd", row_group_size=count)
    return convert(folder, "parquet", f"--data={folder}/a.parquet")


def _lines(text: bytes, words: Iterable[str], folder: Path) -> str:
    (folder / "img").mkdir()
    for name in ("good.jpg", "other.jpg"):
        (folder / "img" / name).write_bytes(GOOD)
    (folder / "q.jsonl").write_bytes(text)
    where = (f"--questions={folder}/q.jsonl", f"--images={folder}/img")
    return convert(folder, "jsonl", *where, *words)


def texts() -> Iterator[Case]:
    """Questions and answers, one JSON record a line; the first line of each is good."""
    first = json.dumps(RECORD).encode() + b"\n"

    listed = {
        "answer NaN": first + b'{"image": "other.jpg", "question": "q", "answer": NaN}\n',
        "answer null": _second(answer=None),
        "answer empty": _second(answer=""),
        "question null": _second(question=None),
        "question blank": _second(question="  \n"),
        "question a list": _second(question=["a", "b"]),
        "question an object": _second(question={"a": 1}),
        "picture null": _second(image=None),
        "picture a number": _second(image=7),
        "two pictures": _second(image=["good.jpg", "other.jpg"]),
        "climbs out": _second(image="../../../../../../etc/hosts"),
        "starts at the root": _second(image="/etc/hosts"),
        "a picture that lacks": _second(image="absent.jpg"),
        "a folder": _second(image="."),
        "a name of zeros": _second(image="a\0b.jpg"),
        "a name too long": _second(image="x" * 5000),
        "an address": _second(image="http://localhost/x.jpg"),
        "half a pair of surrogates": first
        + b'{"image": "other.jpg", "question": "\\ud800", "answer": "a"}\n',
        "a question of a megabyte": _second(question="why " * 262_144),
        "an answer of a megabyte": _second(answer="so " * 350_000),
        "a video": _second(question="<video> what moves?"),
        "regions": _second(question="Is Region [0] left of <mask> <depth>?"),
        "a second picture": _second(question="Compare it with <image 2>."),
    }
    for name, text in listed.items():
        yield Case(name, partial(_lines, text, ()))
    refused = {
        "empty file": b"",
        "not JSON": b"dear diary\n",
        "cut": first + b'{"image": "oth',
        "deep": first + b"[" * 100_000 + b"\n",
        "deep objects": first + b'{"a":' * 100_000 + b"\n",
        "numbers": b"1\n2\n",
        "a list in a line": first + b"[1]\n",
        "no UTF-8": first + b'{"image": "\xff\xfe"}\n',
        "zeros": bytes(5000),
        "a number of a million digits": first
        + b'{"image": "other.jpg", "question": "q", "answer": '
        + b"9" * 1_000_000
        + b"}\n",
    }
    for name, text in refused.items():
        yield Case(name, partial(_lines, text, ()))
    yield from _harmless_texts()


def _second(**fields: object) -> bytes:
    """Two lines; the second has other fields."""
    first = json.dumps(RECORD).encode() + b"\n"
    return first + json.dumps({**RECORD, "image": "other.jpg", **fields}).encode() + b"\n"


def _harmless_texts() -> Iterator[Case]:
    first = json.dumps(RECORD).encode() + b"\n"
    fine = {
        "byte order mark": b"\xef\xbb\xbf" + first,
        "UTF-16": json.dumps(RECORD).encode("utf-16"),
        "empty lines": b"\n\n" + first + b"\n",
        "Windows line ends": first.replace(b"\n", b"\r\n"),
        "markup": _second(question="<script>alert(1)</script> what?"),
        "a list of one picture": _second(image=["other.jpg"]),
        "right to left": _second(question="\u202e\u2066what?", answer="\u200bwall"),
    }
    for name, text in fine.items():
        yield Case(name, partial(_lines, text, ()), (READ,))

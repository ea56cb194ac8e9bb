"""Answers, weights, shards and checkpoints that nobody should trust."""

import json
import shutil
import struct
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np

from data_loaders.build import train_loader
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.answers import parse_answer
from spatialvlm_jax.experiment import DataConfig, DatasetConfig, Experiment
from spatialvlm_jax.models.checkpoint_file import shipped
from spatialvlm_jax.training.checkpoints.checkpoint import Checkpoints
from spatialvlm_jax.training.checkpoints.load_model import find_run_checkpoint
from spatialvlm_jax.weights.checkpoint_folders import checkpoint_damage
from tests.generation.pictures import PictureSource, store_pictures
from tests.hostile.attempt import READ, REFUSED, Case, Fault, command
from tests.hostile.sensors import npz_bomb
from tests.training.checkpoints.test_checkpoint import make_data, make_state

NO_LENGTH = (
    *("", " ", "\0", "?", "1e400", "-1e400", "9" * 5000, "1" + "0" * 400 + " m", "NaN m", "inf m"),
    *("²", "m" * 9000, "\ud800", "\u202e3 m\u202d"[:1], "((((" * 3000),
    *("$" * 5000, "\\boxed{" * 2000, "{" * 5000, "[" * 5000, '{"distance": ' * 900),
    *("45 pixels", "2D", "GPT-4", "two chair widths", "I have no idea.", "60 %", "45 degrees"),
    *("chapter 3", "3 chairs", "at 5 o'clock"),
)
# Of these a finite number may be read, or none.
ANY_LENGTH = ("½" * 3000, "1/0 m", "0/0", "\\frac{1}{0}", "1. 2. 3.", "http://a.b/1m", "in 2024")
LENGTHS = {
    "0 m": 0.0,
    "1.2 m": 1.2,
    "45 cm": 0.45,
    "1.2 m" + " " * 50_000: 1.2,
    "so " * 20_000 + "1.2 m": 1.2,
}


def _no_length(text: str, folder: Path) -> str:
    value = parse_answer(text).value_metres
    if value is not None and not np.isfinite(value):
        raise Fault(f"it reads {value}")
    return REFUSED if value is None else READ


def _length(text: str, value: float, folder: Path) -> str:
    said = parse_answer(text).value_metres
    return READ if said is not None and np.isclose(said, value) else REFUSED


def answers() -> Iterator[Case]:
    """Texts of a model: those that say no length give none, the others theirs."""
    for text in NO_LENGTH:
        yield Case(f"{text[:24]!r} ({len(text)})", partial(_no_length, text), (REFUSED,))
    for text in ANY_LENGTH:
        name = f"{text[:24]!r} ({len(text)})"
        yield Case(name, partial(_no_length, text), (REFUSED, READ))
    for text, value in LENGTHS.items():
        yield Case(f"{text[:24]!r} ({len(text)})", partial(_length, text, value), (READ,))


def _header(tensors: object, length: int | None = None) -> bytes:
    text = json.dumps(tensors).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text


def _tensor(begin: int, end: int, shape: list[int], dtype: str = "F32") -> dict[str, object]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def _export(name: str, content: bytes | Callable[[Path], None], folder: Path) -> str:
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        content(path)
    code, _, _ = command("export", path, folder / "out.safetensors")
    return REFUSED if code == 2 else READ


def weights() -> Iterator[Case]:
    """Weight files to export."""
    whole = Path(str(shipped("small"))).read_bytes()
    size = struct.unpack("<Q", whole[:8])[0]
    files: dict[str, bytes | Callable[[Path], None]] = {
        "empty": b"",
        "text": b"not a tensor in sight",
        "a header that lacks its end": _header({"a": _tensor(0, 8, [2])}, 1000) + bytes(8),
        "a header of eight exabytes": _header({}, 2**63 - 1),
        "a header of minus one": b"\xff" * 8,
        "deep": struct.pack("<Q", 100_000) + b"[" * 100_000,
        "overlapping": _header({"a": _tensor(0, 8, [2]), "b": _tensor(4, 12, [2])}) + bytes(12),
        "backwards": _header({"a": _tensor(8, 0, [2])}) + bytes(8),
        "a shape of 2^124": _header({"a": _tensor(0, 8, [2**62, 2**62])}) + bytes(8),
        "a negative shape": _header({"a": _tensor(0, 8, [-2])}) + bytes(8),
        "objects": _header({"a": _tensor(0, 8, [1], "O8")}) + bytes(8),
        "cut in the header": whole[: size // 2],
        "cut in the values": whole[:-1000],
        "with bytes behind": whole + b"more",
        "a pickle": b"\x80\x04\x95cposix\nsystem\n.",
        "a folder": lambda path: path.mkdir(),
        "a link to nowhere": lambda path: path.symlink_to("nowhere"),
        "a zip of arrays": npz_bomb,
    }
    for name, content in files.items():
        yield Case(name, partial(_export, "model.safetensors", content), (REFUSED,))
    # Another's file without a configuration is copied as it is.
    bare = _header({"a": _tensor(0, 8, [2])}) + bytes(8)
    yield Case("no configuration", partial(_export, "model.safetensors", bare), (READ,))
    for place in range(0, 8 + size, (8 + size) // 20):
        flipped = whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :]
        yield Case(
            f"byte {place} of the header flipped",
            partial(_export, "model.safetensors", flipped),
            (REFUSED, READ) if place >= 8 else (REFUSED,),
        )


def _read(folder: Path) -> list[Any]:
    """Every example of FOLDER/data, as training reads them."""
    data = DataConfig(
        datasets=(DatasetConfig("spatial", str(folder / "data")),), batch_size=4, length=256
    )
    loader = train_loader(Experiment(data=data))
    return [next(loader) for _ in range(8)]


def _load(folder: Path, whole: list[Any]) -> str:
    """What reading it does; damage that changes nothing that is read is none."""
    try:
        read = _read(folder)
    except UserError as error:
        if "spatial" not in str(error) and str(folder) not in str(error):
            raise Fault(f"the data set is not named: {error}") from error
        return REFUSED
    for one, other in zip(jax.tree.leaves(read), jax.tree.leaves(whole), strict=True):
        if not np.array_equal(one, other):
            raise Fault("other values are read, silently")
    return READ


def _stored(damage: Callable[[Path], None], folder: Path) -> str:
    store_pictures(PictureSource(), {"train": 24, "validation": 4}, folder / "data")
    whole = _read(folder)
    damage(folder / "data")
    return _load(folder, whole)


def _flip(pattern: str, share: float, root: Path) -> None:
    path = min(root.glob(pattern))
    data = bytearray(path.read_bytes())
    written = len(data.rstrip(b"\0"))  # a block's padding holds nothing
    data[int(share * (written - 1))] ^= 0x5A
    path.write_bytes(data)


def _cut(pattern: str, share: float, root: Path) -> None:
    path = min(root.glob(pattern))
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])


def _replace(pattern: str, content: bytes, root: Path) -> None:
    min(root.glob(pattern)).write_bytes(content)


def _swap(root: Path) -> None:
    train, held_out = (min(root.glob(f"*{split}*record*")) for split in ("train", "validation"))
    data = train.read_bytes()
    shutil.copy(held_out, train)
    held_out.write_bytes(data)


def shards() -> Iterator[Case]:
    """Stored sets, damaged after they were made."""
    train = "*train*record*"
    for tenth in range(1, 10):
        flip = partial(_flip, train, tenth / 10)
        yield Case(f"flipped at {tenth}0 %", partial(_stored, flip), (REFUSED, READ))
    for share in (0.0, 0.3, 0.9, 0.99):
        yield Case(f"cut at {share:.0%}", partial(_stored, partial(_cut, train, share)))
    yield Case("swapped with held-out ones", partial(_stored, _swap))
    yield Case("gone", partial(_stored, lambda root: min(root.glob(train)).unlink()))
    yield Case("noise", partial(_stored, partial(_replace, train, b"\0" * 9999)))
    contents = {"empty": b"", "not JSON": b"{", "deep": b"[" * 100_000, "a list": b"[]"}
    # The loaders know the features of a set of ours, and do not read their description.
    for name, right in (("dataset_info.json", (REFUSED,)), ("features.json", (REFUSED, READ))):
        for what, content in contents.items():
            damage = partial(_replace, name, content)
            yield Case(f"{name}, {what}", partial(_stored, damage), right)
        yield Case(f"{name}, gone", partial(_stored, _remover(name)), right)


def _remover(name: str) -> Callable[[Path], None]:
    return lambda root: (root / name).unlink()


def _checkpoint(damage: Callable[[Path], None], folder: Path) -> str:
    """Two checkpoints, the newest damaged: it is found out, and the one before it is taken."""
    saved = Checkpoints(folder / "checkpoints", keep=2)
    data: Any = make_data()
    for step in (1, 2):
        saved.save(make_state(step), data, {"note": step})
    saved.wait()
    saved.close()
    newest = folder / "checkpoints" / "2"
    damage(newest)
    if newest.exists() and not checkpoint_damage(newest):
        raise Fault("the damage is not found")
    if find_run_checkpoint(folder).name != "1":
        raise Fault("the damaged one is taken")
    return REFUSED


def checkpoints() -> Iterator[Case]:
    """Checkpoints of a run, damaged after they were saved."""

    def each(action: Callable[[bytes], bytes | None], which: int) -> Callable[[Path], None]:
        def damage(root: Path) -> None:
            files = sorted(path for path in root.rglob("*") if path.is_file())
            path = files[which % len(files)]
            changed = action(path.read_bytes())
            if changed is None:
                path.unlink()
            else:
                path.write_bytes(changed)

        return damage

    actions: dict[str, Callable[[bytes], bytes | None]] = {
        "flipped": lambda data: bytes([data[0] ^ 1]) + data[1:] if data else b"x",
        "cut": lambda data: data[: len(data) // 2] if data else b"x",
        "gone": lambda data: None,
        "noise": lambda data: b"\0" * 77,
    }
    for name, action in actions.items():
        for which in (0, 1, 3, -1):
            yield Case(
                f"file {which} {name}", partial(_checkpoint, each(action, which)), (REFUSED,)
            )

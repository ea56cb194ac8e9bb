"""big_vision's `.npz`: what is no plain archive of plain arrays is refused by name."""

import io
import os
import random
import zipfile
from pathlib import Path

import numpy as np
import pytest

from spatialvlm_jax.weights.load import load_weights
from spatialvlm_jax.weights.npz_file import NpzFile
from spatialvlm_jax.weights.pieces import WeightsError
from spatialvlm_jax.weights.save import save_big_vision
from tests.weights.test_weights import MODEL, numbered, shapes

NAME = "llm/final_norm/scale"


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files inside an archive of the whole model."""
    path = tmp_path_factory.mktemp("npz") / "model.npz"
    save_big_vision(path, numbered(MODEL), MODEL)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def described(shape: str, dtype: str = "'<f4'", version: bytes = b"\x01\x00") -> bytes:
    text = f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    width = 2 if version == b"\x01\x00" else 4
    return b"\x93NUMPY" + version + len(text).to_bytes(width, "little") + text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (npy(np.array([{"a": 1}] * 16, object)), "pickled Python objects.* never loaded"),
        (npy(np.zeros(16, "i4")), "holds int32, the model wants floating"),
        (npy(np.zeros(16, "c8")), "holds complex64, the model wants floating"),
        (npy(np.zeros(16, [("a", "f4")])), "holds void32, the model wants floating"),
        (npy(np.zeros(17, "f4")), r"is \(17,\), the model wants \(16,\)"),
        (npy(np.zeros(16, "f4"))[:-1], "cannot read"),
        (npy(np.zeros(16, "f4"))[:30], "cannot read"),
        (b"", "cannot read"),
        (b"\x93NUMPY\x01\x00\xff\xff", "cannot read"),
        (described("(16,)", "'O'") + b"cos\nsystem\n(S'exit 1'\ntR.", "pickled Python objects"),
        (described("(16, __import__('os'))"), "cannot read"),
        (described("(-16,)") + bytes(64), "the model wants"),
        (described("(10**30,)"), "cannot read"),
        (described("(1000000000000000,)"), "the model wants"),
        (described("(" + "(" * 5000 + ")" * 5000 + ",)"), "cannot read"),
        (described("(16,)", version=b"\x02\x00")[:8] + b"\xff\xff\xff\xff" + bytes(50), "cannot"),
    ],
)
def test_a_bad_array_is_named(
    tmp_path: Path, members: dict[str, bytes], content: bytes, message: str
) -> None:
    path = write(tmp_path / "bad.npz", members | {f"params/{NAME}.npy": content})
    with pytest.raises(WeightsError, match=message) as error:
        load_weights({"model": path}, MODEL, shapes(MODEL))
    assert "bad.npz" in str(error.value)
    assert NAME in str(error.value)


def test_a_table_too_large_to_be_one_is_not_read(tmp_path: Path, members: dict[str, bytes]) -> None:
    """A vocabulary and positions may have another number of rows, but not any number."""
    for name, shape in (
        ("llm/embedder/input_embedding", "(1000000000, 16)"),
        ("img/pos_embedding", "(1, 1000000000, 8)"),
        ("img/pos_embedding", "(1, 0, 8)"),
        ("img/pos_embedding", "(0, 4, 8)"),
        ("img/pos_embedding", "()"),
    ):
        path = write(tmp_path / "bad.npz", members | {f"params/{name}.npy": described(shape)})
        with pytest.raises(WeightsError, match=f"{name} is "):
            load_weights({"model": path}, MODEL, shapes(MODEL))


def test_compressed_archives_are_read(tmp_path: Path, members: dict[str, bytes]) -> None:
    path = write(tmp_path / "small.npz", members, zipfile.ZIP_DEFLATED)
    arrays, _ = load_weights({"model": path}, MODEL, shapes(MODEL))
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, numbered(MODEL)[name], err_msg=name)


def test_bytes_that_only_unpack_to_a_lot_are_not_unpacked(tmp_path: Path) -> None:
    """A header that claims 4 GB: a thousandth of that on disk, and none of it in memory."""
    head = described("(16,)", version=b"\x02\x00")[:8] + (2**32 - 1).to_bytes(4, "little")
    path = write(tmp_path / "bomb.npz", {"a.npy": head + bytes(1 << 24)}, zipfile.ZIP_DEFLATED)
    files = NpzFile(path)
    with pytest.raises(WeightsError, match="cannot read a in .*bomb.npz"):
        files.shape("a")


def test_one_name_twice_is_refused(tmp_path: Path, members: dict[str, bytes]) -> None:
    path = write(tmp_path / "twice.npz", members | {f"{NAME}.npy": npy(np.zeros(16, "f4"))})
    with pytest.raises(WeightsError, match=f"twice.npz has {NAME} twice"):
        NpzFile(path)


def test_an_encrypted_member_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "locked.npz", {"a.npy": npy(np.zeros(16, "f4"))})
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    content[6] |= 1
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="cannot read a in .*locked.npz"):
        NpzFile(path).shape("a")


def test_a_pipe_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.npz")
    with pytest.raises(WeightsError, match="pipe.npz: it is no plain file"):
        load_weights({"model": tmp_path / "pipe.npz"}, MODEL, shapes(MODEL))


def test_no_damage_is_a_crash(tmp_path: Path) -> None:
    """Bytes are flipped and cut off at random: each file is read, or refused by name."""
    arrays = {"params/a": np.arange(6, dtype="f4"), "params/b/c": np.zeros((2, 3), "f2")}
    np.savez(tmp_path / "whole.npz", **arrays)
    whole, rng, refused = (tmp_path / "whole.npz").read_bytes(), random.Random(0), 0
    for trial in range(300):
        content = bytearray(whole[: rng.randrange(len(whole))] if trial % 3 == 0 else whole)
        for _ in range(rng.randrange(1, 4)):
            if content:
                content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path = tmp_path / "damaged.npz"
        path.write_bytes(content)
        try:
            files = NpzFile(path)
            for name in files.names():
                files.dtype(name)
                if files.shape(name) in {(6,), (2, 3)}:
                    files.read(name, [slice(None)] * len(files.shape(name)))
        except WeightsError as error:
            assert "damaged.npz" in str(error)
            refused += 1
    assert refused > 100

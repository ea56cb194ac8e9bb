"""Traced programs on disk: found again, told apart, and nothing is lost where they are not."""

import ast
import dataclasses
import functools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import spatialvlm_jax
from spatialvlm_jax.models import kept_programs
from spatialvlm_jax.models.generate import answer_questions
from spatialvlm_jax.models.kept_programs import SOURCES, KeptProgram
from spatialvlm_jax.models.score import (
    encode_images,
    grow_tree,
    pad_tree,
    read_behind_images,
    score_answers,
)
from spatialvlm_jax.models.vlm import VLM

X = np.array([1.0, 2.0, 4.0], np.float32)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where programs are kept, empty at first."""
    before = jax.config.values["jax_compilation_cache_dir"]
    jax.config.update("jax_compilation_cache_dir", str(tmp_path))
    kept_programs.open_program.cache_clear()
    yield tmp_path / "traced"
    jax.config.update("jax_compilation_cache_dir", before)
    kept_programs.open_program.cache_clear()


@dataclasses.dataclass
class Counted:
    """A program that knows how often it was traced."""

    traced: int = 0

    def __post_init__(self) -> None:
        @functools.partial(KeptProgram, static_argnames=("power",))
        def program(definition: float, x: jax.Array, more: Any, *, power: int = 1) -> Any:
            self.traced += 1
            return {"sum": (definition * x**power).sum() + more["y"], "none": None}

        self.program = program

    def __call__(self, definition: float, x: Any, **static: int) -> float:
        found = self.program(definition, x, {"y": jnp.float32(0.5)}, **static)
        assert found["none"] is None
        return float(found["sum"])

    def anew(self, definition: float, x: Any, **static: int) -> float:
        """As another process calls it."""
        kept_programs.open_program.cache_clear()
        return self(definition, x, **static)


def test_a_program_is_traced_once_for_all_processes(folder: Path) -> None:
    program = Counted()
    assert [program(2.0, X), program.anew(2.0, X), program.anew(2.0, X)] == [14.5] * 3
    assert (program.traced, len(list(folder.iterdir()))) == (1, 1)


def test_what_it_depends_on_tells_programs_apart(folder: Path) -> None:
    program = Counted()
    found = [
        program(2.0, X),
        program(3.0, X),
        program(2.0, X, power=2),
        program(2.0, X[:2]),
        program(2.0, X.astype(np.int32)),
    ]
    assert found == [14.5, 21.5, 42.5, 6.5, 14.5]
    with jax.default_matmul_precision("float32"):
        assert program(2.0, X) == 14.5
    assert (program.traced, len(list(folder.iterdir()))) == (6, 6)


def test_code_that_changed_is_traced_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = Counted()
    program(2.0, X)
    monkeypatch.setattr(kept_programs, "code_digest", lambda: "of other code")
    assert program.anew(2.0, X) == 14.5
    assert (program.traced, len(list(folder.iterdir()))) == (2, 2)


def cut(whole: bytes, other: bytes) -> bytes:
    return whole[:-9]


def altered(whole: bytes, other: bytes) -> bytes:
    return whole[:200] + bytes([whole[200] ^ 1]) + whole[201:]


def signed(whole: bytes, other: bytes) -> bytes:
    return whole + b"and more"


@pytest.mark.parametrize(
    "damage", [cut, altered, signed, lambda *_: b"", lambda whole, other: other]
)
def test_a_file_that_is_damaged_or_of_another_is_written_anew(
    folder: Path, damage: Callable[[bytes, bytes], bytes]
) -> None:
    program = Counted()
    program(2.0, X)
    (path,) = folder.iterdir()
    program(3.0, X)
    (other,) = set(folder.iterdir()) - {path}
    whole = path.read_bytes()
    path.write_bytes(damage(whole, other.read_bytes()))
    assert program.anew(2.0, X) == 14.5
    assert program.traced == 3
    assert program.anew(2.0, X) == 14.5
    assert program.traced == 3


def test_what_its_reader_cannot_read_is_traced_anew(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Counted()
    program(2.0, X)

    def fail(content: bytearray) -> None:
        raise IndexError("a table lies behind the end")

    monkeypatch.setattr(kept_programs.export, "deserialize", fail)
    assert program.anew(2.0, X) == 14.5
    assert program.traced == 2


def test_programs_run_where_nothing_can_be_kept(folder: Path) -> None:
    program = Counted()
    folder.write_text("no folder")
    assert program(2.0, X) == 14.5
    jax.config.update("jax_compilation_cache_dir", None)
    assert program(2.0, X) == 14.5
    assert os.listdir(folder.parent) == ["traced"]


def test_what_cannot_be_written_is_traced_as_any_other(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    widen = KeptProgram(lambda definition, x: x.astype(jnp.int32))
    narrow = jnp.asarray([1, -2, 1]).astype(jnp.int2)  # which files have no name for
    assert widen(None, narrow).tolist() == [1, -2, 1]

    def fail() -> str:
        raise NotADirectoryError("the package lies in an archive")

    with monkeypatch.context() as patched:
        patched.setattr(kept_programs, "code_digest", fail)
        assert Counted()(2.0, X) == 14.5
    monkeypatch.setattr(kept_programs, "_MOST_BYTES", 100)  # more would not be read again
    program = Counted()
    assert [program(2.0, X), program.anew(2.0, X)] == [14.5] * 2
    assert (program.traced, folder.exists()) == (2, False)


def test_the_error_of_a_program_is_its_own(folder: Path) -> None:
    add = KeptProgram(lambda definition, x, y: x + y)
    with pytest.raises(TypeError, match="incompatible shapes"):
        add(None, jnp.asarray(X), X[:2])


def test_nothing_is_written_where_jax_keeps_programs_in_a_bucket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(jax.config.values, "jax_compilation_cache_dir", "gs://bucket/programs")
    assert Counted()(2.0, X) == 14.5
    assert os.listdir(tmp_path) == []


def test_inside_other_programs_and_under_names_of_one_process_nothing_is_kept(
    folder: Path,
) -> None:
    program = Counted()
    inside = jax.jit(lambda x: program.program(2.0, x, {"y": x[0]})["sum"])
    assert float(inside(X)) == 15.0
    definition = functools.partial(pow, 2.0)  # its repr is the same everywhere: kept
    named = KeptProgram(lambda definition, x: definition(x))
    np.testing.assert_array_equal(named(definition, jnp.asarray(X)), 2.0**X)
    assert len(list(folder.iterdir())) == 1
    nameless = KeptProgram(lambda definition, x: definition(x))
    np.testing.assert_array_equal(nameless(lambda x: x + 1, jnp.asarray(X)), X + 1)
    assert len(list(folder.iterdir())) == 1


def heard(model: VLM) -> list[np.ndarray]:
    """All that programs of asking say about two pictures with two questions each."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2, 16, 16, 3), np.uint8)
    prefixes, lengths = rng.integers(3, 40, (2, 2, 4), np.int32), np.array([[4, 2], [3, 0]])
    tree = pad_tree(grow_tree([[5, 6, 7, 1], [5, 1], [9, 6, 1]]), 8, 4)
    trees = jax.tree.map(lambda array: np.broadcast_to(array, (2, 2, *array.shape)), tree)
    encoded = encode_images(model, images)
    read = read_behind_images(model, encoded, prefixes, lengths.astype(np.int32))
    said = answer_questions(model, read, max_tokens=6, eos_id=1)
    found = (encoded, read, said, score_answers(model, read, trees))
    return [np.asarray(leaf) for leaf in jax.tree.leaves(found)]


@pytest.mark.parametrize("rule", ["image_prefix", "prefix"])
def test_a_kept_model_says_what_it_says_without(
    folder: Path, lively: Callable[..., VLM], rule: str
) -> None:
    model = lively(rule)
    first = heard(model)
    names = set(folder.iterdir())
    kept_programs.open_program.cache_clear()
    again = heard(model)
    assert (len(names), set(folder.iterdir())) == (4, names)
    jax.config.update("jax_compilation_cache_dir", None)
    plain = heard(model)
    for kept in (first, again):
        for one, other in zip(kept, plain, strict=True):
            np.testing.assert_array_equal(one, other)


# What those import beside: it writes files, or checks settings and scenes before any program.
CHECKS = {"atomic_write", "bounds", "errors", "questions", "scene.camera", "scene.records"}


def test_all_code_that_programs_follow_from_counts() -> None:
    package = Path(spatialvlm_jax.__file__).parent
    known = {source.removesuffix(".py").replace("/", ".") for source in SOURCES}
    files = [file for source in SOURCES for file in (package / source).rglob("*.py")]
    imported = {
        node.module.removeprefix("spatialvlm_jax.")
        for file in [*files, *(package / name for name in SOURCES if name.endswith(".py"))]
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        and node.module
        and node.module.startswith("spatialvlm_jax.")
    }
    strange = {
        name for name in imported if not any(f"{name}.".startswith(f"{each}.") for each in known)
    }
    assert strange <= CHECKS

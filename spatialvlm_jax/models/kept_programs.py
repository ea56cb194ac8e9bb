"""Programs of a model whose traced form is kept on disk, so that no later process traces them.

JAX keeps what it compiled, but finds it by the traced program: a process that starts anew traces
and lowers a whole model first, which takes longer than all that follows. What is kept here, beside
what is compiled, is StableHLO with the weights as arguments, as `jax.export` writes it: data alone.
"""

import contextlib
import dataclasses
import functools
import hashlib
import importlib.metadata
import logging
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax import export

from spatialvlm_jax.atomic_write import whole_file
from spatialvlm_jax.errors import one_line

_FOLDER = "traced"
_DIGEST_BYTES = 32
_MOST_BYTES = 64 * 2**20  # of a file, without its digest
_PACKAGE = Path(__file__).resolve().parents[1]
# What a traced program follows from, beside its arguments; a test holds that models import no more.
SOURCES = ("models", "experiment", "batch.py", "scene/rays.py")


class KeptProgram:
    """A function of a model's definition and of arrays, compiled for each of their shapes.

    Its traced form is kept where JAX keeps what it compiled. Where it keeps nothing, or keeps it in
    a bucket, inside other traced code, of arrays that are split over devices, and of programs that
    cannot be written, it is as `jax.jit` has it.
    """

    def __init__(self, function: Callable[..., Any], static_argnames: Sequence[str] = ()) -> None:
        """Of `function(definition, *arrays, **static)`.

        What it returns are arrays in plain containers, or in such as `jax.export` was told of.
        """
        self.name = f"{function.__module__}.{function.__qualname__}"
        self.function = function
        self.compiled = jax.jit(function, static_argnums=0, static_argnames=tuple(static_argnames))

    def __call__(self, definition: Any, *arrays: Any, **static: Hashable) -> Any:
        leaves, structure = jax.tree.flatten(arrays)
        folder, no_mesh = _cache_folder(), jax.sharding.get_abstract_mesh().empty
        if folder and no_mesh and _are_local(leaves):
            kinds = tuple(map(jax.typeof, leaves))
            settings = tuple(getattr(jax.config, name) for name in _SETTINGS)
            given = tuple(static.items())
            asked = AskedProgram(self, definition, structure, kinds, given, settings)
            if (program := open_program(asked, folder)) is not None:
                return program(leaves)
        return self.compiled(definition, *arrays, **static)


def _cache_folder() -> str:
    """Where JAX keeps what it compiled; "" where it does not, or not in a folder."""
    is_kept = jax.config.values["jax_enable_compilation_cache"]
    folder = jax.config.values["jax_compilation_cache_dir"] if is_kept else None
    return "" if folder is None or "://" in folder else folder


# Of JAX's settings, those that another program would be traced under.
_SETTINGS = (
    "jax_default_matmul_precision",
    "jax_default_prng_impl",
    "jax_enable_x64",
    "jax_numpy_dtype_promotion",
    "jax_numpy_rank_promotion",
    "jax_threefry_partitionable",
)


@dataclasses.dataclass(frozen=True)
class AskedProgram:
    """A program, and what of its arguments and of JAX it is traced for."""

    program: KeptProgram
    definition: Any
    structure: Any
    kinds: tuple[Any, ...]
    static: tuple[tuple[str, Hashable], ...]
    settings: tuple[Any, ...]

    def trace(self) -> export.Exported:
        """The program of the leaves of its arguments."""

        def of_leaves(leaves: list[jax.Array]) -> Any:
            arrays = jax.tree.unflatten(self.structure, leaves)
            return self.program.function(self.definition, *arrays, **dict(self.static))

        shapes = [
            jax.ShapeDtypeStruct(kind.shape, kind.dtype, weak_type=kind.weak_type)
            for kind in self.kinds
        ]
        return export.export(jax.jit(of_leaves))(shapes)

    def __str__(self) -> str:
        """All that it follows from, the same in every process."""
        device = jax.local_devices()[0]
        place = (device.platform, device.device_kind)
        versions = [importlib.metadata.version(name) for name in ("jax", "jaxlib", "flax")]
        own = (self.program.name, self.definition, self.kinds, self.static, self.settings)
        return "\n".join(map(repr, (*own, str(self.structure), *place, *versions, code_digest())))


def _are_local(leaves: Sequence[Any]) -> bool:
    """Whether all are arrays of the host or of one device, as a program without a mesh has them."""
    platforms: set[str] = set()
    for leaf in leaves:
        if isinstance(leaf, jax.core.Tracer):
            return False
        if isinstance(leaf, jax.Array):
            if not isinstance(leaf.sharding, jax.sharding.SingleDeviceSharding):
                return False
            platforms.update(device.platform for device in leaf.devices())
        elif not isinstance(leaf, np.ndarray | np.generic):
            return False
    return platforms == {jax.default_backend()}


@functools.lru_cache(maxsize=256)
def open_program(asked: AskedProgram, folder: str) -> Callable[[list[Any]], Any] | None:
    """The program of the leaves of its arguments; None where it is to be traced as any other."""
    try:
        about = str(asked)
    except (OSError, ImportError):  # no source or package to read, as in a frozen program
        return None
    if " at 0x" in about:  # something that has another name in every process
        return None
    name = hashlib.blake2b(about.encode(), digest_size=16).hexdigest()
    path = Path(folder) / _FOLDER / name
    traced = _read(path, about)
    if traced is None:
        try:
            traced = asked.trace()
            content = bytes(traced.serialize())
        except Exception as error:  # of its writer, or the program's own, which is raised again
            logging.info("%s is traced each time: %s", asked.program.name, one_line(repr(error)))
            return None
        if len(content) <= _MOST_BYTES:
            # A full disk or another's folder: it is but a cache.
            with contextlib.suppress(OSError), whole_file(path) as temporary:
                temporary.write_bytes(_digest(about, content) + content)
    return jax.jit(traced.call)


def _read(path: Path, about: str) -> export.Exported | None:
    """What is kept; None where nothing is, or something else, or not all of it."""
    try:
        with path.open("rb") as file:
            digest, content = file.read(_DIGEST_BYTES), file.read(_MOST_BYTES)
        return export.deserialize(bytearray(content)) if digest == _digest(about, content) else None
    except Exception:  # whatever a file that is none of ours makes of its reader
        return None


def _digest(about: str, content: bytes) -> bytes:
    return hashlib.blake2b(about.encode() + content, digest_size=_DIGEST_BYTES).digest()


@functools.cache
def code_digest() -> str:
    """BLAKE2b, hexadecimal, of `SOURCES`."""
    found = hashlib.blake2b(digest_size=16)
    for source in SOURCES:
        path = _PACKAGE / source
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            found.update(f"{file.relative_to(_PACKAGE)} {file.stat().st_size} ".encode())
            found.update(file.read_bytes())
    return found.hexdigest()

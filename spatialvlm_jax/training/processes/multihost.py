"""Several processes, one run: how they agree. `join` says how they find each other.

A single process needs nothing of this: every function here then does its work alone and waits for
nobody.
"""

import contextlib
import itertools
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax._src import distributed
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from spatialvlm_jax import progress
from spatialvlm_jax.errors import UserError, describe_failure
from spatialvlm_jax.signals import HUNG_UP, INTERRUPTED

T = TypeVar("T")

_PATIENCE_MS = 24 * 3600 * 1000  # process 0 may be rendering a data set; a death is noticed anyway
_LEAVE_MS = 5_000
_numbers = itertools.count()


def is_main_process() -> bool:
    """Whether this process writes what is written once: metrics, reports, exports."""
    return bool(distributed.global_state.process_id == 0)


def print_once(text: str) -> None:
    """Prints once, not once a process."""
    if is_main_process():
        print(text, flush=True)


def waiting_once(doing: str, done: str) -> contextlib.AbstractContextManager[None]:
    """As `progress.waiting`, said once, not once a process."""
    return progress.waiting(doing, done, quiet=not is_main_process())


def file_suffix() -> str:
    """What sets this process's files apart: "", or ".process_1" among others."""
    return "" if is_single_process() else f".process_{distributed.global_state.process_id}"


def process_place() -> tuple[int, int]:
    """Which process this is, from 0, and how many there are."""
    if is_single_process():
        return 0, 1
    return int(distributed.global_state.process_id), int(distributed.global_state.num_processes)


def is_single_process() -> bool:
    """Whether there is no other process."""
    return not jax.distributed.is_initialized() or distributed.global_state.num_processes == 1


def _client() -> Any:
    # JAX has no public way to exchange a few words without a device.
    return distributed.global_state.client


def _next_key() -> str:
    """The same on all processes, which make the same calls in the same order."""
    return f"spatialvlm/{next(_numbers)}"


def broadcast_from_main(make: Callable[[], T]) -> T:
    """What `make()` gives on process 0, on every process; elsewhere it is not called.

    Args:
      make: returns what JSON can say.

    Raises:
      UserError: process 0 raised it, or an OSError, which it raises itself.
    """
    if is_single_process():
        return make()
    key = _next_key()
    if is_main_process():
        try:
            value = make()
        except (UserError, OSError) as error:
            _client().key_value_set(key, json.dumps({"error": describe_failure(error)}))
            raise
        _client().key_value_set(key, json.dumps({"value": value}))
        return value
    said = json.loads(_client().blocking_key_value_get(key, _PATIENCE_MS))
    if "error" in said:
        raise UserError(f"process 0: {said['error']}")
    return said["value"]


@contextlib.contextmanager
def raise_on_all() -> Iterator[None]:
    """What is inside is each process's own work; where one fails, all of them do.

    Raises:
      UserError: as raised inside, or as another process raised it.
      OSError: as raised inside.
    """
    if is_single_process():
        yield
        return
    failure: UserError | OSError | None = None
    try:
        yield
    except (UserError, OSError) as error:
        failure = error
    key, own = _next_key(), distributed.global_state.process_id
    _client().key_value_set(f"{key}/{own}", describe_failure(failure) if failure else "")
    _client().wait_at_barrier(key, _PATIENCE_MS)
    if failure is not None:
        raise failure
    for name, message in sorted(_client().key_value_dir_get(key + "/")):
        if message:
            raise UserError(f"process {name.rpartition('/')[2]}: {message}")


def check_same_settings(settings: Mapping[str, Any]) -> None:
    """Raises UserError, with the name, where this process's settings are not those of process 0.

    Args:
      settings: flat, of what JSON can say.
    """
    own = json.loads(json.dumps(dict(settings)))
    first = broadcast_from_main(lambda: own)
    with raise_on_all():
        for name in sorted(own.keys() | first.keys()):
            if own.get(name) != first.get(name):
                raise UserError(
                    f"{name} is {own.get(name)} here, process 0 has {first.get(name)}; "
                    "start all processes with the same --config and overrides"
                )


def check_shared_folder(folder: Path, setting: str = "--workdir") -> None:
    """Makes a folder; raises UserError, with what named it, unless all processes see the same."""
    if is_single_process():
        folder.mkdir(parents=True, exist_ok=True)
        return
    mark = folder / f".seen_by_process_0.{os.getpid()}"

    def make() -> str:
        folder.mkdir(parents=True, exist_ok=True)
        mark.touch()
        return mark.name

    name = broadcast_from_main(make)
    try:
        with raise_on_all():
            if name not in os.listdir(folder if folder.is_dir() else "."):
                raise UserError(
                    f"{folder} is not the folder that process 0 sees; {setting} must be on a file "
                    "system that all processes share"
                )
    finally:
        if is_main_process():
            mark.unlink(missing_ok=True)


class StopVote:
    """Whether any process says yes, known to all of them at the same call.

    Every process makes the same calls in the same order.
    """

    def __init__(self) -> None:
        mesh = Mesh(np.asarray(jax.devices()), ("device",))
        self._votes = NamedSharding(mesh, PartitionSpec("device"))
        self._count = jax.jit(jnp.any, out_shardings=NamedSharding(mesh, PartitionSpec()))
        self._cast: jax.Array | None = None

    def _hold(self, mine: bool) -> jax.Array:
        vote = np.full(1, mine)
        shape = (jax.device_count(),)
        return self._count(jax.make_array_from_callback(shape, self._votes, lambda _: vote))

    def outcome(self, mine: bool) -> bool:
        """Waits until all have voted."""
        return mine if is_single_process() else bool(self._hold(mine))

    def previous_outcome(self, mine: bool) -> bool:
        """Votes, and returns the outcome of the vote before: waits for no step under way."""
        if is_single_process():
            return mine
        last, self._cast = self._cast, self._hold(mine)
        return last is not None and bool(last)


def gather_everywhere(array: jax.Array) -> np.ndarray:
    """A whole array, in the memory of every process."""
    if array.is_fully_addressable:
        return np.asarray(array)
    return np.asarray(multihost_utils.process_allgather(array, tiled=True))


def gather_on_main(arrays: Mapping[str, jax.Array]) -> dict[str, Any]:
    """Whole numpy arrays in the memory of process 0, made one by one; the others keep none."""
    whole: dict[str, Any] = {}
    for name, array in arrays.items():
        value = gather_everywhere(array)
        if is_main_process():
            whole[name] = value
    return whole


def leave(code: int) -> int:
    """Leaves the other processes; returns `code`, the program's exit code.

    After success, or a stop that all agreed on, it waits until all are done. After a failure it
    gives the others a moment to report the same one, and ends this process at once: they cannot go
    on without it.
    """
    if is_single_process():
        return code
    if code in (0, INTERRUPTED, HUNG_UP):
        _client().wait_at_barrier("end", _PATIENCE_MS)
        jax.distributed.shutdown()
        return code
    with contextlib.suppress(jax.errors.JaxRuntimeError):
        _client().wait_at_barrier("failed", _LEAVE_MS)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)

"""What shows that two runs begin alike: digests of first weights, and of the data in their order.

WORKDIR/fingerprints.json
  weights   of each part of the model before step 1: of the shards that the first process holds
  pictures  of the first process's rows of a step: pixels, or what stands for them
  texts     of the same rows: tokens and where they count

Digests are the first 16 hexadecimal digits of SHA-256. A run that goes on keeps what is there.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jax
import numpy as np

from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.batch import Batch
from spatialvlm_jax.foreign_files.json_files import read_object
from spatialvlm_jax.training.processes import multihost

FILE = "fingerprints.json"
STEPS = (1, 10, 100)
_DIGITS = 16


def record_weights(workdir: Path, parameters: Any, step: int) -> None:
    """Keeps the digest of each part of the model, "encoder", "decoder", ..., before step 1.

    Args:
      parameters: by name, "encoder/layers/0/kernel"; read one after the other.
      step: of the state that they are from; nothing is kept where it is not 0.
    """
    if step or not multihost.is_main_process():
        return
    parts: dict[str, Any] = {}
    for name in sorted(parameters):
        digest = parts.setdefault(name.partition("/")[0], hashlib.sha256())
        for path, leaf in jax.tree_util.tree_leaves_with_path(parameters[name]):
            digest.update(f"{name}{jax.tree_util.keystr(path)}".encode())
            _add_shards(digest, leaf)
    _keep(workdir, "weights", {part: _short(digest) for part, digest in parts.items()})


def record_batch(workdir: Path, step: int, last: int, batch: Batch) -> None:
    """Keeps the digests of the batch of one of `STEPS`, and of the last step."""
    if step not in (*STEPS, last) or not multihost.is_main_process():
        return
    seen = batch.images if batch.images is not None else batch.features
    texts = (batch.tokens, batch.segment_ids, batch.loss_mask)
    for name, arrays in (("pictures", (seen,)), ("texts", texts)):
        _keep(workdir, name, {str(step): _digest_arrays(arrays)})


def read_fingerprints(workdir: Path) -> dict[str, Any]:
    """What was kept; empty where nothing was."""
    path = workdir / FILE
    return read_object(path, "the fingerprints of a run") if path.is_file() else {}


def _add_shards(digest: Any, leaf: Any) -> None:
    digest.update(f"{leaf.shape} {leaf.dtype}".encode())
    if not isinstance(leaf, jax.Array):
        digest.update(np.ascontiguousarray(leaf).tobytes())
        return
    for shard in leaf.addressable_shards:
        if shard.replica_id == 0:
            digest.update(str(shard.index).encode())
            digest.update(np.asarray(shard.data).tobytes())


def _digest_arrays(arrays: Iterable[Any]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.asarray(array).tobytes())
    return _short(digest)


def _short(digest: Any) -> str:
    return str(digest.hexdigest()[:_DIGITS])


def _keep(workdir: Path, name: str, content: dict[str, str]) -> None:
    found = read_fingerprints(workdir)
    write_json(workdir / FILE, {**found, name: {**found.get(name, {}), **content}})

"""What trains and what it costs, said before step 0."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from spatialvlm_jax.experiment import GROUPS
from spatialvlm_jax.models.adapters import is_adapter
from spatialvlm_jax.models.flops import flops_by_tower
from spatialvlm_jax.models.quantize import count_values
from spatialvlm_jax.si_prefix import with_prefix
from spatialvlm_jax.text_table import align_columns
from spatialvlm_jax.training.losses import totals_of
from spatialvlm_jax.training.optim import is_decayed, parameter_group
from spatialvlm_jax.training.state import TrainState
from spatialvlm_jax.training.step import StepConfig, loss_and_sums

_ALWAYS_TOLD = tuple(name for name in GROUPS if name != "camera")
_COUNTS = ("parameters", "trainable", "decayed", "parameter_bytes", "slot_bytes")
_FLOPS = ("forward", "backward", "recomputed")


@dataclasses.dataclass(frozen=True)
class GroupReport:
    """One group's parameters: counts of values, and bytes of them and of optimiser slots.

    group: its name, and "NAME adapters" for the adapters in it.
    """

    group: str
    parameters: int
    trainable: int
    decayed: int
    parameter_bytes: int
    slot_bytes: int
    dtype: str


@dataclasses.dataclass(frozen=True)
class DeviceBytes:
    """What one device holds of the state, and of gradients while a step runs; no activations."""

    parameters: int
    slots: int
    averages: int
    gradients: int


@dataclasses.dataclass(frozen=True)
class StepFlops:
    """Floating point operations of matrix products in one step, on the whole batch.

    recomputed: of forward values that the backward pass computes again; not part of `backward`.
    logits: how much of forward and backward is scores of tokens, which are computed where there is
      loss, and counted here for all text.
    """

    forward: int
    backward: int
    recomputed: int = 0
    logits: int = 0

    def needed(self, loss_share: float) -> float:
        """What a step must compute whose text has loss on this share of its places."""
        return self.forward + self.backward - self.logits * (1 - loss_share)


def report_groups(state: TrainState) -> list[GroupReport]:
    """One row a group, from the state (arrays or `jax.ShapeDtypeStruct`s)."""
    slots = _slot_bytes(state)
    rows = []
    members: dict[str, dict[str, Any]] = {}
    for key, x in state.parameters.items():
        name = parameter_group(key) + " adapters" * is_adapter(key)
        members.setdefault(name, {})[key] = x
    for name in (f"{name}{kind}" for kind in ("", " adapters") for name in GROUPS):
        arrays = members.get(name, {})
        if not arrays and name not in _ALWAYS_TOLD:
            continue
        trainable = {key: x for key, x in arrays.items() if key in state.trainable}
        rows.append(
            GroupReport(
                group=name,
                parameters=_count(arrays),
                trainable=_count(trainable),
                decayed=_count({key: x for key, x in trainable.items() if is_decayed(key)}),
                parameter_bytes=sum(_bytes(x) for x in arrays.values()),
                slot_bytes=sum(slots.get(key, 0) for key in arrays),
                dtype="/".join(sorted({jnp.dtype(x.dtype).name for x in arrays.values()})),
            )
        )
    return rows


def report_memory(state: TrainState) -> DeviceBytes:
    """Bytes on one device, of a state that knows where its arrays live (else of all of it)."""
    trees = (state.parameters, state.opt_state, state.average, state.trainable)
    return DeviceBytes(*(sum(map(_device_bytes, jax.tree.leaves(tree))) for tree in trees))


def report_flops(state: TrainState, batch: Any, config: StepConfig) -> StepFlops:
    """Counts a step's operations from its traced program; nothing is computed.

    Args:
      state, batch: arrays or `jax.ShapeDtypeStruct`s.
      config: as the step takes it.
    """

    def objective(trainable: Any, frozen: Any, batch: Any) -> Any:
        model = config.template.model({**trainable, **frozen})
        return loss_and_sums(model, batch, totals_of(batch), config)

    differentiate = jax.value_and_grad(objective, has_aux=True)
    towers = flops_by_tower(differentiate, state.trainable, state.frozen, batch)
    return StepFlops(
        forward=sum(each.forward for each in towers.values()),
        backward=sum(each.backward for each in towers.values()),
        recomputed=sum(each.recomputed for each in towers.values()),
        logits=towers["logits"].forward + towers["logits"].backward,
    )


def describe_parameters(state: TrainState, flops: StepFlops) -> str:
    """The whole report as text."""
    return format_report(report_groups(state), flops, report_memory(state))


def format_report(rows: list[GroupReport], flops: StepFlops, memory: DeviceBytes) -> str:
    """The table that is printed and kept in the workdir."""
    head = ("group", "parameters", "trainable", "decayed", "bytes", "slot bytes", "dtype")
    cells = [(r.group, *(f"{getattr(r, field):,}" for field in _COUNTS), r.dtype) for r in rows]
    sums = [sum(getattr(r, field) for r in rows) for field in _COUNTS]
    table = [head, *cells, ("total", *(f"{n:,}" for n in sums), "")]
    lines = align_columns(table)
    computed = {name: with_prefix(getattr(flops, name), "FLOP") for name in _FLOPS}
    held = {name: with_prefix(size, "B") for name, size in dataclasses.asdict(memory).items()}
    lines.append(
        "a step computes {forward} forward, {backward} backward and {recomputed} again".format(
            **computed
        )
    )
    lines.append(
        "a device holds {parameters} of parameters, {slots} of slots, {averages} of averages, "
        "and in a step {gradients} of gradients, beside activations".format(**held)
    )
    return "\n".join(line.rstrip() for line in lines)


def _slot_bytes(state: TrainState) -> dict[str, int]:
    """Bytes of optimiser state by the name of the parameter they belong to."""
    totals: dict[str, int] = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(state.opt_state):
        key = path[-1].key if path and isinstance(path[-1], jax.tree_util.DictKey) else None
        if key is not None:
            totals[key] = totals.get(key, 0) + _bytes(leaf)
    return totals


def _bytes(x: Any, shape: tuple[int, ...] | None = None) -> int:
    return math.prod(x.shape if shape is None else shape) * jnp.dtype(x.dtype).itemsize


def _device_bytes(x: Any) -> int:
    sharding = getattr(x, "sharding", None)
    return _bytes(x, sharding.shard_shape(x.shape) if sharding else None)


def _count(arrays: Mapping[str, Any]) -> int:
    return sum(count_values(name, x) for name, x in arrays.items())

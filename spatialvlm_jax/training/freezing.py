"""What trains and what it costs, said before step 0."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from spatialvlm_jax.models.flops import count_flops
from spatialvlm_jax.training.losses import totals_of
from spatialvlm_jax.training.optim import group, is_decayed
from spatialvlm_jax.training.state import TrainState
from spatialvlm_jax.training.step import StepConfig, loss_and_sums


@dataclasses.dataclass(frozen=True)
class GroupReport:
    """One group's parameters: counts of values, and bytes of optimiser slots."""

    group: str
    parameters: int
    trainable: int
    decayed: int
    slot_bytes: int
    dtype: str


@dataclasses.dataclass(frozen=True)
class StepFlops:
    """Floating point operations of matrix products in one step, on the whole batch.

    backward: all of the step that is not its forward pass; recomputed logits count here.
    """

    forward: int
    backward: int


def report_groups(state: TrainState) -> list[GroupReport]:
    """One row a group, from the state (arrays or `jax.ShapeDtypeStruct`s)."""
    slots = _slot_bytes(state)
    rows = []
    for name in ("encoder", "connector", "decoder", "embeddings"):
        arrays = {key: x for key, x in state.parameters.items() if group(key) == name}
        trainable = {key: x for key, x in arrays.items() if key in state.trainable}
        rows.append(
            GroupReport(
                group=name,
                parameters=_count(arrays),
                trainable=_count(trainable),
                decayed=_count({key: x for key, x in trainable.items() if is_decayed(key)}),
                slot_bytes=sum(slots.get(key, 0) for key in arrays),
                dtype="/".join(sorted({jnp.dtype(x.dtype).name for x in arrays.values()})),
            )
        )
    return rows


def report_flops(state: TrainState, batch: Any, config: StepConfig) -> StepFlops:
    """Counts a step's operations from its traced program; nothing is computed.

    Args:
      state, batch: arrays or `jax.ShapeDtypeStruct`s.
      config: as the step takes it.
    """

    def objective(trainable: Any, frozen: Any, batch: Any) -> Any:
        model = config.template.model({**trainable, **frozen})
        return loss_and_sums(model, batch, totals_of(batch), config)

    arguments = (state.trainable, state.frozen, batch)
    once = count_flops(objective, *arguments)
    both = count_flops(jax.value_and_grad(objective, has_aux=True), *arguments)
    return StepFlops(forward=once, backward=both - once)


def describe(state: TrainState, batch: Any, config: StepConfig) -> str:
    """The whole report as text."""
    return format_report(report_groups(state), report_flops(state, batch, config))


def format_report(rows: list[GroupReport], flops: StepFlops) -> str:
    """The table that is printed and kept in the workdir."""
    head = ("group", "parameters", "trainable", "decayed", "slot bytes", "dtype")
    cells = [
        (
            r.group,
            *(f"{n:,}" for n in (r.parameters, r.trainable, r.decayed, r.slot_bytes)),
            r.dtype,
        )
        for r in rows
    ]
    sums = [sum(getattr(r, f) for r in rows) for f in ("parameters", "trainable", "decayed")]
    sums.append(sum(r.slot_bytes for r in rows))
    table = [head, *cells, ("total", *(f"{n:,}" for n in sums), "")]
    widths = [max(len(row[i]) for row in table) for i in range(len(head))]
    lines = [
        "  ".join(
            [row[0].ljust(widths[0])]
            + [c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)]
        )
        for row in table
    ]
    lines.append(
        f"a step computes {_short(flops.forward)}FLOP forward "
        f"and {_short(flops.backward)}FLOP backward"
    )
    return "\n".join(line.rstrip() for line in lines)


def _slot_bytes(state: TrainState) -> dict[str, int]:
    """Bytes of optimiser state by the name of the parameter they belong to."""
    totals: dict[str, int] = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(state.opt_state):
        key = path[-1].key if path and isinstance(path[-1], jax.tree_util.DictKey) else None
        if key is not None:
            size = math.prod(leaf.shape) * jnp.dtype(leaf.dtype).itemsize
            totals[key] = totals.get(key, 0) + size
    return totals


def _count(arrays: Mapping[str, Any]) -> int:
    return sum(math.prod(x.shape) for x in arrays.values())


def _short(number: float) -> str:
    for unit in ("", "k", "M", "G", "T"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.3g} P"

"""What one row of a batch costs, from the traced step: operations, and what must be kept."""

import dataclasses
import math
from typing import Any

import jax
import jax.numpy as jnp

from spatialvlm_jax.models.flops import TowerFlops, flops_by_tower
from spatialvlm_jax.planning.program import Program

Flops = dict[str, TowerFlops]


@dataclasses.dataclass(frozen=True)
class RowCost:
    """Of one row, whatever the mesh.

    flops: of matrix products, by tower. Logits are counted for every text position; chunks without
      loss in any row are skipped in training, so they are an upper bound.
    stream: bytes kept for the backward pass that are as wide as the residual stream, which tensor
      parallelism does not split.
    inner: bytes of the others.
    layer: bytes that a layer makes for its own backward pass, of the larger tower.
    towers: the same over all layers.
    weights: bytes kept that do not depend on rows: parameters in compute dtype.
    """

    flops: Flops
    stream: float
    inner: float
    layer: float
    towers: float
    weights: int


def trace_row(program: Program) -> RowCost:
    """Traces the step's gradient for two and for four rows; nothing is computed."""
    model = program.experiment.model
    widths = {model.encoder.width, model.decoder.width}
    depths = {model.encoder.depth, model.decoder.depth}
    kept = _kept(program)
    whole = model if model.remat == "none" else dataclasses.replace(model, remat="none")
    plain = kept if whole == model else _kept(program.with_model(whole))
    layers = {
        depth: sum(each.per_row for each in plain if each.shape[:1] == (depth,)) for depth in depths
    }
    stream = sum(each.per_row for each in kept if each.shape[-1:] and each.shape[-1] in widths)
    return RowCost(
        flops=_flops(program),
        stream=stream,
        inner=sum(each.per_row for each in kept) - stream,
        layer=max(size / depth for depth, size in layers.items()),
        towers=sum(layers.values()),
        weights=sum(each.fixed for each in kept),
    )


def _flops(program: Program) -> Flops:
    rows = 2
    counts = flops_by_tower(jax.value_and_grad(program.objective), *program.arguments(rows))
    return {
        tower: TowerFlops(each.forward // rows, each.backward // rows, each.recomputed // rows)
        for tower, each in counts.items()
    }


@dataclasses.dataclass(frozen=True)
class _Kept:
    """An array that the forward pass keeps: its shape for two rows, bytes a row and besides."""

    shape: tuple[int, ...]
    per_row: float
    fixed: int


def _kept(program: Program) -> list[_Kept]:
    """The residuals of the loss's vector-Jacobian product, less its arguments."""

    def residuals(trainable: Any, frozen: Any, batch: Any) -> Any:
        return jax.vjp(lambda each: program.objective(each, frozen, batch), trainable)[1]

    def trace(rows: int) -> list[tuple[tuple[int, ...], int]]:
        jaxpr = jax.make_jaxpr(residuals)(*program.arguments(rows)).jaxpr
        given = {id(variable) for variable in (*jaxpr.invars, *jaxpr.constvars)}
        made = {id(x): x.aval for x in jaxpr.outvars if id(x) not in given}
        return [(x.shape, math.prod(x.shape) * jnp.dtype(x.dtype).itemsize) for x in made.values()]

    result = []
    for (shape, two), (_, four) in zip(trace(2), trace(4), strict=True):
        per_row = (four - two) / 2
        result.append(_Kept(shape, per_row, round(two - 2 * per_row)))
    return result

"""Counting multiply-adds from a jaxpr: what a program will compute, whatever the compiler says.

XLA's own cost analysis counts the body of a loop once; here a scan counts as often as it runs.
"""

import dataclasses
import math
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import jax
from jax.interpreters import partial_eval

TOWERS = ("encoder", "connector", "decoder", "logits")


@dataclasses.dataclass(frozen=True)
class TowerFlops:
    """Floating point operations of one tower's matrix products in one step, on the whole batch.

    recomputed: of forward values that the backward pass computes again; not part of `backward`.
    """

    forward: int = 0
    backward: int = 0
    recomputed: int = 0


def count_flops(function: Callable[..., Any], *args: Any) -> int:
    """Floating point operations of the matrix products and convolutions in `function(*args)`.

    A multiply-add is 2 operations. A `while` loop, whose length is unknown, counts once; a `cond`
    counts its dearest branch. What nothing reads does not count: no compiler would compute it.

    Args:
      function: anything `jax.make_jaxpr` can trace; jitted or not.
      *args: arrays, or `jax.ShapeDtypeStruct`s.
    """
    return flops_by_scope(function, *args).total()


def flops_by_scope(function: Callable[..., Any], *args: Any) -> Counter[str]:
    """As `count_flops`, by the path of `jax.named_scope`s and of JAX's own marks.

    Returns:
      Operations by path, say "/transpose(jvp(encoder))/..." for a backward pass.
    """
    jaxpr = jax.make_jaxpr(function)(*args).jaxpr
    live, _ = partial_eval.dce_jaxpr(jaxpr, [True] * len(jaxpr.outvars))
    return _count(live, "")


def flops_by_tower(function: Callable[..., Any], *args: Any) -> dict[str, TowerFlops]:
    """As `count_flops`, for each of `TOWERS` and for "other", what lies outside them.

    Args:
      function: a model's loss, or its gradient; a tower is what is done in its named scope.
      *args: arrays, or `jax.ShapeDtypeStruct`s.
    """
    counts = {tower: {"forward": 0, "backward": 0, "recomputed": 0} for tower in (*TOWERS, "other")}
    for path, flops in flops_by_scope(function, *args).items():
        tower = re.search(rf"\b({'|'.join(TOWERS)})\b", path)
        if "rematted_computation" in path:
            direction = "recomputed"
        else:
            direction = "backward" if "transpose(" in path else "forward"
        counts[tower[0] if tower else "other"][direction] += flops
    return {tower: TowerFlops(**each) for tower, each in counts.items()}


def mfu(flops: float, seconds: float, devices: int, peak_flops: float) -> float:
    """Model FLOPs utilisation: the share of the peak that goes into operations a step must do.

    What the backward pass computes again does not count, nor does what a frozen tower does not
    need (Chowdhery et al., PaLM, arXiv 2204.02311, appendix B).

    Args:
      flops: forward and backward operations of one step on the whole batch.
      seconds: that a step takes.
      devices: that share the step.
      peak_flops: of one device, operations a second.
    """
    return flops / (seconds * devices * peak_flops)


def _count(jaxpr: Any, path: str) -> Counter[str]:
    total: Counter[str] = Counter()
    for equation in jaxpr.eqns:
        total += _count_equation(equation, f"{path}/{equation.source_info.name_stack}")
    return total


def _count_equation(equation: Any, path: str) -> Counter[str]:
    name, params = equation.primitive.name, equation.params
    if name == "dot_general":
        contracted, _ = params["dimension_numbers"]
        left = equation.invars[0].aval.shape
        depth = math.prod(left[axis] for axis in contracted[0])
        return Counter({path: 2 * depth * math.prod(equation.outvars[0].aval.shape)})
    if name == "conv_general_dilated":
        kernel = equation.invars[1].aval.shape
        outputs = kernel[params["dimension_numbers"].rhs_spec[0]]
        area = math.prod(equation.outvars[0].aval.shape)
        return Counter({path: 2 * math.prod(kernel) // outputs * area})
    inner = [_count(jaxpr, path) for jaxpr in _inner_jaxprs(params)]
    if name == "cond":
        return max(inner, key=Counter.total)
    times = params["length"] if name == "scan" else 1
    total: Counter[str] = Counter()
    for counts in inner:
        total += Counter({where: flops * times for where, flops in counts.items()})
    return total


def _inner_jaxprs(params: dict[str, Any]) -> list[Any]:
    """The jaxprs an equation calls: of jit, scan, while, cond, remat, custom derivatives."""
    values = [
        item
        for value in params.values()
        for item in (value if isinstance(value, tuple | list) else [value])
    ]
    opened = [getattr(value, "jaxpr", value) for value in values]
    return [value for value in opened if hasattr(value, "eqns")]

"""Counting multiply-adds from a jaxpr: what a program will compute, whatever the compiler says.

XLA's own cost analysis counts the body of a loop once; here a scan counts as often as it runs.
"""

import math
from collections.abc import Callable
from typing import Any

import jax


def count_flops(function: Callable[..., Any], *args: Any) -> int:
    """Floating point operations of the matrix products and convolutions in `function(*args)`.

    A multiply-add is 2 operations. A `while` loop, whose length is unknown, counts once; a `cond`
    counts its dearest branch. What is computed but not used counts too.

    Args:
      function: anything `jax.make_jaxpr` can trace; jitted or not.
      *args: arrays, or `jax.ShapeDtypeStruct`s.
    """
    return _count(jax.make_jaxpr(function)(*args).jaxpr)


def _count(jaxpr: Any) -> int:
    return sum(_count_equation(equation) for equation in jaxpr.eqns)


def _count_equation(equation: Any) -> int:
    name, params = equation.primitive.name, equation.params
    if name == "dot_general":
        contracted, _ = params["dimension_numbers"]
        left = equation.invars[0].aval.shape
        depth = math.prod(left[axis] for axis in contracted[0])
        return 2 * depth * math.prod(equation.outvars[0].aval.shape)
    if name == "conv_general_dilated":
        kernel = equation.invars[1].aval.shape
        outputs = kernel[params["dimension_numbers"].rhs_spec[0]]
        return 2 * math.prod(kernel) // outputs * math.prod(equation.outvars[0].aval.shape)
    inner = [_count(jaxpr) for jaxpr in _inner_jaxprs(params)]
    if name == "cond":
        return max(inner)
    return sum(inner) * (params["length"] if name == "scan" else 1)


def _inner_jaxprs(params: dict[str, Any]) -> list[Any]:
    """The jaxprs an equation calls: of jit, scan, while, cond, remat, custom derivatives."""
    values = [
        item
        for value in params.values()
        for item in (value if isinstance(value, tuple | list) else [value])
    ]
    opened = [getattr(value, "jaxpr", value) for value in values]
    return [value for value in opened if hasattr(value, "eqns")]

"""The parts that encoder and decoder share: linear maps, norms, rotary positions, MLPs, stacks.

Parameters are plain `nnx.Param` arrays, kept in their own dtype and cast to that of the activations
where they are used. A linear map's kernel is [in, out]; heads are folded into `out`.
"""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Float, Float32, Int32

from spatialvlm_jax.batch import Array
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import Remat
from spatialvlm_jax.models.low_bit import LowBit, product
from spatialvlm_jax.models.placement import keep_rows

NORM_EPSILON = 1e-6


def draw_numbers(
    sample: Callable[[jax.Array, Sequence[int], Any], jax.Array],
    rngs: nnx.Rngs,
    shape: tuple[int, ...],
) -> Float32[Array, "*shape"]:
    """What `sample(key, shape, dtype)` draws; zeros where `rngs` has no streams.

    A model's layout alone is wanted then, and tracing what draws takes longer than all the rest.
    """
    return sample(rngs.params(), shape, jnp.float32) if len(rngs) else jnp.zeros(shape, jnp.float32)


class Linear(nnx.Module):
    """y = x @ kernel + bias.

    The kernel may be kept in few bits (`models.quantize`), and an adapter (`models.adapters`) may
    add to y.
    """

    def __init__(
        self, inputs: int, outputs: int, *, bias: bool, rngs: nnx.Rngs, gain: float = 1.0
    ) -> None:
        """Draws a kernel of standard deviation gain / sqrt(inputs) and a zero bias, float32."""
        init = nnx.initializers.variance_scaling(gain**2, "fan_in", "truncated_normal")
        self.kernel = nnx.Param(draw_numbers(init, rngs, (inputs, outputs)))
        self.bias = nnx.Param(jnp.zeros(outputs, jnp.float32)) if bias else None
        self.kernel_scale: Any = nnx.data(None)
        self.kernel_blocks: Any = nnx.data(None)
        self.adapter: Any = nnx.data(None)

    def __call__(self, x: Float[Array, "*rows inputs"]) -> Float[Array, "*rows outputs"]:
        # One plain product: over several leading axes the CPU's gradients take twice as long.
        flat = x.reshape(-1, x.shape[-1])
        if self.kernel_scale is None:
            y = flat @ self.kernel[...].astype(x.dtype)
        else:
            blocks = None if self.kernel_blocks is None else self.kernel_blocks[...]
            y = product(flat, LowBit(self.kernel[...], self.kernel_scale[...], blocks))
        if self.bias is not None:
            y = y + self.bias[...].astype(x.dtype)
        if self.adapter is not None:
            y = y + self.adapter(flat)
        return y.reshape(*x.shape[:-1], -1)


def find_linears(
    model: nnx.Module, patterns: Sequence[str], setting: str
) -> list[tuple[str, Linear]]:
    """The linear maps whose names match a pattern, with their names; stacked layers are one.

    Args:
      model: the model.
      patterns: shell patterns, where "*" also stands for several parts of a name.
      setting: where the patterns come from, for the message.

    Raises:
      UserError: a pattern matches none, naming those there are.
    """
    found = {
        "/".join(map(str, path)): module
        for path, module in nnx.iter_modules(model)
        if isinstance(module, Linear)
    }
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in found):
            raise UserError(
                f'{setting}: "{pattern}" names no linear map; there are {", ".join(sorted(found))}'
            )
    matches = {name for name in found if any(fnmatchcase(name, pattern) for pattern in patterns)}
    return [(name, found[name]) for name in sorted(matches)]


class LayerNorm(nnx.Module):
    """Layer normalisation in float32, as in SigLIP (epsilon 1e-6)."""

    def __init__(self, width: int) -> None:
        """Starts as the plain normalisation: scale 1, bias 0."""
        self.scale = nnx.Param(jnp.ones(width, jnp.float32))
        self.bias = nnx.Param(jnp.zeros(width, jnp.float32))

    def __call__(self, x: Float[Array, "*rows width"]) -> Float[Array, "*rows width"]:
        """In the dtype of x."""
        wide = x.astype(jnp.float32)
        centred = wide - wide.mean(-1, keepdims=True)
        variance = jnp.square(centred).mean(-1, keepdims=True)
        y = centred * jax.lax.rsqrt(variance + NORM_EPSILON)
        return (y * self.scale[...] + self.bias[...]).astype(x.dtype)


class RMSNorm(nnx.Module):
    """Root-mean-square normalisation in float32, as in Gemma: the stored scale is (scale - 1)."""

    def __init__(self, width: int) -> None:
        """Starts as the plain normalisation: stored scale 0."""
        self.scale = nnx.Param(jnp.zeros(width, jnp.float32))

    def __call__(self, x: Float[Array, "*rows width"]) -> Float[Array, "*rows width"]:
        """In the dtype of x."""
        wide = x.astype(jnp.float32)
        mean_square = jnp.square(wide).mean(-1, keepdims=True)
        y = wide * jax.lax.rsqrt(mean_square + NORM_EPSILON)
        return (y * (1.0 + self.scale[...])).astype(x.dtype)


class MLP(nnx.Module):
    """SigLIP's MLP: linear, tanh GELU, linear, with biases."""

    def __init__(self, width: int, hidden: int, *, gain: float, rngs: nnx.Rngs) -> None:
        """`gain` scales the initial output, which is added to the residual stream."""
        self.up = Linear(width, hidden, bias=True, rngs=rngs)
        self.down = Linear(hidden, width, bias=True, rngs=rngs, gain=gain)

    def __call__(self, x: Float[Array, "*rows width"]) -> Float[Array, "*rows width"]:
        return self.down(jax.nn.gelu(self.up(x), approximate=True))


class GatedMLP(nnx.Module):
    """Gemma's GeGLU: down(gelu(gate(x)) * up(x)), tanh GELU, no biases."""

    def __init__(self, width: int, hidden: int, *, gain: float, rngs: nnx.Rngs) -> None:
        """`gain` scales the initial output, which is added to the residual stream."""
        self.gate = Linear(width, hidden, bias=False, rngs=rngs)
        self.up = Linear(width, hidden, bias=False, rngs=rngs)
        self.down = Linear(hidden, width, bias=False, rngs=rngs, gain=gain)

    def __call__(self, x: Float[Array, "*rows width"]) -> Float[Array, "*rows width"]:
        return self.down(jax.nn.gelu(self.gate(x), approximate=True) * self.up(x))


# Sines and cosines of a turn by position, ready to broadcast over heads.
Rotary = tuple[Float32[Array, "*texts L 1 half"], Float32[Array, "*texts L 1 half"]]


def rotary_table(positions: Int32[Array, "*texts L"], head_size: int, base: float) -> Rotary:
    """Sines and cosines of rotary positions (RoFormer, arXiv 2104.09864).

    Args:
      positions: of the tokens.
      head_size: H, even.
      base: the longest wavelength is 2 pi base.
    """
    exponent = jnp.arange(head_size // 2, dtype=jnp.float32) * (2.0 / head_size)
    angle = positions[..., None, None].astype(jnp.float32) * base**-exponent
    return jnp.sin(angle), jnp.cos(angle)


def rotate(x: Float[Array, "*rows L heads H"], table: Rotary) -> Float[Array, "*rows L heads H"]:
    """Rotates feature i of the first half with feature i of the second half (Gemma's convention).

    In the dtype of x; `table` is of `rotary_table`.
    """
    sine, cosine = table
    first, second = jnp.split(x.astype(jnp.float32), 2, axis=-1)
    turned = (first * cosine - second * sine, second * cosine + first * sine)
    return jnp.concatenate(turned, axis=-1).astype(x.dtype)


def stack(make: Callable[[nnx.Rngs], Any], depth: int, rngs: nnx.Rngs) -> Any:
    """One module that holds `depth` layers: each parameter gets a leading axis of that size."""
    return nnx.vmap(make, in_axes=0, out_axes=0, axis_size=depth)(rngs.split(depth))


def run_stack(
    layers: Any,
    function: Callable[[Any, Any, Any], tuple[Any, Any]],
    carry: Any,
    inputs: Any = None,
    *,
    scan: bool,
    remat: Remat = "none",
) -> tuple[Any, Any]:
    """Runs stacked layers in order.

    Args:
      layers: a module made by `stack`.
      function: (layer, carry, this layer's inputs) -> (carry, this layer's outputs).
      carry: what flows from layer to layer: arrays with rows as leading axis.
      inputs: None, or a pytree whose leaves have the layers as leading axis.
      scan: one compiled loop instead of unrolled layers.
      remat: what the backward pass computes again instead of keeping it.

    Returns:
      (carry, outputs stacked over layers).
    """
    definition, state = nnx.split(layers)

    def body(carry: Any, item: tuple[Any, Any]) -> tuple[Any, Any]:
        layer_state, layer_inputs = item
        return function(nnx.merge(definition, layer_state), keep_rows(carry), layer_inputs)

    body = _rematerialised(body, remat, in_loop=scan)
    if scan:
        return jax.lax.scan(body, carry, (state, inputs))
    # Not a loop of the compiler's: its backward pass would compute what nothing reads of the last
    # layer's carry, from gradients of zero.
    outputs = []
    for item in unstack((state, inputs)):
        carry, output = body(carry, item)
        outputs.append(output)
    return carry, jax.tree.map(lambda *each: jnp.stack(each), *outputs)


def unstack_layers(layers: Any) -> list[Any]:
    """The modules that `stack` made one of, for loops: each turn would copy them out of it."""
    definition, state = nnx.split(layers)
    return [nnx.merge(definition, own) for own in unstack(state)]


def unstack(tree: Any) -> list[Any]:
    """The layers of a stacked tree; gradients come back by one concatenation, not by sums."""
    leaves, structure = jax.tree.flatten(tree)
    columns = []
    for leaf in leaves:
        parts = jax.lax.split(leaf, (1,) * leaf.shape[0])
        columns.append([part.squeeze(0) for part in parts])
    return [jax.tree.unflatten(structure, layer) for layer in zip(*columns, strict=True)]


def _rematerialised(body: Callable[..., Any], remat: Remat, *, in_loop: bool) -> Callable[..., Any]:
    """The body of the loop under a policy of `Remat`.

    Inside a compiled loop nothing may be merged with the first computation anyway, which is what
    `prevent_cse` is for, so it only costs there.
    """
    policies = jax.checkpoint_policies
    match remat:
        case "none":
            return body
        case "layers":
            return jax.checkpoint(body, prevent_cse=not in_loop)
        case "matmuls":
            return jax.checkpoint(
                body, prevent_cse=not in_loop, policy=policies.dots_with_no_batch_dims_saveable
            )
    raise ValueError(f"no rematerialisation {remat!r}")

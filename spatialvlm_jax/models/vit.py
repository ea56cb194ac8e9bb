"""The image encoder: a SigLIP-compatible vision transformer.

Axes: B images, H x W pixels, N patches in rows from the top left, E width.
"""

import itertools
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Float, UInt8

from spatialvlm_jax.batch import Array
from spatialvlm_jax.experiment import AttentionBackend, EncoderConfig, Remat
from spatialvlm_jax.models.attention import Attention, attend, lead_with_heads
from spatialvlm_jax.models.layers import MLP, LayerNorm, Linear, draw_numbers, run_stack, stack


def scale_pixels(images: UInt8[Array, "B H W 3"], dtype: Any) -> Float[Array, "B H W 3"]:
    """What the encoder takes: in [-1, 1], of `dtype`."""
    return (images.astype(jnp.float32) / 127.5 - 1.0).astype(dtype)


class PatchStem(nnx.Module):
    """SigLIP's stem: each patch, flattened, through one linear map."""

    def __init__(self, config: EncoderConfig, *, rngs: nnx.Rngs) -> None:
        """The kernel is [patch row, patch column, channel, width], as a convolution's would be."""
        self.patch = config.patch_size
        linear = Linear(self.patch**2 * 3, config.width, bias=False, rngs=rngs)
        self.kernel = nnx.Param(linear.kernel[...].reshape(self.patch, self.patch, 3, -1))
        self.bias = nnx.Param(jnp.zeros(config.width, jnp.float32))

    def __call__(self, images: Float[Array, "B H W 3"]) -> Float[Array, "B N E"]:
        rows, size = images.shape[0], images.shape[1] // self.patch
        grid = images.reshape(rows, size, self.patch, size, self.patch, 3).swapaxes(2, 3)
        flat = grid.reshape(rows * size * size, self.patch**2 * 3)
        kernel = self.kernel[...].reshape(flat.shape[-1], -1)
        y = flat @ kernel.astype(flat.dtype) + self.bias[...].astype(flat.dtype)
        return y.reshape(rows, size * size, -1)


class StemConvolution(nnx.Module):
    """A 3x3 convolution of a stride, layer normalisation over channels, tanh GELU."""

    def __init__(self, inputs: int, outputs: int, stride: int, *, rngs: nnx.Rngs) -> None:
        """The kernel is [row, column, input, output]; the norm's bias serves as its bias."""
        linear = Linear(9 * inputs, outputs, bias=False, rngs=rngs)
        self.kernel = nnx.Param(linear.kernel[...].reshape(3, 3, inputs, outputs))
        self.norm = LayerNorm(outputs)
        self.stride = stride

    def __call__(self, x: Float[Array, "B H W inputs"]) -> Float[Array, "B _ _ outputs"]:
        """Sides are divided by the stride."""
        x = jax.lax.conv_general_dilated(
            x,
            self.kernel[...].astype(x.dtype),
            window_strides=(self.stride, self.stride),
            padding="SAME",
            dimension_numbers=("NHWC", "HWIO", "NHWC"),
        )
        return jax.nn.gelu(self.norm(x), approximate=True)


class ConvolutionStem(nnx.Module):
    """Convolutions down to the patch grid, and some that stay on it, widths doubling to `width`,
    then a linear map.

    Learns faster from nothing than one large patch (Xiao et al., arXiv 2106.14881).
    """

    def __init__(self, config: EncoderConfig, *, rngs: nnx.Rngs) -> None:
        strides = [2] * (config.patch_size.bit_length() - 1) + [1] * config.stem_overlap
        levels = len(strides)
        widths = [3] + [max(8, config.width >> (levels - 1 - i)) for i in range(levels)]
        self.convolutions = nnx.List(
            StemConvolution(inputs, outputs, stride, rngs=rngs)
            for (inputs, outputs), stride in zip(itertools.pairwise(widths), strides, strict=True)
        )
        self.out = Linear(widths[-1], config.width, bias=True, rngs=rngs)

    def __call__(self, images: Float[Array, "B H W 3"]) -> Float[Array, "B N E"]:
        for convolution in self.convolutions:
            images = convolution(images)
        return self.out(images.reshape(images.shape[0], -1, images.shape[-1]))


class EncoderBlock(nnx.Module):
    """Pre-norm attention and MLP."""

    def __init__(
        self, config: EncoderConfig, *, rngs: nnx.Rngs, backend: AttentionBackend = "dense"
    ) -> None:
        """Residual outputs start small: 1 / sqrt(2 depth)."""
        gain = (2 * config.depth) ** -0.5
        self.attention_norm = LayerNorm(config.width)
        self.attention = Attention(
            config.width,
            heads=config.heads,
            kv_heads=config.heads,
            head_size=config.width // config.heads,
            bias=True,
            gain=gain,
            rngs=rngs,
        )
        self.mlp_norm = LayerNorm(config.width)
        self.mlp = MLP(config.width, config.mlp_width, gain=gain, rngs=rngs)
        self.backend: AttentionBackend = backend

    def __call__(self, x: Float[Array, "B 1 N E"]) -> Float[Array, "B 1 N E"]:
        """Every patch sees every patch."""
        query, key, value = self.attention.project(self.attention_norm(x))
        mixed = attend(query, [lead_with_heads(key, value)], backend=self.backend)
        x = x + self.attention.output(mixed)
        return x + self.mlp(self.mlp_norm(x))


class Encoder(nnx.Module):
    """Stem, learned positions, blocks, final norm."""

    def __init__(
        self,
        config: EncoderConfig,
        *,
        scan_layers: bool,
        rngs: nnx.Rngs,
        remat: Remat = "none",
        backend: AttentionBackend = "dense",
    ) -> None:
        tokens = (config.image_size // config.patch_size) ** 2
        self.scan_layers, self.remat = scan_layers, remat
        stem = PatchStem if config.stem == "patch" else ConvolutionStem
        self.stem = stem(config, rngs=rngs)
        positions = draw_numbers(jax.random.normal, rngs, (tokens, config.width))
        self.positions = nnx.Param(positions * config.width**-0.5)
        self.blocks = stack(
            lambda rngs: EncoderBlock(config, rngs=rngs, backend=backend), config.depth, rngs
        )
        self.final_norm = LayerNorm(config.width)

    def __call__(
        self, images: Float[Array, "B H W 3"], added: Float[Array, "B N E"] | None = None
    ) -> Float[Array, "B N E"]:
        """Pixels in [-1, 1] to final-normed features, in the dtype of `images`.

        Args:
          images: the pixels.
          added: to the patches beside their positions.
        """
        x = self.stem(images)
        x = x + self.positions[...].astype(x.dtype)
        if added is not None:
            x = x + added.astype(x.dtype)
        x, _ = run_stack(
            self.blocks,
            lambda block, x, _: (block(x), None),
            x[:, None],
            scan=self.scan_layers,
            remat=self.remat,
        )
        return self.final_norm(x[:, 0])

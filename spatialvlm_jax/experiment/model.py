"""The model: its two towers, what computes them, adapters and kernels in few bits."""

import dataclasses
from typing import Annotated, Literal

from spatialvlm_jax.bounds import Pixels, Range, SettingError, Settings

AttentionRule = Literal["prefix", "image_prefix"]
Remat = Literal["none", "layers", "matmuls"]
AttentionBackend = Literal["dense", "xla", "cudnn", "tokamax"]
_Width = Annotated[int, Range(1, 65_536)]
_Depth = Annotated[int, Range(1, 1_024)]
_Heads = Annotated[int, Range(1, 1_024)]
# Where names of linear maps begin.
PARTS = ("encoder", "connector", "decoder", "dense_head", "camera")
_MOST_TOKENS = 65_536  # of a picture
_Softcap = Annotated[float, Range(0, 1e6)]


@dataclasses.dataclass(frozen=True)
class EncoderConfig(Settings):
    """A SigLIP-compatible ViT.

    image_size: pixels a side of the picture that it sees. patch_size: pixels a side of what becomes
      a token; must divide `image_size`.
    width: length of a token's vector. depth: number of layers.
    heads: heads of attention; must divide `width`.
    mlp_width: hidden units of a layer's MLP.
    stem: "patch" is one strided convolution (SigLIP); "conv" is a stack of strided 3x3
      convolutions to the same grid, which learns faster from scratch on small images.
    stem_overlap: that many more convolutions of stem "conv", which do not halve: with 1, a token
      sees as much as one of patches twice as large, and there are four times as many. Weights of a
      model with larger patches and as many convolutions fit (`train.init_from`).
    """

    image_size: Pixels = 64
    patch_size: Pixels = 8
    width: _Width = 128
    depth: _Depth = 4
    heads: _Heads = 2
    mlp_width: Annotated[int, Range(1, 1_048_576)] = 512
    stem: Literal["patch", "conv"] = "patch"
    stem_overlap: Annotated[int, Range(0, 4)] = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        size, patch = self.image_size, self.patch_size
        if size % patch:
            raise SettingError("patch_size", f"{patch} does not divide image_size={size}")
        if (size // patch) ** 2 > _MOST_TOKENS:
            raise SettingError("patch_size", f"{patch} makes more than {_MOST_TOKENS} tokens")
        if self.stem == "conv" and (patch < 2 or patch.bit_count() != 1):
            raise SettingError(
                "patch_size", f"{patch} is not 2, 4, 8, ...; stem='conv' halves pictures"
            )
        if self.stem != "conv" and self.stem_overlap:
            raise SettingError("stem_overlap", f"{self.stem_overlap} is of stem='conv' alone")
        if self.width % self.heads:
            raise SettingError("heads", f"{self.heads} does not divide width={self.width}")


@dataclasses.dataclass(frozen=True)
class DecoderConfig(Settings):
    """A Gemma-compatible decoder (Gemma: arXiv 2403.08295; Gemma 2: arXiv 2408.00118).

    vocab_size: tokens of the vocabulary. width: length of a token's vector.
    depth: number of layers.
    heads: heads of attention for queries. kv_heads: those for keys and values; must divide `heads`.
    head_size: width of a head, an even number. mlp_width: hidden units of a layer's MLP.
    scale_embeddings: multiply token embeddings by sqrt(width), as Gemma does.
    rope_base: base of the wavelengths of the rotary position embedding (RoPE).
    query_scale: what queries are multiplied by; 0 takes head_size^-0.5.
    post_norms: normalise what attention and MLP add to the residual stream (Gemma 2).
    attention_softcap, final_softcap: c tanh(x / c) on attention scores and on logits; 0 for none.
      PaliGemma 2 was trained without the final one.
    sliding_window: in layers 0, 2, 4, ... a token sees at most this many tokens back, itself
      included; 0 for no limit.
    """

    vocab_size: Annotated[int, Range(4, 10_000_000)] = 1024
    width: _Width = 128
    depth: _Depth = 4
    heads: _Heads = 2
    kv_heads: _Heads = 2
    head_size: Annotated[int, Range(1, 4_096)] = 64
    mlp_width: Annotated[int, Range(1, 1_048_576)] = 512
    scale_embeddings: bool = True
    rope_base: Annotated[float, Range(1, 1e12)] = 10_000.0
    query_scale: Annotated[float, Range(0, 1_000)] = 0.0
    post_norms: bool = False
    attention_softcap: _Softcap = 0.0
    final_softcap: _Softcap = 0.0
    sliding_window: Annotated[int, Range(0, 1_048_576)] = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.heads % self.kv_heads:
            raise SettingError("kv_heads", f"{self.kv_heads} does not divide heads={self.heads}")
        if self.head_size % 2:
            raise SettingError("head_size", f"{self.head_size} is odd, and RoPE turns pairs")


@dataclasses.dataclass(frozen=True)
class AdapterConfig(Settings):
    """Low-rank adapters on linear maps (LoRA, arXiv 2106.09685); they train in frozen groups too.

    rank: rank of the update of a kernel; 0 for no adapters.
    alpha: the update is multiplied by alpha / rank.
    targets: which linear maps, as patterns of their names: "decoder/*", "*/query", "connector".
    """

    rank: Annotated[int, Range(0, 65_536)] = 0
    alpha: Annotated[float, Range(0, 1e6)] = 16.0
    targets: tuple[str, ...] = ("decoder/*",)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.rank and not self.targets:
            raise SettingError("targets", f"() gives adapters of rank={self.rank} no place")


@dataclasses.dataclass(frozen=True)
class ModelConfig(Settings):
    """The whole model.

    attention: "prefix" (image and prefix see each other, PaliGemma) or "image_prefix" (image sees
      only image; each prefix sees image and itself; each suffix is causal): the only one that
      packs several segments on an image.
    attention_backend: what computes attention, but in decoding: "dense" is ours and does
      everything; "xla" and "cudnn" are `jax.nn.dot_product_attention`, without softcaps; "tokamax"
      picks a kernel for the device.
    compute_dtype: dtype of activations; parameters are float32 unless frozen.
    scan_layers: run the layers as one compiled loop: compiles in constant time whatever the depth;
      unrolled layers step faster on small models.
    remat: what the backward pass computes again instead of keeping it: nothing, whole layers, or
      all but the results of matrix products with parameters ("matmuls").
    encoder, decoder: the two towers. adapters: low-rank adapters on linear maps.
    int8: linear maps whose kernels are kept in 8 bits, as patterns of their names ("decoder/*");
      their groups must be frozen. nf4: likewise in 4 bits (QLoRA's NormalFloat).
    """

    encoder: EncoderConfig = EncoderConfig()
    decoder: DecoderConfig = DecoderConfig()
    attention: AttentionRule = "image_prefix"
    attention_backend: AttentionBackend = "dense"
    compute_dtype: Literal["float32", "bfloat16"] = "float32"
    scan_layers: bool = False
    remat: Remat = "none"
    adapters: AdapterConfig = AdapterConfig()
    int8: tuple[str, ...] = ()
    nf4: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        softcap = self.decoder.attention_softcap
        if softcap and self.attention_backend in ("xla", "cudnn"):
            raise SettingError(
                "attention_backend",
                f"{self.attention_backend!r} has no softcap on scores, and "
                f"decoder.attention_softcap={softcap:g}; use 'tokamax' or 'dense'",
            )

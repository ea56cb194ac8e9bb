"""Named sizes, and which group a parameter belongs to.

A model's name is "ENCODER+DECODER", say "So400m/14+gemma_2b" (PaliGemma at 224 pixels), one word
for both where the two tables share it ("small"), or a published model's ("paligemma2_3b").
"""

import dataclasses
import difflib
from collections.abc import Mapping

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import DecoderConfig, EncoderConfig, Group, ModelConfig

PALIGEMMA_VOCABULARY = 257_152


def _vit(patch: int, width: int, depth: int, heads: int, mlp_width: int) -> EncoderConfig:
    return EncoderConfig(
        image_size=224,
        patch_size=patch,
        width=width,
        depth=depth,
        heads=heads,
        mlp_width=mlp_width,
    )


_COARSE = EncoderConfig(
    image_size=128, patch_size=16, width=192, depth=6, heads=3, mlp_width=768, stem="conv"
)
# Sizes of "Scaling Vision Transformers" (arXiv 2106.04560) and of SoViT (arXiv 2305.13035).
ENCODERS = {
    "debug": EncoderConfig(
        image_size=32, patch_size=8, width=32, depth=2, heads=2, mlp_width=64, stem="conv"
    ),
    "small": EncoderConfig(stem="conv"),
    "small128": dataclasses.replace(_COARSE, patch_size=8, stem_overlap=1),
    "small128_coarse": _COARSE,
    "medium": EncoderConfig(
        image_size=128, patch_size=16, width=384, depth=8, heads=6, mlp_width=1536, stem="conv"
    ),
    "Ti/16": _vit(16, 192, 12, 3, 768),
    "S/16": _vit(16, 384, 12, 6, 1536),
    "B/16": _vit(16, 768, 12, 12, 3072),
    "L/16": _vit(16, 1024, 24, 16, 4096),
    "So400m/14": _vit(14, 1152, 27, 16, 4304),
    "g/14": _vit(14, 1408, 40, 16, 6144),
}


def _gemma2(
    width: int, depth: int, heads: int, kv_heads: int, head_size: int, mlp_width: int
) -> DecoderConfig:
    """Gemma 2 as in PaliGemma 2: without the final softcap (arXiv 2412.03555, section 3)."""
    return DecoderConfig(
        vocab_size=PALIGEMMA_VOCABULARY,
        width=width,
        depth=depth,
        heads=heads,
        kv_heads=kv_heads,
        head_size=head_size,
        mlp_width=mlp_width,
        post_norms=True,
        attention_softcap=50.0,
        sliding_window=4096,
    )


_SMALL128 = DecoderConfig(width=192, depth=6, heads=3, kv_heads=3, mlp_width=512)
# Gemma: arXiv 2403.08295; Gemma 2: arXiv 2408.00118, table 1.
DECODERS = {
    "debug": DecoderConfig(width=32, depth=2, kv_heads=1, head_size=16, mlp_width=64),
    "small": DecoderConfig(),
    "small128": _SMALL128,
    "small128_coarse": _SMALL128,
    "medium": DecoderConfig(width=384, depth=8, heads=6, kv_heads=2, mlp_width=1536),
    "gemma_2b": DecoderConfig(
        vocab_size=PALIGEMMA_VOCABULARY,
        width=2048,
        depth=18,
        heads=8,
        kv_heads=1,
        head_size=256,
        mlp_width=16_384,
    ),
    "gemma2_2b": _gemma2(2304, 26, 8, 4, 256, 9_216),
    "gemma2_9b": _gemma2(3584, 42, 16, 8, 256, 14_336),
    "gemma2_27b": dataclasses.replace(
        _gemma2(4608, 46, 32, 16, 128, 36_864), query_scale=(4608 / 32) ** -0.5
    ),
}

# Published models: arXiv 2407.07726 and arXiv 2412.03555.
PALIGEMMAS = {
    "paligemma_3b": "gemma_2b",
    "paligemma2_3b": "gemma2_2b",
    "paligemma2_10b": "gemma2_9b",
    "paligemma2_28b": "gemma2_27b",
}
PALIGEMMA_RESOLUTIONS = (224, 448, 896)

# From this depth on, unrolled layers compile too slowly.
_SCAN_FROM_DEPTH = 8


def _known(name: str, table: Mapping[str, object], what: str) -> None:
    if name not in table:
        close = difflib.get_close_matches(name, table, n=1)
        hint = f'; did you mean "{close[0]}"?' if close else ""
        raise UserError(f'no {what} "{name}": choose among {", ".join(table)}{hint}')


def build_paligemma(name: str, resolution: int = 224) -> ModelConfig:
    """A published model: its sizes, its attention rule ("prefix"), bfloat16 compute.

    Args:
      name: a key of `PALIGEMMAS`. resolution: 224, 448 or 896 pixels.

    Raises:
      UserError: there is no such model or resolution.
    """
    _known(name, PALIGEMMAS, "PaliGemma")
    if resolution not in PALIGEMMA_RESOLUTIONS:
        raise UserError(f"PaliGemma comes at {PALIGEMMA_RESOLUTIONS} pixels, not {resolution}")
    return ModelConfig(
        encoder=dataclasses.replace(ENCODERS["So400m/14"], image_size=resolution),
        decoder=DECODERS[PALIGEMMAS[name]],
        attention="prefix",
        compute_dtype="bfloat16",
        scan_layers=True,
    )


def build_model_config(name: str) -> ModelConfig:
    """The configuration of a named size, with rule "image_prefix" and float32 compute.

    Args:
      name: "ENCODER+DECODER", one word for both, or a published model's name, which keeps its own
        rule and compute dtype.

    Raises:
      UserError: unknown size, naming those there are.
    """
    if name in PALIGEMMAS:
        return build_paligemma(name)
    encoder, _, decoder = name.partition("+")
    decoder = decoder or encoder
    for part, table, what in ((encoder, ENCODERS, "encoder"), (decoder, DECODERS, "decoder")):
        _known(part, table, what)
    sizes = ENCODERS[encoder], DECODERS[decoder]
    return ModelConfig(encoder=sizes[0], decoder=sizes[1], scan_layers=is_scanned(*sizes))


def is_scanned(encoder: EncoderConfig, decoder: DecoderConfig) -> bool:
    """Whether the layers of either are so many that they are to be one compiled loop."""
    return max(encoder.depth, decoder.depth) >= _SCAN_FROM_DEPTH


def group_of(path: tuple[str | int, ...]) -> Group:
    """The freezing group of a parameter, by its path in the model.

    The dense head belongs to the encoder: it reads nothing else, and is frozen with it.

    Raises:
      ValueError: the path starts with no part of the model.
    """
    match tuple(map(str, path)):
        case ("encoder", *_) | ("dense_head", *_):
            return "encoder"
        case ("camera", *_):
            return "camera"
        case ("connector", *_):
            return "connector"
        case ("decoder", "embedder", *_):
            return "embeddings"
        case ("decoder", *_):
            return "decoder"
    raise ValueError(f"{'/'.join(map(str, path))} belongs to no group of parameters")

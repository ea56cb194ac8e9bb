"""Names of PaliGemma parameters in big_vision's `.npz` files; layers are stacked there as here."""

from collections.abc import Iterator

from spatialvlm_jax.experiment import DecoderConfig, EncoderConfig, ModelConfig
from spatialvlm_jax.weights.layout import Piece, Shape, WeightsError

IMAGE, TEXT = "img/", "llm/"


def encoder_pieces(config: EncoderConfig, prefix: str = IMAGE) -> Iterator[Piece]:
    """SigLIP's image tower.

    Args:
      config: of the encoder.
      prefix: "img/" in a PaliGemma file, "" in a file of the tower alone.

    Raises:
      WeightsError: the encoder has another stem.
    """
    if config.stem != "patch":
        raise WeightsError(f'a SigLIP encoder has stem "patch", this model has "{config.stem}"')
    width, depth, patch, heads = config.width, config.depth, config.patch_size, config.heads
    tokens, head = (config.image_size // patch) ** 2, width // heads

    def piece(ours: str, shape: Shape, theirs: str, published: Shape | None = None) -> Piece:
        return Piece(f"encoder/{ours}", shape, (prefix + theirs,), published=published)

    yield piece("stem/kernel", (patch, patch, 3, width), "embedding/kernel")
    yield piece("stem/bias", (width,), "embedding/bias")
    yield Piece(
        "encoder/positions",
        (tokens, width),
        (f"{prefix}pos_embedding",),
        pick=(0, 0),
        rows="positions",
    )
    block = "Transformer/encoderblock"
    for ours, theirs in (("attention_norm", "LayerNorm_0"), ("mlp_norm", "LayerNorm_1")):
        for field in ("scale", "bias"):
            yield piece(f"blocks/{ours}/{field}", (depth, width), f"{block}/{theirs}/{field}")
    attention = f"{block}/MultiHeadDotProductAttention_0"
    for name in ("query", "key", "value"):
        split = (depth, width, heads, head)
        kernel, bias = f"{attention}/{name}/kernel", f"{attention}/{name}/bias"
        yield piece(f"blocks/attention/{name}/kernel", (depth, width, width), kernel, split)
        yield piece(f"blocks/attention/{name}/bias", (depth, width), bias, (depth, heads, head))
    out = "blocks/attention/out"
    split = (depth, heads, head, width)
    yield piece(f"{out}/kernel", (depth, width, width), f"{attention}/out/kernel", split)
    yield piece(f"{out}/bias", (depth, width), f"{attention}/out/bias")
    sizes = {"up": (width, config.mlp_width), "down": (config.mlp_width, width)}
    for number, (ours, (inputs, outputs)) in enumerate(sizes.items()):
        theirs = f"{block}/MlpBlock_0/Dense_{number}"
        yield piece(f"blocks/mlp/{ours}/kernel", (depth, inputs, outputs), f"{theirs}/kernel")
        yield piece(f"blocks/mlp/{ours}/bias", (depth, outputs), f"{theirs}/bias")
    for field in ("scale", "bias"):
        yield piece(f"final_norm/{field}", (width,), f"Transformer/encoder_norm/{field}")


def decoder_pieces(config: DecoderConfig, prefix: str = TEXT) -> Iterator[Piece]:
    """Gemma's text tower; `prefix` is "" in a file of the tower alone."""
    width, depth, head = config.width, config.depth, config.head_size
    heads, groups, mlp = config.heads, config.kv_heads, config.mlp_width
    yield Piece(
        "decoder/embedder/embedding",
        (config.vocab_size, width),
        (f"{prefix}embedder/input_embedding",),
        rows="vocabulary",
    )
    block, layers = "decoder/blocks", f"{prefix}layers"
    norms = {"attention_norm": "pre_attention_norm", "mlp_norm": "pre_ffw_norm"}
    if config.post_norms:
        norms |= {"attention_post_norm": "post_attention_norm", "mlp_post_norm": "post_ffw_norm"}
    for ours, theirs in norms.items():
        yield Piece(f"{block}/{ours}/scale", (depth, width), (f"{layers}/{theirs}/scale",))
    yield Piece(
        f"{block}/attention/query/kernel",
        (depth, width, heads * head),
        (f"{layers}/attn/q_einsum/w",),
        axes=(0, 2, 1, 3),
        published=(depth, heads, width, head),
    )
    for index, name in enumerate(("key", "value")):
        yield Piece(
            f"{block}/attention/{name}/kernel",
            (depth, width, groups * head),
            (f"{layers}/attn/kv_einsum/w",),
            axes=(0, 2, 1, 3),
            published=(depth, groups, width, head),
            pick=(1, index),
        )
    yield Piece(
        f"{block}/attention/out/kernel",
        (depth, heads * head, width),
        (f"{layers}/attn/attn_vec_einsum/w",),
        published=(depth, heads, head, width),
    )
    for index, name in enumerate(("gate", "up")):
        gating = (f"{layers}/mlp/gating_einsum",)
        yield Piece(f"{block}/mlp/{name}/kernel", (depth, width, mlp), gating, pick=(1, index))
    yield Piece(f"{block}/mlp/down/kernel", (depth, mlp, width), (f"{layers}/mlp/linear",))
    yield Piece("decoder/final_norm/scale", (width,), (f"{prefix}final_norm/scale",))


def connector_pieces(config: ModelConfig) -> Iterator[Piece]:
    """The linear map between the towers: big_vision keeps it as the image tower's head."""
    inputs, outputs = config.encoder.width, config.decoder.width
    yield Piece("connector/kernel", (inputs, outputs), (f"{IMAGE}head/kernel",))
    yield Piece("connector/bias", (outputs,), (f"{IMAGE}head/bias",))


def model_pieces(config: ModelConfig) -> list[Piece]:
    """The whole model."""
    return [
        *encoder_pieces(config.encoder),
        *connector_pieces(config),
        *decoder_pieces(config.decoder),
    ]

"""Names of PaliGemma parameters in big_vision's files and checkpoints.

Layers are stacked there as here, but for the image towers of SigLIP, one tensor a layer.
"""

from collections.abc import Iterable, Iterator, Set
from pathlib import Path

from spatialvlm_jax.experiment import DecoderConfig, EncoderConfig, ModelConfig
from spatialvlm_jax.weights.pieces import Piece, Shape, WeightsError

IMAGE, TEXT = "img/", "llm/"
# What a training checkpoint has beside parameters: the optimizer, the clock (once named "extra").
UNUSED = ("opt/", "chrono/", "extra/")
# Where parameters are in a checkpoint: of optax, of Flax's optimizers before that.
_SECTIONS = ("params/", "opt/target/")


def by_parameter(stored: Iterable[str], where: Path) -> dict[str, str]:
    """Parameter -> its name in a file; what is no parameter keeps its name.

    Args:
      stored: all names in the file, those of parameters under "params/", under "opt/target/", or,
        in a file of parameters alone, under nothing (`load_params` in big_vision/utils.py).
      where: for messages.

    Raises:
      WeightsError: two of them are of one parameter.
    """
    names = list(stored)
    used = (section for section in _SECTIONS if any(name.startswith(section) for name in names))
    section = next(used, "")
    found: dict[str, str] = {}
    for name in names:
        if found.setdefault(name.removeprefix(section), name) != name:
            raise WeightsError(f"{where} has {name.removeprefix(section)} twice")
    return found


def _encoder_pieces(
    config: EncoderConfig, prefix: str = IMAGE, *, stacked: bool = True
) -> Iterator[Piece]:
    """SigLIP's image tower.

    Args:
      config: of the encoder.
      prefix: "img/" in a PaliGemma or a SigLIP, "" in a file of the tower alone.
      stacked: a tensor holds all layers, as in PaliGemma; False: one a layer, as in SigLIP.

    Raises:
      WeightsError: the encoder has another stem.
    """
    if config.stem != "patch":
        raise WeightsError(f'a SigLIP encoder has stem "patch", this model has "{config.stem}"')
    width, depth, patch, heads = config.width, config.depth, config.patch_size, config.heads
    tokens, head = (config.image_size // patch) ** 2, width // heads

    def piece(ours: str, shape: Shape, theirs: str) -> Piece:
        return Piece(f"encoder/{ours}", shape, (prefix + theirs,))

    def block(ours: str, layer: Shape, theirs: str, published: Shape | None = None) -> Piece:
        name, before = f"encoder/blocks/{ours}", f"{prefix}Transformer/encoderblock"
        if stacked:
            whole = published and (depth, *published)
            return Piece(name, (depth, *layer), (f"{before}/{theirs}",), published=whole)
        layers = tuple(f"{before}_{i}/{theirs}" for i in range(depth))
        return Piece(name, (depth, *layer), layers, published=published, stacked=True)

    yield piece("stem/kernel", (patch, patch, 3, width), "embedding/kernel")
    yield piece("stem/bias", (width,), "embedding/bias")
    yield Piece(
        "encoder/positions",
        (tokens, width),
        (f"{prefix}pos_embedding",),
        pick=(0, 0),
        rows="positions",
    )
    for ours, theirs in (("attention_norm", "LayerNorm_0"), ("mlp_norm", "LayerNorm_1")):
        for field in ("scale", "bias"):
            yield block(f"{ours}/{field}", (width,), f"{theirs}/{field}")
    attention = "MultiHeadDotProductAttention_0"
    for name in ("query", "key", "value"):
        ours, theirs = f"attention/{name}", f"{attention}/{name}"
        yield block(f"{ours}/kernel", (width, width), f"{theirs}/kernel", (width, heads, head))
        yield block(f"{ours}/bias", (width,), f"{theirs}/bias", (heads, head))
    out = f"{attention}/out"
    yield block("attention/out/kernel", (width, width), f"{out}/kernel", (heads, head, width))
    yield block("attention/out/bias", (width,), f"{out}/bias")
    sizes = {"up": (width, config.mlp_width), "down": (config.mlp_width, width)}
    for number, (ours, (inputs, outputs)) in enumerate(sizes.items()):
        theirs = f"MlpBlock_0/Dense_{number}"
        yield block(f"mlp/{ours}/kernel", (inputs, outputs), f"{theirs}/kernel")
        yield block(f"mlp/{ours}/bias", (outputs,), f"{theirs}/bias")
    for field in ("scale", "bias"):
        yield piece(f"final_norm/{field}", (width,), f"Transformer/encoder_norm/{field}")


def _decoder_pieces(config: DecoderConfig, prefix: str = TEXT) -> Iterator[Piece]:
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


def _connector_pieces(config: ModelConfig) -> Iterator[Piece]:
    """The linear map between the towers: big_vision keeps it as the image tower's head."""
    inputs, outputs = config.encoder.width, config.decoder.width
    yield Piece("connector/kernel", (inputs, outputs), (f"{IMAGE}head/kernel",))
    yield Piece("connector/bias", (outputs,), (f"{IMAGE}head/bias",))


def tower_pieces(tower: str, config: ModelConfig, names: Set[str]) -> Iterator[Piece]:
    """The "encoder", the "connector" or the "decoder", in the form that `names` show."""

    def prefix(whole: str) -> str:
        return whole if any(name.startswith(whole) for name in names) else ""

    if tower == "connector":
        return _connector_pieces(config)
    if tower == "encoder":
        image = prefix(IMAGE)
        stacked = not prefix(f"{image}Transformer/encoderblock_0/")
        return _encoder_pieces(config.encoder, image, stacked=stacked)
    return _decoder_pieces(config.decoder, prefix(TEXT))


def model_pieces(config: ModelConfig) -> list[Piece]:
    """The whole model."""
    return [
        *_encoder_pieces(config.encoder),
        *_connector_pieces(config),
        *_decoder_pieces(config.decoder),
    ]

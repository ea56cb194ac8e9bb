"""Names of SigLIP, Gemma and PaliGemma tensors in Hugging Face's safetensors.

Releases differ in prefixes; `canonical` brings all of them to one spelling. A linear layer's weight
is [out, in], a convolution's [out, in, row, column].
"""

from collections.abc import Iterator, Set

from spatialvlm_jax.experiment import DecoderConfig, EncoderConfig, ModelConfig
from spatialvlm_jax.weights.pieces import Piece, WeightsError

VISION, TEXT = "vision_tower.vision_model.", "language_model.model."
EMBEDDING = f"{TEXT}embed_tokens.weight"
# Present in files, of no use here: SigLIP's pooling head and text tower, and a tied output table.
UNUSED = (f"{VISION}head.", "text_model.", "logit_scale", "logit_bias", "lm_head.")


def canonical(name: str) -> str:
    """A tensor's name in the spelling of the first PaliGemma releases.

    Understands PaliGemma (old and new prefixes), SigLIP alone and Gemma alone.
    """
    for ours, others in (
        (
            VISION,
            (
                "model.vision_tower.vision_model.",
                "model.vision_tower.",
                VISION,
                "vision_tower.",
                "vision_model.",
            ),
        ),
        ("multi_modal_projector.", ("model.multi_modal_projector.", "multi_modal_projector.")),
        ("lm_head.", ("language_model.lm_head.", "lm_head.")),
        (TEXT, ("model.language_model.", TEXT, "language_model.", "model.")),
    ):
        for other in others:
            if name.startswith(other):
                return ours + name[len(other) :]
    return name


def _linear(
    ours: str, theirs: str, prefix: str, depth: int, inputs: int, outputs: int, bias: bool
) -> Iterator[Piece]:
    def tensors(what: str) -> tuple[str, ...]:
        return tuple(f"{prefix}layers.{i}.{theirs}.{what}" for i in range(depth))

    yield Piece(
        f"{ours}/kernel", (depth, inputs, outputs), tensors("weight"), axes=(1, 0), stacked=True
    )
    if bias:
        yield Piece(f"{ours}/bias", (depth, outputs), tensors("bias"), stacked=True)


def _norm(
    ours: str, theirs: str, prefix: str, depth: int, width: int, bias: bool
) -> Iterator[Piece]:
    for field, what in (("scale", "weight"), ("bias", "bias"))[: 1 + bias]:
        tensors = tuple(f"{prefix}layers.{i}.{theirs}.{what}" for i in range(depth))
        yield Piece(f"{ours}/{field}", (depth, width), tensors, stacked=True)


def _encoder_pieces(config: EncoderConfig) -> Iterator[Piece]:
    """SigLIP's image tower.

    Raises:
      WeightsError: the encoder has another stem.
    """
    if config.stem != "patch":
        raise WeightsError(f'a SigLIP encoder has stem "patch", this model has "{config.stem}"')
    width, depth, patch = config.width, config.depth, config.patch_size
    embeddings, layers = f"{VISION}embeddings.", f"{VISION}encoder."
    yield Piece(
        "encoder/stem/kernel",
        (patch, patch, 3, width),
        (f"{embeddings}patch_embedding.weight",),
        axes=(2, 3, 1, 0),
    )
    yield Piece("encoder/stem/bias", (width,), (f"{embeddings}patch_embedding.bias",))
    yield Piece(
        "encoder/positions",
        ((config.image_size // patch) ** 2, width),
        (f"{embeddings}position_embedding.weight",),
        rows="positions",
    )
    block = "encoder/blocks"
    yield from _norm(f"{block}/attention_norm", "layer_norm1", layers, depth, width, True)
    yield from _norm(f"{block}/mlp_norm", "layer_norm2", layers, depth, width, True)
    for ours, theirs in (("query", "q"), ("key", "k"), ("value", "v"), ("out", "out")):
        names = f"{block}/attention/{ours}", f"self_attn.{theirs}_proj"
        yield from _linear(*names, layers, depth, width, width, True)
    mlp = config.mlp_width
    yield from _linear(f"{block}/mlp/up", "mlp.fc1", layers, depth, width, mlp, True)
    yield from _linear(f"{block}/mlp/down", "mlp.fc2", layers, depth, mlp, width, True)
    for field, what in (("scale", "weight"), ("bias", "bias")):
        name = f"{VISION}post_layernorm.{what}"
        yield Piece(f"encoder/final_norm/{field}", (width,), (name,))


def _decoder_pieces(config: DecoderConfig) -> Iterator[Piece]:
    """Gemma's text tower; Gemma 2's where the decoder has post norms.

    The norm before the MLP is Gemma's `post_attention_layernorm`, a name that Gemma 2 gives to the
    norm after the attention.
    """
    width, depth, head = config.width, config.depth, config.head_size
    yield Piece(
        "decoder/embedder/embedding",
        (config.vocab_size, width),
        (EMBEDDING,),
        rows="vocabulary",
    )
    block = "decoder/blocks"
    norms = {"attention_norm": "input_layernorm", "mlp_norm": "post_attention_layernorm"}
    if config.post_norms:
        norms |= {
            "mlp_norm": "pre_feedforward_layernorm",
            "attention_post_norm": "post_attention_layernorm",
            "mlp_post_norm": "post_feedforward_layernorm",
        }
    for ours, theirs in norms.items():
        yield from _norm(f"{block}/{ours}", theirs, TEXT, depth, width, False)
    for ours, theirs, outputs in (
        ("query", "q", config.heads * head),
        ("key", "k", config.kv_heads * head),
        ("value", "v", config.kv_heads * head),
    ):
        names = f"{block}/attention/{ours}", f"self_attn.{theirs}_proj"
        yield from _linear(*names, TEXT, depth, width, outputs, False)
    out = f"{block}/attention/out", "self_attn.o_proj"
    yield from _linear(*out, TEXT, depth, config.heads * head, width, False)
    mlp = config.mlp_width
    for ours in ("gate", "up"):
        names = f"{block}/mlp/{ours}", f"mlp.{ours}_proj"
        yield from _linear(*names, TEXT, depth, width, mlp, False)
    yield from _linear(f"{block}/mlp/down", "mlp.down_proj", TEXT, depth, mlp, width, False)
    yield Piece("decoder/final_norm/scale", (width,), (f"{TEXT}norm.weight",))


def _connector_pieces(config: ModelConfig) -> Iterator[Piece]:
    """The linear map between the towers."""
    inputs, outputs = config.encoder.width, config.decoder.width
    name = "multi_modal_projector.linear."
    yield Piece("connector/kernel", (inputs, outputs), (f"{name}weight",), axes=(1, 0))
    yield Piece("connector/bias", (outputs,), (f"{name}bias",))


def tower_pieces(tower: str, config: ModelConfig, names: Set[str]) -> Iterator[Piece]:
    """The "encoder", the "connector" or the "decoder", whatever else there is among `names`."""
    if tower == "connector":
        return _connector_pieces(config)
    if tower == "encoder":
        return _encoder_pieces(config.encoder)
    return _decoder_pieces(config.decoder)


def model_pieces(config: ModelConfig) -> list[Piece]:
    """The whole model."""
    return [
        *_encoder_pieces(config.encoder),
        *_connector_pieces(config),
        *_decoder_pieces(config.decoder),
    ]

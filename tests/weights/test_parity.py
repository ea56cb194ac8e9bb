"""The same numbers as transformers' PaliGemma, on tiny random models of both generations."""

import dataclasses
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from spatialvlm_jax.experiment import DecoderConfig, EncoderConfig, ModelConfig
from spatialvlm_jax.models.checkpoint_file import flat_params
from spatialvlm_jax.models.generate import generate
from spatialvlm_jax.models.vlm import VLM
from spatialvlm_jax.weights.huggingface import canonical, model_pieces
from spatialvlm_jax.weights.load import load_weights
from spatialvlm_jax.weights.save import huggingface_config, save_huggingface

pytestmark = pytest.mark.experts

ENCODER = EncoderConfig(image_size=28, patch_size=14, width=32, depth=2, heads=2, mlp_width=64)
GEMMA = DecoderConfig(
    vocab_size=300, width=48, depth=3, heads=4, kv_heads=1, head_size=12, mlp_width=96
)
GEMMA2 = dataclasses.replace(
    GEMMA,
    kv_heads=2,
    head_size=16,
    post_norms=True,
    attention_softcap=50.0,
    query_scale=24**-0.5,
)
CASES = {
    "gemma": (ENCODER, GEMMA),
    "gemma, grouped heads, wider": (
        dataclasses.replace(ENCODER, image_size=56, width=48, heads=3),
        dataclasses.replace(GEMMA, width=64, kv_heads=2, head_size=16),
    ),
    "gemma2": (ENCODER, GEMMA2),
    "gemma2, final softcap": (
        dataclasses.replace(ENCODER, image_size=42),
        dataclasses.replace(GEMMA2, final_softcap=3.0, attention_softcap=2.0),
    ),
    "gemma2, no softcap, short window": (
        ENCODER,
        dataclasses.replace(GEMMA2, attention_softcap=0.0, sliding_window=7),
    ),
}
PREFIX, SUFFIX = [2, 17, 45, 108], [77, 12, 201, 1]


def theirs(encoder: EncoderConfig, decoder: DecoderConfig) -> Any:
    """A random transformers model of these sizes; large weights, so that softcaps bite."""
    import torch
    from transformers import PaliGemmaConfig, PaliGemmaForConditionalGeneration

    torch.manual_seed(0)
    fields = huggingface_config(ModelConfig(encoder=encoder, decoder=decoder))
    model = PaliGemmaForConditionalGeneration(PaliGemmaConfig(**fields)).eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            scale = 0.1 if "norm" in name or "bias" in name else 0.3
            parameter.normal_(0, scale)
    return model


def ours(encoder: EncoderConfig, decoder: DecoderConfig, folder: Path) -> VLM:
    config = ModelConfig(encoder=encoder, decoder=decoder, attention="prefix")
    model = nnx.eval_shape(lambda: VLM(config, rngs=nnx.Rngs(0)))
    shapes = {
        name: jax.ShapeDtypeStruct(x.shape, x.dtype) for name, x in flat_params(model).items()
    }
    arrays, manifest = load_weights({"model": folder}, config, shapes)
    assert not manifest.initialised
    state = [(tuple(_part(p) for p in name.split("/")), nnx.Param(x)) for name, x in arrays.items()]
    nnx.update(model, nnx.from_flat_state(state))
    return model


def _part(name: str) -> str | int:
    return int(name) if name.isdigit() else name


def picture(size: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (1, size, size, 3), np.uint8)


def their_inputs(encoder: EncoderConfig, decoder: DecoderConfig) -> dict[str, Any]:
    import torch

    tokens = (encoder.image_size // encoder.patch_size) ** 2
    ids = [decoder.vocab_size] * tokens + PREFIX + SUFFIX
    types = [0] * (tokens + len(PREFIX)) + [1] * len(SUFFIX)
    pixels = picture(encoder.image_size).transpose(0, 3, 1, 2) / np.float32(127.5) - 1
    return {
        "input_ids": torch.tensor([ids]),
        "token_type_ids": torch.tensor([types]),
        "attention_mask": torch.ones(1, len(ids), dtype=torch.long),
        "pixel_values": torch.tensor(pixels, dtype=torch.float32),
    }


def our_logits(model: VLM) -> jax.Array:
    tokens = jnp.asarray([PREFIX + SUFFIX], jnp.int32)
    embeddings, _ = model.encode_image(jnp.asarray(picture(model.config.encoder.image_size)))
    hidden, _ = model.text_states(
        embeddings,
        tokens,
        jnp.ones_like(tokens),
        jnp.arange(tokens.shape[1])[None],
        jnp.arange(tokens.shape[1])[None] >= len(PREFIX),
    )
    return model.logits(hidden)


@pytest.mark.parametrize("case", CASES)
def test_imported_logits_and_greedy_tokens_agree_and_export_loads_again(
    case: str, tmp_path: Path
) -> None:
    import torch
    from transformers import PaliGemmaForConditionalGeneration

    encoder, decoder = CASES[case]
    reference = theirs(encoder, decoder)
    reference.save_pretrained(tmp_path / "theirs", max_shard_size="100KB")
    model = ours(encoder, decoder, tmp_path / "theirs")
    inputs = their_inputs(encoder, decoder)
    with torch.no_grad():
        expected = reference(**inputs).logits[0, -len(PREFIX + SUFFIX) :, : decoder.vocab_size]
    found = our_logits(model)[0]
    scale = float(expected.abs().max())
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-4 * max(1.0, scale))

    before = inputs["input_ids"].shape[1] - len(SUFFIX)
    prompt = {name: x[:, :before] if x.ndim == 2 else x for name, x in inputs.items()}
    with torch.no_grad():
        answer = reference.generate(**prompt, max_new_tokens=6, do_sample=False, eos_token_id=1)
    mine = generate(
        model,
        jnp.asarray(picture(encoder.image_size)),
        jnp.asarray([[PREFIX]]),
        jnp.asarray([[len(PREFIX)]]),
        max_tokens=6,
        eos_id=1,
    )
    wanted = answer[0, before:].tolist()
    assert mine[0, 0, : len(wanted)].tolist() == wanted

    parameters = {name: np.asarray(x) for name, x in flat_params(model).items()}
    save_huggingface(tmp_path / "ours", parameters, model.config, shard_bytes=100_000)
    again, report = PaliGemmaForConditionalGeneration.from_pretrained(
        tmp_path / "ours", output_loading_info=True
    )
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    with torch.no_grad():
        same = again.eval()(**inputs).logits[0, -len(PREFIX + SUFFIX) :, : decoder.vocab_size]
    assert torch.equal(same, expected)


@pytest.mark.parametrize("case", ["gemma", "gemma2, final softcap"])
def test_gradients_agree_with_torch_autograd(case: str, tmp_path: Path) -> None:
    import torch

    encoder, decoder = CASES[case]
    reference = theirs(encoder, decoder)
    reference.save_pretrained(tmp_path)
    model = ours(encoder, decoder, tmp_path)
    inputs = their_inputs(encoder, decoder)
    # Their table has rows beyond the words, which ours leaves out of the softmax.
    logits = reference(**inputs).logits[0, -len(SUFFIX) - 1 : -1, : decoder.vocab_size]
    expected_loss = torch.nn.functional.cross_entropy(logits, torch.tensor(SUFFIX))
    expected_loss.backward()
    gradients = {canonical(name): p.grad for name, p in reference.named_parameters()}

    definition, state = nnx.split(model)

    def loss(state: Any) -> jax.Array:
        logits = our_logits(nnx.merge(definition, state))[0, len(PREFIX) - 1 : -1]
        return -jax.nn.log_softmax(logits)[jnp.arange(len(SUFFIX)), jnp.asarray(SUFFIX)].mean()

    value, found = jax.value_and_grad(loss)(state)
    np.testing.assert_allclose(value, float(expected_loss.detach()), rtol=1e-5)
    mine = flat_params(found)
    for piece in model_pieces(model.config):
        published = [gradients[name].numpy() for name in piece.tensors]
        parts = [x.transpose(piece.axes or range(x.ndim)) for x in published]
        wanted = np.stack(parts) if piece.stacked else parts[0]
        if piece.rows == "vocabulary":
            wanted = wanted[: decoder.vocab_size]
        scale = np.abs(wanted).max()
        np.testing.assert_allclose(
            mine[piece.ours], wanted, atol=1e-4 * scale + 1e-6, err_msg=piece.ours
        )

"""A small PaliGemma of random weights, its published folder, and what it says by our own code."""

import dataclasses
import json
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from flax import nnx
from safetensors.numpy import save_file

from spatialvlm_jax import cli
from spatialvlm_jax.experiment import DecoderConfig, EncoderConfig, Experiment, ModelConfig
from spatialvlm_jax.inputs.pictures import resize_image
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax.models.checkpoint_file import flat_params
from spatialvlm_jax.models.generate import generate
from spatialvlm_jax.models.vlm import VLM

CONFIG = ModelConfig(
    encoder=EncoderConfig(image_size=28, patch_size=14, width=32, depth=2, heads=2, mlp_width=64),
    decoder=DecoderConfig(
        vocab_size=1024, width=48, depth=2, heads=4, kv_heads=1, head_size=12, mlp_width=96
    ),
    attention="prefix",
)
PREFIX = "answer en {question}"
ANSWER_TOKENS = 8


def random_model() -> VLM:
    """Weights so large that questions and pictures change answers."""
    model = VLM(CONFIG, rngs=nnx.Rngs(0))
    draw = np.random.default_rng(0)
    state = nnx.state(model, nnx.Param)
    for name, x in nnx.to_flat_state(state):
        scale = 0.1 if {"scale", "bias"} & set(map(str, name)) else 0.3
        x.set_value(jnp.asarray(draw.normal(0, scale, x.get_value().shape), jnp.float32))
    nnx.update(model, state)
    return model


def saved(model: VLM, folder: Path) -> Path:
    """A weight file of ours, as a run leaves it."""
    experiment = Experiment(model=CONFIG)
    data = dataclasses.replace(experiment.data, prefix_template=PREFIX, tokenizer="small")
    evaluation = dataclasses.replace(experiment.eval, max_answer_tokens=ANSWER_TOKENS)
    experiment = dataclasses.replace(experiment, data=data, eval=evaluation)
    header = {"step": "7", "config": json.dumps(dataclasses.asdict(experiment))}
    arrays = {name: np.asarray(x) for name, x in flat_params(model).items()}
    save_file(arrays, folder / "model.safetensors", header)
    return folder / "model.safetensors"


def exported(model: VLM, folder: Path) -> Path:
    command = ["export", "--format=huggingface", "--dtype=float32"]
    assert cli.main([*command, str(saved(model, folder)), str(folder / "hf")]) == 0
    return folder / "hf"


def our_answer(model: VLM, picture: np.ndarray, question: str) -> list[int]:
    prefix = Tokenizer.from_config("small").encode_prefix(PREFIX.replace("{question}", question))
    answer = generate(
        model,
        jnp.asarray(resize_image(picture, CONFIG.encoder.image_size))[None],
        jnp.asarray([[prefix]]),
        jnp.asarray([[len(prefix)]]),
        max_tokens=ANSWER_TOKENS,
        eos_id=Tokenizer.eos_id,
    )
    return cut(answer[0, 0].tolist())


def cut(ids: list[int]) -> list[int]:
    """Up to and with the end."""
    return ids[: ids.index(Tokenizer.eos_id) + 1] if Tokenizer.eos_id in ids else ids

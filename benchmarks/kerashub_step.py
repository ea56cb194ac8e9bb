"""KerasHub's PaliGemma on JAX, a side of `benchmarks/train_step.py` in a process of its own.

It needs numpy, JAX, keras and keras-hub alone, so these may live in another environment than ours.
`write_case` writes a case: a batch, the model's sizes as JSON, and its parameters under the names
of KerasHub's variables. `python benchmarks/kerashub_step.py CASE.npz` reads it; then each line of
standard input makes a training step and is answered by its loss and the peak memory so far.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

Arrays = Mapping[str, np.ndarray]


def has_kerashub(python: str) -> bool:
    """Whether an interpreter finds keras-hub."""
    code = "import importlib.util, sys; sys.exit(importlib.util.find_spec('keras_hub') is None)"
    return subprocess.run([python, "-c", code], check=False).returncode == 0


def start(python: str, case: Path) -> Callable[[], float]:
    """The training step of a case in a process of its own, which then waits for the next."""
    process = subprocess.Popen(
        [python, __file__, str(case)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def step() -> float:
        assert process.stdin is not None
        assert process.stdout is not None
        print(file=process.stdin, flush=True)
        answer = process.stdout.readline().split()
        if not answer:
            raise SystemExit(f"{python} ended without an answer; its message stands above")
        return float(answer[0])

    return step


def peak_gigabytes(python: str, case: Path) -> float:
    """Peak resident memory of a process that makes two steps of a case."""
    done = subprocess.run(
        [python, __file__, str(case)], input="\n\n", stdout=subprocess.PIPE, text=True, check=True
    )
    return float(done.stdout.split()[-1])


def write_case(path: Path, parameters: Arrays, model: Any, batch: Any, optimizer: Any) -> None:
    """Writes what `main` reads.

    Args:
      path: ends in ".npz".
      parameters: ours by name, layers stacked.
      model: a `ModelConfig`.
      batch: a `spatialvlm_jax.batch.Batch` with one pair a row.
      optimizer: what `keras.optimizers.AdamW` takes.
    """
    encoder, decoder = model.encoder, model.decoder
    sizes = {
        "vocabulary_size": decoder.vocab_size,
        "image_size": encoder.image_size,
        "num_layers": decoder.depth,
        "num_query_heads": decoder.heads,
        "num_key_value_heads": decoder.kv_heads,
        "hidden_dim": decoder.width,
        "intermediate_dim": 2 * decoder.mlp_width,
        "head_dim": decoder.head_size,
        "vit_patch_size": encoder.patch_size,
        "vit_num_heads": encoder.heads,
        "vit_hidden_dim": encoder.width,
        "vit_num_layers": encoder.depth,
        "vit_intermediate_dim": encoder.mlp_width,
    }
    arrays: dict[str, Any] = {
        "settings": np.array(json.dumps({"model": sizes, "optimizer": optimizer})),
        "images": batch.images.astype(np.float32) / 127.5 - 1,
        "token_ids": batch.tokens,
        "response_mask": batch.suffix_mask.astype(np.int32),
        "targets": batch.targets,
        "loss_mask": batch.loss_mask,
        **dict(_theirs(parameters, decoder)),
    }
    np.savez(path, **arrays)


def _theirs(parameters: Arrays, decoder: Any) -> Iterator[tuple[str, np.ndarray]]:
    """Our parameters under the paths of KerasHub's variables, in their shapes."""
    whole = {
        "decoder/embedder/embedding": "token_embedding/embeddings",
        "decoder/final_norm/scale": "final_normalization/scale",
        "connector/kernel": "image_classifier/kernel",
        "connector/bias": "image_classifier/bias",
        "encoder/positions": "image_encoder/encoder_embeddings/position_embedding/embeddings",
        "encoder/stem/kernel": "image_encoder/encoder_embeddings/embedding_conv/kernel",
        "encoder/stem/bias": "image_encoder/encoder_embeddings/embedding_conv/bias",
        "encoder/final_norm/scale": "image_encoder/encoder_layer_norm/gamma",
        "encoder/final_norm/bias": "image_encoder/encoder_layer_norm/beta",
    }
    parts = {
        "attention/query/": "multi_head_attention/query_proj/",
        "attention/key/": "multi_head_attention/key_proj/",
        "attention/value/": "multi_head_attention/value_proj/",
        "attention/out/": "multi_head_attention/out_proj/",
        "attention_norm/scale": "layer_norm_1/gamma",
        "attention_norm/bias": "layer_norm_1/beta",
        "mlp_norm/scale": "layer_norm_2/gamma",
        "mlp_norm/bias": "layer_norm_2/beta",
        "mlp/up/": "mlp_dense_1/",
        "mlp/down/": "mlp_dense_2/",
    }
    decoder_parts = {
        "attention/query/": "attention/query/",
        "attention/key/": "attention/key/",
        "attention/value/": "attention/value/",
        "attention/out/": "attention/attention_output/",
        "attention_norm/": "pre_attention_norm/",
        "mlp_norm/": "pre_ffw_norm/",
        "mlp/gate/": "ffw_gating/",
        "mlp/up/": "ffw_gating_2/",
        "mlp/down/": "ffw_linear/",
    }
    for name, array in parameters.items():
        tower, blocks, part = name.partition("/blocks/")
        if not blocks:
            yield whole[name], array
            continue
        table = parts if tower == "encoder" else decoder_parts
        prefix = "image_encoder/encoder_block" if tower == "encoder" else "decoder_block"
        beginning = next(each for each in table if part.startswith(each))
        for layer, value in enumerate(array):
            path = f"{prefix}_{layer}/{part.replace(beginning, table[beginning])}"
            yield path, value if tower == "encoder" else _by_head(part, value, decoder.head_size)


def _by_head(part: str, value: np.ndarray, head_size: int) -> np.ndarray:
    """A decoder's attention kernel as [heads, in, head_size] or, on the way out, transposed."""
    if part.startswith("attention/out"):
        return value.reshape(-1, head_size, value.shape[-1])
    if part.startswith("attention/"):
        return value.reshape(len(value), -1, head_size).transpose(1, 0, 2)
    return value


def make_step(case: Arrays) -> Callable[[], float]:
    """A compiled training step: float32, AdamW, mean cross-entropy over the tokens with loss."""
    os.environ["KERAS_BACKEND"] = "jax"
    import jax
    import jax.numpy as jnp
    import keras
    import keras_hub

    settings = json.loads(str(case["settings"]))
    backbone = keras_hub.models.PaliGemmaBackbone(**settings["model"], dtype="float32")
    model = keras_hub.models.PaliGemmaCausalLM(preprocessor=None, backbone=backbone)
    for variable in model.variables:
        variable.assign(case[variable.path])
    optimizer = keras.optimizers.AdamW(**settings["optimizer"])
    flat = [variable for variable in model.trainable_variables if len(variable.shape) < 2]
    optimizer.exclude_from_weight_decay(flat)
    optimizer.build(model.trainable_variables)
    inputs = {name: jnp.asarray(case[name]) for name in ("images", "token_ids", "response_mask")}
    inputs["padding_mask"] = jnp.ones_like(inputs["response_mask"])
    targets, mask = jnp.asarray(case["targets"]), jnp.asarray(case["loss_mask"])

    def loss_of(trainable: Any) -> jax.Array:
        logits, _ = model.stateless_call(trainable, [], inputs, training=True)
        scores = jax.nn.log_softmax(logits)
        own = jnp.take_along_axis(scores, targets[..., None], axis=-1)[..., 0]
        return -jnp.sum(own * mask) / jnp.sum(mask)

    def update(trainable: Any, slots: Any) -> tuple[jax.Array, Any, Any]:
        loss, gradients = jax.value_and_grad(loss_of)(trainable)
        return loss, *optimizer.stateless_apply(slots, gradients, trainable)

    compiled = jax.jit(update, donate_argnums=(0, 1))
    trainable = [jnp.array(variable.value) for variable in model.trainable_variables]
    slots = [jnp.array(variable.value) for variable in optimizer.variables]

    def step() -> float:
        nonlocal trainable, slots
        loss, trainable, slots = compiled(trainable, slots)
        return float(loss)

    return step


def peak_of_this_process() -> float:
    """Gigabytes; from the kernel, because `getrusage` also counts what the parent held."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 2**20


def main() -> None:
    """Makes a step for each line that comes, and says its loss and the peak memory so far."""
    with np.load(sys.argv[1]) as case:
        step = make_step({name: case[name] for name in case.files})
    for _ in sys.stdin:
        print(step(), peak_of_this_process(), flush=True)


if __name__ == "__main__":
    main()

"""A training step here against the PaliGemma of transformers and of KerasHub, in one run.

    python benchmarks/train_step.py --json=train_step.json
    python benchmarks/train_step.py --kerashub=OTHER_ENVIRONMENT/bin/python

All sides train the same model (PaliGemma's proportions, smaller), from the same weights, on the
same images, tokens and mask, in float32, with AdamW and no augmentation; rounds alternate, the
median counts. Ours is timed unpacked, as theirs, and with many pairs packed on each image, where
the time is divided by the pairs. Peak memory is that of a process which does nothing else.
Needs torch and transformers beside the core (`make setup-experts`). KerasHub runs on JAX in a
process of its own, where an interpreter has it; else it is left out. It asks for TensorFlow, which
this does not use:

    python -m venv OTHER_ENVIRONMENT
    OTHER_ENVIRONMENT/bin/pip install jax==0.10.2 keras regex sentencepiece tokenizers kagglehub
    OTHER_ENVIRONMENT/bin/pip install --no-deps keras-hub
"""

import argparse
import dataclasses
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
from flax import nnx

from benchmarks import kerashub_step
from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.batch import Batch
from spatialvlm_jax.experiment import (
    AttentionRule,
    DecoderConfig,
    EncoderConfig,
    Experiment,
    ModelConfig,
    OptimConfig,
    TrainConfig,
)
from spatialvlm_jax.models.vlm import VLM
from spatialvlm_jax.training import sharding
from spatialvlm_jax.training.initialise import Initialiser
from spatialvlm_jax.training.optim import learning_rate, make_optimizer
from spatialvlm_jax.training.state import ModelTemplate
from spatialvlm_jax.training.step import StepConfig, compile_step
from spatialvlm_jax.weights.save import huggingface_config, save_huggingface

# PaliGemma-3B at an eighth of its width and a third of its depth, 256 image tokens as at 224 px.
MODEL = ModelConfig(
    encoder=EncoderConfig(
        image_size=224, patch_size=14, width=144, depth=9, heads=2, mlp_width=538
    ),
    decoder=DecoderConfig(
        vocab_size=8_000, width=256, depth=6, heads=8, kv_heads=1, head_size=32, mlp_width=2_048
    ),
)
PREFIX, SUFFIX = 16, 8  # tokens of a pair, as of most spatial ones
LEARNING_RATE = 1e-4
Step = Callable[[], float]


def batch(rows: int, pairs: int) -> Batch:
    """`rows` images with `pairs` pairs each, well-formed and random."""
    rng = np.random.default_rng(0)
    length = PREFIX + SUFFIX
    tokens = rng.integers(3, 8_000, (rows, pairs * length)).astype(np.int32)
    place = np.tile(np.arange(length), pairs)[None].repeat(rows, 0).astype(np.int32)
    learned = (place >= PREFIX - 1) & (place < length - 1)
    return Batch(
        images=rng.integers(0, 256, (rows, 224, 224, 3), np.uint8),
        tokens=tokens,
        targets=np.where(learned, np.roll(tokens, -1, 1), 0).astype(np.int32),
        segment_ids=np.repeat(np.arange(1, pairs + 1, dtype=np.int32), length)[None].repeat(
            rows, 0
        ),
        positions=place,
        suffix_mask=place >= PREFIX,
        loss_mask=learned,
        dataset_ids=np.zeros_like(tokens),
    )


def our_step(rows: int, pairs: int, rule: AttentionRule) -> Step:
    """A compiled training step of ours, on data that is there already."""
    model = dataclasses.replace(MODEL, attention=rule)
    optim = OptimConfig(peak_lr=LEARNING_RATE, schedule="constant", warmup_steps=0, clip_norm=0)
    experiment = Experiment(model=model, optim=optim, train=TrainConfig(steps=1_000))
    config = StepConfig(
        template=ModelTemplate.of(lambda: VLM(model, rngs=nnx.Rngs(0))),
        optimizer=make_optimizer(optim, 1_000),
        schedule=learning_rate(optim, 1_000),
        train=experiment.train,
        datasets=("all",),
        block_length=0 if rule == "prefix" else PREFIX + SUFFIX,
    )
    mesh = sharding.device_mesh(experiment.mesh, jax.devices()[:1])
    start = Initialiser(config.template, config.optimizer, experiment, mesh)
    compiled = compile_step(config, start.abstract(), mesh)
    data = sharding.to_devices(batch(rows, pairs), mesh)
    state = start.state()

    def step() -> float:
        nonlocal state
        state, metrics = compiled(state, data)
        return float(metrics["loss"])

    return step


def their_step(rows: int) -> Step:
    """A training step of transformers' model, from our weights."""
    import torch
    from transformers import PaliGemmaForConditionalGeneration

    with tempfile.TemporaryDirectory() as folder:
        state = ModelTemplate.of(lambda: VLM(MODEL, rngs=nnx.Rngs(0))).initialise()
        save_huggingface(Path(folder), {k: np.asarray(x) for k, x in state.items()}, MODEL)
        model = PaliGemmaForConditionalGeneration.from_pretrained(folder)
    model.train()
    decayed = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim <= 1]
    groups: list[dict[str, Any]] = [
        {"params": decayed, "weight_decay": 1e-4},
        {"params": rest, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=LEARNING_RATE, betas=(0.9, 0.99))
    data = batch(rows, 1)
    image = np.full((rows, 256), huggingface_config(MODEL)["image_token_index"], np.int64)
    ids = np.concatenate([image, data.tokens], 1)
    suffix = np.concatenate([np.zeros_like(image), data.suffix_mask], 1)
    inputs = {
        "input_ids": torch.tensor(ids),
        "token_type_ids": torch.tensor(suffix.astype(np.int64)),
        "attention_mask": torch.ones_like(torch.tensor(ids)),
        "pixel_values": torch.tensor(
            data.images.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
        ),
        "labels": torch.tensor(np.where(suffix > 0, ids, -100)),
    }

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        loss = model(**inputs).loss
        loss.backward()
        optimizer.step()
        return float(loss.detach())

    return step


def write_kerashub_case(path: Path, rows: int) -> None:
    """What KerasHub's process reads: our first weights, the batch of the other sides, AdamW."""
    state = ModelTemplate.of(lambda: VLM(MODEL, rngs=nnx.Rngs(0))).initialise()
    adamw = {
        "learning_rate": LEARNING_RATE,
        "weight_decay": 1e-4,
        "beta_1": 0.9,
        "beta_2": 0.99,
        "epsilon": 1e-8,
    }
    parameters = {name: np.asarray(x) for name, x in state.items()}
    kerashub_step.write_case(path, parameters, MODEL, batch(rows, 1), adamw)


def sides(rows: int, pairs: int) -> dict[str, tuple[Callable[[], Step], int]]:
    """What is compared in this process: how to make a step, and the pairs that it trains on."""
    packed_rows = max(1, rows // 4)
    return {
        "transformers": (lambda: their_step(rows), rows),
        "ours": (lambda: our_step(rows, 1, "prefix"), rows),
        "ours packed": (lambda: our_step(packed_rows, pairs, "image_prefix"), packed_rows * pairs),
    }


def peak_gigabytes(side: str, args: argparse.Namespace) -> float:
    """Peak resident memory of a process that makes two steps of one side."""
    command = [sys.executable, __file__, f"--side={side}", f"--rows={args.rows}"]
    done = subprocess.run(
        [*command, f"--pairs={args.pairs}"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.split()[-1])


def measure(args: argparse.Namespace, case: Path | None) -> dict[str, Any]:
    """Median step times of all sides, in alternating rounds.

    Args:
      args: of the command line.
      case: KerasHub's, or None to leave it out.
    """
    steps = {name: (make(), pairs) for name, (make, pairs) in sides(args.rows, args.pairs).items()}
    if case:
        steps["kerashub"] = (kerashub_step.start(args.kerashub, case), args.rows)
    losses = {name: step() for name, (step, _) in steps.items()}
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(args.rounds):
        for name, (step, _) in steps.items():
            start = time.perf_counter()
            step()
            times[name].append(time.perf_counter() - start)

    def peak(name: str) -> float:
        if name == "kerashub" and case:
            return kerashub_step.peak_gigabytes(args.kerashub, case)
        return peak_gigabytes(name, args)

    return {
        name: {
            "step_seconds": statistics.median(times[name]),
            "pairs": pairs,
            "seconds_per_pair": statistics.median(times[name]) / pairs,
            "first_loss": losses[name],
            "peak_gigabytes": peak(name),
        }
        for name, (_, pairs) in steps.items()
    }


def versions() -> dict[str, str]:
    """Of what the figures depend on."""
    from importlib.metadata import version

    names = ("jax", "jaxlib", "flax", "torch", "transformers")
    return {"python": platform.python_version(), **{name: version(name) for name in names}}


def main() -> None:
    """Prints a table; with --json also writes it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=8, help="images of an unpacked step")
    parser.add_argument("--pairs", type=int, default=16, help="pairs packed on an image")
    parser.add_argument("--rounds", type=int, default=5, help="timed steps of each side")
    parser.add_argument("--json", type=Path, metavar="FILE")
    help_text = "interpreter with KerasHub (default: this one)"
    parser.add_argument("--kerashub", metavar="PYTHON", default=sys.executable, help=help_text)
    parser.add_argument("--side", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.side:
        step = sides(args.rows, args.pairs)[args.side][0]()
        step()
        step()
        print(kerashub_step.peak_of_this_process())
        return
    with tempfile.TemporaryDirectory() as folder:
        case = None
        if kerashub_step.has_kerashub(args.kerashub):
            case = Path(folder, "case.npz")
            write_kerashub_case(case, args.rows)
        else:
            print(f"without KerasHub: {args.kerashub} has no keras_hub")
        found = measure(args, case)
    theirs, ours, packed = (found[name] for name in ("transformers", "ours", "ours packed"))
    ratios = {
        f"step_time_ratio_to_{name}": ours["step_seconds"] / found[name]["step_seconds"]
        for name in ("transformers", "kerashub")
        if name in found
    }
    result = {
        **ratios,
        "packed_pair_time_ratio_to_transformers": packed["seconds_per_pair"]
        / theirs["seconds_per_pair"],
        f"packed_{args.pairs}_speedup": ours["seconds_per_pair"] / packed["seconds_per_pair"],
        "cores": len(os.sched_getaffinity(0)),
        "versions": versions(),
        "sides": found,
    }
    print("side            step s   pairs   ms/pair   first loss   peak GB")
    for name, row in found.items():
        print(
            f"{name:14} {row['step_seconds']:7.3f} {row['pairs']:7} "
            f"{1000 * row['seconds_per_pair']:9.1f} {row['first_loss']:12.4f} "
            f"{row['peak_gigabytes']:9.2f}"
        )
    for name, value in result.items():
        if isinstance(value, float):
            print(f"{name}: {value:.3f}")
    if args.json:
        write_json(args.json, result)


if __name__ == "__main__":
    main()

"""Answering here against `generate` of transformers' PaliGemma, in one run.

    python benchmarks/decode.py --json=decode.json

Both sides have the same model (PaliGemma's proportions, smaller), the same weights, images and
questions, in float32, decode greedily, and write as many tokens whatever they say. Rounds
alternate, the median counts; a first round compiles.

* transformers: a row is an image with one question, as its `generate` takes them.
* ours: the same rows under the same attention rule. Every token is that of transformers, or this
  ends with an error.
* ours packed: many questions on each image under the rule `image_prefix`, which encodes an image
  once. Every token is what a question alone gets under that rule, or this ends with an error.

What ours have to compute is counted, and a product of two large matrices tells how fast this
machine is at its best: "at most" is how many times transformers ours would be at that rate.

Needs torch and transformers beside the core (`make setup-experts`).
"""

import argparse
import dataclasses
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from benchmarks.train_step import MODEL, versions
from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.batch import NOT_TOLD
from spatialvlm_jax.experiment import AttentionRule, DecoderConfig, EncoderConfig, ModelConfig
from spatialvlm_jax.models.flops import count_flops
from spatialvlm_jax.models.generate import generate, read_prefix
from spatialvlm_jax.models.vlm import VLM
from spatialvlm_jax.text_table import align_columns
from spatialvlm_jax.training.state import ModelTemplate, Parameters
from spatialvlm_jax.weights.save import huggingface_config, save_huggingface

TINY = ModelConfig(
    encoder=EncoderConfig(image_size=28, patch_size=14, width=32, depth=2, heads=2, mlp_width=64),
    decoder=DecoderConfig(
        vocab_size=300, width=48, depth=2, heads=4, kv_heads=1, head_size=12, mlp_width=96
    ),
)
MODELS = {"small": MODEL, "tiny": TINY}
# No token has this id, so that nothing ends before its last token.
NEVER_ENDS = -1
Answer = Callable[[], np.ndarray]


@dataclasses.dataclass(frozen=True, eq=False)
class Work:
    """What is asked.

    images: uint8[B, H, W, 3]. questions: int32[B, S, P], tokens above those with a meaning of
    their own. tokens: how many are written of each answer.
    """

    config: ModelConfig
    images: np.ndarray
    questions: np.ndarray
    tokens: int

    @classmethod
    def draw(
        cls, config: ModelConfig, images: int, questions: int, length: int, tokens: int
    ) -> "Work":
        """Random images, each with as many random questions of `length` tokens."""
        draws, size = np.random.default_rng(0), config.encoder.image_size
        return cls(
            config,
            draws.integers(0, 256, (images, size, size, 3), np.uint8),
            draws.integers(3, config.decoder.vocab_size, (images, questions, length), np.int32),
            tokens,
        )

    @property
    def sequences(self) -> int:
        """How many questions there are."""
        return self.questions.shape[0] * self.questions.shape[1]

    def one_by_one(self) -> "Work":
        """The same with one question an image, each image as often as it has questions."""
        images, questions, length = self.questions.shape
        return dataclasses.replace(
            self,
            images=np.repeat(self.images, questions, axis=0),
            questions=self.questions.reshape(images * questions, 1, length),
        )


def draw_parameters(config: ModelConfig) -> Parameters:
    """Random weights, as training begins with."""
    return _template(config).initialise()


def _template(config: ModelConfig) -> ModelTemplate[VLM]:
    return ModelTemplate.of(lambda: VLM(config, rngs=nnx.Rngs(0)))


def our_answers(work: Work, parameters: Parameters, rule: AttentionRule) -> Answer:
    """Answers of ours, int32[B S, T], from the same weights under a rule."""
    model = _template(dataclasses.replace(work.config, attention=rule)).model(parameters)
    images, questions = jnp.asarray(work.images), jnp.asarray(work.questions)
    lengths = jnp.full(work.questions.shape[:2], work.questions.shape[2], jnp.int32)

    def answer() -> np.ndarray:
        said = generate(
            model, images, questions, lengths, max_tokens=work.tokens, eos_id=NEVER_ENDS
        )
        return np.asarray(said).reshape(work.sequences, work.tokens)

    return answer


def operations(work: Work, parameters: Parameters, rule: AttentionRule) -> int:
    """Floating point operations of the matrix products that answer all questions."""
    model = _template(dataclasses.replace(work.config, attention=rule)).model(parameters)
    lengths = jnp.full(work.questions.shape[:2], work.questions.shape[2], jnp.int32)
    asked = jnp.asarray(work.images), jnp.asarray(work.questions)
    reads = count_flops(lambda: read_prefix(model, asked[0], NOT_TOLD, asked[1], lengths))
    written = count_flops(
        lambda: generate(model, *asked, lengths, max_tokens=work.tokens, eos_id=NEVER_ENDS)
    )
    decoder = work.config.decoder
    first = 2 * work.sequences * decoder.width * decoder.vocab_size
    # A loop counts once: that is the second token and what makes it.
    return reads + first + (work.tokens - 1) * (written - reads - first)


def best_rate(rounds: int, size: int = 2048) -> float:
    """Operations a second of a product of two matrices of float32."""
    matrix = jnp.ones((size, size))
    multiply, times = jax.jit(lambda x: x @ x), []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        multiply(matrix).block_until_ready()
        times.append(time.perf_counter() - start)
    return 2 * size**3 / min(times[1:])


def their_answers(work: Work, parameters: Parameters) -> Answer:
    """Answers of transformers' model, int[B, T], from our weights; one question an image."""
    import torch
    from transformers import PaliGemmaForConditionalGeneration

    with tempfile.TemporaryDirectory() as folder:
        arrays = {name: np.asarray(x) for name, x in parameters.items()}
        save_huggingface(Path(folder), arrays, work.config)
        model = PaliGemmaForConditionalGeneration.from_pretrained(folder).eval()
    model.generation_config.eos_token_id = None
    rows, questions, _ = work.questions.shape
    if questions != 1:
        raise ValueError("transformers takes one question an image")
    encoder = work.config.encoder
    patches = (encoder.image_size // encoder.patch_size) ** 2
    image_token = huggingface_config(work.config)["image_token_index"]
    image = np.full((rows, patches), image_token, np.int64)
    ids = torch.tensor(np.concatenate([image, work.questions[:, 0]], 1))
    pixels = work.images.transpose(0, 3, 1, 2).astype(np.float32) / 127.5 - 1
    inputs = {
        "input_ids": ids,
        "token_type_ids": torch.zeros_like(ids),
        "attention_mask": torch.ones_like(ids),
        "pixel_values": torch.tensor(pixels),
    }

    def answer() -> np.ndarray:
        with torch.no_grad():
            said = model.generate(**inputs, max_new_tokens=work.tokens, do_sample=False)
        return said[:, ids.shape[1] :].numpy()

    return answer


def check_equal(name: str, said: np.ndarray, wanted: np.ndarray) -> None:
    """Ends the benchmark where answers, int[N, T], are not those that were to be compared with."""
    other = int((said != wanted).any(1).sum())
    if other:
        raise SystemExit(f"{name}: {other} of {len(said)} answers have other tokens: no comparison")


def compare(
    sides: Mapping[str, tuple[Answer, int]], wanted: Mapping[str, np.ndarray], rounds: int
) -> dict[str, Any]:
    """Median times of all sides in alternating rounds, once their tokens are those wanted.

    Args:
      sides: by name, what answers, and how many sequences it does.
      wanted: by name, the tokens that it is to write.
    """
    for name, (answer, _) in sides.items():
        check_equal(name, answer(), wanted[name])
    times: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, (answer, _) in sides.items():
            start = time.perf_counter()
            answer()
            times[name].append(time.perf_counter() - start)
    found = {
        name: {
            "seconds": statistics.median(times[name]),
            "sequences": sequences,
            "sequences_per_second": sequences / statistics.median(times[name]),
        }
        for name, (_, sequences) in sides.items()
    }
    base = found["transformers"]["sequences_per_second"]
    for row in found.values():
        row["times_transformers"] = row["sequences_per_second"] / base
    return found


def with_bounds(
    found: Mapping[str, Mapping[str, Any]], counted: Mapping[str, int], rate: float
) -> dict[str, Any]:
    """Figures of all sides, with the operations of some and what they would be at a rate of these.

    Args:
      counted: by name, operations of all its sequences. rate: operations a second.
    """
    base = found["transformers"]["sequences_per_second"]
    bounded = {name: dict(row) for name, row in found.items()}
    for name, each in counted.items():
        row = bounded[name]
        row["operations"], row["operations_a_second_at_best"] = each, rate
        row["times_transformers_at_best"] = row["sequences"] * rate / each / base
    return bounded


def measure(
    config: ModelConfig, images: int, questions: int, length: int, tokens: int, rounds: int
) -> dict[str, Any]:
    """Figures of all sides."""
    parameters = draw_parameters(config)
    single = Work.draw(config, images, 1, length, tokens)
    packed = Work.draw(config, images, questions, length, tokens)
    theirs = their_answers(single, parameters)
    ours = our_answers(single, parameters, "prefix")
    together = our_answers(packed, parameters, "image_prefix")
    alone = our_answers(packed.one_by_one(), parameters, "image_prefix")()
    reference, many = theirs(), f"ours, {questions} questions an image"
    found = compare(
        {
            "transformers": (theirs, single.sequences),
            "ours": (ours, single.sequences),
            many: (together, packed.sequences),
        },
        {"transformers": reference, "ours": reference, many: alone},
        rounds,
    )
    counted = {
        "ours": operations(single, parameters, "prefix"),
        many: operations(packed, parameters, "image_prefix"),
    }
    return with_bounds(found, counted, best_rate(4 * rounds))


def table(found: Mapping[str, Any]) -> list[str]:
    """Lines for people."""
    head = ("side", "sequences", "seconds", "sequences a second", "times transformers")
    rows = [(*head, "at most", "GFLOP", "GFLOP a second")]
    rows += [
        (
            name,
            str(row["sequences"]),
            f"{row['seconds']:.3f}",
            f"{row['sequences_per_second']:.1f}",
            f"{row['times_transformers']:.2f}",
            *_bounds(row),
        )
        for name, row in found.items()
    ]
    return align_columns(rows, rule=True)


def _bounds(row: Mapping[str, Any]) -> tuple[str, str, str]:
    if "operations" not in row:
        return "", "", ""
    billions = row["operations"] / 1e9
    most, spent = row["times_transformers_at_best"], billions / row["seconds"]
    at_best = row["operations_a_second_at_best"] / 1e9
    return f"{most:.2f}", f"{billions:.1f}", f"{spent:.0f} of {at_best:.0f}"


def main() -> None:
    """Prints a table; with --json also writes it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", choices=MODELS, default="small", help="default: %(default)s")
    parser.add_argument("--images", type=int, default=8, help="default: %(default)s")
    parser.add_argument("--questions", type=int, default=8, help="packed on an image")
    parser.add_argument("--prefix", type=int, default=16, help="tokens of a question")
    parser.add_argument("--tokens", type=int, default=16, help="written of each answer")
    parser.add_argument("--rounds", type=int, default=5, help="timed, of each side")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    args = parser.parse_args()
    found = measure(
        MODELS[args.model], args.images, args.questions, args.prefix, args.tokens, args.rounds
    )
    print("\n".join(table(found)))
    if args.json:
        cores = len(os.sched_getaffinity(0))
        write_json(args.json, {"cores": cores, "versions": versions(), "sides": found})


if __name__ == "__main__":
    main()

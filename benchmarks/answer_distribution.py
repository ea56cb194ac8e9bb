"""What reading quantities from their distribution costs beside generating the answers.

    python benchmarks/answer_distribution.py --json=answer_distribution.json

A model of the shipped one's size is asked 16 questions of 12 to 20 tokens about each of 8 pictures:
it generates an answer of 6 tokens to each, and it scores 64 worded lengths for each. Both take
turns in one process.
"""

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np
from flax import nnx

from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.generation.wording.spoken_values import spoken_values
from spatialvlm_jax.inference.read_values import read_values
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax.models.generate import generate
from spatialvlm_jax.models.score import AnswerTrees, read_questions, score_answers
from spatialvlm_jax.models.variants import build_model_config
from spatialvlm_jax.models.vlm import VLM

IMAGES, QUESTIONS, VALUES, TOKENS = 8, 16, 64, 6


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=10, help="default: %(default)s")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    args = parser.parse_args()
    config = build_model_config("small")
    model = VLM(config, rngs=nnx.Rngs(0))
    encode = Tokenizer.from_config("small").encode_suffix
    rng = np.random.default_rng(0)
    size = config.encoder.image_size
    images: Any = rng.integers(0, 256, (IMAGES, size, size, 3), np.uint8)
    lengths: Any = rng.integers(12, 21, (IMAGES, QUESTIONS)).astype(np.int32)
    tokens = rng.integers(3, config.decoder.vocab_size, (IMAGES, QUESTIONS, 24), np.int32)
    prefixes: Any = np.where(np.arange(24) < lengths[..., None], tokens, 0)

    spoken = [spoken_values(("m",))] * (IMAGES * QUESTIONS)

    def answer() -> None:
        # No answer ends, so that all of them have their 6 tokens.
        generate(model, images, prefixes, lengths, max_tokens=TOKENS, eos_id=-1).block_until_ready()

    def read() -> None:
        questions = read_questions(model, images, prefixes, lengths)

        def score(trees: AnswerTrees) -> np.ndarray:
            rows = jax.tree.map(lambda x: x.reshape(IMAGES, QUESTIONS, *x.shape[1:]), trees)
            return np.asarray(score_answers(model, questions, rows)).reshape(len(spoken), -1)

        read_values(score, spoken, encode, VALUES)

    seconds: dict[str, list[float]] = {"generate": [], "read": []}
    for number in range(args.rounds + 1):
        for name, work in (("generate", answer), ("read", read)):
            start = time.perf_counter()
            work()
            if number:  # the first round compiles
                seconds[name].append(time.perf_counter() - start)
    ratios = [b / a for a, b in zip(*seconds.values(), strict=True)]
    figures = {
        "generate_ms_per_image": 1e3 * statistics.median(seconds["generate"]) / IMAGES,
        "read_ms_per_image": 1e3 * statistics.median(seconds["read"]) / IMAGES,
        "ratio": statistics.median(ratios),
    }
    print("| generating 16 answers | reading 16 distributions | ratio |\n|---|---|---|")
    print(
        f"| {figures['generate_ms_per_image']:.1f} ms | {figures['read_ms_per_image']:.1f} ms "
        f"| {figures['ratio']:.2f} ({min(ratios):.2f} to {max(ratios):.2f}) |"
    )
    if args.json:
        write_json(args.json, figures)


if __name__ == "__main__":
    main()

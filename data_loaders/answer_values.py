"""The distributions of the quantities that an evaluation's batch asks for."""

import dataclasses
from collections.abc import Sequence

import jax
import numpy as np
from jax.sharding import Mesh

from data_loaders.evaluation import EvalBatch
from spatialvlm_jax.evaluation.distribution import ValueDistribution
from spatialvlm_jax.generation.wording.spoken_values import SpokenValues, spoken_values
from spatialvlm_jax.inference.read_values import read_values
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax.models.score import AnswerTrees, read_questions, score_answers
from spatialvlm_jax.models.vlm import VLM
from spatialvlm_jax.training import sharding
from spatialvlm_jax.training.processes import multihost

Distributions = list[list[ValueDistribution | None]]


@dataclasses.dataclass(frozen=True)
class ValueReader:
    """Reads quantities by scoring answers; every process reads its rows and gets all.

    model: its parameters lie on `mesh`. answers: how many are scored for a question; 0 for none.
    """

    model: VLM
    tokenizer: Tokenizer
    mesh: Mesh
    answers: int

    def __call__(self, batch: EvalBatch, own: Sequence[int]) -> Distributions:
        """One for each record of each image; None where no quantity is asked for.

        Args:
          batch: what is asked.
          own: this process's rows of it.
        """
        slots = [[slot for slot, units in enumerate(row) if units] for row in batch.spoken_units]
        found: Distributions = [[None] * len(row) for row in batch.spoken_units]
        if not self.answers or not any(slots):
            return found
        tokens, lengths, spoken = _only(batch, slots)
        narrowed = dataclasses.replace(batch, prefix_tokens=tokens, prefix_lengths=lengths)
        rows = narrowed.asked(own)
        questions = read_questions(self.model, *sharding.to_devices(rows, self.mesh))

        def score(trees: AnswerTrees) -> np.ndarray:
            ours = jax.tree.map(lambda x: x.reshape(*lengths.shape, *x.shape[1:])[own], trees)
            scores = score_answers(self.model, questions, sharding.to_devices(ours, self.mesh))
            return multihost.gather_everywhere(scores).reshape(lengths.size, -1)

        read = read_values(score, spoken, self.tokenizer.encode_suffix, self.answers)
        for row, places in enumerate(slots):
            for column, slot in enumerate(places):
                found[row][slot] = read[row * lengths.shape[1] + column]
        return found


def _only(
    batch: EvalBatch, slots: list[list[int]]
) -> tuple[np.ndarray, np.ndarray, list[SpokenValues | None]]:
    """Prefixes and what can be said to them of the questions in `slots` alone, side by side."""
    width = batch.most_quantities
    tokens = np.zeros((len(slots), width, batch.prefix_tokens.shape[-1]), np.int32)
    lengths = np.zeros((len(slots), width), np.int32)
    spoken: list[SpokenValues | None] = [None] * (len(slots) * width)
    for row, places in enumerate(slots):
        tokens[row, : len(places)] = batch.prefix_tokens[row, places]
        lengths[row, : len(places)] = batch.prefix_lengths[row, places]
        for column, slot in enumerate(places):
            spoken[row * width + column] = spoken_values(batch.spoken_units[row][slot])
    return tokens, lengths, spoken

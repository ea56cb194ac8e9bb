"""A model asked all held-out questions: by `eval.py`, and on schedule by `train.py`."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jax.sharding import Mesh

from data_loaders.answer_values import ValueReader
from data_loaders.evaluation import EvalBatch, EvalBatches, eval_batches
from spatialvlm_jax import progress
from spatialvlm_jax.evaluation.distribution import ValueDistribution
from spatialvlm_jax.evaluation.report import results
from spatialvlm_jax.evaluation.rows import PredictionRow
from spatialvlm_jax.evaluation.scorer import Scorer, Scoring
from spatialvlm_jax.evaluation.tracks import track_of
from spatialvlm_jax.experiment import Experiment, Probe
from spatialvlm_jax.inputs.tokenizer import Tokenizer, load_tokenizer
from spatialvlm_jax.models.generate import generate
from spatialvlm_jax.models.vlm import VLM
from spatialvlm_jax.training import sharding
from spatialvlm_jax.training.processes import multihost
from spatialvlm_jax.training.state import ModelTemplate, TrainState


def evaluate_model(
    model: VLM,
    experiment: Experiment,
    tokenizer: Tokenizer,
    mesh: Mesh,
    check: Callable[[], None] = lambda: None,
    probe: Probe | None = None,
    keeps_pictures: bool = True,
) -> Scorer:
    """Asks the model all held-out questions that `experiment.eval` names.

    Each process reads and answers its share of every batch; all of them get all answers.

    Args:
      model: its parameters lie on `mesh`.
      experiment: names questions and data. tokenizer: of the run.
      mesh: a batch is split over its devices, filled up with empty rows where it does not divide.
      check: called before every batch; may raise to stop.
      probe: what is changed of questions or pictures; quantities are then read from texts alone.
      keeps_pictures: for pages; of a probe none are kept.

    Raises:
      UserError: the held-out data cannot be read.
    """
    settings = experiment.eval
    batch_size = sharding.fill_up(settings.batch_size, mesh)
    own = sharding.process_rows(batch_size, mesh)
    batches = _held_out(experiment, batch_size, own, probe)
    read = ValueReader(model, tokenizer, mesh, 0 if probe else settings.scored_values)
    scorer, quiet = Scorer(Scoring.of(settings)), not multihost.is_main_process()
    is_told = experiment.data.camera != "none"
    tracks = {each.name: track_of(is_told, each.camera) for each in settings.datasets}
    ask = progress.first_call(generate, "compiling the answering", "compiled it", quiet=quiet)
    what = f"evaluating, {probe.replace('_', ' ')}" if probe else "evaluating"
    with progress.bar(desc=what, unit="image", total=batches.images, quiet=quiet) as bar:
        for batch in batches:
            check()
            images, *prefixes, camera = sharding.to_devices(batch.asked(own), mesh)
            tokens = ask(
                model,
                images,
                *prefixes,
                max_tokens=settings.max_answer_tokens,
                eos_id=tokenizer.eos_id,
                camera=camera,
            )
            answers = multihost.gather_everywhere(tokens)
            values = read(batch, own)
            is_shown = keeps_pictures and probe is None and scorer.pictures.has_room
            pictures = multihost.gather_everywhere(images) if is_shown else None
            for row in np.flatnonzero(batch.valid).tolist():
                texts = [decode_answer(tokenizer, ids) for ids in answers[row]]
                prompts = _prompts(tokenizer, batch, row)
                track = tracks[batch.datasets[row]]
                _add(scorer, batch, row, prompts, texts, values[row], track)
                if pictures is not None:
                    scorer.pictures.add(batch.image_ids[row], pictures[row])
            bar.update(int(batch.valid.sum()))
    return scorer


def _held_out(
    experiment: Experiment, batch_size: int, own: Sequence[int], probe: Probe | None
) -> EvalBatches:
    """What is asked, with the pictures of the rows `own`."""
    settings = experiment.eval
    with multihost.raise_on_all():
        return eval_batches(
            settings.datasets,
            experiment.data,
            experiment.model,
            batch_size=batch_size,
            pairs_per_image=settings.pairs_per_image,
            images=settings.images,
            rows=own,
            prefix_template=settings.prefix_template,
            probe=probe,
        )


def _prompts(tokenizer: Tokenizer, batch: EvalBatch, row: int) -> list[str]:
    """The questions about one image of a batch, in the words in which they are put."""
    asked = zip(batch.prefix_tokens[row], batch.prefix_lengths[row], strict=True)
    return [tokenizer.decode(ids[:length].tolist()).strip() for ids, length in asked if length]


def _add(
    scorer: Scorer,
    batch: EvalBatch,
    row: int,
    prompts: Sequence[str],
    texts: Sequence[str],
    values: Sequence[ValueDistribution | None],
    track: str,
) -> None:
    """Adds what was answered about one image of a batch."""
    image_id, dataset = batch.image_ids[row], batch.datasets[row]
    asked = zip(batch.ids[row], batch.records[row], batch.sights[row], prompts, strict=True)
    for (name, record, sight, prompt), text, value in zip(asked, texts, values, strict=False):
        scorer.add_row(
            PredictionRow(name, image_id, record, text, dataset, value, sight, prompt, track=track)
        )


def decode_answer(tokenizer: Tokenizer, ids: np.ndarray) -> str:
    """Text of generated ids int32[T] up to the end-of-sequence token."""
    ends = np.flatnonzero((ids == tokenizer.eos_id) | (ids == tokenizer.pad_id))
    return tokenizer.decode(ids[: ends[0] if len(ends) else None].tolist()).strip()


@dataclasses.dataclass(frozen=True)
class RunEvaluation:
    """Evaluates states of a run; keeps the figures of each step in the workdir."""

    experiment: Experiment
    workdir: Path
    template: ModelTemplate[VLM]
    mesh: Mesh
    check: Callable[[], None] = lambda: None

    def __call__(self, state: TrainState) -> dict[str, float]:
        """The overall figures of the weights that count, those that there are."""
        tokenizer = load_tokenizer(self.experiment.data, self.experiment.model)
        model = self.template.model(state.averaged)
        scorer = evaluate_model(
            model, self.experiment, tokenizer, self.mesh, self.check, keeps_pictures=False
        )
        if not multihost.is_main_process():
            return overall_figures(scorer.summary())
        step, answers = int(state.step), scorer.answers()
        summary = results.save_evaluation(self.workdir, step, answers, scorer.scoring)
        return overall_figures(summary)


def overall_figures(summary: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """Of a summary, the figures over all question types that there are."""
    overall = {name: summary[name]["value"] for name in results.TITLES if name in summary}
    return {name: value for name, value in overall.items() if value is not None}

"""Evaluates a model: python eval.py --config=configs/demo.py --workdir=runs/demo

The weights are those of the newest whole checkpoint in the workdir, unless --checkpoint names a
step or a weight file. Writes summary.json, predictions.jsonl and report.html into the workdir, and
prints each figure beside the best constant answer.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from data_loaders.build import load_tokenizer
from data_loaders.evaluation import eval_batches
from data_loaders.tokenizer import Tokenizer
from spatialvlm_jax.config import parse_experiment
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation import report, results
from spatialvlm_jax.evaluation.scorer import Scorer
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.models.generate import generate
from spatialvlm_jax.models.vlm import VLM
from spatialvlm_jax.recipes import render_missing
from spatialvlm_jax.training.provenance import use_compilation_cache
from spatialvlm_jax.training.restore import restore_model


def evaluate_model(model: VLM, experiment: Experiment, tokenizer: Tokenizer) -> Scorer:
    """Asks the model all held-out questions that `experiment.eval` names; keeps some pictures.

    Raises:
      UserError: the held-out data cannot be read.
    """
    settings = experiment.eval
    batches = eval_batches(
        settings.datasets,
        experiment.data,
        experiment.model,
        batch_size=settings.batch_size,
        pairs_per_image=settings.pairs_per_image,
        images=settings.images,
    )
    scorer = Scorer()
    with tqdm(total=settings.images or None, desc="evaluating", unit="image", disable=None) as bar:
        for batch in batches:
            tokens = generate(
                model,
                jnp.asarray(batch.images),
                jnp.asarray(batch.prefix_tokens),
                jnp.asarray(batch.prefix_lengths),
                max_tokens=settings.max_answer_tokens,
                eos_id=tokenizer.eos_id,
            )
            answers = np.asarray(tokens)
            for row in np.flatnonzero(batch.valid):
                image_id, dataset = batch.image_ids[row], batch.datasets[row]
                for record, ids in zip(batch.records[row], answers[row], strict=False):
                    text = decode_answer(tokenizer, ids)
                    scorer.add(record, text, image_id=image_id, dataset=dataset)
                if len(scorer.pictures) < report.PICTURES:
                    scorer.pictures[image_id] = batch.images[row]
            bar.update(int(batch.valid.sum()))
    return scorer


def decode_answer(tokenizer: Tokenizer, ids: np.ndarray) -> str:
    """Text of generated ids int32[T] up to the end-of-sequence token."""
    ends = np.flatnonzero((ids == tokenizer.eos_id) | (ids == tokenizer.pad_id))
    return tokenizer.decode(ids[: ends[0] if len(ends) else None].tolist()).strip()


def evaluate_on_schedule(
    model: VLM, experiment: Experiment, tokenizer: Tokenizer, workdir: Path, step: int
) -> dict[str, float]:
    """Evaluates during training: keeps the figures of this step and returns the overall ones."""
    summary = evaluate_model(model, experiment, tokenizer).summary()
    if jax.process_index() == 0:
        results.save_evaluation(workdir, step, summary)
    overall = {name: summary[name]["value"] for name in results.TITLES if name in summary}
    return {name: value for name, value in overall.items() if value is not None}


def evaluate(experiment: Experiment, workdir: Path, checkpoint: str = "") -> str:
    """Evaluates weights, writes figures and report; returns the table to print."""
    use_compilation_cache()
    model, step = restore_model(experiment, workdir, checkpoint)
    render_missing(experiment.eval.datasets)
    tokenizer = load_tokenizer(experiment.data, experiment.model)
    scorer = evaluate_model(model, experiment, tokenizer)
    answers = scorer.answers()
    earlier = results.before(results.load_evaluations(workdir), step)
    summary = results.save_results(workdir, step, answers)
    page = report.write_report(
        workdir,
        name=experiment.name,
        step=step,
        answers=answers,
        pictures=scorer.pictures,
        summary=summary,
    )
    rows = results.headline_rows(summary, earlier[1] if earlier else None)
    by_type = results.type_rows(summary, earlier[1] if earlier else None)
    return "\n\n".join(
        [
            results.format_table(rows),
            results.format_table(by_type, first="question type"),
            f"report: {page}",
        ]
    )


def main(argv: Sequence[str]) -> int:
    """The command line; returns the exit code: 2 for a mistake of the user's."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workdir", type=Path, required=True, help="the run; results go there")
    parser.add_argument(
        "--checkpoint", default="", metavar="STEP|FILE.safetensors", help="default: the newest step"
    )
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        args, experiment = parse_experiment(parser, argv)
        print(evaluate(experiment, args.workdir, args.checkpoint), flush=True)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

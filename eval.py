"""Evaluates a model: python eval.py --config=configs/demo.py --workdir=runs/demo

The weights are those of the newest whole checkpoint in the workdir, unless --checkpoint names a
step or a weight file. Writes summary.json, predictions.jsonl and html into the workdir, and
prints each figure beside the best constant answer.
"""

import argparse
import logging
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

import jax
import numpy as np
from jax.sharding import Mesh
from tqdm import tqdm

from data_loaders.build import load_tokenizer
from data_loaders.contents import held_out_contents, tokenizer_content
from data_loaders.evaluation import eval_batches
from data_loaders.tokenizer import Tokenizer
from spatialvlm_jax.config import parse_experiment
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.report.page import PICTURES, results, write_report
from spatialvlm_jax.evaluation.scorer import Scorer
from spatialvlm_jax.experiment import Experiment, MeshConfig
from spatialvlm_jax.models.generate import generate
from spatialvlm_jax.models.vlm import VLM
from spatialvlm_jax.recipes import render_missing
from spatialvlm_jax.training import sharding
from spatialvlm_jax.training.checkpoints.load_model import restore_model
from spatialvlm_jax.training.mesh import make_mesh
from spatialvlm_jax.training.processes import multihost
from spatialvlm_jax.training.processes.join import add_process_flags, join_processes
from spatialvlm_jax.training.provenance import use_compilation_cache
from spatialvlm_jax.training.step import step_config


def evaluate_model(
    model: VLM,
    experiment: Experiment,
    tokenizer: Tokenizer,
    mesh: Mesh,
    check: Callable[[], None] = lambda: None,
) -> Scorer:
    """Asks the model all held-out questions that `experiment.eval` names; keeps some pictures.

    Each process reads and answers its share of every batch; all of them get all answers.

    Args:
      model: its parameters lie on `mesh`.
      experiment: names questions and data. tokenizer: of the run.
      mesh: a batch is split over its devices, filled up with empty rows where it does not divide.
      check: called before every batch; may raise to stop.

    Raises:
      UserError: the held-out data cannot be read.
    """
    settings = experiment.eval
    batch_size = sharding.fill_up(settings.batch_size, mesh)
    own = sharding.process_rows(batch_size, mesh)
    with multihost.raise_on_all():
        batches = eval_batches(
            settings.datasets,
            experiment.data,
            experiment.model,
            batch_size=batch_size,
            pairs_per_image=settings.pairs_per_image,
            images=settings.images,
            rows=own,
            prefix_template=settings.prefix_template,
        )
    scorer, total = Scorer(), settings.images or None
    quiet = None if multihost.is_main_process() else True
    with tqdm(total=total, desc="evaluating", unit="image", disable=quiet) as bar:
        for batch in batches:
            check()
            asked = (batch.images[own], batch.prefix_tokens[own], batch.prefix_lengths[own])
            images, *prefixes = sharding.to_devices(asked, mesh)
            tokens = generate(
                model,
                images,
                *prefixes,
                max_tokens=settings.max_answer_tokens,
                eos_id=tokenizer.eos_id,
            )
            answers = multihost.gather_everywhere(tokens)
            if len(scorer.pictures) < PICTURES:
                pictures = multihost.gather_everywhere(images)
            for row in np.flatnonzero(batch.valid):
                image_id, dataset = batch.image_ids[row], batch.datasets[row]
                for record, ids in zip(batch.records[row], answers[row], strict=False):
                    text = decode_answer(tokenizer, ids)
                    scorer.add(record, text, image_id=image_id, dataset=dataset)
                if len(scorer.pictures) < PICTURES:
                    scorer.pictures[image_id] = pictures[row]
            bar.update(int(batch.valid.sum()))
    return scorer


def decode_answer(tokenizer: Tokenizer, ids: np.ndarray) -> str:
    """Text of generated ids int32[T] up to the end-of-sequence token."""
    ends = np.flatnonzero((ids == tokenizer.eos_id) | (ids == tokenizer.pad_id))
    return tokenizer.decode(ids[: ends[0] if len(ends) else None].tolist()).strip()


def evaluate_on_schedule(
    model: VLM,
    experiment: Experiment,
    tokenizer: Tokenizer,
    workdir: Path,
    step: int,
    mesh: Mesh,
    check: Callable[[], None] = lambda: None,
) -> dict[str, float]:
    """Evaluates during training: keeps the figures of this step and returns the overall ones."""
    summary = evaluate_model(model, experiment, tokenizer, mesh, check).summary()
    if multihost.is_main_process():
        results.save_evaluation(workdir, step, summary)
    overall = {name: summary[name]["value"] for name in results.TITLES if name in summary}
    return {name: value for name, value in overall.items() if value is not None}


def evaluate(experiment: Experiment, workdir: Path, checkpoint: str = "") -> str:
    """Evaluates weights, writes figures and report; returns the table to print.

    Of several processes the first one writes, the others return "".
    """
    use_compilation_cache()
    mesh = evaluation_mesh(experiment)
    tokenizer = load_tokenizer(experiment.data, experiment.model)
    contents = tokenizer_content(tokenizer) | held_out_contents(experiment.eval.datasets)
    model, step = restore_model(experiment, workdir, checkpoint, mesh, contents)
    multihost.broadcast_from_main(lambda: render_missing(experiment.eval.datasets))
    scorer = evaluate_model(model, experiment, tokenizer, mesh)
    if not multihost.is_main_process():
        return ""
    answers = scorer.answers()
    earlier = results.before(results.load_evaluations(workdir), step)
    summary = results.save_results(workdir, step, answers)
    page = write_report(
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


def evaluation_mesh(experiment: Experiment) -> Mesh:
    """The configured mesh where it fits; else one device, if this process is alone.

    Raises:
      UserError: there are several processes, and the mesh does not fit their devices.
    """
    try:
        return make_mesh(experiment, step_config(experiment).template.shapes)
    except UserError:
        if not multihost.is_single_process():
            raise
        return sharding.device_mesh(MeshConfig(), jax.local_devices()[:1])


def main(argv: Sequence[str]) -> int:
    """The command line; returns the exit code: 2 for a mistake of the user's."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workdir", type=Path, required=True, help="the run; results go there")
    parser.add_argument(
        "--checkpoint", default="", metavar="STEP|FILE.safetensors", help="default: the newest step"
    )
    add_process_flags(parser)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        args, experiment = parse_experiment(parser, argv)
        join_processes(args)
        if table := evaluate(experiment, args.workdir, args.checkpoint):
            print(table, flush=True)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return multihost.leave(2)
    except Exception:
        if multihost.is_single_process():
            raise
        traceback.print_exc()
        return multihost.leave(1)
    return multihost.leave(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

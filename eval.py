"""Evaluates a model: python eval.py --workdir=runs/demo

The configuration is the one that the run left in its workdir, else the one in the weight file that
--checkpoint names, unless --config names another; any field of it can be set on top:
--config.eval.images=100. The weights are those of the newest whole checkpoint in the workdir,
unless --checkpoint names a step or a weight file. Writes report.html, summary.json and
predictions.jsonl into the workdir, and prints each figure beside the best constant answer.

--model asks another model the same questions, and --predictions=FILE marks what one said, with the
same figures: python eval.py --config=runs/demo/config.json --model=small --workdir=runs/other
What a model said is kept in replies.jsonl there, and not asked again.
"""

if __name__ == "__main__":  # before the other imports, which take seconds
    from spatialvlm_jax import freed_memory, progress, signals

    freed_memory.keep_freed_memory()
    signals.listen()
    progress.begin_importing()

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import jax
from jax.sharding import Mesh

from data_loaders.contents import held_out_contents, tokenizer_content
from data_loaders.model_evaluation import evaluate_model
from data_loaders.other_models import evaluate_other, write_held_out_questions
from spatialvlm_jax.asking.flags import add_other_model_flags
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.report.publish import publish
from spatialvlm_jax.experiment import Experiment, MeshConfig
from spatialvlm_jax.inputs.tokenizer import load_tokenizer
from spatialvlm_jax.recipes import render_missing
from spatialvlm_jax.training import sharding
from spatialvlm_jax.training.checkpoints.load_model import find_run_config, restore_model
from spatialvlm_jax.training.mesh import make_mesh
from spatialvlm_jax.training.processes import multihost
from spatialvlm_jax.training.processes.entry_point import make_parser, run_entry_point
from spatialvlm_jax.training.processes.stop import RunStop
from spatialvlm_jax.training.processes.workdir import only_run
from spatialvlm_jax.training.step import step_config


def evaluate(experiment: Experiment, workdir: Path, checkpoint: str, stop: RunStop) -> str:
    """Evaluates weights, writes figures and report; returns the table to print.

    Of several processes the first one writes, the others return "".
    """
    mesh = evaluation_mesh(experiment)
    tokenizer = load_tokenizer(experiment.data, experiment.model)
    contents = tokenizer_content(tokenizer) | held_out_contents(experiment.eval.datasets)
    with multihost.waiting_once("loading the weights", "loaded the weights"):
        model, step = restore_model(experiment, workdir, checkpoint, mesh, contents)
    with only_run(workdir / "evaluations"):
        multihost.broadcast_from_main(lambda: render_missing(experiment.eval.datasets))
        scorer = evaluate_model(model, experiment, tokenizer, mesh, stop.check)
        probed = {
            probe: evaluate_model(model, experiment, tokenizer, mesh, stop.check, probe).answers()
            for probe in experiment.eval.probes
        }
        if not multihost.is_main_process():
            return ""
        return publish(workdir, experiment.name, scorer, probed, step=step)


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
    """The command line; returns the exit code, which `entry_point` lists."""
    parser = make_parser(__doc__, workdir="the run; results go there")
    one_of = parser.add_mutually_exclusive_group().add_argument
    help_text = "a step or a weight file (.safetensors); default: the newest step"
    one_of("--checkpoint", default="", metavar="STEP", help=help_text)
    add_other_model_flags(parser, one_of)

    def work(args: argparse.Namespace, experiment: Experiment, stop: RunStop) -> None:
        if args.questions_out:
            write_held_out_questions(experiment, args.questions_out)
        elif args.model or args.predictions:
            evaluate_other(experiment, args, stop)
        elif table := evaluate(experiment, args.workdir, args.checkpoint, stop):
            print(table, flush=True)

    return run_entry_point(
        parser, argv, work, of_run=lambda args: find_run_config(args.workdir, args.checkpoint)
    )


if __name__ == "__main__":
    signals.end(main(sys.argv[1:]))

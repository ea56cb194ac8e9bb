"""Trains a model: python train.py --config=configs/demo.py --workdir=runs/demo

Any field of the configuration can be set on the command line:
    --config.optim.peak_lr=3e-4 --config.data.datasets[0].weight=2
The same command started again goes on from the last checkpoint in the workdir, to the bit.
"""

if __name__ == "__main__":  # before the other imports, which take seconds
    from spatialvlm_jax import freed_memory, progress, signals

    freed_memory.keep_freed_memory()
    signals.listen()
    progress.begin_importing()

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

import jax

from data_loaders.model_evaluation import RunEvaluation
from data_loaders.preparation import fill_features, open_loader, run_contents
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.signals import Interrupted
from spatialvlm_jax.training.batches import NumberedBatches
from spatialvlm_jax.training.checks import check_run, was_begun
from spatialvlm_jax.training.initialise import Initialiser, export
from spatialvlm_jax.training.logging.announced import announced_step
from spatialvlm_jax.training.logging.metrics_file import close_metrics, open_metrics
from spatialvlm_jax.training.logging.profiler import Tracer
from spatialvlm_jax.training.logging.recorder import Recorder
from spatialvlm_jax.training.logging.throughput import Meter
from spatialvlm_jax.training.mesh import make_mesh
from spatialvlm_jax.training.pretrained import pretrained
from spatialvlm_jax.training.processes.entry_point import make_parser, run_entry_point
from spatialvlm_jax.training.processes.stop import RunStop
from spatialvlm_jax.training.provenance import write_provenance
from spatialvlm_jax.training.report import RunReport
from spatialvlm_jax.training.schedules import Evaluations, Saves
from spatialvlm_jax.training.state import TrainState
from spatialvlm_jax.training.step import Step, step_config


def train(experiment: Experiment, workdir: Path, stop: RunStop) -> None:
    """Begins, builds what the experiment names, trains, and finishes; all processes call it."""
    check_run(experiment, workdir)
    config = step_config(experiment)
    mesh = make_mesh(experiment, config.template.shapes)
    loader = open_loader(experiment, mesh, goes_on=was_begun(workdir))
    contents, taught = run_contents(experiment, loader)

    begin = pretrained(experiment, workdir, contents)
    initialiser = Initialiser(config.template, config.optimizer, experiment, mesh, begin)
    abstract_state = initialiser.abstract()
    report = RunReport.of(experiment, config, abstract_state, mesh)
    saves = Saves.of(experiment, workdir, loader, contents)
    state = saves.resume(abstract_state) or initialiser.state()
    stop.on_disk(saves.saved)
    write_provenance(workdir, experiment, Path(__file__).parent, report.text, state, taught)
    fill_features(experiment, state, loader, mesh, stop)
    writer = open_metrics(experiment, workdir, saves.saved, loader.shares())
    log = Recorder(writer, experiment, workdir, saves.saved, Meter(report.flops))
    evaluate = RunEvaluation(experiment, workdir, config.template, mesh, stop.check)
    step = announced_step(config, abstract_state, mesh)
    batches = NumberedBatches.on(mesh, loader, stop, log.meter)
    state = run_steps(state, step, batches, log, saves, Evaluations(experiment, writer, evaluate))

    close_metrics(writer)
    stop.finish(int(state.step))
    export(workdir / "model.safetensors", config.template, state, experiment, contents | taught)


def run_steps(
    state: TrainState,
    step: Step,
    batches: NumberedBatches,
    log: Recorder,
    saves: Saves,
    evaluations: Evaluations,
) -> TrainState:
    """Steps to the end, or until a stop is asked for; returns the last state, saved.

    Raises:
      NonFiniteLossError: before anything bad is saved.
      UserError: the data ran out.
    """
    first, settings = int(state.step), log.experiment.train
    tracer = Tracer(log.workdir, settings.profile_steps, first)
    with contextlib.suppress(Interrupted), tracer:
        evaluations.when_due(first, state)
        log.meter.restart()
        for number, batch, on_devices in batches.after(first, settings.steps):
            tracer.before(number, state)
            with jax.profiler.StepTraceAnnotation("train", step_num=number):
                state, metrics = step(state, on_devices)
            batches.stop.defer()  # there is something to save
            traced = tracer.after(number, state)
            log.add(number, metrics, batch)
            saves.when_due(number, state, log)
            if evaluations.when_due(number, state) or traced:
                log.meter.restart()
    saves.finish(state, log)
    return state


def main(argv: Sequence[str]) -> int:
    """The command line; returns the exit code, which `entry_point` lists."""
    parser = make_parser(__doc__, workdir="where the run is kept")
    return run_entry_point(
        parser,
        argv,
        lambda args, experiment, stop: train(experiment, args.workdir, stop),
        only=True,
    )


if __name__ == "__main__":
    signals.end(main(sys.argv[1:]))

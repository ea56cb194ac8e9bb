"""Trains a model: python train.py --config=configs/demo.py --workdir=runs/demo

Any field of the configuration can be set on the command line:
    --config.optim.peak_lr=3e-4 --config.data.datasets[0].weight=2
The same command started again goes on from the last checkpoint in the workdir, to the bit.
"""

import argparse
import contextlib
import dataclasses
import logging
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import jax
from jax.sharding import Mesh

from data_loaders.build import Loader, load_tokenizer, train_loader
from data_loaders.contents import held_out_contents, verify_shards
from data_loaders.feature_cache import FeatureCache
from eval import evaluate_on_schedule
from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.batch import BatchSpec
from spatialvlm_jax.config import parse_experiment
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.recipes import render_missing
from spatialvlm_jax.storage.only_writer import only_writer
from spatialvlm_jax.training import sharding
from spatialvlm_jax.training.checkpoints.checkpoint import Checkpoints
from spatialvlm_jax.training.checkpoints.resume import describe_run, flatten, resume
from spatialvlm_jax.training.feature_encoder import LocalEncoder, encoder_weights, weights_digest
from spatialvlm_jax.training.initialise import Initialiser, Pretrained, export
from spatialvlm_jax.training.logging.metrics_file import MetricsWriter, realised_shares
from spatialvlm_jax.training.logging.recorder import NonFiniteLossError
from spatialvlm_jax.training.logging.sinks import check_sinks, open_sinks
from spatialvlm_jax.training.loop import Loop
from spatialvlm_jax.training.mesh import describe_mesh, make_mesh
from spatialvlm_jax.training.parameter_report import describe_parameters, report_flops
from spatialvlm_jax.training.processes import multihost
from spatialvlm_jax.training.processes.join import add_process_flags, join_processes
from spatialvlm_jax.training.processes.signals import Interrupted, StopRequest
from spatialvlm_jax.training.provenance import use_compilation_cache, write_provenance
from spatialvlm_jax.training.state import TrainState
from spatialvlm_jax.training.step import compile_step, step_config
from spatialvlm_jax.weights.load import check_beginning, load_weights, sources_of


def train(experiment: Experiment, workdir: Path) -> None:
    """Builds what an experiment names, and trains to its end or until SIGTERM.

    All processes of a run call it; the first one renders data, reports and writes.
    """
    stop, vote = StopRequest(single_process=multihost.is_single_process()), multihost.StopVote()
    use_compilation_cache()
    multihost.check_same_settings(dict(flatten(dataclasses.asdict(experiment))))
    multihost.check_shared_folder(workdir)
    check_sinks(experiment)
    config = step_config(experiment)
    mesh = make_mesh(experiment, config.template.shapes)
    loader = open_loader(experiment, mesh, goes_on=any((workdir / "checkpoints").glob("[0-9]*")))
    contents = loader.contents | held_out_contents(experiment.eval.datasets)
    begin = pretrained(experiment, workdir, contents)
    initialiser = Initialiser(config.template, config.optimizer, experiment, mesh, begin)
    abstract_state = initialiser.abstract()

    flops = report_flops(abstract_state, BatchSpec.of(experiment).abstract(), config)
    report = f"{describe_parameters(abstract_state, flops)}\n{describe_mesh(abstract_state, mesh)}"
    multihost.print_once(report)

    checkpoints = Checkpoints(workdir / "checkpoints", experiment.checkpoint.keep)
    run = describe_run(experiment, contents)
    state = resume(checkpoints, abstract_state, loader, run, experiment.checkpoint)
    state = state or initialiser.state()
    write_provenance(workdir, experiment, Path(__file__).parent, report)
    tokenizer = load_tokenizer(experiment.data, experiment.model)

    def check() -> None:
        if vote.outcome(stop.requested):
            raise Interrupted

    fill_features(experiment, state, loader, mesh, stop, check)

    def evaluate(state: TrainState) -> dict[str, float]:
        model = config.template.model(state.averaged)
        step = int(state.step)
        return evaluate_on_schedule(model, experiment, tokenizer, workdir, step, mesh, check)

    writer = open_writer(experiment, workdir, int(state.step), loader)
    state = Loop(
        experiment=experiment,
        workdir=workdir,
        step=compile_step(config, abstract_state, mesh),
        to_devices=lambda batch: sharding.to_devices(batch, mesh),
        checkpoints=checkpoints,
        writer=writer,
        stop=stop,
        metadata=run,
        evaluate=evaluate,
        agreed=vote.previous_outcome,
        flops=flops,
    ).run(state, loader)
    writer.close()
    checkpoints.close()
    multihost.print_once(describe_shares(realised_shares(writer.path), "realised, of loss_tokens"))
    if int(state.step) == experiment.train.steps:
        export(workdir / "model.safetensors", config.template, state, experiment, contents)


@contextlib.contextmanager
def only_run(workdir: Path) -> Iterator[None]:
    """Keeps other trainings out of a workdir; process 0 holds the lock, and tells the others.

    Raises:
      UserError: another run is training in it.
    """
    with contextlib.ExitStack() as held:
        multihost.broadcast_from_main(lambda: held.enter_context(only_writer(workdir)))
        yield


def open_loader(experiment: Experiment, mesh: Mesh, *, goes_on: bool = False) -> Loader:
    """This process's share of the training data, rendered by process 0 where it is missing.

    Args:
      goes_on: the run was begun before: stored sets are read whole and compared with what was
        written.

    Raises:
      UserError: the data cannot be had, or batches do not divide.
    """
    data = experiment.data
    sharding.check_batch_size(data.batch_size, mesh, experiment.train.accumulate)

    def prepare() -> None:
        render_missing([*data.datasets, *experiment.eval.datasets])
        if goes_on:
            verify_shards(data.datasets)

    multihost.broadcast_from_main(prepare)
    with multihost.raise_on_all():
        rows = sharding.process_rows(data.batch_size, mesh)
        return train_loader(experiment, rows=rows)


def open_writer(experiment: Experiment, workdir: Path, done: int, loader: Loader) -> MetricsWriter:
    """What takes the run's rows after step `done`; the requested mixture is said and on record.

    Raises:
      UserError: rows cannot go where they should.
    """
    writer = MetricsWriter(workdir, done, open_sinks(experiment, workdir, done))
    requested = dict(zip(loader.names, loader.requested_shares.tolist(), strict=True))
    writer.write_requested_shares(requested)
    multihost.print_once(describe_shares(requested, f"requested, of {experiment.data.unit}"))
    return writer


def fill_features(
    experiment: Experiment,
    state: TrainState,
    loader: Loader,
    mesh: Mesh,
    stop: StopRequest,
    check: Callable[[], None],
) -> None:
    """Computes what is missing of the pictures' features, where a run is to read them.

    Each process computes its share of the files.

    Args:
      check: raises Interrupted in all processes once `stop` has been asked of one.

    Raises:
      UserError: the folder has features of another encoder or of other pictures, or no room.
    """
    if not experiment.data.features:
        return
    weights = encoder_weights(state)
    cache = FeatureCache.of(experiment, weights_digest(weights), loader.features)
    missing = multihost.broadcast_from_main(cache.check)
    multihost.print_once(cache.describe())
    if missing:
        multihost.check_shared_folder(cache.folder, "data.features")
        with contextlib.ExitStack() as held:
            missing = multihost.broadcast_from_main(lambda: held.enter_context(cache.writing()))
            encoder = LocalEncoder.of(experiment, weights, mesh)
            first, processes = multihost.process_place()
            with multihost.raise_on_all(), contextlib.suppress(Interrupted):
                cache.fill(
                    missing[first::processes],
                    encoder.apply,
                    rows=encoder.rows,
                    workers=experiment.data.workers,
                    quiet=None if multihost.is_main_process() else True,
                    check=stop.check,
                )
        check()
    multihost.broadcast_from_main(cache.verify)


def describe_shares(shares: Mapping[str, float], what: str) -> str:
    """One line about a mixture: "mixture (requested, of loss_tokens): spatial 5.0 %, ..."."""
    each = ", ".join(f"{name} {100 * share:.1f} %" for name, share in shares.items())
    return f"mixture ({what}): {each or 'nothing'}"


def pretrained(
    experiment: Experiment, workdir: Path, contents: Mapping[str, str]
) -> Pretrained | None:
    """Loads the weights that an experiment begins with, and leaves a manifest in the workdir.

    Args:
      contents: digests of what the run reads, by name.

    Raises:
      UserError: it names a shipped checkpoint that there is not.
    """
    sources = sources_of(experiment.train)
    if not sources:
        return None

    def load(parameters: Mapping[str, jax.ShapeDtypeStruct]) -> Mapping[str, jax.Array]:
        check_beginning(experiment, contents)
        arrays, manifest = load_weights(sources, experiment.model, parameters)
        multihost.print_once(manifest.summary())
        if multihost.is_main_process():
            write_json(workdir / "weights.json", dataclasses.asdict(manifest))
        return arrays

    return load


def main(argv: Sequence[str]) -> int:
    """The command line; returns the exit code: 2 for a mistake of the user's, 1 for a NaN."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--workdir", type=Path, required=True, help="where the run is kept")
    add_process_flags(parser)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        args, experiment = parse_experiment(parser, argv)
        join_processes(args)
        with only_run(args.workdir):
            train(experiment, args.workdir)
    except Interrupted:
        print("stopped by SIGTERM", file=sys.stderr)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return multihost.leave(2)
    except NonFiniteLossError as error:
        print(f"error: {error}", file=sys.stderr)
        return multihost.leave(1)
    except Exception:
        if multihost.is_single_process():
            raise
        traceback.print_exc()
        return multihost.leave(1)
    return multihost.leave(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

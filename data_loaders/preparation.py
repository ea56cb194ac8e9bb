"""The data of a run made ready by all its processes: rendered, checked, opened, encoded."""

import contextlib

from jax.sharding import Mesh

from data_loaders.build import Loader, train_loader
from data_loaders.contents import held_out_contents, verify_shards
from data_loaders.evaluation import check_held_out
from data_loaders.feature_cache import FeatureCache
from data_loaders.taught_types import taught_types
from spatialvlm_jax import progress
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.inputs.tokenizer import load_tokenizer
from spatialvlm_jax.recipes import render_missing
from spatialvlm_jax.signals import Interrupted
from spatialvlm_jax.training import sharding
from spatialvlm_jax.training.feature_encoder import (
    LocalEncoder,
    check_unaided,
    encoder_weights,
    weights_digest,
)
from spatialvlm_jax.training.processes import multihost
from spatialvlm_jax.training.processes.stop import RunStop
from spatialvlm_jax.training.state import TrainState


def open_loader(experiment: Experiment, mesh: Mesh, *, goes_on: bool = False) -> Loader:
    """This process's share of the training data, rendered by process 0 where it is missing.

    Args:
      goes_on: the run was begun before: stored sets are read whole and compared with what was
        written.

    Raises:
      UserError: the data cannot be had, that of coming evaluations included, or batches do not
        divide.
    """
    data = experiment.data
    sharding.check_batch_size(data.batch_size, mesh, experiment.train.accumulate)

    def prepare() -> None:
        render_missing([*data.datasets, *experiment.eval.datasets])
        if goes_on:
            with progress.waiting("checking the stored data", "checked it"):
                verify_shards(data.datasets)

    with multihost.raise_on_all():
        load_tokenizer(data, experiment.model)  # rendering takes long: what is wrong is told before
    multihost.broadcast_from_main(prepare)
    with multihost.raise_on_all():
        if experiment.eval.every or experiment.eval.at_start:
            check_held_out(experiment)
        rows = sharding.process_rows(data.batch_size, mesh)
        with multihost.waiting_once("opening the data sets", "opened them"):
            loader = train_loader(experiment, rows=rows)
    for name, share in loader.too_long.items():
        if share:
            field = "data.block_length" if data.block_length else "data.length"
            multihost.print_once(
                f"{name}: {100 * share:.1f} % of its questions with their answers are longer than "
                f"{field}={data.block_length or data.length} tokens, and are not trained on"
            )
    return loader


def run_contents(experiment: Experiment, loader: Loader) -> tuple[dict[str, str], dict[str, str]]:
    """Digests of what a run trains and is evaluated on, by name; and which types it teaches."""
    with multihost.waiting_once("reading what is held out", "read it"):
        contents = loader.contents | held_out_contents(experiment.eval.datasets)
    return contents, taught_types(experiment)


def fill_features(
    experiment: Experiment, state: TrainState, loader: Loader, mesh: Mesh, stop: RunStop
) -> None:
    """Computes what is missing of the pictures' features, where a run is to read them.

    Each process computes its share of the files.

    Raises:
      UserError: the folder has features of another encoder or of other pictures, or no room.
      Interrupted: a process was asked to stop.
    """
    if not experiment.data.features:
        return
    check_unaided(state)
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
                    quiet=not multihost.is_main_process(),
                    check=stop.request.check,
                )
        stop.check()
    multihost.broadcast_from_main(cache.verify)

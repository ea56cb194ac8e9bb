"""From a config to batches: the one place where sources, mixture, packing and workers meet."""

import contextlib
import itertools
import signal
from collections.abc import Generator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import grain
import jax
import numpy as np
from absl import flags

from data_loaders.camera import CameraReader
from data_loaders.contents import training_contents
from data_loaders.dense import DenseReader
from data_loaders.errors import DataError
from data_loaders.features import FeatureSet, feature_sets
from data_loaders.mixture import (
    CALIBRATION_EXAMPLES,
    example_weights,
    loss_token_shares,
    requested_shares,
)
from data_loaders.sources import TokenizedImage, TokenizedSource
from data_loaders.transforms import PackRow, stack_rows
from spatialvlm_jax.batch import Batch
from spatialvlm_jax.child_processes import exit_with_parent, without_terminal_signals
from spatialvlm_jax.experiment import DataConfig, DatasetConfig, Experiment
from spatialvlm_jax.experiment.experiment import CAMERA_TOKENS
from spatialvlm_jax.inputs.camera import CameraEncoder, says_before
from spatialvlm_jax.inputs.tokenizer import Tokenizer, load_tokenizer

_PREFETCHED_BATCHES = 4
_READ_THREADS = 2


class Loader(grain.DatasetIterator):
    """An endless iterator of `Batch`, whose state is how many batches it has given.

    Every batch is a function of its number, so the state does not depend on workers or prefetch:
    a run may go on with another number of workers, and gets the same batches to the bit.

    names: the data sets, in the order of `Batch.dataset_ids`.
    requested_shares: float64[D], of the tokens with loss; of a mixture by examples what its rows
      have on average.
    features: where the features of each data set are read, if they are.
    contents: digests of what it reads, by name (`data_loaders.contents`).
    too_long: of each data set, by name, the share of pairs that are left out because no row takes
      them; of a sample.
    """

    def __init__(
        self,
        batches: grain.MapDataset,
        workers: int,
        names: tuple[str, ...],
        shares: np.ndarray,
        features: Sequence[FeatureSet] = (),
        contents: Mapping[str, str] = MappingProxyType({}),
        too_long: Mapping[str, float] = MappingProxyType({}),
    ):
        super().__init__()
        self._batches = batches
        self._workers = workers
        self.names = names
        self.requested_shares = shares
        self.features = tuple(features)
        self.contents = dict(contents)
        self.too_long = dict(too_long)
        self._next = 0
        self._iterator: Any = None

    def shares(self) -> dict[str, float]:
        """The requested shares, by name."""
        return dict(zip(self.names, self.requested_shares.tolist(), strict=True))

    def __next__(self) -> Batch:
        if self._iterator is None:
            self._iterator = read_ahead(self._batches[self._next :], self._workers)
        batch = next(self._iterator)
        if self._workers:
            # What a worker sends lies in shared memory, which must not outlive this process.
            batch = jax.tree.map(np.array, batch)
        self._next += 1
        return batch

    def get_state(self) -> dict[str, Any]:
        return {"next_batch": self._next, "datasets": list(self.names)}

    def set_state(self, state: dict[str, Any]) -> None:
        """Goes on where the iterator stood that gave `state`.

        Raises:
          DataError: it read other data sets.
        """
        if list(state["datasets"]) != list(self.names):
            raise DataError(
                f"the checkpoint was reading {list(state['datasets'])}, this run reads "
                f"{list(self.names)}; use another workdir"
            )
        self.close()
        self._closed = False
        self._next = int(state["next_batch"])

    def close(self) -> None:
        """Stops reading ahead."""
        if self._iterator is not None:
            self._iterator.close()
            self._iterator = None
        super().close()


def read_ahead(batches: grain.MapDataset, workers: int) -> Generator[Any, None, None]:
    """Reads batches ahead in threads, or in processes; the order is the same either way."""
    options = grain.ReadOptions(num_threads=_READ_THREADS, prefetch_buffer_size=_PREFETCHED_BATCHES)
    dataset = batches.to_iter_dataset(options)
    if workers:
        if not flags.FLAGS.is_parsed():
            flags.FLAGS.mark_as_parsed()  # grain's workers take over the parent's flags
        dataset = dataset.mp_prefetch(
            grain.MultiprocessingOptions(
                num_workers=workers, per_worker_buffer_size=_PREFETCHED_BATCHES
            ),
            worker_init_fn=_start_worker,
        )
    with contextlib.closing(iter(dataset)) as read:
        with without_terminal_signals() if workers else contextlib.nullcontext():
            first = list(itertools.islice(read, 1))  # which starts the workers
        yield from first
        yield from read


def _start_worker(*_: object) -> None:
    """A worker goes on through a SIGTERM to all: the last steps still need its batches.

    It leaves the accelerator to the run, whatever it draws by JAX.
    """
    jax.config.update("jax_platforms", "cpu")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    exit_with_parent()


def _open(
    dataset: DatasetConfig, data: DataConfig, tokenizer: Tokenizer, room: int
) -> TokenizedSource:
    """A member of the mixture; `room` is left for tokens beside those of a pair."""
    length = (data.block_length or data.length) - room
    return TokenizedSource(dataset, tokenizer, prefix_template=data.prefix_template, length=length)


def _sample(source: TokenizedSource) -> dict[int, TokenizedImage]:
    """Examples by index."""
    return {index: source[index] for index in source.spread(CALIBRATION_EXAMPLES)}


def _loss_tokens_per_row(sample: Mapping[int, TokenizedImage], pack: PackRow) -> float:
    """Mean over a sample."""
    rows = [pack.text(index, image) for index, image in sample.items()]
    return float(np.mean([row.loss_mask.sum() for row in rows]))


def _share_too_long(sample: Mapping[int, TokenizedImage]) -> float:
    """Of the pairs of a sample those that no row takes."""
    too_long = sum(image.too_long for image in sample.values())
    return too_long / (too_long + sum(len(image.pairs) for image in sample.values()))


class _TakeRows(grain.MapDataset):
    """Some rows of every global batch: those that one process's devices train on."""

    def __init__(self, parent: grain.MapDataset, batch_size: int, rows: Sequence[int]) -> None:
        super().__init__(parent)
        self._batch_size = batch_size
        self._rows = tuple(rows)

    def __len__(self) -> int:
        return len(self._parent) // self._batch_size * len(self._rows)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self.slice(index)
        batch, place = divmod(index, len(self._rows))
        return self._parent[batch * self._batch_size + self._rows[place]]


def train_loader(experiment: Experiment, *, rows: Sequence[int] | None = None) -> Loader:
    """An endless, shuffled, mixed, packed and checkpointable stream of batches.

    Args:
      experiment: what is read, how, and for which model.
      rows: which rows to give of every global batch of `data.batch_size`, ascending; None: all.
        What they hold does not depend on who asks, so any split among processes trains on the same.

    Raises:
      UserError: data, tokenizer or settings cannot be used.
    """
    data, model = experiment.data, experiment.model
    if not data.datasets:
        raise DataError("data.datasets is empty; name at least one data set")
    tokenizer = load_tokenizer(data, model)
    told = CameraEncoder.of(data, model, tokenizer)
    room = CAMERA_TOKENS if says_before(data, model) else 0
    sources = [_open(dataset, data, tokenizer, room) for dataset in data.datasets]
    dense = None
    if experiment.dense and experiment.dense.weight:
        dense = DenseReader.of(experiment.dense, model, tokenizer)
    features = feature_sets(sources, data, model) if data.features else []
    packers = [
        PackRow(
            dataset_id=number,
            examples=len(source),
            length=data.length,
            block_length=data.block_length,
            pairs_per_image=dataset.pairs_per_image or data.pairs_per_image,
            seed=data.seed,
            image_size=model.encoder.image_size,
            dense=dense,
            resize=data.resize,
            features=features[number].files if features else None,
            camera=CameraReader.of(dataset, data),
            told=told,
            retell=source.retell if says_before(data, model) else None,
        )
        for number, (source, dataset) in enumerate(zip(sources, data.datasets, strict=True))
    ]
    shares = requested_shares([dataset.weight for dataset in data.datasets])
    samples = [_sample(source) for source in sources]
    per_row = np.array([_loss_tokens_per_row(*pair) for pair in zip(samples, packers, strict=True)])
    weights = example_weights(shares, per_row if data.unit == "loss_tokens" else None)
    mixed = _mix(sources, packers, weights, data)
    own = tuple(range(data.batch_size)) if rows is None else tuple(rows)
    batches = _TakeRows(mixed, data.batch_size, own).batch(
        len(own), drop_remainder=True, batch_fn=stack_rows
    )
    names = tuple(dataset.name for dataset in data.datasets)
    contents = training_contents(tokenizer, sources, data.datasets)
    expected = loss_token_shares(weights, per_row)
    too_long = dict(zip(names, map(_share_too_long, samples), strict=True))
    return Loader(batches, data.workers, names, expected, features, contents, too_long)


def _mix(
    sources: Sequence[TokenizedSource],
    packers: Sequence[PackRow],
    weights: np.ndarray,
    data: DataConfig,
) -> grain.MapDataset:
    members = []
    read = np.flatnonzero(weights)
    for number in read.tolist():
        source, packer = sources[number], packers[number]
        member = grain.MapDataset.source(source)
        if data.shuffle and not source.is_fresh:
            member = member.shuffle(seed=(data.seed * 1_000_003 + number) % 2**32)
        members.append(member.repeat().map_with_index(packer))
    if len(members) == 1:
        return members[0]
    return grain.MapDataset.mix(members, weights[read].tolist())

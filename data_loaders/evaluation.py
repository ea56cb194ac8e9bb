"""Held-out questions grouped by image, in batches of one shape."""

import dataclasses
import zlib
from collections import defaultdict
from collections.abc import Container, Iterator, Sequence
from typing import Any

import jax
import numpy as np

from data_loaders.build import load_tokenizer
from data_loaders.camera import CameraEncoder, says_before, stack_cameras
from data_loaders.errors import DataError
from data_loaders.functional import Tokens, pad_prefixes, resize_image
from data_loaders.in_place import InPlaceExample
from data_loaders.sources import TokenizedSource
from data_loaders.tokenizer import Tokenizer
from spatialvlm_jax.batch import CameraInput
from spatialvlm_jax.experiment import DataConfig, DatasetConfig, Experiment, ModelConfig, Resize
from spatialvlm_jax.generation.wording.spoken_values import RANGES
from spatialvlm_jax.scene.camera import KnownCamera, tell
from spatialvlm_jax.scene.records import QA
from spatialvlm_jax.scene.sight import UNSEEN, Sight, sight_of
from spatialvlm_jax.storage.examples import StoredExample
from spatialvlm_jax.units import DIMENSIONS

Units = tuple[str, ...]
_PREFIX_MULTIPLE = 8
# All questions of an evaluation are padded to the longest, and attention takes its square.
MAX_PREFIX_TOKENS = 4096


@dataclasses.dataclass(frozen=True)
class EvalBatch:
    """Held-out images with the questions asked about each, for generation and scoring.

    images: uint8[B, H, W, 3]. prefix_tokens: int32[B, S, P], BOS prefix newline, then zeros.
    prefix_lengths: int32[B, S], 0 where there is no question. records: for each image the pairs
    asked, in the order of its slots. image_ids, datasets: a name for each image. valid: bool[B],
    False for rows that only fill up the last batch. spoken_units: for each record the units that
    a quantity of its type is spoken in, in its set; () for others and for angles. most_quantities:
    of all images asked about, the most records that have some. camera: what is told of the cameras.
    sights: for each record how its objects are seen.
    """

    images: np.ndarray
    prefix_tokens: np.ndarray
    prefix_lengths: np.ndarray
    records: tuple[tuple[QA, ...], ...]
    image_ids: tuple[str, ...]
    datasets: tuple[str, ...]
    valid: np.ndarray
    spoken_units: tuple[tuple[Units, ...], ...]
    most_quantities: int
    camera: CameraInput
    sights: tuple[tuple[Sight, ...], ...]

    def asked(self, rows: Sequence[int]) -> tuple[Any, ...]:
        """Images, tokens and lengths of prefixes, and what is told of the camera, of some rows."""
        arrays = (self.images, self.prefix_tokens, self.prefix_lengths, self.camera)
        return jax.tree.map(lambda array: array[rows], arrays)


@dataclasses.dataclass(frozen=True)
class EvalBatches:
    """The batches of an evaluation, to be gone through once; `images` is how many they ask about.

    An image that two data sets ask about counts twice.
    """

    images: int
    batches: Iterator[EvalBatch]

    def __iter__(self) -> Iterator[EvalBatch]:
        return self.batches


@dataclasses.dataclass(frozen=True)
class _Asked:
    """The questions chosen for one image: everything but its pixels."""

    source: TokenizedSource
    index: int
    image_id: str
    records: tuple[QA, ...]
    prefixes: tuple[Tokens, ...]
    sights: tuple[Sight, ...]


def _chosen(
    source: TokenizedSource, index: int, pairs_per_image: int, before: bool
) -> _Asked | None:
    """At most `pairs_per_image` of its pairs, drawn by the image's id alone, in stored order.

    before: the camera is told before each question.
    """
    image = source.at(index)
    if not image.pairs:
        return None
    rng = np.random.default_rng(zlib.crc32(image.example.image_id.encode()))
    taken = sorted(rng.permutation(len(image.pairs))[:pairs_per_image].tolist())
    pairs = [image.pairs[place] for place in taken]
    if before:
        camera = tell(image.example.camera(), source.told)
        pairs = [source.retell(image.records[place], camera) for place in taken]
    records = tuple(image.records[place] for place in taken)
    return _Asked(
        source,
        index,
        image.example.image_id,
        records,
        tuple(prefix for prefix, _ in pairs),
        _sights(image.example, records),
    )


def _sights(example: StoredExample | InPlaceExample, records: Sequence[QA]) -> tuple[Sight, ...]:
    if isinstance(example, InPlaceExample):
        return (UNSEEN,) * len(records)
    centers = example.floats("objects/center", (-1, 3))
    extents = example.floats("objects/extents", (-1, 3))
    visible = example.floats("objects/visible_fraction")
    return tuple(sight_of(record.objects, centers, extents, visible) for record in records)


def _choose(
    source: TokenizedSource, images: int, pairs_per_image: int, before: bool
) -> Iterator[_Asked]:
    given = 0
    for index in range(len(source)):
        asked = _chosen(source, index, pairs_per_image, before)
        if asked is not None:
            yield asked
            given += 1
            if given == images:
                return


def _choose_all(
    sources: Sequence[TokenizedSource], images: int, pairs_per_image: int, before: bool
) -> list[_Asked]:
    """The questions about `images` images, shared evenly among sets; 0 for all of them."""
    each = -(-images // len(sources))
    return [
        chosen for source in sources for chosen in _choose(source, each, pairs_per_image, before)
    ]


def _padded_length(asked: Sequence[_Asked]) -> int:
    """To how many tokens all questions are padded; raises DataError where one is too long."""
    longest = max(map(_prefix_length, asked))
    return -(-longest // _PREFIX_MULTIPLE) * _PREFIX_MULTIPLE


def _prefix_length(asked: _Asked) -> int:
    """Tokens of its longest question; raises DataError where that is longer than can be asked."""
    longest = max(map(len, asked.prefixes))
    if longest > MAX_PREFIX_TOKENS:
        raise DataError(
            f"data set {asked.source.name!r}: a question about {asked.image_id} has {longest} "
            f"tokens, and at most {MAX_PREFIX_TOKENS} can be asked: leave it out of the set"
        )
    return longest


def check_held_out(experiment: Experiment) -> None:
    """Reads all questions that an evaluation will ask, and a picture of each set.

    A run does so before its first step: what is wrong would end it at its first evaluation.

    Raises:
      DataError: a set, its split, a question or a picture cannot be used, and which.
    """
    settings = experiment.eval
    template = settings.prefix_template or experiment.data.prefix_template
    tokenizer = load_tokenizer(experiment.data, experiment.model)
    sources = _open_all(settings.datasets, tokenizer, template)
    for source in sources:
        source[0].example.image()
    CameraEncoder.of(experiment.data, experiment.model, tokenizer)
    before = says_before(experiment.data, experiment.model)
    _padded_length(_choose_all(sources, settings.images, settings.pairs_per_image, before))


def _open_all(
    datasets: Sequence[DatasetConfig], tokenizer: Tokenizer, prefix_template: str
) -> list[TokenizedSource]:
    """The sets of `eval.datasets`, in their order; raises DataError where there is none."""
    if not datasets:
        raise DataError("eval.datasets is empty; name at least one data set")
    return [
        _open(dataset, number, tokenizer, prefix_template)
        for number, dataset in enumerate(datasets)
    ]


def _open(
    dataset: DatasetConfig, number: int, tokenizer: Tokenizer, prefix_template: str
) -> TokenizedSource:
    """A set of `eval.datasets`; raises DataError with its place there and its split."""
    try:
        return TokenizedSource(dataset, tokenizer, prefix_template=prefix_template)
    except DataError as error:
        split = f", split {dataset.split!r}" if dataset.format == "stored" else ""
        raise DataError(f"eval.datasets[{number}]{split}: {error}") from None


def eval_batches(
    datasets: Sequence[DatasetConfig],
    data: DataConfig,
    model: ModelConfig,
    *,
    batch_size: int,
    pairs_per_image: int,
    images: int = 0,
    rows: Sequence[int] | None = None,
    prefix_template: str = "",
) -> EvalBatches:
    """All questions that are asked in an evaluation; the same ones every time.

    Every batch has the same shapes, so generation is compiled once; the last one is filled up with
    rows that are not `valid`.

    Args:
      data: the tokenizer and prefix template that the model is trained with.
      images: at most this many images, shared evenly among the data sets; 0 for all.
      rows: of which rows of a batch to read the pictures, the others stay black; None: of all.
      prefix_template: wraps the questions of sets that have none of their own; "" takes that of
        `data`.

    Raises:
      DataError: data, tokenizer or settings cannot be used.
    """
    template = prefix_template or data.prefix_template
    tokenizer = load_tokenizer(data, model)
    sources = _open_all(datasets, tokenizer, template)
    encode_camera = CameraEncoder.of(data, model, tokenizer)
    asked = _choose_all(sources, images, pairs_per_image, says_before(data, model))
    width = _padded_length(asked)
    units = _spoken_units(asked)
    most = max(sum(map(bool, row)) for row in units)
    batches = (
        _stack(
            asked[start : start + batch_size],
            units[start : start + batch_size],
            most,
            batch_size,
            pairs_per_image,
            width,
            model.encoder.image_size,
            data.resize,
            encode_camera,
            range(batch_size) if rows is None else rows,
        )
        for start in range(0, len(asked), batch_size)
    )
    return EvalBatches(len(asked), batches)


def _spoken_units(asked: Sequence[_Asked]) -> list[tuple[Units, ...]]:
    """For each image and record the units that its type is spoken in, in all of its set."""
    spoken: dict[tuple[str, str], set[str]] = defaultdict(set)
    for chosen in asked:
        for record in chosen.records:
            if record.kind == "quantitative" and DIMENSIONS.get(record.unit, "") in RANGES:
                spoken[chosen.source.name, record.type].add(record.unit)
    return [
        tuple(
            tuple(sorted(spoken[chosen.source.name, record.type]))
            if record.kind == "quantitative"
            else ()
            for record in chosen.records
        )
        for chosen in asked
    ]


def _stack(
    asked: Sequence[_Asked],
    units: Sequence[tuple[Units, ...]],
    most_quantities: int,
    rows: int,
    slots: int,
    width: int,
    size: int,
    resize: Resize,
    encode_camera: CameraEncoder,
    pictured: Container[int],
) -> EvalBatch:
    images = np.zeros((rows, size, size, 3), np.uint8)
    tokens = np.zeros((rows, slots, width), np.int32)
    lengths = np.zeros((rows, slots), np.int32)
    unknown = KnownCamera((1, 1))
    cameras = [encode_camera(unknown)] * rows
    for row, chosen in enumerate(asked):
        if row in pictured:
            example = chosen.source.at(chosen.index).example
            camera = tell(example.camera(), chosen.source.told) if encode_camera.tells else unknown
            where = encode_camera.place(camera)
            images[row] = resize_image(example.image(), size, resize, where)
            cameras[row] = encode_camera(camera)
        tokens[row], lengths[row] = pad_prefixes(chosen.prefixes, slots, width)
    missing = rows - len(asked)
    return EvalBatch(
        images=images,
        prefix_tokens=tokens,
        prefix_lengths=lengths,
        records=(*(chosen.records for chosen in asked), *((),) * missing),
        image_ids=(*(chosen.image_id for chosen in asked), *("",) * missing),
        datasets=(*(chosen.source.name for chosen in asked), *("",) * missing),
        valid=np.arange(rows) < len(asked),
        spoken_units=(*units, *((),) * missing),
        most_quantities=most_quantities,
        camera=stack_cameras(cameras),
        sights=(*(chosen.sights for chosen in asked), *((),) * missing),
    )

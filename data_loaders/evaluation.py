"""Held-out questions grouped by image, in batches of one shape."""

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Sequence
from typing import Any

import jax
import numpy as np

from data_loaders.errors import DataError
from data_loaders.held_out import HeldOut, Place, choose_all
from data_loaders.probes import probed
from data_loaders.sources import TokenizedSource
from spatialvlm_jax.batch import CameraInput
from spatialvlm_jax.experiment import (
    DataConfig,
    DatasetConfig,
    Experiment,
    ModelConfig,
    Probe,
    Resize,
)
from spatialvlm_jax.generation.wording.spoken_values import RANGES
from spatialvlm_jax.inputs.camera import CameraEncoder, says_before, stack_cameras
from spatialvlm_jax.inputs.pictures import resize_image
from spatialvlm_jax.inputs.prefixes import pad_prefixes
from spatialvlm_jax.inputs.tokenizer import Tokenizer, load_tokenizer
from spatialvlm_jax.scene.altered_pictures import GREY
from spatialvlm_jax.scene.camera import KnownCamera, tell
from spatialvlm_jax.scene.records import QA
from spatialvlm_jax.scene.sight import Sight
from spatialvlm_jax.units import DIMENSIONS

Units = tuple[str, ...]
_PREFIX_MULTIPLE = 8
# All questions of an evaluation are padded to the longest, and attention takes its square.
MAX_PREFIX_TOKENS = 4096
_UNKNOWN = KnownCamera((1, 1))


@dataclasses.dataclass(frozen=True)
class EvalBatch:
    """Held-out images with the questions asked about each, for generation and scoring.

    images: uint8[B, H, W, 3]. prefix_tokens: int32[B, S, P], BOS prefix newline, then zeros.
    prefix_lengths: int32[B, S], 0 where there is no question. records: for each image the pairs
    asked, in the order of its slots. image_ids, datasets: a name for each image. valid: bool[B],
    False for rows that only fill up the last batch. spoken_units: for each record the units that
    a quantity of its type is spoken in, in its set; () for others and for angles. most_quantities:
    of all images asked about, the most records that have some. camera: what is told of the cameras.
    ids, sights: for each record its question's id, and how its objects are seen.
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
    ids: tuple[tuple[str, ...], ...]
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


def _padded_length(asked: Sequence[HeldOut]) -> int:
    """To how many tokens all questions are padded; raises DataError where one is too long."""
    longest = max(map(_prefix_length, asked))
    return -(-longest // _PREFIX_MULTIPLE) * _PREFIX_MULTIPLE


def _prefix_length(asked: HeldOut) -> int:
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
      UserError: a set, its split, a question or a picture cannot be used, and which.
    """
    settings = experiment.eval
    template = settings.prefix_template or experiment.data.prefix_template
    tokenizer = load_tokenizer(experiment.data, experiment.model)
    sources = _open_all(settings.datasets, tokenizer, template)
    for source in sources:
        source[0].example.image()
    CameraEncoder.of(experiment.data, experiment.model, tokenizer)
    before = says_before(experiment.data, experiment.model)
    _padded_length(choose_all(sources, settings.images, settings.pairs_per_image, before))


def held_out_questions(experiment: Experiment, probe: Probe | None = None) -> list[HeldOut]:
    """What an evaluation asks, for models that word prompts in their own way.

    Args:
      probe: how questions or pictures are changed.

    Raises:
      UserError: data, tokenizer or settings cannot be used.
    """
    settings = experiment.eval
    tokenizer = load_tokenizer(experiment.data, experiment.model)
    sources = _open_all(settings.datasets, tokenizer, "{question}")
    asked = choose_all(sources, settings.images, settings.pairs_per_image, before=False)
    return probed(asked, probe, before=False)


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
    probe: Probe | None = None,
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
      probe: how questions or pictures are changed, to see what answers come from.

    Raises:
      UserError: data, tokenizer or settings cannot be used.
    """
    template = prefix_template or data.prefix_template
    tokenizer = load_tokenizer(data, model)
    sources = _open_all(datasets, tokenizer, template)
    encode_camera = CameraEncoder.of(data, model, tokenizer)
    before = says_before(data, model)
    asked = probed(choose_all(sources, images, pairs_per_image, before), probe, before)
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


def _spoken_units(asked: Sequence[HeldOut]) -> list[tuple[Units, ...]]:
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
    asked: Sequence[HeldOut],
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
    cameras = [encode_camera(_UNKNOWN)] * rows
    for row, chosen in enumerate(asked):
        if row in pictured:
            camera, image = _read(chosen.place, encode_camera.tells)
            cameras[row] = encode_camera(camera)
            if chosen.shown not in (None, chosen.place):
                camera, image = _read(chosen.shown, encode_camera.tells)
            images[row] = GREY
            if chosen.shown is not None:
                where = encode_camera.place(camera)
                images[row] = resize_image(image(), size, resize, where)
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
        ids=(*(chosen.ids for chosen in asked), *((),) * missing),
        sights=(*(chosen.sights for chosen in asked), *((),) * missing),
    )


def _read(place: Place, tells: bool) -> tuple[KnownCamera, Callable[[], np.ndarray]]:
    """What is told of the camera of an image, and the picture when it is called."""
    source, index = place
    example = source.at(index).example
    camera = tell(example.camera(), source.told) if tells else _UNKNOWN
    return camera, example.image

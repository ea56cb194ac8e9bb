"""The mixture, how it is read, and how sets that are missing are rendered."""

import dataclasses
from typing import Annotated, Literal

from spatialvlm_jax.bounds import (
    BatchSize,
    Images,
    Pairs,
    Pixels,
    Range,
    RelativeStd,
    Seed,
    SettingError,
    Settings,
    Share,
    SomeSteps,
    Streams,
    Weight,
)
from spatialvlm_jax.questions import QAConfig

_OPTIONS = {"fields": "field", "answer_map": "answer-map"}
Resize = Literal["squash", "pad"]
CameraUse = Literal["none", "rays", "words", "canonical"]
_Length = Annotated[int, Range(2, 1_048_576)]


@dataclasses.dataclass(frozen=True)
class WorldsRecipe(Settings):
    """How to render a data set that is not there yet, as `spatialvlm generate` would.

    preset: name of a `WorldConfig` preset. image_size: pixels a side.
    images: size of the split "train". validation_images: size of the split "validation".
    seed: another seed draws other worlds.
    streams: how random numbers are shared out: 2, or 1 for the scenes of sets that name none.
    questions: what is asked about each image.
    """

    preset: str = "rich"
    images: SomeSteps = 1_000
    validation_images: Images = 100
    seed: Seed = 0
    image_size: Pixels = 64
    streams: Streams = 2
    questions: QAConfig = dataclasses.field(default_factory=QAConfig)


@dataclasses.dataclass(frozen=True)
class DatasetConfig(Settings):
    """One member of the mixture.

    name: what messages, metrics and figures call it; no two sets of a mixture have the same.
    path: directory of a stored data set (TFDS layout), or a file of records.
    split: which part of a stored set.
    format: "stored", or "jsonl": `path` is a JSON or JSON Lines file of records {image, question,
      answer}, read where it is; `split` does not matter then.
    images: folder or zip file of the pictures that records name.
    fields: what records of "jsonl" call their fields ("question=caption", ...), as `spatialvlm
      convert` takes them. answer_map: words for their answers that are labels ("1=yes,0=no").
    kind: what records of "jsonl" are that do not say: "general", or "auto": lengths, areas and
      volumes where the answer is nothing else ("1.9 m").
    worlds: how to render it if `path` is missing; none: a missing data set is an error.
    fresh: draw scenes of `worlds` while training, new ones all the time, and store nothing: `path`
      and the recipe's numbers of images do not matter then.
    weight: its share of the mixture, in its `unit`; 0 trains on nothing of it.
    kinds, types: which pairs to use; empty means all, of kinds all but "composed".
    exclude_types: types that are left out.
    pairs_per_image: at most so many of its pairs on one image; 0 as many as the mixture packs.
    noise_std_metres: standard deviation of Gaussian noise added to quantitative answers in
      metres before they are phrased (the paper's noise ablation); drawn again where it leaves less
      than a centimetre.
    scale_error_std: relative error that all lengths of a picture have in common, as of a depth
      model that errs in scale (log-normal); areas err by its square, volumes by its cube.
    flipped_relations: share of relations between two objects that are answered with the opposite.
    noise_seed: seed of noise, errors and falsehoods; the stored truth stays.
    prefix_template: how this set's questions are put to the model; "" as the mixture's or the
      evaluation's are.
    camera: what is told of its cameras at most, where `DataConfig.camera` tells the model: what is
      known, the field of view alone, or nothing.
    """

    name: str
    path: str = ""
    split: str = "train"
    weight: Weight = 1.0
    kinds: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    exclude_types: tuple[str, ...] = ()
    pairs_per_image: Annotated[int, Range(0, 100_000)] = 0
    noise_std_metres: Annotated[float, Range(0, 1_000)] = 0.0
    scale_error_std: RelativeStd = 0.0
    flipped_relations: Share = 0.0
    noise_seed: Seed = 0
    worlds: WorldsRecipe | None = None
    fresh: bool = False
    format: Literal["stored", "jsonl"] = "stored"
    images: str = ""
    fields: tuple[str, ...] = ()
    answer_map: str = ""
    kind: Literal["general", "auto"] = "general"
    prefix_template: str = ""
    camera: Literal["known", "field_of_view", "unknown"] = "known"

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("fields", "answer_map"):
            if getattr(self, name) and self.format == "stored":
                raise SettingError(
                    name,
                    "only records that are read in place have it (format='jsonl'); "
                    f"a stored set is given it by spatialvlm convert --{_OPTIONS[name]}",
                )
        for name in ("name",) if self.fresh else ("name", "path"):
            if not getattr(self, name).strip():
                raise SettingError(name, "it is empty")
        if self.fresh and (self.worlds is None or self.format != "stored"):
            raise SettingError("fresh", "scenes are drawn by a recipe: set worlds, and no format")
        if self.fresh and self.worlds is not None and self.worlds.streams < 2:
            raise SettingError("fresh", "scenes of high numbers are told apart by worlds.streams=2")
        if self.prefix_template:
            check_template(self.prefix_template)


def check_dataset_names(datasets: tuple[DatasetConfig, ...]) -> None:
    """Raises SettingError if two data sets have one name."""
    names = [dataset.name for dataset in datasets]
    if len(set(names)) < len(names):
        raise SettingError("datasets", f"of {names} are two of one name")


def check_template(template: str) -> None:
    """Raises SettingError if a template has no place for the question."""
    if "{question}" not in template:
        raise SettingError("prefix_template", f"{template!r} has no '{{question}}' inside")


@dataclasses.dataclass(frozen=True)
class DataConfig(Settings):
    """Loading, tokenising, packing and mixing.

    datasets: the members of the mixture.
    unit: "examples" mixes rows by weight; "loss_tokens" corrects the weights so that each data
      set's share of tokens with loss is what was asked.
    tokenizer: path of a SentencePiece model, or a shipped one: "small", "small128".
    batch_size: rows of a step, over all devices.
    length: text tokens a row, the packing budget.
    block_length: a pair never crosses a multiple of it, so that attention over text runs in blocks
      of this size; must divide `length`; 0 takes the row as one block.
    pairs_per_image: at most this many pairs packed on one image; 1 is unpacked.
    prefix_template: wraps the question, "{question}" inside; PaliGemma's published checkpoints are
      asked "answer en {question}".
    resize: how pictures come to the encoder's square: "squash" both sides to it, or "pad" the
      shorter one with grey, which keeps proportions.
    camera: how the model is told of the camera behind a picture, as far as it is known: "none";
      "rays": each image token is given the direction of its ray against gravity, its distance to
      the ground, camera height and field of view; "words": a sentence says field of view, height
      and pitch, behind the image where all questions see it, or, where model.attention="prefix",
      before the question; "canonical": pictures are resized to one focal length, and laid on grey
      or cut, their principal point in the middle.
    camera_focal: of "canonical": that focal length, in sides of the encoder's square; lenses of
      less are cut off at the sides (0.65 shows 75 degrees).
    camera_dropout: in training, with this probability a picture's camera is told nothing of, else
      each of field of view, gravity and height is left out with it.
    camera_errors: in training, facts that are known better than usual get errors of the usual size
      times this (focal length 3 %, gravity 1 degree, height 10 %); 0 tells them as they are.
    seed: another seed changes the order and which pairs are packed together.
    workers: processes that make batches; 0 makes them in the run's own.
    shuffle: draw images in random order.
    features: folder of what a frozen encoder makes of the pictures: computed there once, when a run
      first starts, and read in place of pictures from then on; "" encodes them in every step.
    """

    datasets: tuple[DatasetConfig, ...] = ()
    unit: Literal["examples", "loss_tokens"] = "examples"
    tokenizer: str = "small"
    batch_size: BatchSize = 16
    length: _Length = 256
    block_length: Annotated[int, Range(0, 1_048_576)] = 0
    pairs_per_image: Pairs = 16
    prefix_template: str = "{question}"
    resize: Resize = "squash"
    camera: CameraUse = "none"
    camera_focal: Annotated[float, Range(0, 100, above=True)] = 0.65
    camera_dropout: Share = 0.25
    camera_errors: Annotated[float, Range(0, 10)] = 1.0
    seed: Seed = 0
    workers: Annotated[int, Range(0, 1_024)] = 0
    shuffle: bool = True
    features: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_dataset_names(self.datasets)
        check_template(self.prefix_template)
        if self.features and any(dataset.fresh for dataset in self.datasets):
            raise SettingError(
                "features", "pictures that are drawn while training come once: leave it empty"
            )
        if not self.tokenizer:
            raise SettingError("tokenizer", "it is empty; name a SentencePiece model, or 'small'")
        if self.block_length and self.length % self.block_length:
            raise SettingError(
                "block_length", f"{self.block_length} does not divide length={self.length}"
            )

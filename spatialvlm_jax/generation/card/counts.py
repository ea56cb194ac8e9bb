"""What a data card counts: over a bounded random sample of the stored examples."""

import collections
import dataclasses
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from spatialvlm_jax.generation.questions.generate import REGISTRY
from spatialvlm_jax.scene.records import QA
from spatialvlm_jax.storage.examples import StoredExample
from spatialvlm_jax.storage.shards import StoreError, open_split, split_sizes
from spatialvlm_jax.units import DIMENSIONS, describe_exact

SAMPLE = 2000
_TOP = 40
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")


@dataclasses.dataclass(frozen=True)
class ExampleIndex:
    """Where an example is: its split and its index there."""

    split: str
    index: int


def sample_indices(directory: Path, count: int = SAMPLE) -> list[ExampleIndex]:
    """At most `count` examples of all splits, drawn at random but always the same, in order."""
    sizes = {split: sum(size.shard_lengths) for split, size in split_sizes(directory).items()}
    edges = np.cumsum([0, *sizes.values()])
    total = int(edges[-1])
    drawn = np.random.default_rng(0).choice(total, min(count, total), replace=False)
    splits = list(sizes)
    which = np.searchsorted(edges, np.sort(drawn), side="right") - 1
    return [
        ExampleIndex(splits[split], int(index - edges[split]))
        for split, index in zip(which, np.sort(drawn), strict=True)
    ]


class ExampleReader:
    """Reads examples of a data set by index.

    Raises:
      StoreError: the directory does not hold one that this program made, or not these splits.
    """

    def __init__(self, directory: Path, splits: Sequence[str] | None = None):
        names = split_sizes(directory) if splits is None else splits
        self._splits = {split: open_split(directory, split) for split in names}
        for records in self._splits.values():
            if records and not StoredExample(records[0]).bytes_of("image_id"):
                raise StoreError(
                    f"{directory} is a data set of another program: "
                    "spatialvlm convert --format=tfds makes one of it that can be shown"
                )

    def __call__(self, place: ExampleIndex) -> StoredExample:
        return StoredExample(self._splits[place.split][place.index])


@dataclasses.dataclass
class TypeCounts:
    """The pairs of one type: how many, how they are answered, their exact values (SI).

    dimension: of the values, "length" or another of `units.DIMENSIONS`.
    """

    kind: str
    dimension: str = "length"
    pairs: int = 0
    answers: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    values: list[float] = dataclasses.field(default_factory=list)

    @property
    def balance(self) -> str:
        """How evenly the answers fall, in a few words."""
        if self.values:
            low, middle, high = (
                describe_exact(value, self.dimension)
                for value in np.quantile(self.values, [0.05, 0.5, 0.95]).tolist()
            )
            return low if low == high else f"{low} – {high}, median {middle}"
        if not self.answers:
            return ""
        if len(self.answers) <= 2 and set(self.answers) <= {"yes", "first"} | {"no", "second"}:
            word = "yes" if set(self.answers) & {"yes", "no"} else "first"
            return f"{self.answers[word] / self.answers.total():.0%} {word}"
        answer, most = self.answers.most_common(1)[0]
        if len(self.answers) == 1:
            return f"always “{answer}”"
        return f"{len(self.answers)} answers, most often “{answer}” ({most / self.pairs:.0%})"


@dataclasses.dataclass
class CardCounts:
    """Everything that is counted over the sample.

    camera_distances: metres from the camera to objects' centres. lengths: exact values of the pairs
    whose answer is a length, metres. gravity: images whose canonical frame is known. sizes: widths
    and heights of the images, pixels.
    """

    images: int = 0
    pairs: int = 0
    gravity: int = 0
    question_words: int = 0
    answer_words: int = 0
    types: dict[str, TypeCounts] = dataclasses.field(default_factory=dict)
    units: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    categories: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    captions: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    provenance: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    vocabulary: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    sizes: set[tuple[int, int]] = dataclasses.field(default_factory=set)
    objects_per_image: list[int] = dataclasses.field(default_factory=list)
    pairs_per_image: list[int] = dataclasses.field(default_factory=list)
    camera_distances: list[float] = dataclasses.field(default_factory=list)
    lengths: list[float] = dataclasses.field(default_factory=list)

    def add(self, example: StoredExample) -> None:
        """Counts one example; its pictures are not decoded."""
        captions, pairs = example.texts("objects/caption"), example.pairs()
        centers = example.floats("objects/center", (-1, 3))
        self.images += 1
        self.sizes.add(Image.open(io.BytesIO(example.bytes_of("image")[0])).size)
        self.pairs += len(pairs)
        self.gravity += example.up() is not None
        self.categories.update(filter(None, example.texts("objects/category")))
        self.captions.update(captions)
        self.provenance.update(example.texts("objects/provenance"))
        self.objects_per_image.append(len(captions))
        self.pairs_per_image.append(len(pairs))
        self.camera_distances += np.linalg.norm(centers, axis=1).tolist()
        for pair in pairs:
            self._add_pair(pair, captions)

    def _add_pair(self, pair: QA, captions: Sequence[str]) -> None:
        question, answer = _words(pair.question), _words(pair.answer)
        self.question_words += len(pair.question.split())
        self.answer_words += len(pair.answer.split())
        self.vocabulary.update(question + answer)
        registered = REGISTRY.get(pair.type)
        dimension = registered.dimension if registered else DIMENSIONS.get(pair.unit, "length")
        row = self.types.setdefault(pair.type, TypeCounts(pair.kind, dimension))
        row.pairs += 1
        if registered is not None and registered.answer_form == "choice":
            first = captions[pair.objects[0]] if pair.objects else ""
            row.answers["first" if pair.verdict == first else "second"] += 1
        elif pair.verdict:
            row.answers[pair.verdict] += 1
        if pair.kind == "quantitative":
            row.values.append(pair.value)
            self.units[pair.unit or "none"] += 1
            if dimension == "length":
                self.lengths.append(pair.value)

    @property
    def size(self) -> str:
        """How large the images are, in pixels: "64 × 64 px", or the range of widths and heights."""
        ranges = [sorted({min(side), max(side)}) for side in zip(*self.sizes, strict=True)]
        return " × ".join("–".join(map(str, each)) for each in ranges) + " px"

    def top(self, name: str) -> list[tuple[str, int]]:
        """The most frequent entries of one of the counters."""
        counter: collections.Counter[Any] = getattr(self, name)
        return counter.most_common(_TOP)


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def count_examples(examples: Iterable[StoredExample]) -> CardCounts:
    """The counts of these examples."""
    counts = CardCounts()
    for example in examples:
        counts.add(example)
    return counts

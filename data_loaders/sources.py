"""Data sets, stored or read where they lie, as random-access sources of tokenised images.

A source gives images that have at least one usable pair: one that passes the data set's filter and
fits into a row. Where an image has none, the next image that has one stands in, so that a source
keeps its length and any index can be read without a scan of the whole set. Where scenes are drawn
while training, others that are drawn stand in.
"""

import dataclasses
from collections.abc import Iterator, Sequence

from data_loaders.answer_errors import AnswerErrors
from data_loaders.errors import DataError
from data_loaders.fresh import FreshExamples, open_fresh
from data_loaders.functional import Pair
from data_loaders.in_place import InPlaceExample, open_in_place
from spatialvlm_jax.experiment import DatasetConfig
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax.scene.camera import KnownCamera, describe_camera
from spatialvlm_jax.scene.records import QA
from spatialvlm_jax.storage.examples import StoredExample
from spatialvlm_jax.storage.shards import StoreError, open_split


@dataclasses.dataclass(frozen=True)
class PairFilter:
    """Which pairs of an image are used; empty tuples mean all, but of kinds all but "composed"."""

    kinds: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    exclude_types: tuple[str, ...] = ()

    def keeps(self, pair: QA) -> bool:
        return (
            (pair.kind in self.kinds if self.kinds else pair.kind != "composed")
            and (not self.types or pair.type in self.types)
            and pair.type not in self.exclude_types
        )


@dataclasses.dataclass(frozen=True, eq=False)
class TokenizedImage:
    """An example and its usable pairs as (prefix, suffix) tokens.

    index: of the example in its data set.
    kept: index of each usable pair among all pairs of the example.
    too_long: how many more would be usable, but for their length.
    """

    index: int
    example: StoredExample | InPlaceExample
    pairs: tuple[Pair, ...]
    records: tuple[QA, ...]
    kept: tuple[int, ...]
    too_long: int

    def lengths(self) -> list[int]:
        """Tokens of each pair, prefix and suffix together."""
        return [len(prefix) + len(suffix) for prefix, suffix in self.pairs]


class StoredExamples:
    """Random access to the examples of a stored split."""

    def __init__(self, path: str, split: str):
        self._records = open_split(path, split)

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, index: int) -> StoredExample:
        return StoredExample(self._records[index])


Examples = StoredExamples | FreshExamples | list[InPlaceExample]


def open_examples(config: DatasetConfig) -> Examples:
    """The examples of a data set; raises DataError if it cannot be read."""
    if config.format == "jsonl":
        return open_in_place(config)
    if config.fresh and config.worlds is not None:
        return open_fresh(config.worlds)
    try:
        return StoredExamples(config.path, config.split)
    except StoreError as error:
        raise DataError(f"data set {config.name!r}: {error}") from None


class TokenizedSource:
    """Random access to the tokenised images of one member of a mixture."""

    def __init__(
        self,
        config: DatasetConfig,
        tokenizer: Tokenizer,
        *,
        prefix_template: str,
        length: int | None = None,
    ):
        """Opens the data set.

        Args:
          prefix_template: wraps the question, "{question}" inside, unless `config` has one.
          length: longer pairs, prefix and suffix together, are left out; None keeps all.

        Raises:
          DataError: it is missing, or not one of its images has a usable pair.
        """
        self._prefix_template = config.prefix_template or prefix_template
        self.examples = open_examples(config)
        self.name, self.path = config.name, config.path
        self.told = config.camera
        self._filter = PairFilter(config.kinds, config.types, config.exclude_types)
        self._errors = AnswerErrors.of(config)
        self._tokenizer = tokenizer
        self._length = length
        self[0]

    def __len__(self) -> int:
        return len(self.examples)

    @property
    def is_fresh(self) -> bool:
        """Whether its scenes are drawn as they are read, in no order that a shuffle would break."""
        return isinstance(self.examples, FreshExamples)

    def __getitem__(self, index: int) -> TokenizedImage:
        """The image at `index`, or the next one that has a usable pair.

        Raises:
          DataError: no image has one.
        """
        for place in self._stand_ins(index):
            image = self.at(place)
            if image.pairs:
                return image
        raise DataError(
            f"data set {self.name!r}: no image has a pair that passes its filter "
            f"(kinds={self._filter.kinds}, types={self._filter.types}, "
            f"exclude_types={self._filter.exclude_types})"
            + (f" and fits {self._length} tokens" if self._length else "")
        )

    def _stand_ins(self, index: int) -> Iterator[int]:
        """`index`, and those that take its place one after the other."""
        if isinstance(self.examples, FreshExamples):
            return self.examples.stand_ins(index)
        size = len(self)
        return ((index + offset) % size for offset in range(size))

    def spread(self, most: int) -> list[int]:
        """At most so many indices: over a stored set, which may lie in some order, evenly."""
        count = min(len(self), most)
        if self.is_fresh:
            return list(range(count))
        return [len(self) * number // count for number in range(count)]

    def at(self, index: int) -> TokenizedImage:
        """The image at `index`, which may have no usable pair."""
        example = self.examples[index]
        captions: Sequence[str] = ()
        if not self._errors.are_none and isinstance(example, StoredExample):
            captions = example.texts("objects/caption")
        pairs, records, kept, too_long = [], [], [], 0
        for place, record in enumerate(example.pairs()):
            if not self._filter.keeps(record):
                continue
            record = self._errors.apply(record, example.image_id, place, captions)
            tokens = self.tokenize(record)
            if self._length is None or len(tokens[0]) + len(tokens[1]) <= self._length:
                pairs.append(tokens)
                records.append(record)
                kept.append(place)
            else:
                too_long += 1
        return TokenizedImage(index, example, tuple(pairs), tuple(records), tuple(kept), too_long)

    def retell(self, record: QA, camera: KnownCamera) -> Pair:
        """The tokens of a pair with what is known of the camera said before the question."""
        said = describe_camera(camera)
        question = f"{said} {record.question}" if said else record.question
        return self.tokenize(dataclasses.replace(record, question=question))

    def tokenize(self, record: QA) -> Pair:
        """The tokens of a pair, the question in the template of the set."""
        prefix = self._prefix_template.replace("{question}", record.question)
        return (
            self._tokenizer.encode_prefix(prefix),
            self._tokenizer.encode_suffix(record.answer),
        )

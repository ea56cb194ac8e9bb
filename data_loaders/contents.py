"""What a run reads, told by content and not by path: a digest of the tokenizer and of each set.

Names are those of settings with ".content" behind them; held-out sets have their place in the name,
because evaluating on a set at another place is a choice, and on another set at the same place is an
accident.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from data_loaders.errors import DataError
from data_loaders.fresh import FreshExamples
from data_loaders.in_place import InPlaceExample, digest_pictures
from data_loaders.sources import Examples, StoredExamples, TokenizedSource, open_examples
from spatialvlm_jax.conversion.truths import GENERAL
from spatialvlm_jax.experiment import DatasetConfig
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax.storage.checksums import damaged_shards, describe_damage
from spatialvlm_jax.storage.shards import digest_split, shard_files


def tokenizer_content(tokenizer: Tokenizer) -> dict[str, str]:
    """The digest of a tokenizer's file."""
    return {"data.tokenizer.content": tokenizer.digest}


def training_contents(
    tokenizer: Tokenizer, sources: Sequence[TokenizedSource], datasets: Sequence[DatasetConfig]
) -> dict[str, str]:
    """The digests of a tokenizer and of the sets of a mixture, in its order."""
    found = tokenizer_content(tokenizer)
    for number, (source, config) in enumerate(zip(sources, datasets, strict=True)):
        found[f"data.datasets.{number}.content"] = digest_examples(source.examples, config)
    return found


def held_out_contents(datasets: Iterable[DatasetConfig]) -> dict[str, str]:
    """The digests of the sets that are evaluated on; those that cannot be read are left out."""
    found = {}
    for config in datasets:
        try:
            digest = digest_examples(open_examples(config), config)
        except DataError:
            continue
        found[f"eval.datasets.{config.path}.{config.split}.content"] = digest
    return found


def verify_shards(datasets: Iterable[DatasetConfig]) -> None:
    """Reads the stored sets whole and compares them with what was written, where that is recorded.

    Raises:
      DataError: a shard differs, and which.
    """
    stored = [each for each in datasets if each.format == "stored" and not each.fresh]
    for path, split in sorted({(each.path, each.split) for each in stored}):
        names = [file.name for file in shard_files(Path(path), split)]
        if damage := damaged_shards(Path(path), names, contents=True):
            raise DataError(describe_damage(Path(path), damage))


def digest_examples(examples: Examples, config: DatasetConfig) -> str:
    """SHA-256 of what tells a data set from another, wherever it lies.

    Of a stored split that is `digest_split`; of records in place, their texts, and the names and
    sizes of their pictures; of scenes that are drawn, the recipe.

    Raises:
      DataError: a picture is missing.
    """
    if isinstance(examples, StoredExamples):
        return digest_split(Path(config.path), config.split)
    if isinstance(examples, FreshExamples):
        return examples.digest
    return _digest_records(examples)


def _digest_records(examples: Sequence[InPlaceExample]) -> str:
    digest = hashlib.sha256(digest_pictures(examples).encode())
    for example in examples:
        for pair in example.item.pairs:
            said: list[Any] = [pair.question, pair.answer, list(pair.answers)]
            if pair.truth != GENERAL:
                said.append(dataclasses.asdict(pair.truth))
            digest.update(json.dumps(said).encode())
    return digest.hexdigest()

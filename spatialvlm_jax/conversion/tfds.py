"""Data sets prepared with TFDS, read without TensorFlow where their files allow it."""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spatialvlm_jax.conversion.rows import PairReader, SourceRow, lookup
from spatialvlm_jax.conversion.texts import as_text
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.fingerprints import fingerprint_file
from spatialvlm_jax.generation.outcomes import Rejected


class TfdsReader:
    """Examples of a split of a TFDS data set, by the fields it is said to have.

    name: a directory with `dataset_info.json` in it, or a registered name ("coco/2017").
    data_dir: where registered sets lie; None is TFDS's own place.
    """

    def __init__(self, name: str, split: str, pairs: PairReader, data_dir: Path | None = None):
        self._name, self._split, self._pairs, self._data_dir = name, split, pairs, data_dir

    def __reduce__(self) -> tuple[type["TfdsReader"], tuple[Any, ...]]:
        return type(self), (self._name, self._split, self._pairs, self._data_dir)

    def rows(self) -> Iterator[SourceRow]:
        fields = self._pairs.fields
        for index in range(len(self._examples)):
            example = self._examples[index]
            image_id = as_text(lookup(example, fields.image_id))
            yield self._pairs.row(example, image_id or str(index), str(index))

    def image(self, reference: str) -> bytes:
        picture = lookup(self._examples[int(reference)], self._pairs.fields.image)
        if not isinstance(picture, bytes):
            raise Rejected("image", f"no image in field {self._pairs.fields.image!r}")
        return picture

    def fingerprint(self, reference: str) -> str:
        return self._shards

    @functools.cached_property
    def _shards(self) -> str:
        """Names, sizes and times of all files of the set: any of them may hold an example."""
        folder = Path(self._builder().data_dir)
        files = sorted(path for path in folder.iterdir() if path.is_file())
        return "\n".join(f"{path.name} {fingerprint_file(path, contents=False)}" for path in files)

    @functools.cached_property
    def _examples(self) -> Any:
        """Random access to the examples, pictures still encoded."""
        import tensorflow_datasets as tfds

        builder = self._builder()
        fields = self._pairs.fields
        self._check_fields(builder.info.features)
        decoders: Any = tfds.decode.SkipDecoding()
        for part in reversed(fields.image.split("/")):
            decoders = {part: decoders}
        try:
            return builder.as_data_source(self._split, decoders=decoders)
        except RuntimeError:
            form = builder.info.file_format
            raise UserError(
                f"{self._name} is stored as {getattr(form, 'value', form)}, which only TensorFlow "
                "reads; prepare it again with download_and_prepare(file_format='array_record')"
            ) from None
        except (ValueError, KeyError, AssertionError) as error:
            splits = ", ".join(sorted(builder.info.splits))
            raise UserError(
                f"{self._name}: split {self._split!r} cannot be read ({error}); it has {splits}"
            ) from None

    def _builder(self) -> Any:
        import tensorflow_datasets as tfds

        try:
            if Path(self._name).is_dir():
                return tfds.builder_from_directory(self._name)
            return tfds.builder(self._name, data_dir=self._data_dir)
        except Exception as error:  # the builders of single sets raise what they like
            raise UserError(
                f"{self._name} is neither a directory of a TFDS data set nor a registered one that "
                f"can be opened without TensorFlow: {type(error).__name__}: {error}"
            ) from None

    def _check_fields(self, features: Any) -> None:
        for option in ("image", "answer"):
            name = getattr(self._pairs.fields, option)
            known = features
            for part in name.split("/"):
                known = getattr(known, "feature", known)
                if part not in known:
                    raise UserError(
                        f"{self._name} has no field {name!r}; it has {', '.join(sorted(features))}"
                        f": name the right one with --field {option}=FIELD"
                    )
                known = known[part]

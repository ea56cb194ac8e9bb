"""Errors that are put into answers as they are read: noise in lengths, wrong scale, falsehoods.

They tell what precise and true answers are worth. The stored truth stays; the answer is said again
from its template. All draws depend on a seed, the picture's id and the pair's place in it alone.
"""

import dataclasses
import zlib
from collections.abc import Sequence

import numpy as np

from data_loaders.errors import DataError
from spatialvlm_jax.experiment import DatasetConfig
from spatialvlm_jax.generation.questions.denial import deny
from spatialvlm_jax.generation.wording.phrasing import DIMENSIONS, LEAST_LENGTH, rephrase
from spatialvlm_jax.scene.records import QA

# How a quantity grows with all lengths of a scene.
_POWERS = {"length": 1, "area": 2, "volume": 3}
_MOST_DRAWS = 64  # half of them or more leave a length
_FIELDS = ("noise_std_metres", "scale_error_std", "flipped_relations")


@dataclasses.dataclass(frozen=True)
class AnswerErrors:
    """What is wrong with the answers of a data set.

    std_metres: of Gaussian noise on lengths, drawn again where less is left than can be said (1
      cm): cut off, a large part of short lengths would be said to be just that, and a model that
      says what is likeliest would say it of most. scale_std: of the relative error, log-normal,
      that all lengths of a picture have in common. flipped: share of relations that are denied.
    """

    std_metres: float = 0.0
    scale_std: float = 0.0
    flipped: float = 0.0
    seed: int = 0

    @classmethod
    def of(cls, config: DatasetConfig) -> "AnswerErrors":
        """Those that a data set is given."""
        return cls(*(getattr(config, name) for name in (*_FIELDS, "noise_seed")))

    @property
    def are_none(self) -> bool:
        """Whether all answers stay as they are."""
        return not (self.std_metres or self.scale_std or self.flipped)

    def apply(self, pair: QA, image_id: str, index: int, captions: Sequence[str]) -> QA:
        """The pair with the answer that errs; itself where nothing is wrong with it.

        Args:
          index: its place among the pairs of the picture. captions: of the scene's objects.

        Raises:
          DataError: the answer should err, but was not made of a template.
        """
        if pair.kind == "general" or self.are_none:
            return pair
        named = [captions[about] for about in pair.objects] if captions else []
        key = [self.seed, zlib.crc32(image_id.encode())]
        try:
            if pair.kind == "qualitative":
                return self._denied(pair, [*key, index, 1], named)
            return self._mismeasured(pair, key, index, named)
        except ValueError:
            fields = " and ".join(
                name for name, size in zip(_FIELDS, self._sizes(), strict=True) if size
            )
            raise DataError(
                f"{fields}: the answer {pair.answer[:80]!r} about {image_id} was not made of a "
                "template, and cannot be said otherwise; set it to 0"
            ) from None

    def _sizes(self) -> tuple[float, float, float]:
        return self.std_metres, self.scale_std, self.flipped

    def _denied(self, pair: QA, key: Sequence[int], named: Sequence[str]) -> QA:
        if not self.flipped or np.random.default_rng(key).random() >= self.flipped:
            return pair
        return deny(pair, named) or pair

    def _mismeasured(self, pair: QA, key: Sequence[int], index: int, named: Sequence[str]) -> QA:
        dimension = DIMENSIONS.get(pair.unit, "")
        value = pair.value
        if self.scale_std:
            draws = np.random.default_rng([*key, 0, 2])
            value *= np.exp(_POWERS.get(dimension, 0) * self.scale_std * draws.standard_normal())
        if self.std_metres and dimension == "length":
            draws = np.random.default_rng([*key, index])
            noisy = value + self.std_metres * draws.standard_normal(_MOST_DRAWS)
            said = noisy[noisy >= LEAST_LENGTH]
            value = said[0] if said.size else LEAST_LENGTH
        if not np.isfinite(value) or value == pair.value:
            return pair
        known = pair.value_std if np.isfinite(pair.value_std) else 0.0
        answer = rephrase(pair.template, float(value), pair.unit, named, known)
        return dataclasses.replace(pair, answer=answer)

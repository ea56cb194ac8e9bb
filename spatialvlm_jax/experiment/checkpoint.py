"""Saving, and what is taken over from what was saved."""

import dataclasses
import fnmatch
from typing import Annotated

from spatialvlm_jax.bounds import Range, Settings, SomeSteps


@dataclasses.dataclass(frozen=True)
class CheckpointConfig(Settings):
    """Saving, and what is taken over from what was saved.

    every: steps between saves. keep: how many to keep.
    accept: settings that may differ from those that a checkpoint or a weight file was made with,
      by the names that a refusal gives, separated by commas; "*" stands for anything.
    """

    every: SomeSteps = 500
    keep: Annotated[int, Range(1, 1_000_000)] = 2
    accept: str = ""

    def accepts(self, name: str) -> bool:
        """Whether the setting of this name may differ."""
        patterns = (pattern.strip() for pattern in self.accept.split(","))
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)

"""Rendered rooms with exact geometry as a source of scenes."""

import dataclasses
import functools
from collections.abc import Sequence
from typing import Any

from spatialvlm_jax.bounds import Pixels, Settings, Streams
from spatialvlm_jax.scene.records import Scene


@dataclasses.dataclass(frozen=True)
class WorldsSettings(Settings):
    """Which worlds are rendered.

    preset: simple, clear, rich, gallery, manipulation or holding.
    image_size: pixels a side, none for the preset's.
    streams: how random numbers are shared out: 2, or 1 for the scenes of sets that name none.
    """

    preset: str = "rich"
    image_size: Pixels | None = None
    streams: Streams = 2

    def world(self) -> Any:
        """The `WorldConfig` that these settings name.

        Raises:
          ValueError: there is no such preset.
        """
        from spatialvlm_jax.worlds.config import WorldConfig

        changes = {} if self.image_size is None else {"image_size": self.image_size}
        return WorldConfig.preset(self.preset, streams=self.streams, **changes)

    def describe(self) -> dict[str, Any]:
        """Everything that shapes a scene. Sets that name no `streams` have 1."""
        world = dataclasses.asdict(self.world())
        return world if self.streams > 1 else {k: v for k, v in world.items() if k != "streams"}


# What every process does before its first images; measured on two and more cores.
COMPILING = "compiling the renderer, once in a run, 10 to 60 s"


@dataclasses.dataclass(frozen=True)
class WorldsSource:
    """Scenes without end. Everything in them is exact."""

    settings: WorldsSettings
    seed: int = 0
    name = "worlds"
    first_work = COMPILING

    @functools.cached_property
    def _world(self) -> Any:
        return self.settings.world()

    def describe(self) -> dict[str, Any]:
        return {"seed": self.seed, "world": self.settings.describe()}

    def image_id(self, index: int) -> str:
        return f"worlds-{self.seed}-{index:08d}"

    def observe(self, indices: Sequence[int]) -> list[Scene]:
        from spatialvlm_jax.worlds.source import generate_scenes

        return generate_scenes(self._world, self.seed, list(indices))

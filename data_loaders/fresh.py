"""Scenes that are drawn while a model trains: none is stored, and none comes twice.

Scene i is a function of the recipe and i. Scenes are rendered in chunks, on the CPU, by whoever
reads one of a chunk first; members of a mixture with one recipe that read at the same pace share
them.
"""

import collections
import dataclasses
import functools
import hashlib
import json
import threading
from collections.abc import Iterator

import jax

from data_loaders.errors import DataError
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import WorldsRecipe
from spatialvlm_jax.generation.outcomes import Failed, Rejected
from spatialvlm_jax.generation.pipeline import RULES
from spatialvlm_jax.generation.settings import open_endless, stages_of
from spatialvlm_jax.recipes import generation_settings
from spatialvlm_jax.storage.examples import StoredExample, encode_example
from spatialvlm_jax.worlds.source import chunk_size, generate_scenes

# Stored sets have scenes of lower numbers: there are fewer than 2 ** 31 in the largest.
FIRST_SCENE = 2**31
EXAMPLES = 2**32  # more than any run reads
_STAND_INS = 256  # where one scene in ten has a usable pair, one row in 10 ** 11 finds none
_CHUNKS_KEPT = 64
_drawn: collections.OrderedDict[tuple[str, int], list[bytes]] = collections.OrderedDict()
_drawing = threading.Lock()


@dataclasses.dataclass(frozen=True)
class FreshExamples:
    """Random access to scenes with questions that no stored set has, as a stored set would give
    them.

    Indices from `EXAMPLES` on are of scenes that stand in for others.
    """

    recipe: WorldsRecipe

    def __len__(self) -> int:
        return EXAMPLES

    def __getitem__(self, index: int) -> StoredExample:
        """The example at `index`; without pairs if nothing can be asked about its scene.

        Raises:
          DataError: JAX has no CPU to render on, or an error came up.
        """
        return StoredExample(self.record(index))

    def record(self, index: int) -> bytes:
        """The example at `index` as a set would store it; raises DataError."""
        number, place = divmod(index, self._size)
        key = self.digest, number
        with _drawing:  # a second thread would draw the same chunk
            if key not in _drawn:
                _drawn[key] = draw_chunk(self.recipe, number, self._size)
            _drawn.move_to_end(key)
            while len(_drawn) > _CHUNKS_KEPT:
                _drawn.popitem(last=False)
            return _drawn[key][place]

    def stand_ins(self, index: int) -> Iterator[int]:
        """`index`, and those whose scenes take its place one after the other."""
        return (index + attempt * EXAMPLES for attempt in range(_STAND_INS))

    @functools.cached_property
    def _size(self) -> int:
        """Scenes of a chunk; the same on every machine."""
        return chunk_size(generation_settings(self.recipe).worlds.world(), "cpu")

    @functools.cached_property
    def digest(self) -> str:
        """SHA-256 of everything that the examples depend on."""
        settings = generation_settings(self.recipe)
        source, stages = open_endless(settings), stages_of(settings)
        told = {"rules": RULES, "first": FIRST_SCENE, **source.describe(), **stages.describe()}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def draw_chunk(recipe: WorldsRecipe, number: int, size: int) -> list[bytes]:
    """The encoded examples of chunk `number`, rendered on the CPU: the accelerator trains."""
    settings = generation_settings(recipe)
    world = dataclasses.replace(settings.worlds.world(), chunk=size)
    first = FIRST_SCENE + number * size
    with jax.default_device(_cpu()):
        scenes = generate_scenes(world, recipe.seed, range(first, first + size))
    stages, records = stages_of(settings), []
    for scene in scenes:
        try:
            records.append(encode_example(*stages.examine(scene, scene.source)))
        except Rejected:
            records.append(encode_example(scene, []))
        except Failed as error:
            raise DataError(
                f"{scene.image_id} was drawn while training and cannot be asked about: {error}; "
                "set another worlds.seed"
            ) from error
    return records


def _cpu() -> jax.Device:
    try:
        return jax.local_devices(backend="cpu")[0]
    except RuntimeError as error:
        raise DataError(
            f"scenes are drawn on the CPU, which JAX does not have ({error}): add it to "
            "JAX_PLATFORMS, as in cuda,cpu"
        ) from None


def open_fresh(recipe: WorldsRecipe) -> FreshExamples:
    """The scenes of a recipe; raises DataError if it names no preset."""
    try:
        open_endless(generation_settings(recipe))
    except UserError as error:
        raise DataError(str(error)) from None
    return FreshExamples(recipe)

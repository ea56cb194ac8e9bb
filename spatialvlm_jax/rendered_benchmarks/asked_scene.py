"""Rendered scenes with what can be asked about them, from which the twins take their questions."""

import dataclasses
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
from PIL import Image

from spatialvlm_jax.atomic_write import whole_file
from spatialvlm_jax.generation.questions.generate import generate_pairs
from spatialvlm_jax.questions import QAConfig, QuestionTypeName
from spatialvlm_jax.random_stream import RandomStream, entropy_of
from spatialvlm_jax.scene.records import QA, Scene
from spatialvlm_jax.storage.codec import encode_png
from spatialvlm_jax.worlds.config import WorldConfig
from spatialvlm_jax.worlds.source import iterate_scenes

IMAGE_SIZE = 224
_TYPES: tuple[QuestionTypeName, ...] = (
    *("color", "shape", "category", "count", "existence"),
    *("left_of", "above", "in_front_of", "which_above", "which_nearer", "which_taller", "taller"),
    *("camera_distance", "height", "width", "distance", "centre_distance"),
)
_QUESTIONS = QAConfig(
    pairs_per_image=200,
    types=_TYPES,
    max_per_type=12,
    max_per_pair=32,
    question_phrasings=1,
    answer_phrasings=1,
    precision="exact",
)


@dataclasses.dataclass(frozen=True, eq=False)
class AskedScene:
    """A rendered scene, its picture, and pairs about it whose values and verdicts are exact.

    number: of the scene, from 0.
    """

    number: int
    scene: Scene
    pairs: tuple[QA, ...]

    @property
    def name(self) -> str:
        """Of its picture, without an ending."""
        return f"rendered_{self.number:06d}"

    def of(self, type_name: QuestionTypeName, most: int = 2) -> tuple[QA, ...]:
        """The first pairs of a type, `most` at most."""
        return tuple(pair for pair in self.pairs if pair.type == type_name)[:most]

    def names(self, pair: QA) -> tuple[str, ...]:
        """What the objects are called that a pair is about, in the order of its question."""
        return tuple(self.scene.objects[index].caption for index in pair.objects)

    def draws(self, *key: str | int) -> RandomStream:
        """Seeded draws of this scene, other ones for each key."""
        return RandomStream(entropy_of("rendered benchmark", self.scene.image_id, *key))

    def png(self) -> bytes:
        """Its picture as a file."""
        return encode_png(np.ascontiguousarray(self.scene.image))

    def stored(self) -> dict[str, Any]:
        """Its picture as a parquet table has it."""
        return {"bytes": self.png(), "path": f"{self.name}.png"}

    def save_jpeg(self, folder: Path) -> str:
        """Writes its picture into a folder; the name of the file."""
        file = io.BytesIO()
        Image.fromarray(self.scene.image).save(file, "jpeg", quality=95)
        folder.mkdir(parents=True, exist_ok=True)
        with whole_file(folder / f"{self.name}.jpg") as temporary:
            temporary.write_bytes(file.getvalue())
        return f"{self.name}.jpg"


def capital(question: str) -> str:
    """A question with a capital, as the benchmarks have theirs."""
    return question[:1].upper() + question[1:]


def draw_scenes(count: int, seed: int) -> Iterator[AskedScene]:
    """`count` scenes of the world `seed`, rendered one after another."""
    config = WorldConfig.preset("clear", image_size=IMAGE_SIZE)
    for number, scene in enumerate(iterate_scenes(config, seed, range(count))):
        yield AskedScene(number, scene, tuple(generate_pairs(scene, _QUESTIONS, seed=0)))


@dataclasses.dataclass(frozen=True)
class LetteredTexts:
    """Texts in a drawn order, and the place of the right one among them, from 0."""

    texts: tuple[str, ...]
    place: int

    @classmethod
    def of(cls, right: str, wrong: Sequence[str], draws: RandomStream) -> "LetteredTexts":
        """All of them, none twice."""
        texts = draws.shuffle(list(dict.fromkeys((right, *wrong))))
        return cls(tuple(texts), texts.index(right))

    @property
    def letter(self) -> str:
        """Of the right one."""
        return "ABCDEFGH"[self.place]

    def listed(self, form: str = "({letter}) {text}", between: str = " ") -> str:
        """All of them in one text."""
        named = zip("ABCDEFGH", self.texts, strict=False)
        return between.join(form.format(letter=letter, text=text) for letter, text in named)


def count_options(right: int, draws: RandomStream) -> LetteredTexts:
    """A count among three others near it."""
    others = [number for number in range(max(right - 2, 0), right + 4) if number != right]
    return LetteredTexts.of(str(right), list(map(str, draws.shuffle(others)[:3])), draws)


def write_table(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Writes records as parquet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows)), path)

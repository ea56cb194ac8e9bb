"""A page of stored pictures in their order, with all objects and all questions about them."""

import math
from pathlib import Path
from typing import Any

from spatialvlm_jax.atomic_write import write_text
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.card.counts import ExampleIndex, ExampleReader
from spatialvlm_jax.generation.card.drawing import DARK, LIGHT, name_letters, picture
from spatialvlm_jax.generation.card.page import exact_answer
from spatialvlm_jax.generation.execution.making import read_making
from spatialvlm_jax.generation.questions.generate import REGISTRY
from spatialvlm_jax.pages.template import load_templates
from spatialvlm_jax.pages.turns import in_turns
from spatialvlm_jax.scene.records import QA
from spatialvlm_jax.storage.examples import StoredExample
from spatialvlm_jax.storage.shards import split_sizes
from spatialvlm_jax.units import DIMENSIONS

SHOWN = 6  # pairs of a picture, before one asks for more


def write_preview(directory: Path, out: Path, *, split: str, first: int, images: int) -> int:
    """Writes the page; the same set and numbers give the same bytes.

    Args:
      directory: of the stored set. out: the HTML file.
      split: "" for the one that is named first.
      first: number of the first picture, from 0. images: how many, or fewer where the split ends.

    Returns:
      How many pictures are on it.

    Raises:
      StoreError: the directory does not hold a data set, or not this split.
      UserError: there is no such picture.
    """
    sizes = {name: sum(size.shard_lengths) for name, size in split_sizes(directory).items()}
    split = split or next(iter(sizes), "")
    read = ExampleReader(directory, [split])
    if first >= sizes[split]:
        raise UserError(
            f"split {split} of {directory} has {sizes[split]} pictures, counted from 0: there is "
            f"none with number {first}"
        )
    numbers = range(first, min(first + images, sizes[split]))
    template = load_templates(Path(__file__).parent / "assets").get_template("preview.html.jinja")
    page = template.render(
        name=read_making(directory).name or directory.resolve().name,
        split=split,
        total=sizes[split],
        pictures=[_shown(number, read(ExampleIndex(split, number))) for number in numbers],
        SHOWN=SHOWN,
        light=LIGHT,
        dark=DARK,
    )
    write_text(out, page)
    return len(numbers)


def _shown(number: int, example: StoredExample) -> dict[str, Any]:
    scene, pairs = example.scene(), example.pairs()
    objects = range(len(scene.objects))
    return {
        "number": number,
        "image_id": scene.image_id,
        "picture": picture(scene, objects),
        "names": name_letters(scene, objects),
        "pairs": [(pair, exact_number(pair)) for pair in in_turns(pairs, lambda pair: pair.type)],
    }


def exact_number(pair: QA) -> str:
    """The stored truth of a number; "" of other answers, whose words say it."""
    if not math.isfinite(pair.value):
        return ""
    registered = REGISTRY.get(pair.type)
    dimension = registered.dimension if registered else DIMENSIONS.get(pair.unit, "length")
    return exact_answer(pair, dimension)

"""Data sets that a configuration says how to make: made when they are not there."""

import dataclasses
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.config import from_config_dict
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import DatasetConfig, WorldsRecipe
from spatialvlm_jax.foreign_files.json_files import read_object
from spatialvlm_jax.generation.execution.making import Making
from spatialvlm_jax.generation.execution.request import holds_examples
from spatialvlm_jax.generation.pipeline import (
    RECIPE_FILE,
    Source,
    check_directory,
    generate_dataset,
)
from spatialvlm_jax.generation.settings import (
    GenerationSettings,
    endless_splits,
    open_endless,
    stages_of,
)
from spatialvlm_jax.generation.sources.worlds import WorldsSettings
from spatialvlm_jax.migration import migrate_recipe
from spatialvlm_jax.storage.checksums import damaged_shards
from spatialvlm_jax.storage.only_writer import only_writer


def render_missing(datasets: Iterable[DatasetConfig]) -> None:
    """Renders every data set that has a recipe and is not complete, or has shards of other sizes.

    Cut off and run again, it goes on where it was.

    Raises:
      UserError: two recipes for one path, data of another recipe there, or none can be made.
    """
    recipes: dict[str, WorldsRecipe] = {}
    for dataset in datasets:
        if dataset.worlds is None or dataset.fresh:
            continue
        if recipes.setdefault(dataset.path, dataset.worlds) != dataset.worlds:
            raise UserError(
                f"{dataset.path}: two data sets name it with different `worlds` recipes"
            )
    for path, recipe in recipes.items():
        if not _is_made(Path(path), recipe):
            _render_or_wait(Path(path), recipe)


def generation_settings(recipe: WorldsRecipe) -> GenerationSettings:
    """What `spatialvlm generate` would be told for a recipe."""
    return GenerationSettings(
        source="worlds",
        seed=recipe.seed,
        worlds=WorldsSettings(recipe.preset, recipe.image_size, recipe.streams),
        questions=recipe.questions,
    )


def _is_made(folder: Path, recipe: WorldsRecipe) -> bool:
    """Whether the data is there, whole; raises UserError where it is of another recipe."""
    if not (folder / "dataset_info.json").exists():
        return False
    _check_same_recipe(folder, recipe)
    return not damaged_shards(folder)


def _render_or_wait(folder: Path, recipe: WorldsRecipe) -> None:
    """Of runs that begin together one renders; the others wait for it, and use what it made."""
    settings = generation_settings(recipe)
    source = open_endless(settings)  # what is wrong with it is told before a lock is put there
    check_directory(folder)
    with only_writer(folder, wait=True):
        if not _is_made(folder, recipe):
            _render(folder, recipe, settings, source)


def _render(
    folder: Path, recipe: WorldsRecipe, settings: GenerationSettings, source: Source
) -> None:
    images = recipe.images + recipe.validation_images
    splits = endless_splits(settings.split, images, recipe.validation_images)
    print(f"{folder}: rendering {images} images of preset {recipe.preset!r}", flush=True)
    if not holds_examples(folder):
        # Before the data: a kill once they are there would leave them without a recipe.
        write_json(folder / RECIPE_FILE, dataclasses.asdict(recipe))
    report = generate_dataset(
        source,
        splits,
        folder,
        stages=stages_of(settings),
        workers=os.cpu_count() or 1,
        making=Making.of_this_process(folder),
        is_held=True,
    )
    print(f"{folder}: {report.stored} images, {report.pairs} pairs", flush=True)
    write_json(folder / RECIPE_FILE, dataclasses.asdict(recipe))


def _read_recipe(path: Path) -> WorldsRecipe:
    content = read_object(path, "the recipe of a data set")
    return from_config_dict(WorldsRecipe, migrate_recipe(content), str(path))


def _check_same_recipe(folder: Path, recipe: WorldsRecipe) -> None:
    """Refuses data made by another recipe; data without a recipe is taken as it is."""
    path = folder / RECIPE_FILE
    if not path.exists():
        return
    here, there = (_flat(dataclasses.asdict(each)) for each in (recipe, _read_recipe(path)))
    for name, value in here.items():
        if there[name] != value:
            raise UserError(
                f"{folder} was made with worlds.{name}={there[name]}, the configuration has "
                f"{value}: name another path, or remove the folder to make it again"
            )


def _flat(tree: Mapping[str, Any]) -> dict[str, Any]:
    """Fields with those of `questions` among them, as "questions.types"."""
    questions = {f"questions.{name}": value for name, value in tree["questions"].items()}
    return {**tree, **questions, "questions": None}

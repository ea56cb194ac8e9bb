"""Data sets that a configuration says how to make: made when they are not there."""

import dataclasses
import json
import os
from collections.abc import Iterable
from pathlib import Path

from spatialvlm_jax import cli
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import DatasetConfig, WorldsRecipe

RECIPE_FILE = "recipe.json"


def render_missing(datasets: Iterable[DatasetConfig]) -> None:
    """Runs `spatialvlm generate` for every data set that has a recipe and is not complete.

    Cut off and run again, it goes on where it was.

    Raises:
      UserError: two recipes for one path, data of another recipe there, or the generator refused.
    """
    recipes: dict[str, WorldsRecipe] = {}
    for dataset in datasets:
        if dataset.worlds is None:
            continue
        if recipes.setdefault(dataset.path, dataset.worlds) != dataset.worlds:
            raise UserError(
                f"{dataset.path}: two data sets name it with different `worlds` recipes"
            )
    for path, recipe in recipes.items():
        folder = Path(path)
        if (folder / "dataset_info.json").exists():
            _check_same_recipe(folder, recipe)
            continue
        command = [
            "generate",
            "--source=worlds",
            f"--out={path}",
            f"--preset={recipe.preset}",
            f"--images={recipe.images + recipe.validation_images}",
            f"--validation-images={recipe.validation_images}",
            f"--seed={recipe.seed}",
            f"--image-size={recipe.image_size}",
            f"--pairs-per-image={recipe.pairs_per_image}",
            f"--workers={os.cpu_count() or 1}",
        ]
        if recipe.question_phrasings:
            command.append(f"--question-phrasings={recipe.question_phrasings}")
        if recipe.answer_phrasings:
            command.append(f"--answer-phrasings={recipe.answer_phrasings}")
        if recipe.types:
            command.append(f"--types={','.join(recipe.types)}")
        print("spatialvlm " + " ".join(command), flush=True)
        if cli.main(command):
            raise UserError(f"{path} could not be made; the reason is above")
        (folder / RECIPE_FILE).write_text(_text(recipe))


def _text(recipe: WorldsRecipe) -> str:
    return json.dumps(dataclasses.asdict(recipe), indent=2)


def _check_same_recipe(folder: Path, recipe: WorldsRecipe) -> None:
    """Refuses data made by another recipe; data without a recipe is taken as it is."""
    path = folder / RECIPE_FILE
    now, default = (json.loads(_text(each)) for each in (recipe, WorldsRecipe()))
    before = json.loads(path.read_text()) if path.exists() else now
    for field in dataclasses.fields(recipe):
        there, here = before.get(field.name, default[field.name]), now[field.name]
        if there != here:
            raise UserError(
                f"{folder} was made with worlds.{field.name}={there}, the configuration has "
                f"{here}: name another path, or remove the folder to make it again"
            )

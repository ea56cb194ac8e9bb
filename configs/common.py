"""Builders that the configurations share. A configuration changes fields of `experiment(...)`."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from ml_collections import ConfigDict

from data_loaders.dense import dense_labels
from spatialvlm_jax.config import to_config_dict
from spatialvlm_jax.experiment import DatasetConfig, DenseConfig, Experiment, WorldsRecipe
from spatialvlm_jax.models.variants import build_model_config
from spatialvlm_jax.questions import QAConfig, QuestionTypeName
from spatialvlm_jax.scene.object_values import OBJECT_VALUES
from spatialvlm_jax.worlds.catalog import COLORS

SPATIAL = ("qualitative", "quantitative")
GENERAL = ("general",)
# What the shipped small checkpoint was taught to answer by `configs/pretrain.py`.
SMALL_TYPES: tuple[QuestionTypeName, ...] = (
    *("left_of", "right_of", "in_front_of", "behind", "above", "below"),
    *("nearer", "taller", "wider", "bigger"),
    *("which_left", "which_nearer", "which_taller", "which_wider", "where"),
    *("camera_distance", "height", "width"),
    *("distance", "centre_distance", "horizontal_distance", "vertical_distance"),
    *("color", "material", "shape", "category", "count", "existence", "on_what", "what_is_on"),
)

# What a small model can tell at 128 pixels, in the words that it learns fastest.
SMALL_QUESTIONS = QAConfig(
    pairs_per_image=40,
    question_phrasings=3,
    answer_phrasings=1,
    types=SMALL_TYPES,
    reasons_first=True,
    min_gap_metres=0.2,
    material_pixels=256,
)


def experiment(name: str, model: str) -> ConfigDict:
    """The default experiment with a model of a named size (`models.variants`)."""
    config = to_config_dict(Experiment())
    config.name = name
    config.model = to_config_dict(build_model_config(model))
    return config


@dataclasses.dataclass(frozen=True)
class Worlds:
    """A set of rendered worlds: its name, where it is or is to be made, its share of a mixture.

    fresh: what is trained on is drawn meanwhile, and only what is held out is stored.
    """

    name: str
    path: str
    recipe: WorldsRecipe
    share: float = 1.0
    fresh: bool = False

    def again(self, stage: str, images: int, seed: int, share: float) -> "Worlds":
        """New scenes of the same kind, for another stage of a training."""
        recipe = dataclasses.replace(self.recipe, images=images, seed=seed)
        return Worlds(self.name, f"runs/data/{stage}_{self.name}", recipe, share)

    def asking(self, **fields: Any) -> "Worlds":
        """The same scenes, asked about otherwise: `fields` of `QAConfig`."""
        questions = dataclasses.replace(self.recipe.questions, **fields)
        recipe = dataclasses.replace(self.recipe, questions=questions)
        return dataclasses.replace(self, recipe=recipe)

    def trained_on(self, spatial: float) -> tuple[ConfigDict, ...]:
        """Spatial and general questions of the split "train"; `spatial` is the former's part."""
        path = "" if self.fresh else self.path
        parts = (("spatial", SPATIAL, spatial), ("general", GENERAL, 1.0 - spatial))
        return tuple(
            self._member(
                name, path, self.recipe, kinds=kinds, weight=self.share * part, fresh=self.fresh
            )
            for name, kinds, part in parts
        )

    def all_kinds(self) -> ConfigDict:
        """All questions of the split "train"."""
        path = "" if self.fresh else self.path
        return self._member("", path, self.recipe, weight=self.share, fresh=self.fresh)

    def held_out(self, name: str, kinds: tuple[str, ...] = (), camera: str = "known") -> ConfigDict:
        """Questions of the split "validation", with its camera told as `camera`."""
        recipe = dataclasses.replace(self.recipe, images=1) if self.fresh else self.recipe
        return self._member(name, self.path, recipe, split="validation", kinds=kinds, camera=camera)

    def _member(self, name: str, path: str, recipe: WorldsRecipe, **fields: Any) -> ConfigDict:
        full = "_".join(filter(None, (self.name, name)))
        return to_config_dict(DatasetConfig(name=full, path=path, worlds=recipe, **fields))


def use_worlds(
    config: ConfigDict,
    path: str,
    recipe: WorldsRecipe,
    spatial: float = 0.5,
    fresh: bool = False,
) -> None:
    """Trains and evaluates on rendered worlds, made at `path` where they are missing.

    The mixture is of spatial and general questions; `spatial` is the former's share. With `fresh`,
    what is trained on is drawn meanwhile, and only what is held out is stored.
    """
    worlds = Worlds("", path, recipe, fresh=fresh)
    config.data.datasets = worlds.trained_on(spatial)
    config.eval.datasets = (
        worlds.held_out("spatial", SPATIAL),
        worlds.held_out("general", GENERAL),
    )
    config.data.pairs_per_image = recipe.questions.pairs_per_image


def use_several_worlds(config: ConfigDict, worlds: Sequence[Worlds]) -> None:
    """Trains on several sets of worlds, and evaluates each by its name.

    All kinds of questions stand in one row, as many of each as were asked: a picture of few objects
    has not enough of one kind to fill it.
    """
    config.data.datasets = tuple(each.all_kinds() for each in worlds)
    config.eval.datasets = tuple(each.held_out("") for each in worlds)


def use_dense_targets(
    config: ConfigDict,
    weight: float,
    *,
    colors: bool = False,
    camera: bool = False,
    plurals: bool = False,
    pointer: float = 0.0,
    copy: float = 0.0,
) -> None:
    """Adds the auxiliary losses: what each patch shows, how far and how large it is.

    Args:
      config: of an experiment.
      weight: of the dense loss.
      colors: tells colours apart from categories.
      camera: asks each patch for the camera's height and for up, too.
      plurals: names what a patch shows by the plural, too.
      pointer, copy: weights of the losses of two heads of attention.
    """
    dense = DenseConfig(
        weight,
        dense_labels(),
        OBJECT_VALUES,
        words=6 if plurals else 4,
        colors=len(COLORS) if colors else 0,
        camera=camera,
        plurals=plurals,
        pointer_weight=pointer,
        copy_weight=copy,
    )
    config.dense = to_config_dict(dense)


def use_told_camera(config: ConfigDict) -> None:
    """Reads questions and cameras as the checkpoint `small128` does."""
    config.data.tokenizer = "small128"
    config.data.camera = "rays"


def use_small_recipe(config: ConfigDict) -> None:
    """Trains as the checkpoint `small128` was: all heads, a camera that is told, many pairs packed.

    A configuration adds its data, lengths of blocks, steps and learning rate.
    """
    use_told_camera(config)
    use_dense_targets(
        config, weight=0.3, colors=True, camera=True, plurals=True, pointer=0.1, copy=0.1
    )
    config.data.batch_size = 16
    config.data.length = 256
    config.data.pairs_per_image = 16
    config.optim.optimizer = "muon"
    config.optim.lr_multipliers = {"embeddings": 0.3, "camera": 3.0}

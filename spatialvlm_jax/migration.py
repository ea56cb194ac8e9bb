"""Settings as earlier versions wrote them into files, read as today's.

Files are read through `migrate`, `migrate_recipe` and `migrate_description`. Of people, who can
mend it, the new name is asked: `new_name`.
"""

from collections.abc import Mapping
from typing import Any

_RENAMED = {
    "train.dense_weight": "dense.weight",
    "data.dense": "dense",
    "model.dense_labels": "dense.labels",
    "model.dense_values": "dense.values",
    "worlds.pairs_per_image": "worlds.questions.pairs_per_image",
    "worlds.question_phrasings": "worlds.questions.question_phrasings",
    "worlds.answer_phrasings": "worlds.questions.answer_phrasings",
    "worlds.types": "worlds.questions.types",
}
_DENSE_WORDS = 4


def new_name(path: str) -> str | None:
    """What the setting "config.train.dense_weight" is called today; None if it never was."""
    for old, new in _RENAMED.items():
        if path.endswith(f".{old}"):
            return path.removesuffix(old) + new
    return None


def migrate(experiment: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON of an `Experiment` of any version, in today's form."""
    tree = {
        name: {**section} if isinstance(section, Mapping) else section
        for name, section in experiment.items()
    }
    sections = {name: tree.get(name, {}) for name in ("model", "data", "train", "eval")}
    weight = sections["train"].pop("dense_weight", 0.0)
    sections["train"].pop("dataset_grad_norms_every", None)  # which nothing reads
    dense = _dense(sections["model"], weight if sections["data"].pop("dense", True) else 0.0)
    if dense:
        tree["dense"] = dense
    for name in ("data", "eval"):
        datasets = sections[name].get("datasets", ())
        if datasets:
            sections[name]["datasets"] = [_migrate_dataset(dataset) for dataset in datasets]
    return tree


def migrate_description(run: Mapping[str, Any]) -> dict[str, Any]:
    """The settings by full name that a checkpoint of any version keeps, by today's names."""
    flat = {**run}
    if "model.dense_labels" not in flat:
        return flat
    model = {name: flat.pop(f"model.{name}") for name in ("dense_labels", "dense_values")}
    flat.pop("data.dense", None)
    weight = flat.pop("train.dense_weight", None)
    dense = _dense(model, weight)
    if dense is None:
        return {**flat, "dense": None}
    if weight is None:  # which the earliest versions did not keep
        del dense["weight"]
    return flat | {f"dense.{name}": value for name, value in dense.items()}


def migrate_recipe(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON of a `WorldsRecipe` of any version, in today's form.

    It once had what it asks among its own fields, 0 for all phrasings. One that names no `streams`
    was rendered with 1.
    """
    tree = {"streams": 1, **recipe}
    names = ("pairs_per_image", "question_phrasings", "answer_phrasings", "types")
    flat = {name: tree.pop(name) for name in names if name in tree}
    if flat:
        tree["questions"] = {
            name: None if name.endswith("phrasings") and value == 0 else value
            for name, value in flat.items()
        }
    return tree


def _dense(model: dict[str, Any], weight: float | None) -> dict[str, Any] | None:
    """Takes the sizes of the dense head out of a model's fields, and makes a record of them."""
    labels, values = model.pop("dense_labels", 0), model.pop("dense_values", 0)
    if not labels:
        return None
    return {"weight": weight, "labels": labels, "values": values, "words": _DENSE_WORDS}


def _migrate_dataset(dataset: Mapping[str, Any]) -> dict[str, Any]:
    worlds = dataset.get("worlds")
    return {**dataset, "worlds": migrate_recipe(worlds)} if worlds else {**dataset}

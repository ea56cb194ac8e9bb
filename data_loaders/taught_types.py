"""Which question types and names a mixture teaches, as far as its configuration tells."""

from collections.abc import Sequence

from spatialvlm_jax.experiment import DatasetConfig, Experiment
from spatialvlm_jax.generation.questions.generate import REGISTRY, share_of
from spatialvlm_jax.taught import Taught
from spatialvlm_jax.worlds.shown_names import shown_names


def taught_types(experiment: Experiment) -> dict[str, str]:
    """What the header of a run's weights says of it (`Taught.as_texts`); {} where unknown.

    It is unknown where a member of the mixture has no recipe: what others asked is in words of
    their own. A run that takes no loss from text teaches nothing that could be listed.
    """
    members = [each for each in experiment.data.datasets if each.weight > 0]
    if not members or not experiment.train.text_weight:
        return {}
    wordings: dict[str, int] = {}
    for each in members:
        if each.worlds is None or each.format != "stored":
            return {}
        count = each.worlds.questions.question_phrasings or 0
        for name in _asked(each):
            wordings[name] = _more(wordings.get(name, count), count)
    return Taught(wordings, shown_names(members)).as_texts()


def _asked(dataset: DatasetConfig) -> Sequence[str]:
    """Names of the types that a set with a recipe asks, and that are used."""
    assert dataset.worlds is not None
    questions = dataset.worlds.questions
    shares = {"general": questions.general_fraction}
    return [
        name
        for name, kind in REGISTRY.items()
        if share_of(kind, questions) > 0
        and shares.get(kind.kind, questions.spatial_fraction) > 0
        and (not dataset.kinds or kind.kind in dataset.kinds)
        and (not dataset.types or name in dataset.types)
        and name not in dataset.exclude_types
    ]


def _more(first: int, second: int) -> int:
    """The larger number of wordings, where 0 stands for all."""
    return max(first, second) if first and second else 0

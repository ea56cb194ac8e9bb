"""How the things of rendered worlds are called, by the recipes of what is trained on."""

from collections.abc import Iterable

from spatialvlm_jax.experiment import DatasetConfig
from spatialvlm_jax.taught import TaughtNames
from spatialvlm_jax.worlds.catalog import COLORS, KINDS
from spatialvlm_jax.worlds.config import WorldConfig
from spatialvlm_jax.worlds.families import CATEGORIES_BY_FAMILY


def shown_names(datasets: Iterable[DatasetConfig]) -> TaughtNames | None:
    """Nouns and colours of all that the worlds of a mixture may show, in the catalogue's order.

    None where a member is no rendered worlds, or of no preset that there is: nothing tells what
    others' pictures show.
    """
    categories: set[str] = set()
    for each in datasets:
        if each.worlds is None or each.format != "stored":
            return None
        try:
            config = WorldConfig.preset(each.worlds.preset)
        except ValueError:
            return None
        for family, weight in zip(config.families, config.family_weights, strict=True):
            if weight:
                categories |= CATEGORIES_BY_FAMILY[family]
    colors = {color for name in categories for color in KINDS[name].colors}
    return TaughtNames(
        tuple(name for name in KINDS if name in categories),
        tuple(color for color in COLORS if color in colors),
    )

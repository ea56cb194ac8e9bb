"""How many worded answers the distribution of a quantity is read from."""

from spatialvlm_jax.bounds import SettingError

# Of fewer than these, a narrow distribution may lie between them.
SCORED_VALUES, FEWEST_VALUES = 96, 32


def check_scored_values(count: int) -> None:
    """Raises SettingError for so few that an interval cannot be read from them; 0 reads none."""
    if count and count < FEWEST_VALUES:
        raise SettingError(f"scored_values={count}", f"take at least {FEWEST_VALUES}, or 0")

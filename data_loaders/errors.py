"""What loaders raise when the user can mend it."""

from spatialvlm_jax.errors import UserError


class DataError(UserError):
    """Data or loading settings that cannot be used; one line says why and what to do."""

"""What is raised where a file cannot be read."""

from spatialvlm_jax.errors import UserError


class FileError(UserError):
    """A file that is damaged, of another kind than it should be, or unreasonably large."""

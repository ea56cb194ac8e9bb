"""Where the pictures of a benchmark lie, by the names in its files."""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from spatialvlm_jax.foreign_files.errors import FileError


class PictureFolder:
    """The files of a folder and the folders in it, found by the end of their paths.

    Nothing outside it is ever found, whatever a name says.
    """

    def __init__(self, folder: Path):
        """Lists the folder; raises FileError where it is none."""
        if not folder.is_dir():
            raise FileError(f"{folder} is no folder of pictures")
        self.folder = folder
        self._places = _by_last_part(sorted(path for path in folder.rglob("*") if path.is_file()))

    def find(self, name: str) -> Path | None:
        """The file of a name, or None.

        Raises:
          FileError: there are several.
        """
        parts = PurePosixPath(name).parts
        found = [
            path
            for path in self._places.get(parts[-1] if parts else "", ())
            if path.relative_to(self.folder).parts[-len(parts) :] == parts
        ]
        if len(found) > 1:
            raise FileError(f"{name!r} is in {self.folder} twice: {found[0]} and {found[1]}")
        return found[0] if found else None


def _by_last_part(paths: Sequence[Path]) -> Mapping[str, list[Path]]:
    places: dict[str, list[Path]] = {}
    for path in paths:
        places.setdefault(path.name, []).append(path)
    return places

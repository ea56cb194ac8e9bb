"""When a data set was begun and by which commands, in its `made.json`, for its card.

Nothing that is stored depends on it: two sets of one request differ here alone, and on their cards.
"""

import dataclasses
import datetime
from pathlib import Path

from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.flags import this_command
from spatialvlm_jax.foreign_files.json_files import read_object

MADE_FILE = "made.json"


@dataclasses.dataclass(frozen=True)
class Making:
    """name: of the set. date: on which it was begun, UTC, "2026-11-28". commands: the first first.

    A set that a program made without saying so has none of them.
    """

    name: str = ""
    date: str = ""
    commands: tuple[str, ...] = ()

    @classmethod
    def of_this_process(cls, directory: Path) -> "Making":
        """That of the command that runs, today, into this directory."""
        today = datetime.datetime.now(datetime.UTC).date()
        return cls(directory.resolve().name, today.isoformat(), (this_command(),))


def record_making(directory: Path, making: Making) -> None:
    """Writes it, or adds its commands to those by which the set was begun."""
    before = read_making(directory)
    begun = before if before.commands else making
    commands = dict.fromkeys((*before.commands, *making.commands))
    content = {"name": begun.name, "date": begun.date, "commands": list(commands)}
    write_json(directory / MADE_FILE, content)


def read_making(directory: Path) -> Making:
    """What is known of it; nothing of a set that does not say.

    Raises:
      FileError: the file is damaged.
    """
    path = directory / MADE_FILE
    if not path.exists():
        return Making()
    content = read_object(path, "how the set was made (remove it to go on without)")
    commands = content.get("commands")
    return Making(
        name=str(content.get("name", "")),
        date=str(content.get("date", "")),
        commands=tuple(map(str, commands)) if isinstance(commands, list) else (),
    )

"""Which questions a model was taught, kept with its weights: types, and in how many wordings."""

import dataclasses
import json
from collections.abc import Mapping

from spatialvlm_jax.errors import UserError

# Its name in the header of a weight file, and that of a run's own file.
TAUGHT, TAUGHT_FILE = "taught", "taught.json"


@dataclasses.dataclass(frozen=True)
class Taught:
    """What a run trained on.

    wordings: question type -> in how many of its wordings, the first ones; 0: in all.
    """

    wordings: Mapping[str, int]

    def as_text(self) -> str:
        """As a header keeps it: a JSON object."""
        return json.dumps(dict(self.wordings))

    @classmethod
    def of_text(cls, text: str, source: str) -> "Taught":
        """Reads it again.

        Raises:
          UserError: it is damaged. `source` names the file for the message.
        """
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        counts = found.values() if isinstance(found, dict) else (None,)
        if not all(type(count) is int and count >= 0 for count in counts):
            raise UserError(
                f"{source} has {TAUGHT} {text[:40]!r}, not numbers of wordings by question type"
            )
        return cls(found)

"""What a model was taught, kept with its weights: question types, wordings, names of things."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from spatialvlm_jax.errors import UserError

# Their names in the header of a weight file; a run keeps each in a file of its own, "taught.json".
TAUGHT, TAUGHT_NAMES = "taught", "taught_names"
TAUGHT_TEXTS = (TAUGHT, TAUGHT_NAMES)
# What is asked beside a question grows with the names: a header is not to fill the memory.
_MOST_WORDS = 1_000


@dataclasses.dataclass(frozen=True)
class TaughtNames:
    """How things are called in what a run trained on: "red ball", "ball".

    nouns: singular, in lower case. adjectives: of which one may stand before a noun.
    """

    nouns: tuple[str, ...]
    adjectives: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Taught:
    """What a run trained on.

    wordings: question type -> in how many of its wordings, the first ones; 0: in all.
    names: of what it was asked about; None where that is not known.
    """

    wordings: Mapping[str, int]
    names: TaughtNames | None = None

    def as_texts(self) -> dict[str, str]:
        """As a header keeps it: a JSON object for each of `TAUGHT_TEXTS` that is known."""
        texts = {TAUGHT: json.dumps(dict(self.wordings))}
        if self.names is not None:
            texts[TAUGHT_NAMES] = json.dumps(dataclasses.asdict(self.names))
        return texts

    @classmethod
    def of_texts(cls, texts: Mapping[str, str], source: str) -> "Taught":
        """Reads it again.

        Args:
          texts: `TAUGHT` among them. source: names the file for messages.

        Raises:
          UserError: it is damaged.
        """
        wordings = _read(texts[TAUGHT])
        counts = wordings.values() if isinstance(wordings, dict) else (None,)
        if not all(type(count) is int and count >= 0 for count in counts):
            raise _damaged(texts, TAUGHT, source, "numbers of wordings by question type")
        if TAUGHT_NAMES not in texts:
            return cls(wordings)
        names = _read(texts[TAUGHT_NAMES])
        fields = {field.name for field in dataclasses.fields(TaughtNames)}
        if (
            not isinstance(names, dict)
            or names.keys() != fields
            or not all(map(_are_words, names.values()))
        ):
            raise _damaged(texts, TAUGHT_NAMES, source, "lists of nouns and adjectives")
        known = {name: tuple(words) for name, words in names.items()}
        return cls(wordings, TaughtNames(**known))


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _are_words(found: Any) -> bool:
    return (
        isinstance(found, list)
        and len(found) <= _MOST_WORDS
        and all(isinstance(word, str) and word.strip() == word != "" for word in found)
    )


def _damaged(texts: Mapping[str, str], name: str, source: str, wanted: str) -> UserError:
    return UserError(f"{source} has {name} {texts[name][:40]!r}, not {wanted}")

"""Models that say what a test wants, and benchmarks with the pictures that they need."""

import dataclasses
from collections.abc import Callable, Iterable
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.benchmarks.loading import load_questions
from spatialvlm_jax.evaluation.benchmarks.registry import BENCHMARKS
from tests.evaluation.benchmarks.published import PNG, SAMPLES

ONE_PICTURE = [
    name for name, each in BENCHMARKS.items() if each.pictures not in ("several", "video")
]


@dataclasses.dataclass
class Saying:
    """Stands for a loaded model. asked: the pictures and questions of each call."""

    say: Callable[[str], str] = lambda question: "B"
    digest: str = "weights"
    experiment: SimpleNamespace = dataclasses.field(
        default_factory=lambda: SimpleNamespace(data=SimpleNamespace(camera="none"))
    )
    asked: list = dataclasses.field(default_factory=list)

    def count_tokens(self, picture, question) -> int:
        if "lamp" in question:
            raise UserError("a question has 1025 tokens")
        return len(question)

    def reply_each(self, asked, *, max_tokens, **_):
        self.asked.append(asked)
        return [[self.say(question) for question in questions] for _, questions in asked]

    def score_each(self, asked, *, per_token=False):
        self.asked.append(asked)
        return [[np.arange(len(texts)) % 2.0 for _, texts in pairs] for _, pairs in asked]


def write_benchmarks(folder: Path, names: Iterable[str]) -> None:
    """The fixtures of benchmarks, each in a folder of its name, with a picture for each name."""
    for name in names:
        place = folder / name
        place.mkdir(parents=True)
        SAMPLES[name].write(place)
        if BENCHMARKS[name].stored is None:
            for item in load_questions(BENCHMARKS[name], place).items:
                path = place / "images" / item.picture
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(PNG)

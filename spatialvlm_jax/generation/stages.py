"""What follows observation, whatever the source: lift, tell objects apart, ask.

scene, pairs = Stages().examine(observed, source="photos")
"""

import dataclasses
from typing import Any

import numpy as np

from spatialvlm_jax.generation.experts.base import Perception
from spatialvlm_jax.generation.lifting.lift import LiftConfig, lift
from spatialvlm_jax.generation.lifting.upright import quarter_turns, turned
from spatialvlm_jax.generation.naming.ambiguity import AmbiguityConfig, resolve
from spatialvlm_jax.generation.outcomes import Failed, Rejected, stage
from spatialvlm_jax.generation.questions.composed_pairs import composed_pairs
from spatialvlm_jax.generation.questions.generate import generate_pairs
from spatialvlm_jax.generation.questions.visibility import why_nothing
from spatialvlm_jax.questions import QAConfig
from spatialvlm_jax.scene.records import QA, Scene


@dataclasses.dataclass(frozen=True, eq=False)
class AnsweredScene:
    """A scene that brings its questions and answers along."""

    scene: Scene
    pairs: tuple[QA, ...]


# What a source may hand over: the first is lifted, the second is asked about, the third stored.
Observation = Perception | Scene | AnsweredScene


@dataclasses.dataclass(frozen=True)
class Stages:
    """The settings of these stages, and the stages themselves.

    lift, ambiguity, questions: None for a stage that the source's observations do without: what
      is a scene is not lifted, exact captions fit one object each, an answered scene is not asked.
    composed: whether composed questions are asked, too, which wants exact scenes.
    """

    questions: QAConfig | None = dataclasses.field(default_factory=QAConfig)
    lift: LiftConfig | None = dataclasses.field(default_factory=LiftConfig)
    ambiguity: AmbiguityConfig | None = dataclasses.field(default_factory=AmbiguityConfig)
    seed: int = 0
    composed: bool = False

    def describe(self) -> dict[str, Any]:
        """JSON values of all settings of the stages that there are."""
        if self.questions is None:
            return {}
        described = dataclasses.asdict(self)
        return {
            name: value
            for name, value in described.items()
            if value is not None and value is not False
        }

    def examine(self, observed: Observation, source: str) -> tuple[Scene, list[QA]]:
        """The scene that was observed, with what is asked about it.

        Args:
          source: the name that the scene is to have its source by.

        Raises:
          Rejected: nothing in it could be lifted, or no question asked.
          Failed: an error, with its stage.
        """
        if isinstance(observed, AnsweredScene):
            return observed.scene, list(observed.pairs)
        if self.questions is None:
            raise Failed("questions", "what is observed has no answers, and nothing is to be asked")
        if isinstance(observed, Perception):
            observed = dataclasses.replace(self.lifted(observed), source=source)
        elif self.ambiguity is not None:
            observed = self.named(observed)
        with stage("questions"):
            pairs = self.pairs(observed)
            if not pairs:
                why = why_nothing(observed, self.questions)
                raise Rejected("questions", f"no question could be asked; {why}")
            return observed, pairs

    def lifted(self, perception: Perception) -> Scene:
        """The scene that experts saw, its captions fitting one object each.

        Raises:
          Rejected: nothing in it could be lifted.
          Failed: an error, with its stage.
        """
        with stage("lift"):
            if self.lift is None:
                raise ValueError("a perception is observed, but there is no lift")
            scene = lift(perception, self.lift)
            quarters = quarter_turns(scene.up)
            if quarters:
                scene = lift(turned(perception, quarters), self.lift)
        similarity = perception.similarity
        if similarity is not None:
            kept = scene.extra["regions"]
            similarity = similarity[np.ix_(kept, kept)]
        return self.named(scene, similarity)

    def named(self, scene: Scene, similarity: np.ndarray | None = None) -> Scene:
        """The scene with captions that fit one object each.

        Args:
          similarity: float[N, N], cosines of its objects' captions, or None.
        """
        if self.ambiguity is None:
            return scene
        with stage("ambiguity"):
            return resolve(scene, self.ambiguity, similarity)

    def pairs(self, scene: Scene) -> list[QA]:
        """Questions and answers about a scene whose captions are unique."""
        if self.questions is None:
            return []
        pairs = generate_pairs(scene, self.questions, self.seed)
        return pairs + (composed_pairs(scene, pairs, self.seed) if self.composed else [])


# For sources whose scenes are answered already.
NO_STAGES = Stages(questions=None, lift=None, ambiguity=None)

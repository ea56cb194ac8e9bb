"""What follows observation in every source: lift, tell objects apart, ask."""

import dataclasses
from typing import Any

import numpy as np

from spatialvlm_jax.generation.experts.base import Perception
from spatialvlm_jax.generation.lifting.lift import LiftConfig, lift
from spatialvlm_jax.generation.naming.ambiguity import AmbiguityConfig, resolve
from spatialvlm_jax.generation.outcomes import stage
from spatialvlm_jax.generation.questions.generate import generate_pairs
from spatialvlm_jax.questions import QAConfig
from spatialvlm_jax.scene.records import QA, Scene


@dataclasses.dataclass(frozen=True)
class Stages:
    """The settings of these stages, and the stages themselves."""

    questions: QAConfig = dataclasses.field(default_factory=QAConfig)
    lift: LiftConfig = dataclasses.field(default_factory=LiftConfig)
    ambiguity: AmbiguityConfig = dataclasses.field(default_factory=AmbiguityConfig)
    seed: int = 0

    def describe(self, *, lifted: bool) -> dict[str, Any]:
        """JSON values of all settings; those of the lift only where there is one."""
        described = dataclasses.asdict(self)
        if not lifted:
            del described["lift"]
        return described

    def lifted(self, perception: Perception) -> Scene:
        """The scene that experts saw, its captions fitting one object each.

        Raises:
          Rejected: nothing in it could be lifted.
          Failed: an error, with its stage.
        """
        with stage("lift"):
            scene = lift(perception, self.lift)
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
        with stage("ambiguity"):
            return resolve(scene, self.ambiguity, similarity)

    def pairs(self, scene: Scene) -> list[QA]:
        """Questions and answers about a scene whose captions are unique."""
        return generate_pairs(scene, self.questions, self.seed)

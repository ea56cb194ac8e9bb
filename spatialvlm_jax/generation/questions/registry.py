"""The register of question types: what each asks, in which frame, and how it is evaluated."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Literal

from spatialvlm_jax.scene.records import Kind

AnswerForm = Literal["yes_no", "threshold", "choice", "number", "word"]
Frame = Literal["canonical", "camera", "image"]
Dimension = Literal["length", "area", "volume", "ratio", "angle"]


@dataclasses.dataclass(frozen=True)
class Fact:
    """One thing that can be asked about a picture in general.

    slots: what the templates' placeholders stand for. verdict: the normalised answer.
    objects: indices in `Scene.objects`.
    """

    slots: Mapping[str, str]
    verdict: str
    objects: tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class QuestionType:
    """One type of question.

    arity: how many objects it names.
    definition, margin: for people: what is measured, and when it is not asked.
    frame: "canonical" needs gravity; "camera" does not; "image" is about what is seen.
    evaluate: a pure function. Relations: (geometry, i, j) -> how i stands to j, or None where it
      is too close to call. Numbers: (geometry, i) or (geometry, i, j) -> Measure or None.
      Thresholds: the number that a stated size is compared with. General: (contents) -> list of
      `Fact`.
    asks: for yes/no and choice, the relation the question names ("left").
    weight: relative share among the types of its kind.
    dimension: what a number measures: lengths are in metres, areas in square metres, volumes in
      cubic metres, angles in radians; ratios have no unit.
    reverses: whether a yes/no relation turns round with its objects ("left" becomes "right"); one
      that does not ("touching") is asked of other pairs for its other answer.
    is_symmetric: whether a number or a relation is the same of B and A as of A and B.
    """

    name: str
    kind: Kind
    arity: int
    definition: str
    frame: Frame
    answer_form: AnswerForm
    evaluate: Callable[..., Any]
    margin: str = ""
    asks: str = ""
    weight: float = 1.0
    dimension: Dimension = "length"
    reverses: bool = True
    is_symmetric: bool = False

    @property
    def turned(self) -> Literal["same", "opposite"] | None:
        """What follows for the answer where a question names its two objects in the other order.

        None where that is another question, or there are not two.
        """
        if self.arity != 2:
            return None
        if self.is_symmetric or self.answer_form == "choice":
            return "same"
        return "opposite" if self.answer_form == "yes_no" and self.reverses else None

    @property
    def needs_gravity(self) -> bool:
        """Whether the type is meaningless where gravity is unknown."""
        return self.frame == "canonical"


REGISTRY: dict[str, QuestionType] = {}


def register(question_type: QuestionType) -> QuestionType:
    """Adds a type.

    Raises:
      ValueError: the name is taken.
    """
    if question_type.name in REGISTRY:
        raise ValueError(f"question type {question_type.name!r} is registered twice")
    REGISTRY[question_type.name] = question_type
    return question_type

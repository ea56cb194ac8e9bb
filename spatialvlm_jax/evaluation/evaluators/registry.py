"""The register of evaluators.

An evaluator is a function of the columns of judged answers, which are all that it may look at. So
figures are the same however answers were shared among devices and processes, and in any order.
"""

from collections.abc import Callable

from spatialvlm_jax.evaluation.columns import AnswerColumns
from spatialvlm_jax.evaluation.metrics import Figure

Evaluator = Callable[[AnswerColumns], dict[str, Figure]]
EVALUATORS: dict[str, Evaluator] = {}


def evaluator(name: str) -> Callable[[Evaluator], Evaluator]:
    """Adds an evaluator, which gives figures by name, those without answers with a count of 0.

    Raises:
      ValueError: the name is taken.
    """

    def add(figures: Evaluator) -> Evaluator:
        if name in EVALUATORS:
            raise ValueError(f"evaluator {name!r} is registered twice")
        EVALUATORS[name] = figures
        return figures

    return add

"""What probes say of the figures beside which they stand."""

from collections.abc import Mapping, Sequence

import numpy as np

from spatialvlm_jax.evaluation import metrics
from spatialvlm_jax.evaluation.answers import Answer
from spatialvlm_jax.evaluation.columns import AnswerColumns
from spatialvlm_jax.evaluation.scorer import Scoring, Summary, summarize
from spatialvlm_jax.experiment import Probe

CONSISTENCY = "swap_consistency"
# Two lengths agree that are as near to each other as these bounds say.
AGREES = "within_90_110"


def add_probes(
    summary: Summary,
    answers: Sequence[Answer],
    probes: Mapping[Probe, Sequence[Answer]],
    scoring: Scoring,
) -> Summary:
    """The figures with those of probes beside them.

    A figure has "blind" and "other_picture", its value where the picture was grey or another one;
    "swap_consistency" is a figure of its own, overall and by type.
    """
    found = {name: dict(figure) for name, figure in summary.items()}
    for probe, others in probes.items():
        if probe == "swap":
            found |= _consistency(answers, others)
            continue
        for name, figure in summarize(others, scoring).items():
            if name in found:
                found[name][probe] = figure["value"]
    return found


def _consistency(answers: Sequence[Answer], turned: Sequence[Answer]) -> Summary:
    asked = {(answer.dataset, answer.row.id): answer for answer in answers}
    agree = [fits_together(asked[answer.dataset, answer.row.id], answer) for answer in turned]
    columns, marks = AnswerColumns.of(turned), np.array(agree, float)
    summary = {CONSISTENCY: metrics.share(marks, columns.images, None).as_dict()}
    for code, name in enumerate(columns.type_names):
        own = columns.types == code
        figure = metrics.share(marks[own], columns.images[own], None)
        summary[f"{CONSISTENCY}/{name}"] = figure.as_dict()
    return summary


def fits_together(first: Answer, turned: Answer) -> bool:
    """Whether answers to a question and to the same with its objects turned round fit together.

    Right or wrong makes no difference. What was not read fits nothing.
    """
    if first.record.kind == "quantitative":
        if first.value is None or turned.value is None:
            return False
        one, two = np.array(first.value), np.array(turned.value)
        return bool(metrics.within(two, one, metrics.BOUNDS[AGREES]))
    if first.verdict is None or turned.verdict is None:
        return False
    same = first.record.verdict == turned.record.verdict
    return (first.verdict == turned.verdict) == same

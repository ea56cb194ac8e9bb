"""Predictions of trials, as evaluations leave them."""

import json
from collections.abc import Callable
from pathlib import Path

from spatialvlm_jax.sweeps.record import Trial

IMAGES, PER_IMAGE = 12, 4


def finish(trial: Trial, is_right: Callable[[int, int], bool], factor: float = 1.0) -> None:
    """Leaves what a finished trial has; arguments as of `write_answers`."""
    trial.workdir.mkdir(parents=True, exist_ok=True)
    write_answers(trial.workdir, is_right, factor)
    (trial.workdir / "finished.json").write_text("{}")


def write_answers(workdir: Path, is_right: Callable[[int, int], bool], factor: float = 1.0) -> None:
    """Writes predictions: two relations and two heights about each picture.

    Args:
      is_right: of picture and question, whether a relation is answered rightly.
      factor: of the true height that is answered.
    """
    rows = []
    for image in range(IMAGES):
        for question in range(PER_IMAGE):
            row: dict[str, object] = {
                "id": f"{image}/{question}", "image_id": f"{image}", "dataset": "spatial",
                "question": f"Question {question}?", "answer": "yes", "prediction": "it is",
                "type": "left_of", "kind": "qualitative", "unit": "", "true_value": None,
                "predicted_value": None, "correct": is_right(image, question),
            }  # fmt: skip
            if question >= PER_IMAGE // 2:
                true = 1.0 + image / 10
                row |= {"type": "height", "kind": "quantitative", "unit": "m", "true_value": true}
                row |= {"predicted_value": factor * true, "correct": abs(factor - 1) <= 0.25}
            rows.append(json.dumps(row) + "\n")
    (workdir / "predictions.jsonl").write_text("".join(rows))


def fail(trial: Trial, lines: tuple[str, ...]) -> Path:
    """Leaves what a failed trial has."""
    trial.workdir.mkdir(parents=True, exist_ok=True)
    content = {"cause": lines[-1], "code": 1, "lines": lines, "command": "python train.py"}
    path = trial.workdir / "failed.json"
    path.write_text(json.dumps(content))
    return path

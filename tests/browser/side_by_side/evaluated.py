"""Runs as trainings and evaluations leave them."""

import dataclasses
import json
from pathlib import Path

import numpy as np

from spatialvlm_jax.evaluation.answers import Answer
from spatialvlm_jax.evaluation.distribution import ValueReading
from spatialvlm_jax.evaluation.report.results import save_evaluation, save_results
from spatialvlm_jax.evaluation.rows import PredictionRow
from spatialvlm_jax.evaluation.scorer import Scorer
from spatialvlm_jax.evaluation.shown_pictures import ShownPictures, write_small_pictures
from spatialvlm_jax.scene.records import QA

STEPS = (10, 20, 30)


def leave_run(
    workdir: Path,
    factor: float,
    peak_lr: float = 1e-3,
    questions: int = 12,
    track: str = "",
    noise: float = 0.0,
) -> Path:
    """A run that answers lengths by `factor` of the truth, and every second relation rightly.

    noise: of the logarithm of the factor; with it three of four relations are right, at random.
    """
    workdir.mkdir(parents=True, exist_ok=True)
    for step in STEPS[:-1]:
        save_evaluation(workdir, step, _answers(2.0 * factor, questions, track, noise))
    save_results(workdir, STEPS[-1], _answers(factor, questions, track, noise))
    rows = [{"step": step, "loss": 3.0 / step * factor} for step in STEPS]
    (workdir / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    config = {"name": "a run", "optim": {"peak_lr": peak_lr}}
    (workdir / "config.json").write_text(json.dumps(config))
    (workdir / "report.html").write_text("<h1>its report</h1>")
    return workdir


def leave_readings(workdir: Path, held: int) -> Path:
    """A run of four quantities of 1 m; its intervals hold the truth of the first `held`."""
    workdir.mkdir(parents=True)
    scorer = Scorer()
    for number in range(4):
        record = QA("How tall?", "", "height", "quantitative", value=1.0, unit="m")
        scorer.add(record, "1 m", image_id=f"image-{number}")
    answers = []
    for number, answer in enumerate(scorer.answers()):
        ends = (0.9, 1.1) if number < held else (1.9, 2.1)
        reading = ValueReading(1.0, 1.0, 0.1, ends, ends, 0.0)
        answers.append(dataclasses.replace(answer, reading=reading))
    save_results(workdir, STEPS[-1], answers)
    return workdir


def leave_pictures(workdir: Path) -> None:
    """Keeps the pictures that `leave_run` asks about, small and grey."""
    shown = ShownPictures()
    for number in range(80):
        shown.add(f"image-{number}", np.full((48, 64, 3), 40 + number % 200, np.uint8))
    write_small_pictures(workdir, shown.small)


def _answers(factor: float, questions: int, track: str, noise: float) -> list[Answer]:
    scorer, draws = Scorer(), np.random.default_rng(int(1000 * factor))
    for number in range(questions):
        value = 0.5 + number / 4
        height = QA(f"How tall is {number}?", "", "height", "quantitative", value=value, unit="m")
        truth = "yes" if number % 4 < 2 else "no"
        left = QA(f"Is {number} left?", truth, "left_of", "qualitative", verdict=truth)
        relation = "yes" if number % 2 else "no"
        if noise:
            value = round(float(value * np.exp(noise * draws.normal())), 2)
            relation = truth if draws.random() < 0.75 else relation
        said = [(height, f"{value * factor} m"), (left, relation)]
        for record, text in said:
            image = f"image-{number // 3}"
            scorer.add_row(PredictionRow("", image, record, text, "worlds", track=track))
    return scorer.answers()

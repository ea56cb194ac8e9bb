"""A tiny sweep of which results are kept: two arms, three seeds, four groups of pictures."""

import dataclasses
from pathlib import Path

from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.sweeps.findings.catalog import Finding
from spatialvlm_jax.sweeps.findings.kept import (
    KeptSweep,
    KeptTrial,
    save_kept_sweep,
    trial_file,
)
from spatialvlm_jax.sweeps.findings.sums import GroupSums
from spatialvlm_jax.sweeps.record import ArmRecord, SweepRecord

FINDING = Finding(
    key="tiny",
    title="Does it matter?",
    asks="Two arms.",
    config="configs/sweeps/findings_encoder.py",
    seeds=3,
    figures=(("qualitative_accuracy", 0.1), ("squared_error", 0.1)),
    pictures=40,
    paper=(("arm", "value"), ("trained", "37.2")),
    beside="The paper says so.",
    found="It does.",
    constants=(("qualitative_accuracy", 0.5),),
)
ARMS = (
    ArmRecord("trained", (), "a" * 64, 2),
    ArmRecord("frozen", ("config.optim.freeze=('encoder',)",), "b" * 64, 2),
)
# Right answers to four relations about each of four groups, by arm and seed.
RIGHT = {
    "trained": {1: (3, 4, 2, 3), 2: (3, 3, 2, 4), 3: (2, 4, 2, 4)},
    "frozen": {1: (2, 3, 1, 2), 2: (2, 2, 1, 3), 3: (1, 3, 1, 3)},
}
ERRORS = {"trained": (0.25, 0.5, 0.125, 0.125), "frozen": (0.25, 0.5, 0.125, 0.125)}
# Lengths asked for, of which two in each group have a number; two of the second arm's are near.
ASKED = {"trained": (2, 2, 2, 2), "frozen": (3, 3, 2, 2)}
WITHIN = {"trained": (0.0, 0.0, 0.0, 0.0), "frozen": (1.0, 0.0, 1.0, 0.0)}


def kept_trial(arm: ArmRecord, seed: int) -> KeptTrial:
    figures = {
        "qualitative_accuracy": GroupSums(tuple(map(float, RIGHT[arm.name][seed])), (4,) * 4),
        "squared_error": GroupSums(ERRORS[arm.name], (2,) * 4),
        "within_50_200": GroupSums(WITHIN[arm.name], ASKED[arm.name]),
    }
    return KeptTrial(
        digest=arm.digest,
        seed=seed,
        commit="c" * 40,
        date="2026-11-30",
        machine="A processor, 2 cores; cpu",
        versions={"python": "3.11.7", "jax": "0.10.2"},
        seconds=1800.0,
        questions=6000,
        digests={"first weights: decoder": f"seed {seed}", "held-out questions": "all"},
        figures=figures,
    )


def keep_tiny(folder: Path, trials: int = 6) -> SweepRecord:
    """Keeps the sweep and so many of its trials."""
    record = SweepRecord(FINDING.config, (), ARMS, 3)
    save_kept_sweep(folder, FINDING.key, KeptSweep(record, "c" * 40, "d" * 64))
    keys = [(arm, seed) for seed in (1, 2, 3) for arm in ARMS]
    for arm, seed in keys[:trials]:
        write_json(trial_file(folder, arm.digest, seed), dataclasses.asdict(kept_trial(arm, seed)))
    return record

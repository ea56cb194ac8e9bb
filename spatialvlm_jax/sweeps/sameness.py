"""What arms of one seed have in common, to the bit: first weights, order of data, held-out ones."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spatialvlm_jax.foreign_files.json_files import read_object
from spatialvlm_jax.sweeps.record import FINGERPRINTS, Trial

SAME = "same"
_QUESTIONS = "held-out questions"


def compare_trials(trials: Sequence[Trial]) -> dict[str, dict[int, str]]:
    """By what is compared and by seed: "same", or which arms differ from the first that has it.

    Args:
      trials: that are finished, of any arms and seeds. Where a seed has one only, nothing is said.
    """
    return compare_digests(
        [(trial.arm.name, trial.seed, trial_digests(trial.workdir)) for trial in trials]
    )


def compare_digests(
    trials: Sequence[tuple[str, int, Mapping[str, str]]],
) -> dict[str, dict[int, str]]:
    """As `compare_trials`, of the name of an arm, a seed, and digests by what they are of."""
    names = dict.fromkeys(name for _, _, found in trials for name in found)
    said: dict[str, dict[int, str]] = {}
    for name in names:
        for seed in sorted({seed for _, seed, _ in trials}):
            have = [
                (arm, found[name])
                for arm, its_seed, found in trials
                if its_seed == seed and name in found
            ]
            if len(have) > 1:
                other = [arm for arm, digest in have if digest != have[0][1]]
                said.setdefault(name, {})[seed] = f"differs: {', '.join(other)}" if other else SAME
    return said


def sameness_rows(said: Mapping[str, Mapping[int, str]]) -> list[list[str]]:
    """A table of it: a line for each thing, a column for each seed; [] where nothing is said."""
    seeds = sorted({seed for each in said.values() for seed in each})
    if not seeds:
        return []
    head = ["compared", *(f"seed {seed}" for seed in seeds)]
    return [
        head,
        *([name, *(each.get(seed, "–") for seed in seeds)] for name, each in said.items()),
    ]


def trial_digests(workdir: Path) -> dict[str, str]:
    """Digests that a run and its evaluation left, by what they are of."""
    path = workdir / FINGERPRINTS
    kept: dict[str, Any] = read_object(path, "digests of a run") if path.is_file() else {}
    found = {f"first weights: {part}": str(digest) for part, digest in _items(kept, "weights")}
    for kind in ("pictures", "texts"):
        for step, digest in sorted(_items(kept, kind), key=lambda item: int(item[0])):
            found[f"{kind} of step {step}"] = str(digest)
    evaluated = max((workdir / "evaluations").glob("step_*.json"), default=None)
    if evaluated is not None:
        found[_QUESTIONS] = str(read_object(evaluated, "figures of an evaluation").get("questions"))
    return found


def _items(kept: Mapping[str, Any], name: str) -> list[tuple[str, Any]]:
    return list(dict(kept.get(name) or {}).items())

"""What a sweep is on disk: its arms and seeds in one file, each trial in a folder of its own.

DIR/sweep.json                    arms in their order, seeds, where the trials are
DIR/trials/DIGEST/seed_1/         the working directory of one training, see `train.py`
  claim-00000.json                who runs it
  log.txt                         what its programs said
  finished.json, failed.json      how it ended
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.config import from_config_dict
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.foreign_files.json_files import read_object

SWEEP_FILE = "sweep.json"
FINGERPRINTS = "fingerprints.json"  # that training leaves in a working directory
FINISHED, FAILED, LOG = "finished.json", "failed.json", "log.txt"
_DIGITS = 16  # of a digest, in the name of a folder


@dataclasses.dataclass(frozen=True)
class ArmRecord:
    """An arm as it is kept.

    name: what tables call it. changes: words of a command line, "config.optim.peak_lr=0.003".
    digest: SHA-256, hexadecimal, as `identity.identify` gives it. steps: of a training.
    """

    name: str
    changes: tuple[str, ...]
    digest: str
    steps: int


@dataclasses.dataclass(frozen=True)
class Trial:
    """One training of one arm. seed: from 1. workdir: where it is kept."""

    arm: ArmRecord
    seed: int
    workdir: Path

    @property
    def is_finished(self) -> bool:
        """Whether it was trained and evaluated."""
        return (self.workdir / FINISHED).is_file()

    @property
    def has_failed(self) -> bool:
        """Whether it ended with an error."""
        return (self.workdir / FAILED).is_file()

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do."""
        return self.is_finished or self.has_failed

    @property
    def title(self) -> str:
        """What a person calls it."""
        return f"{self.arm.name}, seed {self.seed}"


@dataclasses.dataclass(frozen=True)
class SweepRecord:
    """A sweep as it is kept.

    config: the configuration file. overrides: words that change it for all arms.
    arms: the first is what the others are compared with. seeds: 1 to this are trained.
    trials: the folder of the trials; "" is that of the sweep.
    """

    config: str
    overrides: tuple[str, ...]
    arms: tuple[ArmRecord, ...]
    seeds: int
    trials: str = ""

    def save(self, folder: Path) -> None:
        """Writes it into the folder of the sweep."""
        write_json(folder / SWEEP_FILE, dataclasses.asdict(self))

    def blocks(self, first: int) -> Iterator["SweepRecord"]:
        """The same with `first` seeds, then with one more each time, up to all."""
        for seeds in range(min(first, self.seeds), self.seeds + 1):
            yield dataclasses.replace(self, seeds=seeds)

    def list_trials(self, folder: Path) -> list[Trial]:
        """All trials in the order in which they are run: all arms of one seed, then of the next.

        So what is there is balanced whenever a sweep is stopped.
        """
        place = Path(self.trials) if self.trials else folder / "trials"
        return [
            Trial(arm, seed, place / arm.digest[:_DIGITS] / f"seed_{seed}")
            for seed in range(1, self.seeds + 1)
            for arm in self.arms
        ]


def load_sweep(folder: Path) -> SweepRecord:
    """Reads the sweep that is kept in a folder.

    Raises:
      UserError: there is none.
    """
    path = folder / SWEEP_FILE
    if not path.is_file():
        raise UserError(f"{folder} holds no sweep ({SWEEP_FILE}): name the --out of one")
    content: Any = read_object(path, "a sweep")
    return from_config_dict(SweepRecord, content, str(path))


def check_folder(folder: Path) -> None:
    """Refuses a folder that holds something else.

    Raises:
      UserError: it is that of a run or of a data set.
    """
    for name in ("config.json", "dataset_info.json"):
        if (folder / name).is_file():
            raise UserError(f"--out={folder} holds {name}, and is no sweep's: name a new folder")

"""Which devices a run is planned for: "v5e:16x16", "h100:8"."""

import dataclasses
import math
import re

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.hardware import CHIPS, Chip


@dataclasses.dataclass(frozen=True)
class Topology:
    """So many chips of one kind; `shape` is that of a TPU's torus, or the number of GPUs."""

    chip: Chip
    shape: tuple[int, ...]

    @property
    def devices(self) -> int:
        """How many devices JAX sees on it."""
        return math.prod(self.shape)

    @property
    def name(self) -> str:
        """As `parse_topology` reads it."""
        return f"{self.chip.name}:{'x'.join(map(str, self.shape))}"


def parse_topology(text: str) -> Topology:
    """The topology of "CHIP:SHAPE", a TPU's shape "16x16" or "4x4x8", a GPU's count "8".

    Raises:
      UserError: there is no such chip, or the shape is not one.
    """
    found = re.fullmatch(r"(\w+):([1-9]\d*(?:x[1-9]\d*)*)", text.strip().lower())
    chip = CHIPS.get(found[1]) if found else None
    if found is None or chip is None:
        raise UserError(
            f"--topology={text}: it wants CHIP:SHAPE, such as v5e:16x16 or h100:8; chips are "
            f"{', '.join(CHIPS)}"
        )
    shape = tuple(int(size) for size in found[2].split("x"))
    dimensions = {"v5e": 2, "v6e": 2}.get(chip.name, 3) if chip.is_tpu else 1
    if len(shape) != dimensions:
        example = "x".join(["4"] * dimensions) if chip.is_tpu else "8"
        raise UserError(f"--topology={text}: {chip.name} comes as {chip.name}:{example}")
    return Topology(chip, shape)

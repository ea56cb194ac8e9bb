"""Which devices a run is planned for: "v5e:16x16", "2xv5e:16x16", "h100:8"."""

import dataclasses
import math
import re

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.hardware import CHIPS, Chip

MAX_DEVICES = 1_000_000


@dataclasses.dataclass(frozen=True)
class Topology:
    """So many chips of one kind.

    shape: of a TPU's torus, or the number of GPUs.
    slices: so many such tori, with a slower network between them.
    """

    chip: Chip
    shape: tuple[int, ...]
    slices: int = 1

    @property
    def devices(self) -> int:
        """How many devices JAX sees on it."""
        return self.slices * math.prod(self.shape)

    @property
    def groups(self) -> int:
        """Into how many groups a slower network parts them: slices, or hosts of GPUs."""
        size = self.chip.group
        return self.slices if not size or self.devices % size else self.devices // size

    @property
    def name(self) -> str:
        """As `parse_topology` reads it."""
        several = f"{self.slices}x" if self.slices > 1 else ""
        return f"{several}{self.chip.name}:{'x'.join(map(str, self.shape))}"


def parse_topology(text: str) -> Topology:
    """The topology of "CHIP:SHAPE", a TPU's shape "16x16" or "4x4x8", a GPU's count "8".

    "2xv5e:16x16" is two slices of 256 chips.

    Raises:
      UserError: there is no such chip, or the shape is not one.
    """
    size = "[1-9][0-9]{0,5}"
    pattern = rf"(?:({size})x)?([a-z][a-z0-9]*):({size}(?:x{size})*)"
    found = re.fullmatch(pattern, text.strip().lower())
    chip = CHIPS.get(found[2]) if found else None
    if found is None or chip is None:
        raise UserError(
            f"--topology={text}: it wants CHIP:SHAPE, such as v5e:16x16, 2xv5e:16x16 for two "
            f"slices, or h100:8; chips are "
            f"{', '.join(CHIPS)}"
        )
    shape = tuple(int(size) for size in found[3].split("x"))
    dimensions = {"v5e": 2, "v6e": 2}.get(chip.name, 3) if chip.is_tpu else 1
    if len(shape) != dimensions or (found[1] and not chip.is_tpu):
        example = "x".join(["4"] * dimensions) if chip.is_tpu else "8"
        raise UserError(f"--topology={text}: {chip.name} comes as {chip.name}:{example}")
    topology = Topology(chip, shape, int(found[1] or 1))
    if topology.devices > MAX_DEVICES:
        raise UserError(f"--topology={text}: it has more than {MAX_DEVICES} devices")
    return topology

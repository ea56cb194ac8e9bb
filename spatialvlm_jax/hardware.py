"""What accelerators can do, by name: figures of public data sheets.

Peaks are dense bfloat16 operations a second, two a multiply-add. Sources: Google Cloud's pages on
TPU v4, v5e, v5p and v6e ("System architecture"); NVIDIA's data sheets of the A100 80GB SXM, the
H100 SXM and the H200 SXM, whose sparse peaks are halved and whose NVLink figures, both directions
together, likewise. A TPU's network is its pod's or host's over its chips; for v4, where no figure
is published, that of v5e is taken.
"""

import dataclasses

GIB = 2**30


@dataclasses.dataclass(frozen=True)
class Chip:
    """One device, as `jax.devices()` counts them.

    peak_flops: bfloat16 operations a second. hbm_bytes: memory. hbm_bandwidth: bytes a second.
    link_bandwidth: bytes a second that it can send to its neighbours over all its links.
    group: devices that are linked so: 0 for a whole slice of a pod, else those of one host.
    network_bandwidth: bytes a second between groups, a device's share.
    device_kinds: how JAX names it, in lower case, by the beginnings of names.
    """

    name: str
    peak_flops: float
    hbm_bytes: int
    hbm_bandwidth: float
    link_bandwidth: float
    group: int
    network_bandwidth: float
    device_kinds: tuple[str, ...]

    @property
    def is_tpu(self) -> bool:
        """Whether it is a TPU: its name begins with a version."""
        return self.name.startswith("v")


CHIPS = {
    chip.name: chip
    for chip in (
        Chip("v4", 275e12, 32 * GIB, 1228e9, 300e9, 0, 3.125e9, ("tpu v4",)),
        Chip("v5e", 197e12, 16 * GIB, 819e9, 200e9, 0, 3.125e9, ("tpu v5 lite", "tpu v5e")),
        Chip("v5p", 459e12, 95 * GIB, 2765e9, 600e9, 0, 6.25e9, ("tpu v5p", "tpu v5")),
        Chip("v6e", 918e12, 32 * GIB, 1640e9, 448e9, 0, 12.5e9, ("tpu v6 lite", "tpu v6e")),
        Chip("a100", 312e12, 80 * 10**9, 2039e9, 300e9, 8, 25e9, ("nvidia a100",)),
        Chip("h100", 989e12, 80 * 10**9, 3350e9, 450e9, 8, 50e9, ("nvidia h100",)),
        Chip("h200", 989e12, 141 * 10**9, 4800e9, 450e9, 8, 50e9, ("nvidia h200",)),
    )
}


def chip_of(device_kind: str) -> Chip | None:
    """The chip that JAX calls `device_kind`; None for CPUs and what is not in the table."""
    kind = device_kind.lower()
    found = [
        (len(beginning), chip)
        for chip in CHIPS.values()
        for beginning in chip.device_kinds
        if kind.startswith(beginning)
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None

"""What accelerators can do, by name: figures of public data sheets.

Peaks are dense bfloat16 operations a second, two a multiply-add. Sources: Google Cloud's pages on
TPU v4, v5e, v5p and v6e ("System architecture"); NVIDIA's data sheets of the T4, A10, L4, L40S,
A100 40GB and 80GB SXM, H100 SXM, H200 SXM and DGX B200, its white papers "NVIDIA Ampere GA102 GPU
Architecture" (RTX 3090) and "NVIDIA Ada GPU Architecture" (RTX 4090, RTX 6000 Ada), with products
accumulated in float32; AMD's data sheet of the Instinct MI300X. Sparse peaks are halved, and
NVLink, Infinity Fabric and PCIe figures for both directions together likewise. The T4 has no
bfloat16: its float32 peak stands here, in which XLA computes it. A TPU's network is its pod's or
host's over its chips; for v4, where no figure is published, that of v5e is taken. Cards without
NVLink send over PCIe, and hosts of them over 25 Gbit/s of Ethernet.
"""

import dataclasses

GIB = 2**30
GB = 10**9
ETHERNET = 25e9 / 8
A100_40GB = ("nvidia a100-sxm4-40gb", "nvidia a100-pcie-40gb")
A100_80GB = ("nvidia a100-sxm4-80gb", "nvidia a100 80gb pcie")
RTX_6000_ADA = ("nvidia rtx 6000 ada generation",)


@dataclasses.dataclass(frozen=True)
class Chip:
    """One device, as `jax.devices()` counts them.

    peak_flops: bfloat16 operations a second. hbm_bytes: memory. hbm_bandwidth: bytes a second.
    link_bandwidth: bytes a second that it can send to its neighbours over all its links.
    group: devices that are linked so: 0 for a whole slice of a pod, else those of one host.
    network_bandwidth: bytes a second between groups, a device's share.
    device_kinds: how JAX names it, in lower case.
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
        Chip("t4", 8.1e12, 16 * GB, 320e9, 16e9, 8, ETHERNET, ("tesla t4", "nvidia t4")),
        Chip("a10", 125e12, 24 * GB, 600e9, 32e9, 8, ETHERNET, ("nvidia a10",)),
        Chip("l4", 121e12, 24 * GB, 300e9, 32e9, 8, ETHERNET, ("nvidia l4",)),
        Chip("rtx3090", 71e12, 24 * GB, 936e9, 32e9, 8, ETHERNET, ("nvidia geforce rtx 3090",)),
        Chip("rtx4090", 165.2e12, 24 * GB, 1008e9, 32e9, 8, ETHERNET, ("nvidia geforce rtx 4090",)),
        Chip("l40s", 362e12, 48 * GB, 864e9, 32e9, 8, ETHERNET, ("nvidia l40s",)),
        Chip("rtx6000ada", 364.2e12, 48 * GB, 960e9, 32e9, 8, ETHERNET, RTX_6000_ADA),
        Chip("a100_40gb", 312e12, 40 * GB, 1555e9, 300e9, 8, 25e9, A100_40GB),
        Chip("a100", 312e12, 80 * GB, 2039e9, 300e9, 8, 25e9, A100_80GB),
        Chip("h100", 989e12, 80 * GB, 3350e9, 450e9, 8, 50e9, ("nvidia h100 80gb hbm3",)),
        Chip("h200", 989e12, 141 * GB, 4800e9, 450e9, 8, 50e9, ("nvidia h200",)),
        Chip("b200", 2250e12, 180 * GB, 8000e9, 900e9, 8, 50e9, ("nvidia b200",)),
        Chip("mi300x", 1307.4e12, 192 * GB, 5300e9, 448e9, 8, 50e9, ("amd instinct mi300x",)),
    )
}

_BY_KIND = {kind: chip for chip in CHIPS.values() for kind in chip.device_kinds}


def chip_of(device_kind: str) -> Chip | None:
    """The chip that JAX calls `device_kind`; None for CPUs and what is not in the table.

    Names count whole: an "A10G", an "H100 PCIe" or a "4090 Laptop GPU" has another peak.
    """
    return _BY_KIND.get(device_kind.lower())

"""Names of pods, and what chips can do."""

import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.hardware import CHIPS, chip_of
from spatialvlm_jax.planning.topology import parse_topology


@pytest.mark.parametrize(
    ("text", "devices"), [("v5e:16x16", 256), ("v4:4x4x8", 128), ("h100:8", 8), ("A100:1", 1)]
)
def test_topologies(text, devices):
    topology = parse_topology(text)
    assert topology.devices == devices
    assert topology.name == text.lower()
    assert topology.chip.is_tpu == text.startswith("v")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("v5e", "wants CHIP:SHAPE"),
        ("v9:2x2", "chips are v4, v5e"),
        ("v5e:0x4", "wants CHIP:SHAPE"),
        ("v5e:16", "v5e comes as v5e:4x4"),
        ("v4:4x4", "v4 comes as v4:4x4x4"),
        ("h100:2x4", "h100 comes as h100:8"),
        ("2xh100:8", "h100 comes as h100:8"),
        ("0xv5e:4x4", "wants CHIP:SHAPE"),
        ("v5e:１6x16", "wants CHIP:SHAPE"),
        ("v5e:9999x9999", "more than 1000000 devices"),
    ],
)
def test_topologies_that_there_are_not(text, message):
    with pytest.raises(UserError, match=message):
        parse_topology(text)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("TPU v5 lite", "v5e"),
        ("TPU v5", "v5p"),
        ("TPU v6 lite", "v6e"),
        ("TPU v4", "v4"),
        ("NVIDIA H100 80GB HBM3", "h100"),
        ("NVIDIA H200", "h200"),
        ("NVIDIA A10", "a10"),
        ("NVIDIA A100-SXM4-40GB", "a100_40gb"),
        ("NVIDIA A100-SXM4-80GB", "a100"),
        ("NVIDIA L4", "l4"),
        ("NVIDIA L40S", "l40s"),
        ("NVIDIA GeForce RTX 4090", "rtx4090"),
        ("NVIDIA RTX 6000 Ada Generation", "rtx6000ada"),
        ("Tesla T4", "t4"),
        ("NVIDIA B200", "b200"),
        ("AMD Instinct MI300X", "mi300x"),
    ],
)
def test_chips_by_what_jax_calls_them(kind, name):
    assert chip_of(kind) is CHIPS[name]


@pytest.mark.parametrize(
    "kind", ["cpu", "NVIDIA A10G", "NVIDIA H100 PCIe", "NVIDIA GeForce RTX 4090 Laptop GPU"]
)
def test_what_is_not_in_the_table_has_no_peak(kind):
    assert chip_of(kind) is None


def test_groups_are_slices_of_tpus_and_hosts_of_gpus():
    two = parse_topology("2xv5e:16x16")
    assert (two.devices, two.groups, two.name) == (512, 2, "2xv5e:16x16")
    assert parse_topology("v5e:16x16").groups == 1
    assert parse_topology("h100:64").groups == 8
    assert parse_topology("h100:4").groups == 1

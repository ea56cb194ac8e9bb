"""What devices send each other in a step, from shapes, shardings and the mesh.

Of an array of S bytes on an axis of n devices, each device sends S (n - 1) / n in an all-gather or
a reduce-scatter, and twice that in an all-reduce, which is one after the other.
"""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp

from spatialvlm_jax.batch import image_tokens
from spatialvlm_jax.models.quantize import count_values
from spatialvlm_jax.planning.memory import bytes_of, is_table, local_rows
from spatialvlm_jax.planning.program import Program
from spatialvlm_jax.planning.topology import Topology
from spatialvlm_jax.training.sharding import AnyMesh, spec_of, splits


@dataclasses.dataclass(frozen=True)
class Collectives:
    """Bytes that one device sends in a step.

    gather: of parameters split over "fsdp", whole wherever a pass needs them; to the token table
    tokens go instead. scatter: of their gradients, back to the shards. reduce: of gradients, over
    "data" and for repeated parameters.
    tensor: of activations, summed over "tensor" after attention and MLP.
    """

    gather: float
    scatter: float
    reduce: float
    tensor: float

    @property
    def total(self) -> float:
        """All of them."""
        return self.gather + self.scatter + self.reduce + self.tensor


def estimate_collectives(program: Program, mesh: AnyMesh) -> Collectives:
    """The estimate for one device of a mesh; weights and gradients travel in compute dtype."""
    experiment, sizes = program.experiment, mesh.shape
    compute = jnp.dtype(experiment.model.compute_dtype).itemsize
    state, parts = program.state(mesh), experiment.train.accumulate
    gather = scatter = reduce = 0.0
    for name, x in state.parameters.items():
        if not program.reads(name):
            continue
        trains, spec = name in state.trainable, spec_of(x)
        passes = 1 + needs_backward(name, state.trainable)
        whole_bytes = math.prod(x.shape) * jnp.dtype(x.dtype).itemsize
        shard = count_values(name, x) * compute * bytes_of(x) / whole_bytes
        whole = shard
        if is_table(name) and splits("fsdp", spec) == [0]:
            gather += parts * _others(_table(program, sizes), sizes["fsdp"] * sizes["tensor"])
        elif splits("fsdp", spec):
            whole = shard * sizes["fsdp"]
            gather += passes * parts * _others(whole, sizes["fsdp"])
            scatter += trains * parts * _others(whole, sizes["fsdp"])
        elif trains:
            reduce += 2 * parts * _others(whole, sizes["fsdp"])
        if trains:
            reduce += 2 * parts * _others(shard, sizes["data"])
    return Collectives(gather, scatter, reduce, parts * _tensor(program, sizes))


def _table(program: Program, sizes: Mapping[str, int]) -> float:
    """Bytes of hidden states that meet a token table split by its vocabulary.

    Embeddings looked up are summed over devices (twice their size) and their float32 gradients
    gathered; hidden states are gathered for the logits, again in the backward pass, and their
    gradients scattered.
    """
    experiment = program.experiment
    compute = jnp.dtype(experiment.model.compute_dtype).itemsize
    rows = local_rows(experiment.data.batch_size, sizes, experiment.train.accumulate)
    values = rows * sizes["fsdp"] * experiment.data.length * experiment.model.decoder.width
    return float(values * (5 * compute + 4))


def needs_backward(name: str, trainable: Any) -> bool:
    """Whether the backward pass goes through a parameter's layer: something below it trains."""
    order = ("encoder", "connector", "decoder")
    place = order.index(tower) if (tower := name.partition("/")[0]) in order else 0
    below = order[: place + 1]
    return any(each.partition("/")[0] in below for each in trainable)


def _others(size: float, devices: int) -> float:
    return size * (devices - 1) / devices


def _tensor(program: Program, sizes: Mapping[str, int]) -> float:
    """Two sums a layer forward, two backward, and those of the forward pass computed again."""
    experiment, tensor = program.experiment, sizes["tensor"]
    model, trainable = experiment.model, program.shapes.trainable
    compute = jnp.dtype(model.compute_dtype).itemsize
    rows = local_rows(experiment.data.batch_size, sizes, experiment.train.accumulate)
    patches = image_tokens(experiment.model)
    total = 0.0
    for tower, size, tokens in (
        ("encoder", model.encoder, patches),
        ("decoder", model.decoder, patches + experiment.data.length),
    ):
        if not program.reads(f"{tower}/"):
            continue
        passes = 1 + needs_backward(f"{tower}/", trainable) * (1 + (model.remat == "layers"))
        stream = rows * tokens * size.width * compute
        total += 2 * size.depth * passes * 2 * _others(stream, tensor)
    return total


def seconds_on_links(sent: Collectives, sizes: Mapping[str, int], topology: Topology) -> float:
    """Time to send it all: over links inside a group of devices, and the network between groups.

    Devices near each other on the mesh are those of the later axes: "tensor", then "fsdp". Where an
    axis has n devices inside each of several groups, each of them sends a share of 1 / n over the
    network, and the rest of what it sends over links.

    Args:
      sent: bytes a device.
      sizes: of the mesh's axes.
      topology: the devices, and which are linked.
    """
    chip, group = topology.chip, topology.devices // topology.groups
    seconds, reach = 0.0, 1
    for axis, size in (
        ("tensor", sent.tensor),
        ("fsdp", sent.gather + sent.scatter),
        ("data", sent.reduce),
    ):
        inside = max(1, min(sizes[axis], group // reach))
        reach *= sizes[axis]
        far = size * _share_between(inside, sizes[axis])
        seconds += (size - far) / chip.link_bandwidth
        seconds += far / chip.network_bandwidth if far else 0.0
    return seconds


def _share_between(inside: int, devices: int) -> float:
    """Of what a device sends on an axis, the share that crosses between groups of `inside`."""
    return (1 / inside - 1 / devices) / (1 - 1 / devices) if devices > inside else 0.0

"""Ways to fine-tune a model: which of them a topology's memory holds, and at what batch."""

import dataclasses
from collections.abc import Callable, Sequence

from spatialvlm_jax import progress
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.planning.cost import RowCost, trace_row
from spatialvlm_jax.planning.estimate import Plan, estimate
from spatialvlm_jax.planning.program import Program
from spatialvlm_jax.planning.topology import Topology

MOST_ROWS = 1024  # of a device: beyond it, more rows no longer make a step more efficient
# In an order in which each step is a possible configuration.
_WHOLE = ("model.int8=()", "model.nf4=()", "optim.freeze=()", "model.adapters.rank=0")
_LORA = (
    "model.adapters.rank=16",
    "model.adapters.alpha=32.0",
    "optim.freeze=('encoder', 'connector', 'decoder', 'embeddings')",
)
_KERNELS = "('encoder/blocks/*', 'connector', 'decoder/blocks/*')"


@dataclasses.dataclass(frozen=True)
class Way:
    """A way to fine-tune.

    name: for tables.
    settings: what it changes in a configuration, as FIELD=VALUE.
    """

    name: str
    settings: tuple[str, ...] = ()


WAYS = (
    Way("as configured"),
    Way("full", _WHOLE),
    Way("full, Adafactor", (*_WHOLE, "optim.optimizer=adafactor", "optim.b1=0.0")),
    Way("LoRA 16", (*_LORA, "model.int8=()", "model.nf4=()")),
    Way("LoRA 16, int8", (*_LORA, f"model.int8={_KERNELS}", "model.nf4=()")),
    Way("LoRA 16, nf4", (*_LORA, "model.int8=()", f"model.nf4={_KERNELS}")),
)


@dataclasses.dataclass(frozen=True)
class WayPlan:
    """What a way needs on a topology.

    overrides: the flags of `train.py` that choose it.
    trainable: parameters that train.
    least: the plan of the smallest batch.
    most: that of the largest power of two of rows a device that fits; None where not even the
      smallest does.
    """

    way: Way
    overrides: list[str]
    trainable: int
    least: Plan
    most: Plan | None


def plan_ways(
    load: Callable[[list[str]], Experiment], topology: Topology, ways: Sequence[Way] = WAYS
) -> list[WayPlan]:
    """The analytic plans of several ways, in their order.

    Args:
      load: the experiment of a configuration with the given overrides on top.
      topology: the devices.
      ways: which.

    Raises:
      UserError: the configuration, or its mesh on these devices, is impossible.
    """
    bar = progress.bar(ways, desc="planning", unit="way")
    return [_plan_way(way, load, topology) for way in bar]


def _plan_way(way: Way, load: Callable[[list[str]], Experiment], topology: Topology) -> WayPlan:
    experiment = load([])
    overrides: list[str] = []
    for setting in way.settings:
        flag = f"--config.{setting}"
        changed = load([*overrides, flag])
        if changed != experiment:
            experiment, overrides = changed, [*overrides, flag]
    program = Program.of(experiment)
    row = trace_row(program)
    rows, most = 1, None
    plan = least = _plan_rows(program, row, topology, rows)
    while plan.fits and rows <= MOST_ROWS:
        most, rows = plan, 2 * rows
        plan = _plan_rows(program, row, topology, rows)
    trainable = sum(x.size for x in program.shapes.trainable.values())
    return WayPlan(way, overrides, trainable, least, most)


def _plan_rows(program: Program, row: RowCost, topology: Topology, rows: int) -> Plan:
    """The plan of a batch of so many rows a device in each part of a step."""
    experiment = program.experiment
    batch = rows * topology.devices * experiment.train.accumulate
    data = dataclasses.replace(experiment.data, batch_size=batch)
    changed = dataclasses.replace(experiment, data=data)
    return estimate(dataclasses.replace(program, experiment=changed), row, topology)

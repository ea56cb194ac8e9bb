"""One plan by the best method there is."""

import dataclasses
from typing import Literal

from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.planning import compiled
from spatialvlm_jax.planning.cost import trace_row
from spatialvlm_jax.planning.estimate import Plan, abstract_mesh, estimate
from spatialvlm_jax.planning.program import Program
from spatialvlm_jax.planning.topology import Topology

Method = Literal["auto", "compiled", "analytic"]


def plan_run(experiment: Experiment, topology: Topology, method: Method = "auto") -> Plan:
    """Plans an experiment on a topology.

    Args:
      experiment: the run.
      topology: the devices.
      method: "auto" compiles where that is possible, and says why where it is not.

    Raises:
      UserError: mesh, batch or sizes do not fit together, or "compiled" is not possible.
    """
    program = Program.of(experiment)
    abstract_mesh(program, topology)  # what does not fit is told before the step is traced
    plan = estimate(program, trace_row(program), topology, _why_not(topology, method))
    if method == "analytic" or plan.why:
        return plan
    try:
        figures = compiled.compile_apart(experiment, topology)
    except compiled.CompilationFailed as error:
        if method == "compiled":
            raise
        return dataclasses.replace(plan, why=f"the compiler failed: {error}")
    return dataclasses.replace(
        plan,
        method="compiled",
        hbm_bytes_per_device=figures.total or plan.memory.total,
        compiled=dataclasses.asdict(figures),
    )


def _why_not(topology: Topology, method: Method) -> str:
    """Why "auto" does not compile; "" if it does."""
    if method != "auto":
        return ""
    if not topology.chip.is_tpu:
        return "only TPU steps compile without the device"
    return "" if compiled.has_compiler() else "libtpu, the extra `tpu`, is not installed"

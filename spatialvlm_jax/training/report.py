"""What is said before step 0: what trains, what it costs, where it lies."""

import dataclasses

from spatialvlm_jax.batch import BatchSpec
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.training import sharding
from spatialvlm_jax.training.mesh import describe_mesh
from spatialvlm_jax.training.parameter_report import StepFlops, describe_parameters, report_flops
from spatialvlm_jax.training.processes import multihost
from spatialvlm_jax.training.state import TrainState
from spatialvlm_jax.training.step import StepConfig


@dataclasses.dataclass(frozen=True)
class RunReport:
    """text: for people. flops: of a step."""

    text: str
    flops: StepFlops

    @classmethod
    def of(
        cls,
        experiment: Experiment,
        config: StepConfig,
        abstract_state: TrainState,
        mesh: sharding.AnyMesh,
    ) -> "RunReport":
        """Of a state that need not exist yet; prints it, once."""
        flops = report_flops(abstract_state, BatchSpec.of(experiment).abstract(), config)
        tables = describe_parameters(abstract_state, flops), describe_mesh(abstract_state, mesh)
        text = "\n".join(tables)
        multihost.print_once(text)
        return cls(text, flops)

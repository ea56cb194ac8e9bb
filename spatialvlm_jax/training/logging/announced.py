"""The step of a run with a line about its compilation."""

from jax.sharding import Mesh

from spatialvlm_jax import progress
from spatialvlm_jax.training.processes import multihost
from spatialvlm_jax.training.state import TrainState
from spatialvlm_jax.training.step import Step, StepConfig, compile_step


def announced_step(config: StepConfig, abstract_state: TrainState, mesh: Mesh) -> Step:
    """As `compile_step`; says that it compiles at the first call, and how long it took."""
    step = compile_step(config, abstract_state, mesh)
    quiet = not multihost.is_main_process()
    return progress.first_call(step, "compiling the step", "compiled the step", quiet=quiet)

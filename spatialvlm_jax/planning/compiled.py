"""The training step compiled ahead of time: a TPU's compiler on a computer without one.

The compiler comes with libtpu (the extra `tpu`) and wants an environment of its own, so it runs in
a process of its own: `python -m spatialvlm_jax.planning.compiled REQUEST RESULT`, two JSON files.
"""

import dataclasses
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from spatialvlm_jax import progress
from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.batch import BatchSpec
from spatialvlm_jax.config import from_config_dict
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.experiment import Experiment
from spatialvlm_jax.planning.topology import Topology, parse_topology

ENVIRONMENT = {
    "JAX_PLATFORMS": "cpu",
    "TPU_SKIP_MDS_QUERY": "1",
    "ALLOW_MULTIPLE_LIBTPU_LOAD": "1",
    "TPU_WORKER_HOSTNAMES": "localhost",
    "TPU_LOG_DIR": "disabled",
}


@dataclasses.dataclass(frozen=True)
class Compiled:
    """The compiler's figures for one device, in bytes.

    arguments: state and batch. temporary: everything else that is alive at the widest moment.
    code: the program. total: what the compiler asks of the device; where it does not fit, what it
    would have asked, as far as it says. seconds: that compiling took.
    """

    fits: bool
    total: int
    arguments: int = 0
    temporary: int = 0
    code: int = 0
    seconds: float = 0.0


class CompilationFailed(UserError):
    """The compiler refused the step for another reason than memory."""


def has_compiler() -> bool:
    """Whether libtpu is installed."""
    return importlib.util.find_spec("libtpu") is not None


def compile_apart(experiment: Experiment, topology: Topology) -> Compiled:
    """Compiles an experiment's step for a TPU topology, in a process of its own; takes minutes.

    Raises:
      UserError: libtpu is not installed, or the topology is not of TPUs.
      CompilationFailed: what the compiler said.
    """
    if not topology.chip.is_tpu:
        raise UserError(f"only TPU steps compile without the device, not {topology.name}'s")
    if not has_compiler():
        raise UserError("libtpu is not installed: run `make setup-tpu`")
    with tempfile.TemporaryDirectory() as folder:
        request, result = Path(folder, "request.json"), Path(folder, "result.json")
        content = {"experiment": dataclasses.asdict(experiment), "topology": topology.name}
        write_json(request, content)
        log = _run([sys.executable, "-m", __name__, str(request), str(result)], topology.name)
        if not result.exists():
            raise CompilationFailed(f"the compiler ended without a result: {log[-500:]}")
        answer = json.loads(result.read_text(encoding="utf-8"))
    if "error" in answer:
        raise CompilationFailed(answer["error"])
    return Compiled(**answer)


def _run(command: list[str], name: str) -> str:
    """Runs it, and says how long that takes; returns what it wrote."""
    environment = {**os.environ, **ENVIRONMENT, "PYTHONPATH": os.pathsep.join(sys.path)}
    with (
        tempfile.TemporaryFile("w+") as log,
        progress.waiting(f"compiling for {name}", f"compiled for {name}"),
        subprocess.Popen(command, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            while process.poll() is None:
                time.sleep(0.1)
        except BaseException:
            process.kill()
            raise
        log.seek(0)
        return log.read()


def measure(experiment: Experiment, devices: list[Any]) -> Compiled:
    """Compiles an experiment's step for these devices; runs nothing.

    Raises:
      UserError: the mesh or the batch do not fit the devices.
      Exception: what the compiler raises, but for memory.
    """
    from spatialvlm_jax.planning.program import Program
    from spatialvlm_jax.training import sharding
    from spatialvlm_jax.training.mesh import make_mesh
    from spatialvlm_jax.training.step import compile_step

    program = Program.of(experiment)
    mesh = make_mesh(experiment, program.config.template.shapes, devices)
    sharding.check_batch_size(experiment.data.batch_size, mesh, experiment.train.accumulate)
    state, batch = program.state(mesh), BatchSpec.of(experiment).abstract()
    start = time.monotonic()
    try:
        step: Any = compile_step(program.config, state, mesh)
        compiled = step.lower(state, batch).compile()
    except Exception as error:
        used = used_bytes(str(error))
        if used is None:
            raise
        return Compiled(fits=False, total=used, seconds=time.monotonic() - start)
    seconds, stats = time.monotonic() - start, compiled.memory_analysis()
    arguments = stats.argument_size_in_bytes
    # Donated state is returned in its own place.
    temporary = stats.temp_size_in_bytes + stats.output_size_in_bytes - stats.alias_size_in_bytes
    code = stats.generated_code_size_in_bytes
    return Compiled(True, arguments + temporary + code, arguments, temporary, code, seconds)


def used_bytes(message: str) -> int | None:
    """What a compiler that ran out of a device's memory asked for; None for other messages.

    It says "Used 20.5G of 15.75G hbm", or "HLO temporaries (53.68G) exceeds" of these alone, or no
    number at all, which is 0 here.
    """
    if "RESOURCE_EXHAUSTED" not in message:
        return None
    found = re.search(r"(?:Used |temporaries \()([\d.]+)([KMG])", message)
    return round(float(found[1]) * 2 ** {"K": 10, "M": 20, "G": 30}[found[2]]) if found else 0


def _tpu_devices(topology: Topology) -> list[Any]:
    from jax.experimental import topologies

    options: dict[str, Any] = {}
    if topology.chip.name == "v4":
        options["chip_config_name"] = "megacore"
    if topology.devices == 1:
        options["chips_per_host_bounds"] = (1, 1, 1)
    if topology.slices > 1:
        options["num_slices"] = topology.slices
    name = dataclasses.replace(topology, slices=1).name
    found = topologies.get_topology_desc(platform="tpu", topology_name=name, **options)
    return list(found.devices)


def main(request: Path, result: Path) -> None:
    """Answers one request: the figures, or the error in one line."""
    asked = json.loads(request.read_text(encoding="utf-8"))
    try:
        experiment = from_config_dict(Experiment, asked["experiment"])
        devices = _tpu_devices(parse_topology(asked["topology"]))
        answer = dataclasses.asdict(measure(experiment, devices))
    except Exception as error:
        lines = str(error).strip().splitlines() or [""]
        answer = {"error": f"{type(error).__name__}: {lines[0]}"}
    write_json(result, answer)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

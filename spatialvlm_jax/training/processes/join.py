"""How the processes of a run find each other, before any of them uses a device."""

import argparse
import dataclasses
import os
import sys
import threading
from collections.abc import Mapping

import jax
from jax._src import cloud_tpu_init
from jax.experimental import multihost_utils

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.flags import is_whole_number, parse_whole_number, whole_number
from spatialvlm_jax.training.processes import multihost

PREFIX = "SPATIALVLM_"
START_SECONDS = "300"


@dataclasses.dataclass(frozen=True)
class ProcessPlace:
    """Where a process stands among those of its run.

    coordinator: HOST:PORT that process 0 listens on. count: of processes. index: of this one.
    """

    coordinator: str
    count: int
    index: int


def add_process_flags(parser: argparse.ArgumentParser) -> None:
    """Adds --coordinator, --processes and --process; TPU pods and SLURM need none of them."""
    group = parser.add_argument_group(
        "several processes",
        "found by themselves on TPU pods and under srun; otherwise named by these flags, or by\n"
        f"{PREFIX}COORDINATOR, {PREFIX}PROCESSES and {PREFIX}PROCESS (docs/distributed.md)",
    )
    group.add_argument("--coordinator", metavar="HOST:PORT", help="where process 0 listens")
    group.add_argument(
        "--processes", type=whole_number(), metavar="N", help="how many there are; 1: no other"
    )
    group.add_argument(
        "--process", type=whole_number(), metavar="I", help="which one this is, from 0"
    )


def named_place(flags: argparse.Namespace, environment: Mapping[str, str]) -> ProcessPlace | None:
    """The place that flags or environment name; None if they name none.

    Raises:
      UserError: they name a part of it, or what cannot be.
    """
    variable = PREFIX + "COORDINATOR"
    coordinator = environment.get(variable) if flags.coordinator is None else flags.coordinator
    count, index = (_number(name, flags, environment) for name in ("processes", "process"))
    if not coordinator and count is None and index is None:
        return None
    if index is None and count == 1:
        index = 0
    if count is None or index is None:
        raise UserError(
            "several processes need --coordinator=HOST:PORT, --processes=N and --process=I; there "
            f"are coordinator {coordinator}, processes {count}, process {index}"
        )
    if count < 1 or not 0 <= index < count:
        raise UserError(f"--process={index} of --processes={count}: they are numbered from 0")
    host, _, port = (coordinator or "").rpartition(":")
    if count > 1 and not (host and is_whole_number(port)):
        raise UserError(f"--coordinator={coordinator or ''} is not HOST:PORT, of process 0")
    return ProcessPlace(coordinator or "", count, index)


def _number(name: str, flags: argparse.Namespace, environment: Mapping[str, str]) -> int | None:
    """What the flag of this name says, or else the variable; an empty variable says nothing."""
    value = getattr(flags, name)
    variable = PREFIX + name.upper()
    text = environment.get(variable, "")
    return parse_whole_number(text, variable) if value is None and text else value


def in_cluster(environment: Mapping[str, str]) -> bool:
    """Whether this process was started among others by a cluster that JAX can ask about them."""
    slurm = (
        "SLURM_STEP_NODELIST" in environment
        and parse_whole_number(environment.get("SLURM_NTASKS", "1"), "SLURM_NTASKS") > 1
    )
    return slurm or cloud_tpu_init.running_in_cloud_tpu_vm


def join_processes(flags: argparse.Namespace) -> None:
    """Joins the other processes of this run, if there are any.

    Ends the program with code 2 if they have not met after SPATIALVLM_START_SECONDS: the library
    below would end it too, with a stack trace instead of a reason.

    Raises:
      UserError: flags or environment are wrong, or another process names another count.
    """
    place = named_place(flags, os.environ)
    if (place is None and not in_cluster(os.environ)) or (place and place.count == 1):
        return
    variable = PREFIX + "START_SECONDS"
    seconds = parse_whole_number(os.environ.get(variable, START_SECONDS), variable, 1, 86_400)
    # SIGTERM is ours: all processes vote on it and save (`multihost.StopVote`).
    jax.config.update("jax_enable_preemption_service", False)
    who = f"process {place.index} of {place.count}, {place.coordinator}" if place else "cluster"
    print(f"joining the other processes: {who}", file=sys.stderr, flush=True)
    watch = threading.Timer(seconds, _give_up, [who, seconds])
    watch.daemon = True
    watch.start()
    if place is None:
        jax.distributed.initialize(initialization_timeout=seconds + 60)
    else:
        host = place.coordinator.rpartition(":")[0].strip("[]")
        local = host in ("localhost", "127.0.0.1", "::1")
        jax.distributed.initialize(
            place.coordinator,
            place.count,
            place.index,
            initialization_timeout=seconds + 60,
            cluster_detection_method="deactivate",
            coordinator_bind_address=place.coordinator if local else None,
        )
        _check_count(place)
    watch.cancel()
    multihost_utils.sync_global_devices("start")


def _give_up(who: str, seconds: int) -> None:
    print(
        f"error: {who}: the processes have not met after {seconds} s. Is process 0 running, can "
        "its HOST:PORT be reached from here, are all started, each with its own --process?",
        file=sys.stderr,
        flush=True,
    )
    os._exit(2)


def _check_count(place: ProcessPlace) -> None:
    count = multihost.broadcast_from_main(lambda: place.count)
    with multihost.raise_on_all():
        if count != place.count:
            raise UserError(f"this process has --processes={place.count}, process 0 has {count}")

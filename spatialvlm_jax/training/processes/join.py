"""How the processes of a run find each other, before any of them uses a device."""

import argparse
import dataclasses
import os
import sys
import threading
from collections.abc import Mapping
from typing import Any

import jax
from jax._src import cloud_tpu_init
from jax.experimental import multihost_utils

from spatialvlm_jax.errors import UserError
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
        "found by themselves on TPU pods and under srun; otherwise named by these flags, or by "
        f"{PREFIX}COORDINATOR, {PREFIX}PROCESSES and {PREFIX}PROCESS (docs/multihost.md)",
    )
    group.add_argument("--coordinator", metavar="HOST:PORT", help="where process 0 listens")
    group.add_argument("--processes", type=int, metavar="N", help="how many there are; 1: no other")
    group.add_argument("--process", type=int, metavar="I", help="which one this is, from 0")


def named_place(flags: argparse.Namespace, environment: Mapping[str, str]) -> ProcessPlace | None:
    """The place that flags or environment name; None if they name none.

    Raises:
      UserError: they name a part of it, or what cannot be.
    """
    found: dict[str, Any] = {}
    for name in ("coordinator", "processes", "process"):
        value = getattr(flags, name)
        found[name] = environment.get(PREFIX + name.upper()) if value is None else value
    if not any(found.values()) and found["process"] is None:
        return None
    try:
        count = int(found["processes"] if found["processes"] is not None else "")
        index = int(found["process"] if found["process"] is not None or count > 1 else 0)
    except (TypeError, ValueError):
        raise UserError(
            "several processes need --coordinator=HOST:PORT, --processes=N and --process=I; "
            f"there are {found}"
        ) from None
    if count < 1 or not 0 <= index < count:
        raise UserError(f"--process={index} of --processes={count}: they are numbered from 0")
    coordinator = str(found["coordinator"] or "")
    host, _, port = coordinator.rpartition(":")
    if count > 1 and not (host and port.isdigit()):
        raise UserError(f"--coordinator={coordinator} is not HOST:PORT, of process 0")
    return ProcessPlace(coordinator, count, index)


def in_cluster(environment: Mapping[str, str]) -> bool:
    """Whether this process was started among others by a cluster that JAX can ask about them."""
    slurm = "SLURM_STEP_NODELIST" in environment and int(environment.get("SLURM_NTASKS", 1)) > 1
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
    seconds = int(os.environ.get(PREFIX + "START_SECONDS", START_SECONDS))
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

"""A Ray cluster of two machines in this one, where there is loopback only."""

import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any


@contextmanager
def two_machines(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[Any]:
    """The cluster; arguments are resources of its machines, "num_cpus" and the like."""
    names = [name for _, name in socket.if_nameindex()]
    assert names == ["lo"], f"networks {names}: these tests want loopback only; use make test-ray"
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    # Ray's workers give way to everything else by default; where much else runs, for minutes.
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112
    os.environ["RAY_raylet_start_wait_time_s"] = "300"  # noqa: SIM112
    from ray.cluster_utils import Cluster

    # A machine that is gone is missed after seconds, not after a minute.
    health = {"health_check_period_ms": 1000, "health_check_failure_threshold": 3}
    head = {**first, "include_dashboard": False, "_system_config": health}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    cluster.add_node(**second)
    try:
        yield cluster
    finally:
        cluster.shutdown()

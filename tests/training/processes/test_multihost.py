"""Start-up by flags and environment, and what a process does that is alone."""

import argparse
import os
import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest

from benchmarks.kill import ON_LOOPBACK, free_port
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.training.processes import multihost
from spatialvlm_jax.training.processes.join import (
    ProcessPlace,
    add_process_flags,
    in_cluster,
    join_processes,
    named_place,
)


def flags(*argv: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_process_flags(parser)
    return parser.parse_args(argv)


@pytest.mark.parametrize(
    ("argv", "environment", "place"),
    [
        ((), {}, None),
        (("--processes=1",), {}, ProcessPlace("", 1, 0)),
        ((), {"SPATIALVLM_PROCESSES": "1"}, ProcessPlace("", 1, 0)),
        (("--coordinator=a:1", "--processes=2", "--process=0"), {}, ProcessPlace("a:1", 2, 0)),
        (
            (),
            {"SPATIALVLM_COORDINATOR": "[::1]:7", "SPATIALVLM_PROCESSES": "3",
             "SPATIALVLM_PROCESS": "2"},
            ProcessPlace("[::1]:7", 3, 2),
        ),
        (
            ("--process=1",),
            {"SPATIALVLM_COORDINATOR": "a:1", "SPATIALVLM_PROCESSES": "2",
             "SPATIALVLM_PROCESS": "0"},
            ProcessPlace("a:1", 2, 1),
        ),
    ],
)  # fmt: skip
def test_flags_come_before_the_environment(argv, environment, place):
    assert named_place(flags(*argv), environment) == place


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (("--process=0",), "several processes need --coordinator=HOST:PORT"),
        (("--coordinator=a:1",), "several processes need"),
        (("--coordinator=a:1", "--processes=2"), "several processes need"),
        (("--coordinator=a:1", "--processes=2", "--process=2"), "--process=2 of --processes=2"),
        (("--coordinator=a:1", "--processes=0", "--process=0"), "--process=0 of --processes=0"),
        (("--coordinator=a", "--processes=2", "--process=0"), "--coordinator=a is not HOST:PORT"),
        (("--processes=2", "--process=0"), "is not HOST:PORT"),
    ],
)
def test_half_a_place_is_refused(argv, message):
    with pytest.raises(UserError, match=message):
        named_place(flags(*argv), {})


@pytest.mark.parametrize("text", ["²", "two", "-1"])
def test_a_variable_that_holds_no_number_is_named(text):
    environment = {"SPATIALVLM_COORDINATOR": "a:1", "SPATIALVLM_PROCESSES": text}
    with pytest.raises(UserError, match="SPATIALVLM_PROCESSES: "):
        named_place(flags(), environment)
    with pytest.raises(UserError, match="SLURM_NTASKS: "):
        in_cluster({"SLURM_STEP_NODELIST": "n1", "SLURM_NTASKS": text})


def test_slurm_is_seen_where_srun_started_several_tasks():
    assert in_cluster({"SLURM_STEP_NODELIST": "n[1-2]", "SLURM_NTASKS": "2"})
    assert not in_cluster({"SLURM_STEP_NODELIST": "n1", "SLURM_NTASKS": "1"})
    assert not in_cluster({"SLURM_NTASKS": "2"})
    assert not in_cluster({})


def test_a_process_that_is_alone_waits_for_nobody(tmp_path):
    join_processes(flags("--processes=1"))
    assert multihost.is_single_process()
    assert multihost.is_main_process()
    assert multihost.file_suffix() == ""
    assert multihost.broadcast_from_main(lambda: 3) == 3
    multihost.check_same_settings({"a": 1})
    multihost.check_shared_folder(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []
    with pytest.raises(UserError, match="mine"), multihost.raise_on_all():
        raise UserError("mine")
    vote_to_stop = multihost.StopVote()
    for vote in (False, True):
        assert vote_to_stop.outcome(vote) == vote_to_stop.previous_outcome(vote) == vote
    np.testing.assert_array_equal(multihost.gather_on_main({"a": jnp.arange(3)})["a"], np.arange(3))
    assert multihost.leave(2) == 2


TALK = """
import argparse, sys
from pathlib import Path
import jax, numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.training.processes import multihost
from spatialvlm_jax.training.processes.join import add_process_flags, join_processes

parser = argparse.ArgumentParser()
add_process_flags(parser)
parser.add_argument("--folder")
flags = parser.parse_args()
try:
    join_processes(flags)
except UserError as error:
    print("error:", error, flush=True)
    multihost.leave(2)
me = jax.process_index()
assert (jax.process_count(), me) == (2, flags.process)

assert multihost.broadcast_from_main(lambda: ["of", me]) == ["of", 0]
def refuse():
    raise UserError("no such data")
for work in (lambda: multihost.broadcast_from_main(refuse),
             lambda: multihost.check_same_settings({"same": 1, "seed": me}),
             lambda: multihost.check_shared_folder(Path(f"{flags.folder}/{me}"))):
    try:
        work()
    except UserError as error:
        print(me, error, flush=True)
multihost.check_shared_folder(Path(flags.folder))

vote_to_stop = multihost.StopVote()
assert [vote_to_stop.outcome(me == voter) for voter in (0, 1, 2)] == [True, True, False]
before = [vote_to_stop.previous_outcome(me == voter) for voter in (2, 1, 2, 2)]
assert before == [False, False, True, False]

mesh = Mesh(np.asarray(jax.devices()), ("device",))
rows = NamedSharding(mesh, PartitionSpec("device"))
array = jax.make_array_from_callback((2,), rows, lambda index: np.arange(2.0)[index])
assert multihost.gather_everywhere(array).tolist() == [0, 1]
assert [name for name in multihost.gather_on_main({"a": array})] == ([] if me else ["a"])
multihost.leave(0)
"""


def talk(tmp_path, *processes: tuple[int, int], seconds: int = 120) -> list[tuple[int, str]]:
    """Exit code and output of processes that name (count, index)."""
    script = tmp_path / "talk.py"
    script.write_text(TALK)
    environment = {
        **os.environ,
        "JAX_PLATFORMS": "cpu",
        "JAX_NUM_CPU_DEVICES": "1",
        "SPATIALVLM_COORDINATOR": f"127.0.0.1:{free_port()}",
        "SPATIALVLM_START_SECONDS": str(seconds),
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    started = [
        subprocess.Popen(
            [
                *(sys.executable, "-c", ON_LOOPBACK, str(script), f"--folder={tmp_path}"),
                *(f"--processes={count}", f"--process={index}"),
            ],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for count, index in processes
    ]
    said = [process.communicate()[0] for process in started]
    return [(process.returncode, text) for process, text in zip(started, said, strict=True)]


@pytest.mark.slow
def test_two_processes_agree(tmp_path):
    first, second = talk(tmp_path, (2, 0), (2, 1))
    assert first[0] == second[0] == 0, first[1] + second[1]
    assert "0 no such data" in first[1]
    assert "1 process 0: no such data" in second[1]
    assert "1 seed is 1 here, process 0 has 0" in second[1]
    assert "0 process 1: seed is 1 here" in first[1]
    assert f"{tmp_path}/1 is not the folder that process 0 sees" in second[1]
    assert "0 process 1: " in first[1]


@pytest.mark.slow
@pytest.mark.parametrize("place", [(2, 0), (2, 1)])
def test_others_that_never_come_are_an_error(tmp_path, place):
    ((code, said),) = talk(tmp_path, place, seconds=3)
    assert code == 2
    assert "the processes have not met after 3 s" in said


@pytest.mark.slow
def test_another_count_is_an_error(tmp_path):
    for code, said in talk(tmp_path, (2, 0), (3, 1)):
        assert code == 2
        assert "--processes=3, process 0 has 2" in said

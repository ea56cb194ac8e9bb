"""Generation on a two-node Ray cluster; run by `make test-ray`, where there is loopback only."""

import dataclasses
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.generation.execution.plan import CHUNK
from spatialvlm_jax.generation.pipeline import GenerationError
from tests.generation.pictures import PictureSource, store_pictures
from tests.ray_machines import two_machines

SPLITS = {"train": 6 * CHUNK, "validation": 10}
# The GPUs are a number for Ray to count; nothing uses one. The first machine has room for the
# actors of both.
FIRST, SECOND = {"num_cpus": 4, "num_gpus": 1}, {"num_cpus": 2, "num_gpus": 1}
LOST = {"broken": (3,), "dull": (70,), "unclear": (5, CHUNK * 6)}


@dataclasses.dataclass(frozen=True)
class Mortal(PictureSource):
    """Its process is killed the first time that it comes to image `at`.

    marks: a folder where it is noted that this has happened.
    """

    marks: str = ""
    at: int = 2 * CHUNK

    def observe(self, indices: Sequence[int]) -> list[Any]:
        mark = Path(self.marks, "killed")
        if self.at in indices and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return super().observe(indices)


@dataclasses.dataclass(frozen=True)
class Slow(PictureSource):
    """Takes a while for each chunk, and notes in the folder `marks` on which machine."""

    marks: str = ""

    def observe(self, indices: Sequence[int]) -> list[Any]:
        import ray

        Path(self.marks, ray.get_runtime_context().get_node_id()).touch()
        time.sleep(1.0)
        return super().observe(indices)


class Misconfigured(PictureSource):
    def observe(self, indices: Sequence[int]) -> list[Any]:
        raise UserError("the model folder is empty")


def contents(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with two_machines(FIRST, SECOND) as made:
        yield made


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the run in this process writes."""
    directory = tmp_path_factory.mktemp("truth")
    store_pictures(PictureSource(**LOST), SPLITS, directory)
    return contents(directory)


def differing(one: dict[str, bytes], other: dict[str, bytes]) -> list[str]:
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


@pytest.mark.ray
@pytest.mark.parametrize(("workers", "gpus"), [(1, 0.0), (2, 0.0), (2, 1.0)])
def test_any_number_of_actors_writes_the_same_bytes(
    cluster: Any, truth: dict[str, bytes], tmp_path: Path, workers: int, gpus: float
) -> None:
    store_pictures(
        PictureSource(**LOST),
        SPLITS,
        tmp_path,
        workers=workers,
        ray_address=cluster.address,
        ray_gpus=gpus,
    )
    assert differing(contents(tmp_path), truth) == []


@pytest.mark.ray
@pytest.mark.parametrize("gpus", [0.0, 1.0])
def test_a_killed_actor_loses_and_doubles_nothing(
    cluster: Any, truth: dict[str, bytes], tmp_path: Path, gpus: float
) -> None:
    out, marks = tmp_path / "out", tmp_path / "marks"
    marks.mkdir()
    source = Mortal(marks=str(marks), **LOST)
    address = cluster.address
    report = store_pictures(source, SPLITS, out, workers=2, ray_address=address, ray_gpus=gpus)
    assert (marks / "killed").exists()
    assert report.asked == sum(SPLITS.values())
    assert differing(contents(out), truth) == []


@pytest.mark.ray
def test_a_killed_machine_loses_and_doubles_nothing(
    cluster: Any, truth: dict[str, bytes], tmp_path: Path
) -> None:
    out, marks = tmp_path / "out", tmp_path / "marks"
    marks.mkdir()
    node = next(iter(cluster.worker_nodes))

    def kill_when_it_works() -> None:
        patience = time.monotonic() + 120
        while not (marks / node.node_id).exists() and time.monotonic() < patience:
            time.sleep(0.05)
        cluster.remove_node(node, allow_graceful=False)

    killer = threading.Thread(target=kill_when_it_works)
    killer.start()
    try:
        source = Slow(marks=str(marks), **LOST)
        store_pictures(source, SPLITS, out, workers=4, ray_address=cluster.address)
    finally:
        killer.join()
        cluster.add_node(**SECOND)
    assert (marks / node.node_id).exists()
    assert differing(contents(out), truth) == []


@pytest.mark.ray
def test_a_run_that_was_cut_off_goes_on_elsewhere(
    cluster: Any, truth: dict[str, bytes], tmp_path: Path
) -> None:
    class Stop(PictureSource):
        def observe(self, indices: Sequence[int]) -> list[Any]:
            if 4 * CHUNK in indices:
                raise KeyboardInterrupt
            return super().observe(indices)

    with pytest.raises(KeyboardInterrupt):
        store_pictures(Stop(**LOST), SPLITS, tmp_path)
    store_pictures(PictureSource(**LOST), SPLITS, tmp_path, workers=2, ray_address=cluster.address)
    assert differing(contents(tmp_path), truth) == []


@pytest.mark.ray
@pytest.mark.parametrize("gpus", [0.0, 1.0])
def test_what_the_user_must_mend_arrives_as_one_line(
    cluster: Any, tmp_path: Path, gpus: float
) -> None:
    address = cluster.address
    with pytest.raises(GenerationError, match="^the model folder is empty$"):
        store_pictures(Misconfigured(), SPLITS, tmp_path, ray_address=address, ray_gpus=gpus)


@pytest.mark.ray
def test_a_cluster_that_is_not_there_is_named(cluster: Any, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no Ray cluster at '127.0.0.1:9'"):
        store_pictures(PictureSource(), SPLITS, tmp_path, ray_address="127.0.0.1:9")


def test_without_ray_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(UserError, match="make setup-ray"):
        store_pictures(PictureSource(), SPLITS, tmp_path, ray_address="local")

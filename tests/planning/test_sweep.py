"""Choosing among meshes, batches and what is computed again."""

import dataclasses

import pytest

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.planning import sweep
from spatialvlm_jax.planning.report import describe, describe_sweep
from spatialvlm_jax.planning.topology import parse_topology
from tests.planning.conftest import EXPERIMENT


def test_all_meshes_use_all_devices():
    meshes = list(sweep.mesh_shapes(16))
    assert all(mesh.data * mesh.fsdp * mesh.tensor == 16 for mesh in meshes)
    assert len({(mesh.data, mesh.fsdp, mesh.tensor) for mesh in meshes}) == len(meshes) == 14


@pytest.mark.usefixtures("traced_once")
def test_the_best_that_fits_comes_first():
    found = sweep.sweep(EXPERIMENT, parse_topology("h100:4"))
    plans = [plan for plan, _ in found]
    rows = [round(sweep.rows_a_second(plan), 1) for plan in plans if plan.fits]
    assert len(rows) > 20
    assert rows == sorted(rows, reverse=True)
    plan, experiment = found[0]
    assert (plan.batch_size, plan.remat) == (experiment.data.batch_size, experiment.model.remat)
    assert {plan.remat for plan in plans} == {"none", "layers", "matmuls"}
    text = describe_sweep(plans, most=3)
    assert len(text.splitlines()) == 5
    assert "MFU at most" in describe(plan)


@pytest.mark.usefixtures("traced_once")
def test_a_batch_that_never_splits_is_an_error():
    experiment = dataclasses.replace(
        EXPERIMENT, data=dataclasses.replace(EXPERIMENT.data, batch_size=1)
    )
    with pytest.raises(UserError, match="splits over 64 devices"):
        sweep.sweep(experiment, parse_topology("h100:64"))

"""Every benchmark by its name."""

from collections.abc import Mapping

from spatialvlm_jax.bounds import did_you_mean
from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.benchmarks import (
    blink,
    cv_bench,
    emb_spatial,
    gqa,
    mmsi_bench,
    msmu,
    omni_spatial,
    pope,
    q_spatial,
    robospatial_home,
    spar_bench,
    spatial_457,
    spatial_rgpt,
    text_vqa,
    three_dsr_bench,
    viz_wiz,
    vqa_v2,
    vsi_bench,
    vsr,
    whats_up,
)
from spatialvlm_jax.evaluation.benchmarks.item import Benchmark

BENCHMARKS: Mapping[str, Benchmark] = {
    benchmark.name: benchmark
    for benchmark in (
        q_spatial.BENCHMARK,
        spatial_rgpt.BENCHMARK,
        cv_bench.BENCHMARK,
        blink.BENCHMARK,
        emb_spatial.BENCHMARK,
        msmu.BENCHMARK,
        vsr.BENCHMARK,
        whats_up.BENCHMARK,
        three_dsr_bench.BENCHMARK,
        robospatial_home.BENCHMARK,
        omni_spatial.BENCHMARK,
        spatial_457.BENCHMARK,
        pope.BENCHMARK,
        gqa.BENCHMARK,
        vqa_v2.BENCHMARK,
        vqa_v2.OK_VQA,
        text_vqa.BENCHMARK,
        viz_wiz.BENCHMARK,
        vsi_bench.BENCHMARK,
        spar_bench.BENCHMARK,
        mmsi_bench.BENCHMARK,
    )
}


def find_benchmark(name: str) -> Benchmark:
    """The benchmark of a name.

    Raises:
      UserError: there is none.
    """
    if name not in BENCHMARKS:
        known = f"{', '.join(BENCHMARKS)}{did_you_mean(name, BENCHMARKS)}"
        raise UserError(f"no benchmark {name!r}: there are {known}")
    return BENCHMARKS[name]

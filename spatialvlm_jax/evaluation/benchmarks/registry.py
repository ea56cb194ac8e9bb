"""Every benchmark by its name."""

from collections.abc import Mapping

from spatialvlm_jax.errors import UserError
from spatialvlm_jax.evaluation.benchmarks import (
    blink,
    cv_bench,
    emb_spatial,
    gqa,
    pope,
    q_spatial,
    spatial_rgpt,
    text_vqa,
    vqa_v2,
    vsr,
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
        vsr.BENCHMARK,
        pope.BENCHMARK,
        gqa.BENCHMARK,
        vqa_v2.BENCHMARK,
        vqa_v2.OK_VQA,
        text_vqa.BENCHMARK,
    )
}


def find_benchmark(name: str) -> Benchmark:
    """The benchmark of a name.

    Raises:
      UserError: there is none.
    """
    if name not in BENCHMARKS:
        raise UserError(f"no benchmark {name!r}: there are {', '.join(BENCHMARKS)}")
    return BENCHMARKS[name]

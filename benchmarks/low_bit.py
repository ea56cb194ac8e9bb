"""Kernels in 8 and 4 bits by us and by qwix: error, bytes, and memory of scanned layers.

    python benchmarks/low_bit.py --json=low_bit.json

qwix comes with `make setup`. Eight layers of 1024 x 1024 normal weights are multiplied in a scan
and differentiated by their input, as adapters need it; the compiler says what memory that takes.
"""

import argparse
import importlib.metadata
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from safetensors.numpy import save

from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.models import low_bit

LAYERS, WIDTH, ROWS = 8, 1024, 64
FORMATS: dict[str, tuple[Callable[[jax.Array], Any], dict[int, int]]] = {
    "int8": (low_bit.to_int8, {}),
    "nf4": (low_bit.to_nf4, {1: low_bit.BLOCK}),
}
Product = Callable[[jax.Array, Any], jax.Array]


def run_layers(multiply: Product, x: jax.Array, kernels: Any) -> jax.Array:
    def layer(x: jax.Array, kernel: Any) -> tuple[jax.Array, None]:
        return jnp.tanh(multiply(x, kernel)).astype(x.dtype), None

    return jax.lax.scan(layer, x, kernels)[0]


def squared_error(wide: Any, exact: Any) -> float:
    return float(np.square(np.asarray(wide) - np.asarray(exact)).mean())


def measure(multiply: Product, kernels: Any, wide: Any, exact: jax.Array) -> dict[str, Any]:
    """What one way of keeping `exact`, of variance 1 / WIDTH, costs."""
    x = jax.random.normal(jax.random.key(1), (ROWS, WIDTH))
    plain = run_layers(jnp.matmul, x, exact)
    gradient = jax.jit(jax.grad(lambda x, kernels: run_layers(multiply, x, kernels).sum()))
    memory: Any = gradient.lower(x, kernels).compile().memory_analysis()
    try:
        save({str(i): np.asarray(leaf) for i, leaf in enumerate(jax.tree.leaves(kernels))})
        stored = True
    except Exception:  # safetensors raises its own, and KeyError where it knows no such dtype
        stored = False
    return {
        "bits a weight": 8 * (memory.argument_size_in_bytes - x.nbytes) / exact.size,
        "squared error": squared_error(wide, exact) * WIDTH,
        "squared error after the layers": squared_error(run_layers(multiply, x, kernels), plain),
        "temporaries in 10^6 bytes": memory.temp_size_in_bytes / 1e6,
        "safetensors keeps it": stored,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, help="also write the figures here")
    args = parser.parse_args()
    try:
        import qwix
    except ImportError:
        sys.exit("qwix is not installed: run `make setup`")
    exact = jax.random.normal(jax.random.key(0), (LAYERS, WIDTH, WIDTH)) * WIDTH**-0.5
    figures = {"float32": measure(jnp.matmul, exact, exact, exact)}
    by_qwix: Product = partial(qwix.dot_general, dimension_numbers=(((1,), (0,)), ((), ())))
    for name, (convert, tiles) in FORMATS.items():
        ours = convert(exact)
        theirs = qwix.quantize(exact, name, channelwise_axes=[0, 2], tiled_axes=tiles)
        figures[f"{name}, ours"] = measure(low_bit.product, ours, low_bit.widen(ours), exact)
        figures[f"{name}, qwix"] = measure(by_qwix, theirs, qwix.dequantize(theirs), exact)
    print(f"qwix {importlib.metadata.version('qwix')}, JAX {jax.__version__}")
    print(f"| kernels | {' | '.join(figures['float32'])} |")
    print("|---" * (1 + len(figures["float32"])) + "|")
    for name, row in figures.items():
        cells = (f"{x:.3g}" if isinstance(x, float) else json.dumps(x) for x in row.values())
        print(f"| {name} | {' | '.join(cells)} |")
    if args.json:
        write_json(args.json, figures)


if __name__ == "__main__":
    main()

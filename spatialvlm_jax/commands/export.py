"""`spatialvlm export`: a run's weights as a smaller file, to ship or to start other runs from."""

import argparse
from pathlib import Path
from typing import Any

_DESCRIPTION = """\
Copies a weight file, its values stored in another type. The header, which holds the configuration
that the weights belong to, is kept.
"""
_EPILOG = """\
example:
  spatialvlm export runs/demo/model.safetensors small.safetensors --dtype=float16
"""


def add_parser(subparsers: Any) -> None:
    """Adds the verb `export`."""
    parser = subparsers.add_parser(
        "export",
        help="store a run's weights in another type",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", type=Path, help="model.safetensors of a finished run")
    parser.add_argument("out", type=Path, help="the file to write")
    parser.add_argument(
        "--dtype",
        choices=["float32", "bfloat16", "float16"],
        default="float16",
        help="how values are stored (default: %(default)s)",
    )


def run(args: argparse.Namespace) -> int:
    """Writes the copy and prints its size."""
    from flax import nnx

    from spatialvlm_jax.models.checkpoint_file import read_safetensors, save_safetensors

    arrays, metadata = read_safetensors(args.source)
    flat: Any = {tuple(name.split("/")): nnx.Param(array) for name, array in arrays.items()}
    save_safetensors(args.out, nnx.from_flat_state(flat), metadata, dtype=args.dtype)
    size = args.out.stat().st_size / 1e6
    print(f"{args.out}: {sum(a.size for a in arrays.values()):,} parameters, {size:.1f} MB")
    return 0

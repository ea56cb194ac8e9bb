"""What a device holds of a model while it is fine-tuned in one way or another; none is allocated.

    python benchmarks/finetuning_memory.py
    python benchmarks/finetuning_memory.py --variant=paligemma2_10b --res=448

Parameters, optimiser slots and gradients of `configs/paligemma.py` on one device, in 10^9 bytes, as
the report before step 0 counts them. Activations come on top.
"""

import argparse
import dataclasses
from pathlib import Path

import jax

from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.config import load_experiment
from spatialvlm_jax.training.initialise import Initialiser
from spatialvlm_jax.training.mesh import make_mesh
from spatialvlm_jax.training.parameter_report import report_groups, report_memory
from spatialvlm_jax.training.step import step_config

CONFIG = Path(__file__).parent.parent / "configs" / "paligemma.py"
RECIPES: dict[str, tuple[str, list[str]]] = {
    "all, AdamW": ("", []),
    "all, AdamW, bfloat16 first moment": ("", ["config.optim.moment_dtype=bfloat16"]),
    "all, Adafactor, bfloat16 first moment": (
        "",
        ["config.optim.optimizer=adafactor", "config.optim.moment_dtype=bfloat16"],
    ),
    "all, Adafactor, b1=0": ("", ["config.optim.optimizer=adafactor", "config.optim.b1=0"]),
    "frozen encoder and embeddings, Adafactor, b1=0": (
        "",
        [
            "config.optim.freeze=('encoder', 'embeddings')",
            "config.optim.optimizer=adafactor",
            "config.optim.b1=0",
        ],
    ),
    "LoRA 16": ("lora=16", []),
    "LoRA 16, kernels in int8": ("lora=16,quantize=int8", []),
    "LoRA 16, kernels in nf4": ("lora=16,quantize=nf4", []),
}


def measure(variant: str, resolution: int) -> dict[str, dict[str, float]]:
    """10^9 bytes of each recipe, and 10^6 parameters that train."""
    figures = {}
    for name, (recipe, overrides) in RECIPES.items():
        spec = f"{CONFIG}:variant={variant},res={resolution},{recipe}"
        experiment = load_experiment(spec, overrides)
        config = step_config(experiment)
        mesh = make_mesh(experiment, config.template.shapes, jax.devices()[:1])
        state = Initialiser(config.template, config.optimizer, experiment, mesh).abstract()
        memory = dataclasses.asdict(report_memory(state))
        trained = sum(row.trainable for row in report_groups(state))
        figures[name] = {
            "trained_millions": trained / 1e6,
            **{part: size / 1e9 for part, size in memory.items() if part != "averages"},
            "total": sum(memory.values()) / 1e9,
        }
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--variant", default="paligemma_3b", help="default: %(default)s")
    parser.add_argument("--res", type=int, default=224, help="pixels (default: %(default)s)")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    args = parser.parse_args()
    figures = measure(args.variant, args.res)
    columns = list(next(iter(figures.values())))
    print(f"| {args.variant}, {args.res} px | {' | '.join(columns)} |")
    print("|---" * (len(columns) + 1) + "|")
    for name, row in figures.items():
        print(f"| {name} | {' | '.join(f'{value:.2f}' for value in row.values())} |")
    if args.json:
        write_json(args.json, figures)


if __name__ == "__main__":
    main()

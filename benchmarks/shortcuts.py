"""Whether a model sees depth or goes by a cue: questions split by cue, and twins.

    python -m benchmarks.shortcuts --model=small128 --json=shortcuts.json

* The questions of `configs/shortcuts.py` are put to it by `eval.py`; of each shortcut the table has
  the figure where it gives the true answer, where it does not, and the gap between.
* `benchmarks/twins.py`: scenes that differ in one cue alone.

--model is any checkpoint by name, a workdir, or a weight file. What it replied is kept in
--workdir: the same command goes on where it was stopped, and asks nothing twice.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import eval as evaluation
from benchmarks import twins
from spatialvlm_jax.asking.respondents import folder_of, name_of_model
from spatialvlm_jax.atomic_write import write_json
from spatialvlm_jax.evaluation.breakdowns import SHORTCUTS, breakdown_title
from spatialvlm_jax.evaluation.report.results import TITLES, interval, percent
from spatialvlm_jax.text_table import align_columns

_CONFIG = Path(__file__).parents[1] / "configs" / "shortcuts.py"
_FIGURES = ("qualitative_accuracy", "within_25")
_SIDES = ("agrees", "disagrees", "gap")
# By shortcut, figure and side, what `summary.json` has.
Split = Mapping[str, Mapping[str, Mapping[str, Any]]]


def split_of(summary: Mapping[str, Any]) -> Split:
    """The figures of both sides of each shortcut, and of the gap, where both have some."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for shortcut in map(breakdown_title, SHORTCUTS):
        for name in _FIGURES:
            sides = {side: summary.get(f"{name}[{shortcut} {side}]") for side in _SIDES}
            if all(sides.values()):
                found.setdefault(shortcut, {})[name] = sides
    return found


def split_table(found: Split) -> list[str]:
    """Lines for people."""
    rows: list[tuple[str, ...]] = [
        ("shortcut", "figure", "agrees", "disagrees", "gap", "95 % interval")
    ]
    for shortcut, figures in found.items():
        for name, sides in figures.items():
            shares = [f"{percent(sides[s]['value'])} of {sides[s]['count']:,}" for s in _SIDES[:2]]
            gap = sides["gap"]
            own = percent(gap["value"]), interval(gap["ci95"])
            rows.append((shortcut, TITLES[name], *shares, *own))
    return align_columns(rows, rule=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="small128", help="default: %(default)s")
    help_text = "replies and the report go there (runs/shortcuts_MODEL)"
    parser.add_argument("--workdir", type=Path, metavar="DIR", help=help_text)
    parser.add_argument("--images", type=int, default=400, help="at most 400, the default")
    parser.add_argument("--scenes", type=int, default=1_200, help="to look for twins in")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    args = parser.parse_args()
    name = folder_of(name_of_model(args.model))
    workdir = args.workdir or Path("runs") / f"shortcuts_{name}"
    asked = [f"--config={_CONFIG}", f"--model={args.model}", f"--workdir={workdir}"]
    if code := evaluation.main([*asked, f"--config.eval.images={args.images}"]):
        raise SystemExit(code)
    split = split_of(json.loads((workdir / "summary.json").read_text()))
    figures = twins.measure_model(args.model, args.scenes)
    print("\n".join(["", *split_table(split), "", *twins.table(figures)]))
    if args.json:
        write_json(args.json, {"split": split, "twins": figures})


if __name__ == "__main__":
    main()

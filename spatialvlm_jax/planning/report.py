"""A plan as tables for people, and as JSON for scripts."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from spatialvlm_jax.planning.estimate import COMPUTE_SHARE, LINK_SHARE, MEMORY_SHARE, Plan
from spatialvlm_jax.planning.sweep import rows_a_second
from spatialvlm_jax.planning.ways import WayPlan
from spatialvlm_jax.text_table import align_columns

MEMORY_LABELS = {
    "parameters": "parameters",
    "slots": "optimiser slots",
    "averages": "running averages",
    "batch": "batch",
    "gradients": "gradients",
    "activations": "activations kept",
    "workspace": "workspace",
}


def as_json(plan: Plan) -> dict[str, Any]:
    """The plan's fields and figures by name."""
    figures = ("fits", "step_seconds", "mfu", "model_flops", "days", "device_hours")
    return {**dataclasses.asdict(plan), **{name: getattr(plan, name) for name in figures}}


def describe(plan: Plan) -> str:
    """The plan as text, a page long."""
    rows = f"batch {plan.batch_size:,} in {plan.accumulate} parts" if plan.accumulate > 1 else ""
    head = [
        f"{plan.topology}: {plan.devices} devices",
        plan.layout,
        f"{rows or f'batch {plan.batch_size:,}'}, remat {plan.remat}, {plan.steps:,} steps",
        f"method: {plan.method}" + (f" ({plan.why})" if plan.why else ""),
    ]
    parts = (_memory(plan), _flops(plan), _time(plan))
    return "\n\n".join(["\n".join(head), *map("\n".join, parts)])


def describe_sweep(plans: Sequence[Plan], most: int = 12) -> str:
    """The best plans, one a line."""
    head = ["data", "fsdp", "tensor", "batch", "remat", "GB", "fits", "step ms", "MFU %", "rows/s"]
    rows = [
        [
            *(str(plan.mesh[axis]) for axis in ("data", "fsdp", "tensor")),
            f"{plan.batch_size:,}",
            plan.remat,
            _gb(plan.hbm_bytes_per_device),
            "yes" if plan.fits else "no",
            f"{1e3 * plan.step_seconds:.0f}",
            f"{100 * plan.mfu:.0f}",
            f"{rows_a_second(plan):,.0f}",
        ]
        for plan in plans[:most]
    ]
    fit = sum(plan.fits for plan in plans)
    counts = f"{fit} of {len(plans)} choices fit; the best by rows a second:"
    return "\n".join([counts, *align_columns([head, *rows])])


def describe_ways(found: Sequence[WayPlan]) -> str:
    """Ways to fine-tune, one a line, and the flags that choose each."""
    least = found[0].least
    head = ["way", "trains M", "least GB", "fits", "batch", "GB", "step ms", "rows/s"]
    rows = [
        [
            each.way.name,
            f"{each.trainable / 1e6:,.1f}",
            _gb(each.least.hbm_bytes_per_device),
            *(["no", "-", "-", "-", "-"] if each.most is None else _way_columns(each.most)),
        ]
        for each in found
    ]
    flags = [
        line
        for each in found
        if each.most and each.overrides
        for line in (f"{each.way.name}:", *(f'  "{flag}"' for flag in each.overrides))
    ]
    return "\n".join(
        [
            f"{least.topology}, {_gb(least.hbm_capacity_bytes)} GB a device, remat {least.remat}; "
            "least GB is of the smallest batch,",
            "batch the largest that fits, by the analytic estimate",
            "",
            *align_columns([head, *rows]),
            "",
            *(["flags of train.py, with --config.data.batch_size=BATCH:", *flags] if flags else []),
        ]
    )


def ways_as_json(found: Sequence[WayPlan]) -> list[dict[str, Any]]:
    """The same figures by name."""
    return [
        {
            "way": each.way.name,
            "overrides": each.overrides,
            "trainable": each.trainable,
            "fits": each.most is not None,
            "least": as_json(each.least),
            "most": each.most and as_json(each.most),
        }
        for each in found
    ]


def _way_columns(plan: Plan) -> list[str]:
    return [
        "yes",
        f"{plan.batch_size:,}",
        _gb(plan.hbm_bytes_per_device),
        f"{1e3 * plan.step_seconds:.0f}",
        f"{rows_a_second(plan):,.0f}",
    ]


def _memory(plan: Plan) -> list[str]:
    each = dataclasses.asdict(plan.memory)
    rows = [["memory of a device, estimated", "GB"]]
    rows += [[label, _gb(each[name])] for name, label in MEMORY_LABELS.items() if each[name]]
    rows.append(["total", _gb(plan.memory.total)])
    if plan.compiled:
        rows += [
            [f"compiled: {name}", _gb(plan.compiled[name])]
            for name in ("arguments", "temporary", "code")
            if plan.compiled[name]
        ]
        rows.append(["compiled: total", _gb(plan.compiled["total"])])
    share = plan.hbm_bytes_per_device / plan.hbm_capacity_bytes
    verdict = "fits" if plan.fits else "OUT OF MEMORY"
    capacity = f"{_gb(plan.hbm_capacity_bytes)} GB: {100 * share:.0f} % used, {verdict}"
    return [*align_columns(rows), f"capacity {capacity}"]


def _flops(plan: Plan) -> list[str]:
    directions = ("forward", "backward", "recomputed")
    rows = [["TFLOP of a step", *directions, "all"]]
    counts = {
        tower: [getattr(each, direction) for direction in directions]
        for tower, each in plan.flops.items()
    }
    counts = {tower: each for tower, each in counts.items() if any(each)}
    counts["total"] = [sum(column) for column in zip(*counts.values(), strict=True)]
    rows += [
        [tower, *(f"{flops / 1e12:,.2f}" for flops in (*each, sum(each)))]
        for tower, each in counts.items()
    ]
    return align_columns(rows)


def _time(plan: Plan) -> list[str]:
    sent = plan.collectives
    rows = [["a device sends in a step", "GB"]]
    rows += [
        [label, _gb(size)]
        for label, size in (
            ("fsdp: gather parameters", sent.gather),
            ("fsdp: scatter gradients", sent.scatter),
            ("data: sum gradients", sent.reduce),
            ("tensor: sum activations", sent.tensor),
        )
        if size
    ]
    lines = [*align_columns(rows), ""] if len(rows) > 1 else []
    bounds = (
        ("computing", plan.compute_seconds, COMPUTE_SHARE),
        ("moving memory", plan.memory_seconds, MEMORY_SHARE),
        ("sending", plan.collective_seconds, LINK_SHARE),
    )
    rows = [["roofline of a step", "ms"]]
    rows += [
        [f"{name}, at {100 * share:.0f} % of peak", f"{1e3 * seconds:.1f}"]
        for name, seconds, share in bounds
    ]
    rows.append(["step: the slowest of them", f"{1e3 * plan.step_seconds:.1f}"])
    return [
        *lines,
        *align_columns(rows),
        "",
        f"MFU at most {100 * plan.mfu:.1f} %, {rows_a_second(plan):,.0f} rows a second",
        f"the run: {plan.days:.2f} days, {plan.device_hours:,.0f} device-hours",
    ]


def _gb(size: float) -> str:
    return f"{size / 1e9:.2f}"

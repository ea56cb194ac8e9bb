"""DIR/card.html and DIR/card.md: what a data set holds, counted and shown.

Totals are of the whole set, from its summary; everything else is of at most 2,000 images drawn at
random. The page is one file without any reference to another.
"""

import collections
import dataclasses
import html
import itertools
import json
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from spatialvlm_jax.atomic_write import write_text
from spatialvlm_jax.foreign_files.json_files import read_object
from spatialvlm_jax.generation.card.counts import (
    CardCounts,
    ExampleIndex,
    ExampleReader,
    TypeCounts,
    count_examples,
    sample_indices,
)
from spatialvlm_jax.generation.card.drawing import DARK, LIGHT, name_letters, picture, plan
from spatialvlm_jax.generation.execution.making import read_making
from spatialvlm_jax.pages import svg
from spatialvlm_jax.pages.svg import Axis
from spatialvlm_jax.pages.template import FEW, load_templates, shown_text
from spatialvlm_jax.scene.records import QA
from spatialvlm_jax.storage.shards import split_sizes
from spatialvlm_jax.units import describe_exact, name_unit

EXAMPLES = 72
SHOWN = 6  # of a kind, before one asks for more
_ROUNDS = 8
_MAX_SETTINGS, _MAX_REASONS = 100_000, 60
_PICTURE_BYTES = 3_500_000
_MARKUP = re.compile(r"[\\\\`|\[\]*]")
_KINDS = {
    "qualitative": "Qualitative: space, answered by a word",
    "quantitative": "Quantitative: space, answered by a number",
    "general": "General: what there is to see",
    "composed": "Composed: to be broken up into simpler questions",
}
_SOURCES = {
    "worlds": "rendered rooms with exact geometry",
    "omni3d": "photographs with 3D boxes that people drew (Omni3D)",
    "rgbd": "pictures of a depth camera (RGB-D)",
    "photos": "photographs looked at by expert models",
    "rendered_photos": "rendered rooms looked at by stand-in experts",
}
_ORIGINS = {
    "exact": "known exactly, from the renderer",
    "annotated": "annotated by people",
    "sensor": "measured by a depth camera",
    "estimated": "estimated by models",
}


@dataclasses.dataclass(frozen=True)
class Example:
    """A pair to be shown with its picture."""

    place: ExampleIndex
    pair: QA


def write_card(directory: Path) -> Path:
    """Counts the data set, draws examples, and writes both cards.

    Returns:
      The path of the page.

    Raises:
      StoreError: the directory does not hold a data set.
    """
    places, read = sample_indices(directory), ExampleReader(directory)
    counts = count_examples(read(place) for place in places)
    facts = _facts(directory, counts)
    examples = choose_examples(places, read, counts.types)
    templates = load_templates(Path(__file__).parent / "assets")
    templates.filters["cell"] = _cell
    page = templates.get_template("card.html.jinja").render(
        **facts,
        charts=_charts(counts),
        groups=_groups(examples, read, counts.types),
        asked={example.pair.type: example.pair.question for example in examples},
        few=any(row.pairs < FEW for row in counts.types.values()),
        SHOWN=SHOWN,
        light=LIGHT,
        dark=DARK,
    )
    write_text(directory / "card.html", page)
    text = templates.get_template("card.md.jinja").render(**facts, examples=examples)
    write_text(directory / "card.md", text)
    return directory / "card.html"


def choose_examples(
    places: Sequence[ExampleIndex], read: ExampleReader, types: Collection[str]
) -> list[Example]:
    """At most `EXAMPLES` pairs: each of these types once, of as many images as there are."""
    chosen: dict[str, Example] = {}
    wanted = min(len(types), EXAMPLES)
    for _ in range(_ROUNDS):
        for place in places:
            if len(chosen) == wanted:
                break
            pairs = read(place).pairs()
            missing = [pair for pair in pairs if pair.type not in chosen]
            if missing:
                # One a picture and round, of the type that is rarest here.
                of_type = collections.Counter(pair.type for pair in pairs)
                pair = min(missing, key=lambda pair: (of_type[pair.type], pair.type))
                chosen[pair.type] = Example(place, pair)
    return [chosen[name] for name in sorted(chosen)]


def _groups(
    examples: Sequence[Example], read: ExampleReader, types: Mapping[str, TypeCounts]
) -> list[tuple[str, list[dict[str, Any]]]]:
    groups: dict[str, list[dict[str, Any]]] = {kind: [] for kind in _KINDS}
    room = _PICTURE_BYTES
    for example in examples:
        scene, pair = read(example.place).scene(), example.pair
        asked = [index for index in pair.objects if index < len(scene.objects)]
        shown = picture(scene, asked)
        above = plan(scene, asked) if pair.kind != "general" else ""
        room -= len(shown) + len(above)
        if room < 0:
            break
        groups.setdefault(pair.kind, []).append(
            {
                "pair": pair,
                "image_id": scene.image_id,
                "picture": shown,
                "names": name_letters(scene, asked),
                "plan": above,
                "gravity": scene.up is not None,
                "truth": exact_answer(pair, types[pair.type].dimension),
            }
        )
    return [(_KINDS.get(kind, kind), shown) for kind, shown in groups.items() if shown]


def exact_answer(pair: QA, dimension: str) -> str:
    """The truth that is stored behind the words of an answer; "" where there is none."""
    if not np.isfinite(pair.value):
        return pair.verdict
    return describe_exact(pair.value, dimension, pair.value_std)


def _facts(directory: Path, counts: CardCounts) -> dict[str, Any]:
    """What both cards say."""
    request = _json(directory / "generation.json")
    summary = _json(directory / "summary.json")
    sizes = split_sizes(directory)
    types = sorted(counts.types.items(), key=lambda item: (*_order(item[1]), -item[1].pairs))
    totals = summary.get("types", {})
    rows = [(name, row, totals.get(name, row.pairs)) for name, row in types]
    source, made = request.get("source", "unknown"), read_making(directory)
    reasons = sorted(summary.get("reasons", {}).items(), key=lambda item: -item[1])
    return {
        "name": made.name or f"Data set from {source}",
        "made": made,
        "source_words": _SOURCES.get(source, f"made from {source}"),
        "version": request.get("version", "unknown"),
        "settings": json.dumps(request, indent=2, sort_keys=True)[:_MAX_SETTINGS],
        "summary": summary,
        "splits": {
            split: (sum(size.shard_lengths), len(size.shard_lengths), size.num_bytes)
            for split, size in sizes.items()
        },
        "stored": sum(sum(size.shard_lengths) for size in sizes.values()),
        "num_bytes": sum(size.num_bytes for size in sizes.values()),
        "counts": counts,
        "pairs": summary.get("pairs", counts.pairs),
        "types": rows,
        "types_by_kind": [
            (_KINDS.get(kind, kind), list(members))
            for kind, members in itertools.groupby(rows, key=lambda row: row[1].kind)
        ],
        "units": [(name_unit(unit), number) for unit, number in counts.top("units")],
        "origins": [
            (_ORIGINS.get(name, name), number) for name, number in counts.top("provenance")
        ],
        "reasons": reasons[:_MAX_REASONS],
        "kinds": summary.get("kinds", {}),
    }


def _order(row: TypeCounts) -> tuple[int, str]:
    kinds = list(_KINDS)
    return kinds.index(row.kind) if row.kind in kinds else len(kinds), row.kind


def _json(path: Path) -> dict[str, Any]:
    return read_object(path, "what generation writes there") if path.exists() else {}


def _charts(counts: CardCounts) -> list[tuple[str, str]]:
    charts = [
        (
            "Objects in a picture",
            _whole_numbers(counts.objects_per_image, "number of objects", "pictures"),
        ),
        (
            "Questions about a picture",
            _whole_numbers(counts.pairs_per_image, "number of questions", "pictures"),
        ),
        (
            "Distance of the objects",
            _lengths(counts.camera_distances, "from the camera to their middle, metres", "objects"),
        ),
        ("Lengths asked for", _lengths(counts.lengths, "exact length, metres", "questions")),
    ]
    return [(title, chart) for title, chart in charts if chart]


def _whole_numbers(values: Sequence[int], label: str, of: str) -> str:
    if not any(values):
        return ""
    step = max(1, -(-max(values) // 30))
    edges = np.arange(0, max(values) + 2 * step, step) - 0.5
    return _histogram(values, edges, Axis(edges[0], edges[-1], label, whole=True), of)


def _lengths(values: Sequence[float], label: str, of: str) -> str:
    known = [value for value in values if np.isfinite(value) and value > 0]
    if not known:
        return ""
    low, high = np.quantile(known, [0.001, 0.999])
    low, high = low / 1.1, high * 1.1
    return _histogram(known, np.geomspace(low, high, 31), Axis(low, high, label, log=True), of)


def _histogram(values: Sequence[float], edges: np.ndarray, x: Axis, of: str) -> str:
    bars, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
    y = Axis(0.0, 1.05 * float(bars.max()), f"number of {of}", whole=True)
    return svg.histogram(bars.tolist(), edges.tolist(), x, y, f"{of} by {x.label}")


def _cell(text: Any) -> str:
    """A text as Markdown shows it: no markup, HTML, picture or link, and one line."""
    line = html.escape(" ".join(shown_text(text).splitlines()), quote=False)
    return _MARKUP.sub(r"\\\g<0>", line)

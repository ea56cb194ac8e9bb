"""DIR/card.html and DIR/card.md: what a data set holds, counted and shown.

Totals are of the whole set, from its summary; everything else is of at most 2,000 images drawn at
random. The page is one file without any reference to another.
"""

import collections
import dataclasses
import html
import json
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import jinja2
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
from spatialvlm_jax.generation.card.drawing import picture, plan
from spatialvlm_jax.pages import svg
from spatialvlm_jax.pages.svg import Axis
from spatialvlm_jax.scene.records import QA
from spatialvlm_jax.storage.shards import split_sizes

EXAMPLES = 72
_ROUNDS = 8
_MAX_TEXT, _MAX_SETTINGS, _MAX_REASONS = 400, 100_000, 60
_PICTURE_BYTES = 3_500_000
_MARKUP = re.compile(r"[\\\\`|\[\]*]")
_KINDS = ("qualitative", "quantitative", "general")


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
    page = _environment().get_template("card.html.jinja")
    groups = _groups(examples, read)
    write_text(directory / "card.html", page.render(**facts, charts=_charts(counts), groups=groups))
    text = _environment().get_template("card.md.jinja")
    write_text(directory / "card.md", text.render(**facts, examples=examples))
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
    examples: Sequence[Example], read: ExampleReader
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
                "plan": above,
                "gravity": scene.up is not None,
                "truth": _truth(pair),
            }
        )
    return [(kind, shown) for kind, shown in groups.items() if shown]


def _truth(pair: QA) -> str:
    if not np.isfinite(pair.value):
        return pair.verdict
    spread = f" ± {pair.value_std:.2g}" if np.isfinite(pair.value_std) and pair.value_std else ""
    return f"{pair.value:.4g}{spread} (SI)"


def _facts(directory: Path, counts: CardCounts) -> dict[str, Any]:
    """What both cards say."""
    request = _json(directory / "generation.json")
    summary = _json(directory / "summary.json")
    sizes = split_sizes(directory)
    types = sorted(counts.types.items(), key=lambda item: (_order(item[1]), -item[1].pairs))
    totals = summary.get("types", {})
    reasons = sorted(summary.get("reasons", {}).items(), key=lambda item: -item[1])
    return {
        "source": request.get("source", "unknown"),
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
        "types": [(name, row, totals.get(name, row.pairs)) for name, row in types],
        "reasons": reasons[:_MAX_REASONS],
        "kinds": summary.get("kinds", {}),
    }


def _order(row: TypeCounts) -> int:
    return _KINDS.index(row.kind) if row.kind in _KINDS else len(_KINDS)


def _json(path: Path) -> dict[str, Any]:
    return read_object(path, "what generation writes there") if path.exists() else {}


def _charts(counts: CardCounts) -> list[tuple[str, str]]:
    charts = [
        ("Objects in an image", _whole_numbers(counts.objects_per_image, "objects", "images")),
        ("Pairs of an image", _whole_numbers(counts.pairs_per_image, "pairs", "images")),
        (
            "Distance of objects",
            _lengths(counts.camera_distances, "metres to the camera", "objects"),
        ),
        ("Lengths asked for", _lengths(counts.lengths, "exact value, metres", "pairs")),
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
    y = Axis(0.0, 1.05 * float(bars.max()), of, whole=True)
    return svg.histogram(bars.tolist(), edges.tolist(), x, y, f"{of} by {x.label}")


def _short(text: Any) -> str:
    """At most `_MAX_TEXT` characters of a text, those that turn the page or a terminal left out."""
    whole = "".join(c if c.isprintable() or c == "\n" else " " for c in str(text))
    return whole if len(whole) <= _MAX_TEXT else whole[: _MAX_TEXT - 1] + "…"


def _cell(text: Any) -> str:
    """A text as Markdown shows it: no markup, HTML, picture or link, and one line."""
    line = html.escape(" ".join(_short(text).splitlines()), quote=False)
    return _MARKUP.sub(r"\\\g<0>", line)


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "assets"),
        autoescape=jinja2.select_autoescape(["html.jinja"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["thousands"] = "{:,}".format
    environment.filters["bytes"] = lambda n: (
        f"{n / 1e9:,.2f} GB" if n > 1e8 else f"{n / 1e6:.1f} MB"
    )
    environment.filters["short"] = _short
    environment.filters["cell"] = _cell
    return environment

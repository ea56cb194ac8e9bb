"""Twins: two scenes that differ in one cue of depth alone, and what a model makes of them.

    python -m benchmarks.twins --scenes=400 --json=twins.json --write=twins

In a rendered scene one object is made larger where it stands, and nothing else changes. Which of
two objects is nearer stays as it was; what changes is a cue:

* larger is nearer: the farther object grows until it is the larger one in the picture;
* higher is farther: the nearer object grows until its middle is the higher one in the picture.

Before, the cue says the truth, and afterwards the opposite. Both objects stand on the floor, carry
nothing and are seen whole in both pictures. "Which is nearer" is asked in both orders, and nothing
is told of the camera. A model that sees depth answers both twins alike; the difference is what it
takes from the cue. Intervals hold 95 %; all twins of a scene are one cluster. --write=DIR keeps the
pictures, with the questions in the form of `configs/own_questions.py`.
"""

import argparse
import dataclasses
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from tqdm import tqdm

import spatialvlm_jax
from spatialvlm_jax.atomic_write import whole_file, write_json, write_text
from spatialvlm_jax.evaluation.statistics.pairs import paired_difference
from spatialvlm_jax.generation.questions import relations
from spatialvlm_jax.generation.wording.templates import TEMPLATES
from spatialvlm_jax.inference.spatial_answer import NEVER
from spatialvlm_jax.scene import cues
from spatialvlm_jax.scene.geometry import SceneGeometry
from spatialvlm_jax.scene.records import Object3D, Scene
from spatialvlm_jax.storage.codec import encode_png
from spatialvlm_jax.text_table import align_columns
from spatialvlm_jax.worlds.config import WorldConfig
from spatialvlm_jax.worlds.items import WorldObject, clear
from spatialvlm_jax.worlds.layout import Layout, draw_layout
from spatialvlm_jax.worlds.source import render_layouts

Cue = Literal["larger is nearer", "higher is farther"]
CUES: dict[Cue, Callable[[np.ndarray, np.ndarray], float]] = {
    "larger is nearer": cues.larger_is_nearer,
    "higher is farther": cues.higher_is_farther,
}
# How many times as large an object may become; the first that turns the cue is taken.
FACTORS = (1.3, 1.6, 2.0, 2.5)
LEAST_VISIBLE, MOST_TRUNCATED = 0.8, 0.02
QUESTION = TEMPLATES["which_nearer"].questions[0]
Ask = Callable[[np.ndarray, Sequence[str]], Sequence[str | None]]


@dataclasses.dataclass(frozen=True, eq=False)
class Twins:
    """A scene in which the cue says the truth, and its twin in which it says the opposite.

    near, far: what the two objects are called.
    """

    cue: Cue
    near: str
    far: str
    agrees: Scene
    disagrees: Scene

    @property
    def questions(self) -> tuple[str, str]:
        """Which of the two is nearer, in both orders."""
        return QUESTION.format(a=self.near, b=self.far), QUESTION.format(a=self.far, b=self.near)


def scaled(item: WorldObject, factor: float) -> WorldObject:
    """The object so many times as large, where it stands; nothing may stand on it."""
    lengths = ("x", "y", "z", "width", "depth", "height")
    return dataclasses.replace(
        item,
        parts=tuple(
            part._replace(**{name: factor * getattr(part, name) for name in lengths})
            for part in item.parts
        ),
        surfaces=(),
        half_width=factor * item.half_width,
        half_depth=factor * item.half_depth,
        height=factor * item.height,
    )


def seen_box(layout: Layout, item: WorldObject) -> np.ndarray:
    """float64[4], u0, v0, u1, v1, half widths of the picture, around the object's 3D box."""
    points = [
        layout.camera.project((x, y, z))[:2]
        for x, y in item.corners()
        for z in (item.z, item.z + item.height)
    ]
    return np.concatenate([np.min(points, 0), np.max(points, 0)])


def cue_says(cue: Cue, layout: Layout, near: WorldObject, far: WorldObject) -> float:
    """1 if the cue says which of the two is nearer, 0 if the opposite."""
    boxes = np.stack([seen_box(layout, near), seen_box(layout, far)])
    return CUES[cue](np.array([0.0, 1.0]), boxes)


def turned(layout: Layout, near: int, far: int, cue: Cue) -> Layout | None:
    """The layout with one of two objects made so large that the cue turns; None if none does.

    Args:
      near, far: places of the objects, of which the cue says the truth.
    """
    grows = far if cue == "larger is nearer" else near
    items = list(layout.items)
    others = [item for place, item in enumerate(items) if place != grows]
    for factor in FACTORS:
        items[grows] = scaled(layout.items[grows], factor)
        has_room = clear(items[grows], others) and _inside(items[grows], layout)
        if not has_room or np.abs(seen_box(layout, items[grows])).max() > 1:
            return None
        if cue_says(cue, layout, items[near], items[far]) == 0:
            return dataclasses.replace(layout, items=tuple(items))
    return None


def _inside(item: WorldObject, layout: Layout) -> bool:
    """Whether an object keeps within the walls."""
    x0, x1, y0, y1, _ = layout.room
    return all(x0 < x < x1 and y0 < y < y1 for x, y in item.corners())


def turned_layouts(layout: Layout) -> Iterator[tuple[Cue, str, str, Layout]]:
    """Of each cue the first two objects for which it can be turned: near, far, and the twin."""
    carrying = {item.support for item in layout.items}
    standing = [
        place
        for place, item in enumerate(layout.items)
        if item.support is None and place not in carrying
    ]
    camera = np.array(layout.camera.position)
    for cue in CUES:
        for pair in itertools.combinations(standing, 2):
            items = [layout.items[place] for place in pair]
            distances = [np.linalg.norm(np.array(item.middle()) - camera) for item in items]
            near, far = (pair[place] for place in np.argsort(distances))
            first, second = layout.items[near], layout.items[far]
            if cue_says(cue, layout, first, second) == 1:
                twin = turned(layout, near, far, cue)
                if twin is not None:
                    yield cue, _name(first), _name(second), twin
                    break


def _name(item: WorldObject) -> str:
    return f"{item.color} {item.category}"


def is_fair(twins: Twins) -> bool:
    """Whether the rendered twins are as meant: seen whole, the cue turned, the truth the same."""
    for scene, wanted in ((twins.agrees, 1), (twins.disagrees, 0)):
        places = {item.caption: place for place, item in enumerate(scene.objects)}
        if twins.near not in places or twins.far not in places:
            return False
        near, far = places[twins.near], places[twins.far]
        pair = [scene.objects[near], scene.objects[far]]
        boxes = np.stack([item.box for item in pair])
        is_nearer = relations.nearness(SceneGeometry.from_scene(scene), near, far) == "nearer"
        says = CUES[twins.cue](np.array([0.0, 1.0]), boxes)
        if not is_nearer or says != wanted or not all(map(_is_whole, pair)):
            return False
    return True


def _is_whole(item: Object3D) -> bool:
    return item.visible_fraction >= LEAST_VISIBLE and item.truncation <= MOST_TRUNCATED


def draw_twins(config: WorldConfig, seed: int, scenes: Iterable[int]) -> Iterator[list[Twins]]:
    """The twins of each scene that has some."""
    for index in scenes:
        layout = draw_layout(config, seed, index)
        found = list(turned_layouts(layout))
        if found:
            layouts = [layout, *(twin for *_, twin in found)]
            names = [f"twins-{seed}-{index:08d}-{number}" for number in range(len(layouts))]
            first, *others = render_layouts(layouts, names, config, 1 + len(CUES))
            twins = [
                Twins(cue, near, far, first, other)
                for (cue, near, far, _), other in zip(found, others, strict=True)
            ]
            fair = [each for each in twins if is_fair(each)]
            if fair:
                yield fair


def measure(scenes: Sequence[Sequence[Twins]], ask: Ask) -> dict[str, Any]:
    """By cue: shares right of both twins, and their difference with its interval."""
    figures: dict[str, Any] = {}
    marks: dict[Cue, list[tuple[int, float, float]]] = {cue: [] for cue in CUES}
    for number, each in enumerate(tqdm(scenes, unit="scene")):
        for twins in each:
            shares = [
                float(np.mean([said == twins.near for said in ask(scene.image, twins.questions)]))
                for scene in (twins.agrees, twins.disagrees)
            ]
            marks[twins.cue].append((number, shares[0], shares[1]))
    for cue, rows in marks.items():
        if not rows:
            continue
        clusters, first, second = map(np.array, zip(*rows, strict=True))
        found = paired_difference(first, second, clusters)
        figures[cue] = {
            "twins": len(rows),
            "agrees": float(first.mean()),
            "disagrees": float(second.mean()),
            "difference": found.difference,
            "ci95": found.interval and list(found.interval),
        }
    return figures


def table(figures: dict[str, Any]) -> list[str]:
    """Lines for people."""
    rows = [("cue", "twins", "it agrees", "it disagrees", "difference", "95 % interval")]
    for cue, found in figures.items():
        shares = [f"{100 * found[name]:.1f} %" for name in ("agrees", "disagrees", "difference")]
        ci95 = found["ci95"]
        interval = "–" if ci95 is None else f"{100 * ci95[0]:.1f} to {100 * ci95[1]:.1f} %"
        rows.append((cue, str(found["twins"]), shares[0], shares[1], shares[2], interval))
    return align_columns(rows, rule=True)


def write_twins(scenes: Iterable[Sequence[Twins]], folder: Path) -> None:
    """Keeps the pictures, and asked.jsonl with their questions and true answers."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for twins in itertools.chain.from_iterable(scenes):
        for side, scene in (("agrees", twins.agrees), ("disagrees", twins.disagrees)):
            name = f"{scene.image_id}.png"
            with whole_file(folder / name) as picture:
                picture.write_bytes(encode_png(scene.image))
            about = {"image": name, "answer": twins.near, "cue": twins.cue, "side": side}
            lines += [json.dumps({**about, "question": asked}) for asked in twins.questions]
    write_text(folder / "asked.jsonl", "".join(line + "\n" for line in lines))


def measure_model(
    where: str, scenes: int, *, preset: str = "clear", seed: int = 2_024, write: Path | None = None
) -> dict[str, Any]:
    """The figures of a model by name or place, on pictures as large as it reads.

    Args:
      scenes: to look for twins in. preset: of the worlds. write: where pictures are kept.
    """
    model = spatialvlm_jax.load(where, untaught=True, unseen=True)
    config = WorldConfig.preset(
        preset,
        image_size=model.experiment.model.encoder.image_size,
        families=("room", "floor"),
        family_weights=(0.6, 0.4),
    )
    drawn = list(draw_twins(config, seed, tqdm(range(scenes), unit="layout")))
    if write:
        write_twins(drawn, write)

    def ask(image: np.ndarray, questions: Sequence[str]) -> list[str | None]:
        answers = model.ask(image, questions, doubt=NEVER, scored_values=0)
        return [answer.verdict for answer in answers]

    return measure(drawn, ask)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="small128", help="default: %(default)s")
    parser.add_argument("--preset", default="clear", help="of the worlds; default: %(default)s")
    parser.add_argument("--scenes", type=int, default=400, help="to look for twins in")
    parser.add_argument("--seed", type=int, default=2_024, help="default: %(default)s")
    parser.add_argument("--write", type=Path, metavar="DIR", help="keep pictures and questions")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    args = parser.parse_args()
    figures = measure_model(
        args.model, args.scenes, preset=args.preset, seed=args.seed, write=args.write
    )
    print("\n".join(table(figures)))
    if args.json:
        write_json(args.json, figures)


if __name__ == "__main__":
    main()

"""Twins of benchmarks whose answers are letters of options."""

import base64
import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from spatialvlm_jax.atomic_write import whole_file, write_json, write_text
from spatialvlm_jax.questions import QuestionTypeName
from spatialvlm_jax.rendered_benchmarks.asked_scene import (
    AskedScene,
    LetteredTexts,
    capital,
    count_options,
    write_table,
)
from spatialvlm_jax.storage.codec import encode_png

# What a mirrored picture leaves as it is, and the sub-task that asks for it.
_MIRRORED: Mapping[QuestionTypeName, str] = {
    "which_above": "height_higher",
    "which_nearer": "location_closer_to_camera",
}
_APART = 1.15  # a length is told from another where it is so many times that


def nearest_to(scene: AskedScene) -> tuple[str, str, str] | None:
    """Three names: an object, the one whose center is clearly closer to its own, and another."""
    told: dict[tuple[int, int], float] = {}
    for pair in scene.of("centre_distance", most=12):
        one, other = pair.objects
        told[one, other] = told[other, one] = pair.value
    captions = [thing.caption for thing in scene.scene.objects]
    for (one, near), least in sorted(told.items()):
        for (same, far), more in sorted(told.items()):
            if same == one and far != near and more > _APART * least:
                return captions[one], captions[near], captions[far]
    return None


def cv_bench(scenes: Sequence[AskedScene], folder: Path) -> None:
    """Counts and relations in 2D, depth and distance in 3D."""
    rows: list[dict[str, Any]] = []

    def add(
        scene: AskedScene, task: str, source: str, question: str, options: LetteredTexts
    ) -> None:
        rows.append(
            {
                "idx": len(rows),
                "type": "3D" if source == "Omni3D" else "2D",
                "task": task,
                "image": scene.stored(),
                "question": question,
                "choices": list(options.texts),
                "answer": f"({options.letter})",
                "prompt": f"{question} Select from the following choices.\n{options.listed()}",
                "source": source,
                "source_filename": f"{scene.name}.png",
            }
        )

    for scene in scenes:
        for pair in scene.of("count"):
            options = count_options(int(pair.verdict), scene.draws("count", pair.question))
            add(scene, "Count", "ADE20K", capital(pair.question), options)
        for pair in scene.of("left_of"):
            one, other = scene.names(pair)
            sides = ("left", "right") if pair.verdict == "yes" else ("right", "left")
            options = LetteredTexts.of(sides[0], sides[1:], scene.draws("left", pair.question))
            add(scene, "Relation", "COCO", f"On which side of the {other} is the {one}?", options)
        for pair in scene.of("which_nearer"):
            add(scene, "Depth", "Omni3D", capital(pair.question), _choice(scene, pair))
        if found := nearest_to(scene):
            one, near, far = found
            question = f"Which object is closer to the {one}, the {near} or the {far}?"
            options = LetteredTexts.of(near, [far], scene.draws("nearest"))
            add(scene, "Distance", "Omni3D", question, options)
    for kind in ("2D", "3D"):
        table = [row for row in rows if row["type"] == kind]
        write_table(folder / f"test_{kind.lower()}.parquet", table)


def blink(scenes: Sequence[AskedScene], folder: Path) -> None:
    """Relative depth of two drawn points, relations and counts, of one picture each."""
    rows: list[dict[str, Any]] = []

    def add(picture: bytes, task: str, question: str, options: LetteredTexts) -> None:
        name = f"val_{task}_{len(rows) + 1}"
        shown: list[dict[str, Any] | None] = [{"bytes": picture, "path": f"{name}.png"}]
        pictures = {f"image_{n}": each for n, each in enumerate([*shown, None, None, None], 1)}
        row: dict[str, Any] = {"idx": name, "sub_task": task, "question": question}
        row |= {"choices": list(options.texts), "answer": f"({options.letter})"}
        prompt = f"{question}\nSelect from the following choices.\n"
        prompt += options.listed(between="\n")
        rows.append(row | pictures | {"prompt": prompt})

    for scene in scenes:
        if found := _two_points(scene):
            picture, nearer = found
            texts = {letter: f"{letter} is closer" for letter in "AB"}
            options = LetteredTexts(tuple(texts.values()), "AB".index(nearer))
            question = "Two points are marked A and B. Which point is closer to the camera?"
            add(picture, "Relative_Depth", question, options)
        for pair in scene.of("left_of"):
            options = LetteredTexts(("yes", "no"), ("yes", "no").index(pair.verdict))
            add(scene.png(), "Spatial_Relation", capital(pair.question), options)
        for pair in scene.of("count"):
            options = count_options(int(pair.verdict), scene.draws("count", pair.question))
            add(scene.png(), "Counting", capital(pair.question), options)
    write_table(folder / "val-00000-of-00001.parquet", rows)


def _two_points(scene: AskedScene) -> tuple[bytes, str] | None:
    """A picture with points A and B drawn on two objects, and which of them is clearly nearer."""
    depth = scene.scene.depth
    masks = [thing.mask for thing in scene.scene.objects if thing.mask is not None]
    points = [point for mask in masks if (point := _inside(mask)) is not None]
    draws = scene.draws("points")
    for one, other in draws.shuffle([(a, b) for a in points for b in points if a != b]):
        if depth is None:
            return None
        ahead, behind = float(depth[one]), float(depth[other])
        if max(ahead, behind) > _APART * min(ahead, behind) > 0:
            drawn = Image.fromarray(scene.scene.image)
            canvas = ImageDraw.Draw(drawn)
            for letter, (row, column) in zip("AB", (one, other), strict=True):
                canvas.ellipse((column - 3, row - 3, column + 3, row + 3), outline="red", width=2)
                canvas.text((column + 5, row - 12), letter, fill="red")
            return encode_png(np.asarray(drawn)), "A" if ahead < behind else "B"
    return None


def _inside(mask: np.ndarray) -> tuple[int, int] | None:
    """Row and column of the pixel of a mask that is nearest to its middle, if it has enough."""
    rows, columns = np.nonzero(mask)
    if len(rows) < 50:
        return None
    nearest = np.argmin(np.hypot(rows - rows.mean(), columns - columns.mean()))
    return int(rows[nearest]), int(columns[nearest])


def emb_spatial(scenes: Sequence[AskedScene], folder: Path) -> None:
    """Left and right, and which of several things is close or far."""
    rows: list[dict[str, Any]] = []

    def add(scene: AskedScene, relation: str, question: str, options: LetteredTexts) -> None:
        rows.append(
            {
                "data_source": "rendered",
                "scene_id": scene.name,
                "question_id": f"rendered_{len(rows)}",
                "question": question,
                "relation": relation,
                "image": base64.b64encode(scene.png()).decode(),
                "answer_options": list(options.texts),
                "answer": options.place,
            }
        )

    for scene in scenes:
        for pair in scene.of("left_of"):
            one, other = scene.names(pair)
            sides = ("left", "right") if pair.verdict == "yes" else ("right", "left")
            texts = [f"The {one} is {side} of the {other}." for side in sides]
            options = LetteredTexts.of(texts[0], texts[1:], scene.draws("side", pair.question))
            question = f"How are the {one} and the {other} placed in the picture?"
            add(scene, sides[0], question, options)
        for relation, place in (("close", 0), ("far", -1)):
            if ranked := ranked_by_distance(scene):
                right = ranked.pop(place)
                options = LetteredTexts.of(right, ranked, scene.draws(relation))
                word = "closest to" if relation == "close" else "farthest from"
                add(scene, relation, f"Which object is {word} you?", options)
    write_json(folder / "embspatial_bench.json", rows)


def ranked_by_distance(scene: AskedScene) -> list[str]:
    """Names from the nearest to the farthest; none unless both ends are clearly told."""
    told = {pair.objects[0]: pair.value for pair in scene.of("camera_distance", most=12)}
    ranked = sorted(told, key=lambda index: told[index])
    values = [told[index] for index in ranked]
    if len(values) < 2 or min(values[1] / values[0], values[-1] / values[-2]) < _APART:
        return []
    return [scene.scene.objects[index].caption for index in ranked]


def three_dsr_bench(scenes: Sequence[AskedScene], folder: Path) -> None:
    """Height and distance: as it is, with options turned round, and of the mirrored picture."""
    head = ("index", "qid", "question", "A", "B", "C", "D", "answer", "category", "image")
    table: list[Sequence[str]] = []
    asked = 0
    for scene in scenes:
        mirrored = encode_png(np.ascontiguousarray(scene.scene.image[:, ::-1]))
        pictures = {"": scene.png(), "-flip": mirrored}
        for type_name, category in _MIRRORED.items():
            for pair in scene.of(type_name, most=1):
                asked += 1
                texts = scene.names(pair)
                for form, picture in pictures.items():
                    for turn, options in (("", texts), ("-1", texts[::-1])):
                        letter = "AB"[options.index(pair.verdict)]
                        name = f"R{asked:07d}{form}{turn}"
                        row = (str(len(table)), name, capital(pair.question), *options, "", "")
                        cell = base64.b64encode(picture).decode()
                        table.append((*row, letter, category, cell))
    text = io.StringIO()
    csv.writer(text, delimiter="\t", lineterminator="\n").writerows([head, *table])
    write_text(folder / "3DSRBench.tsv", text.getvalue())


def whats_up(scenes: Sequence[AskedScene], folder: Path) -> None:
    """Pairs of captions that differ in left and right, the true one first."""
    rows = []
    for scene in scenes:
        for pair in scene.of("left_of"):
            one, other = scene.names(pair)
            sides = ("left", "right") if pair.verdict == "yes" else ("right", "left")
            captions = [f"A {one} to the {side} of a {other}" for side in sides]
            rows.append([Path(scene.save_jpeg(folder / "images")).stem, *captions])
    write_json(folder / "rendered_two_objects.json", rows)


def omni_spatial(scenes: Sequence[AskedScene], folder: Path) -> None:
    """Which of all things is nearest to who looks."""
    task, rows = "Perspective_Taking", []
    for scene in scenes:
        if ranked := ranked_by_distance(scene):
            options = LetteredTexts.of(ranked[0], ranked[1:], scene.draws("omni"))
            with whole_file(folder / task / f"{scene.number}.png") as temporary:
                temporary.write_bytes(scene.png())
            rows.append(
                {
                    "id": f"{scene.number}_0",
                    "question": "Which object is nearest to where the picture was taken from?",
                    "options": list(options.texts),
                    "answer": options.place,
                    "task_type": task,
                    "sub_task_type": "Egocentric",
                }
            )
    write_json(folder / "data.json", rows)


def mmsi_bench(scenes: Sequence[AskedScene], folder: Path) -> None:
    """Which of four things in two pictures is tallest."""
    rows = []
    for number, (one, other) in enumerate(zip(scenes[::2], scenes[1::2], strict=False)):
        tall = [*_heights(one, "first"), *_heights(other, "second")]
        tall.sort(key=lambda each: -each[1])
        if len(tall) != 4 or tall[0][1] < _APART * tall[1][1]:
            continue
        texts = [name for name, _ in tall]
        options = LetteredTexts.of(texts[0], texts[1:], one.draws("tallest"))
        listed = options.listed("{letter}: {text}", ", ")
        rows.append(
            {
                "id": number,
                "images": [one.png(), other.png()],
                "question_type": "Attribute (Meas.)",
                "question": f"Which of these is the tallest?\nOptions: {listed}",
                "answer": options.letter,
                "thought": f"The {options.texts[options.place]} is {tall[0][1]:.2f} m tall.",
            }
        )
    write_table(folder / "MMSI_Bench.parquet", rows)


def _heights(scene: AskedScene, which: str) -> Iterator[tuple[str, float]]:
    for pair in scene.of("height"):
        if math.isfinite(pair.value):
            yield f"the {scene.names(pair)[0]} in the {which} picture", pair.value


def _choice(scene: AskedScene, pair: Any) -> LetteredTexts:
    """Of a "which" question between two objects."""
    wrong = [name for name in scene.names(pair) if name != pair.verdict]
    return LetteredTexts.of(pair.verdict, wrong, scene.draws("choice", pair.question))

"""Twins of benchmarks that ask for numbers, some of them for relations beside."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spatialvlm_jax.atomic_write import write_json_lines
from spatialvlm_jax.questions import QuestionTypeName
from spatialvlm_jax.rendered_benchmarks.asked_scene import (
    IMAGE_SIZE,
    AskedScene,
    LetteredTexts,
    capital,
    write_table,
)
from spatialvlm_jax.rendered_benchmarks.lettered import nearest_to
from spatialvlm_jax.scene.records import QA

_SIZES: Mapping[QuestionTypeName, str] = {"width": "wide", "height": "tall"}


def q_spatial(scenes: Sequence[AskedScene], folder: Path) -> None:
    """Shortest distances between two things, in metres or centimetres."""
    rows = []
    for scene in scenes:
        for number, pair in enumerate(scene.of("distance")):
            one, other = scene.names(pair)
            unit, scale = ("cm", 100.0) if number % 2 else ("m", 1.0)
            rows.append(
                {
                    "question": f"What is the shortest distance between the {one} and the {other}?",
                    "answer_value": float(f"{scale * pair.value:.4g}"),
                    "answer_unit": unit,
                    "question_type": "direct",
                    "image_path": scene.save_jpeg(folder / "images"),
                    "image": scene.stored(),
                }
            )
    write_table(folder / "QSpatial_rendered-00000-of-00001.parquet", rows)


def spatial_rgpt(scenes: Sequence[AskedScene], folder: Path) -> None:
    """Sizes, distances and relations of regions; boxes and names are told."""
    rows: list[dict[str, Any]] = []

    def add(scene: AskedScene, pair: QA, kind: str, category: str, asked: str, said: str) -> None:
        objects = [scene.scene.objects[index] for index in pair.objects]
        marked = asked
        for number in range(len(objects)):
            marked = marked.replace(f"Region [{number}]", "<mask> <depth>")
        picture = scene.save_jpeg(folder / "images")
        rows.append(
            {
                "id": f"rendered_{len(rows)}",
                "image_info": {"file_path": picture, "height": IMAGE_SIZE, "width": IMAGE_SIZE},
                "text_q": asked,
                "qa_info": {"type": kind, "category": category},
                "bbox": [[float(side) for side in each.box] for each in objects],
                "names": [each.caption for each in objects],
                "conversations": [
                    {"from": "human", "value": marked},
                    {"from": "gpt", "value": said},
                ],
            }
        )

    for scene in scenes:
        for name, word in _SIZES.items():
            for pair in scene.of(name):
                question = f"How {word} is Region [0]?"
                answer = f"Region [0] is {_metres(pair)} meters {word}."
                add(scene, pair, "quantitative", f"{name}_data", question, answer)
        for pair in scene.of("distance"):
            question = "How far is Region [0] from Region [1]?"
            answer = f"Region [0] is {_metres(pair)} meters away from Region [1]."
            add(scene, pair, "quantitative", "distance_data", question, answer)
        for pair in scene.of("left_of"):
            question = "Is Region [0] to the left of Region [1]?"
            is_so = "Yes, Region [0] is" if pair.verdict == "yes" else "No, Region [0] is not"
            answer = f"{is_so} to the left of Region [1]."
            add(scene, pair, "qualitative", "left_predicate", question, answer)
        for pair in scene.of("which_taller"):
            question = "Which is taller, Region [0] or Region [1]?"
            answer = f"Region [{scene.names(pair).index(pair.verdict)}] is taller."
            add(scene, pair, "qualitative", "tall_choice", question, answer)
    write_json_lines(folder / "val.jsonl", rows)


def msmu(scenes: Sequence[AskedScene], folder: Path) -> None:
    """Sizes, distances, counts, places and comparisons."""
    rows: list[dict[str, Any]] = []

    def add(scene: AskedScene, kind: str, question: str, answer: str) -> None:
        rows.append(
            {
                "image_base64": base64.b64encode(scene.png()).decode(),
                "image_size": [IMAGE_SIZE, IMAGE_SIZE],
                "image_mode": "RGB",
                "conversations": [
                    {"from": "human", "value": f"<image>\n{question}"},
                    {"from": "gpt", "value": answer},
                ],
                "type": kind,
            }
        )

    for scene in scenes:
        for pair in scene.of("height"):
            (name,) = scene.names(pair)
            answer = f"The height of the {name} is {_metres(pair)} m."
            add(scene, "scale_estimation", f"How tall is the {name}?", answer)
        for pair in scene.of("distance"):
            one, other = scene.names(pair)
            question = f"How far is the {one} from the {other}?"
            add(scene, "absolute_distance", question, f"They are {_metres(pair)} m apart.")
        for pair in scene.of("count"):
            if int(pair.verdict) > 0:  # by the official rule, a ratio, nothing is right of none
                answer = f"The number that is asked for is {pair.verdict}."
                add(scene, "count", capital(pair.question), answer)
        for pair in scene.of("left_of"):
            one, other = scene.names(pair)
            is_so = pair.verdict == "yes"
            side = "left" if is_so else "right"
            answer = f"{'Yes' if is_so else 'No'}, the {one} is {side} of the {other}."
            add(scene, "relative_position", f"Is the {one} left of the {other}?", answer)
        for pair in scene.of("which_taller"):
            one, other = scene.names(pair)
            question = f"Between the {one} and the {other}, which one is taller?"
            add(scene, "scale_compare", question, f"The {pair.verdict} is taller.")
        for pair in scene.of("existence"):
            answer = "Yes, there is." if pair.verdict == "yes" else "No, there is none."
            add(scene, "existence", capital(pair.question), answer)
    write_table(folder / "test.parquet", rows)


def spar_bench(scenes: Sequence[AskedScene], folder: Path) -> None:
    """Depth of a thing's center as a number, and which of two centers is closer to a third."""
    rows: list[dict[str, Any]] = []

    def add(scene: AskedScene, task: str, form: str, question: str, answer: str) -> None:
        row: dict[str, Any] = {"id": f"rendered_{len(rows)}", "image": [scene.stored()]}
        row |= {"question": question, "answer": answer, "task": task}
        rows.append(row | {"img_type": "single", "format_type": form})

    for scene in scenes:
        for pair in scene.of("camera_distance"):
            (name,) = scene.names(pair)
            depth = float(scene.scene.objects[pair.objects[0]].center[2])
            question = f"How far along the camera's axis is the center of the {name}, in meters?"
            add(scene, "depth_prediction_oc", "fill", question, f"{depth:.3g}")
        if found := nearest_to(scene):
            one, near, far = found
            options = LetteredTexts.of(near, [far], scene.draws("spar"))
            question = f"Which object's center is closer to that of the {one}? "
            question += options.listed("{letter}. {text}")
            add(scene, "distance_infer_center_oo", "select", question, options.letter)
    write_table(folder / "test.parquet", rows)


def vsi_bench(scenes: Sequence[AskedScene], folder: Path) -> None:
    """Distances, sizes and counts; a video is not made, so that they are scored, and not asked."""
    rows: list[dict[str, Any]] = []
    for scene in scenes:
        asked: list[tuple[str, str, str]] = []
        for pair in scene.of("distance"):
            one, other = scene.names(pair)
            question = f"How far are the {one} and the {other} apart, in meters?"
            asked.append(("object_abs_distance", question, _metres(pair)))
        for pair in scene.of("height"):
            index = pair.objects[0]
            longest = 100 * max(scene.scene.objects[index].extents)
            question = f"How long is the longest side of the {scene.names(pair)[0]}, in cm?"
            asked.append(("object_size_estimation", question, f"{longest:.3g}"))
        for pair in scene.of("count"):
            if int(pair.verdict) > 0:
                asked.append(("object_counting", pair.question, pair.verdict))
        for kind, question, truth in asked:
            row: dict[str, Any] = {"id": len(rows), "dataset": "rendered"}
            row |= {"scene_name": scene.name, "question_type": kind, "question": question}
            rows.append(row | {"ground_truth": truth, "options": None, "pruned": False})
    write_json_lines(folder / "test.jsonl", rows)


def _metres(pair: QA) -> str:
    return f"{pair.value:.3g}"

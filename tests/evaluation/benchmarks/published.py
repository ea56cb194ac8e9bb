"""A few questions of each benchmark, in the files and fields in which it is published."""

import base64
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.evaluation.benchmarks.msmu_rows import msmu
from tests.evaluation.benchmarks.published_files import (
    PICTURE,
    PNG,
    write_json,
    write_lines,
    write_parquet,
)
from tests.evaluation.benchmarks.published_others import spatial_457, viz_wiz


def q_spatial(folder: Path) -> None:
    asked = [("How far is the mug from the lamp?", 96.0, "cm"), ("How far is the door?", 2.0, "m")]
    rows = [
        {
            "question": question,
            "answer_value": value,
            "answer_unit": unit,
            "question_type": "direct",
            "image_path": f"{number}.jpg",
            "image": PICTURE,
        }
        for number, (question, value, unit) in enumerate(asked)
    ]
    write_parquet(folder / "QSpatial_plus-00000-of-00001.parquet", rows)


def spatial_rgpt(folder: Path) -> None:
    asked = [
        ("quantitative", "width_data", "How wide is Region [0]?", "Region [0] is 1.5 meters wide."),
        (
            *("quantitative", "direction", "If you are at Region [0], where is Region [1]?"),
            "Region [0] will find Region [1] around the 2 o'clock direction.",
        ),
        (
            *("qualitative", "left_predicate", "Is Region [0] left of Region [1]?"),
            "Yes, Region [0] is to the left of Region [1].",
        ),
        (
            *("qualitative", "tall_choice", "Which is taller, Region [0] or Region [1]?"),
            "Region [1] is taller.",
        ),
    ]
    rows = [
        {
            "id": f"q{number}",
            "image_info": {"file_path": "a.jpg", "height": 48, "width": 64},
            "text_q": question,
            "qa_info": {"type": kind, "category": category},
            "bbox": [[0, 0, 5, 5], [6, 6, 9, 9]],
            "conversations": [
                {"from": "human", "value": question.replace("Region [0]", "<mask> <depth>")},
                {"from": "gpt", "value": answer},
            ],
        }
        for number, (kind, category, question, answer) in enumerate(asked)
    ]
    write_lines(folder / "val.jsonl", rows)


def cv_bench(folder: Path) -> None:
    rows = [
        {
            "idx": number,
            "type": "2D" if source != "Omni3D" else "3D",
            "task": task,
            "image": PICTURE,
            "question": f"Which is nearer, in picture {number}?",
            "choices": ["right", "left"],
            "answer": "(B)",
            "prompt": f"Which is nearer, in picture {number}? Select. (A) right (B) left",
            "source": source,
            "source_filename": f"{number}.jpg",
        }
        for number, (task, source) in enumerate(
            [("Count", "ADE20K"), ("Relation", "COCO"), ("Depth", "Omni3D"), ("Depth", "Omni3D")]
        )
    ]
    write_parquet(folder / "test_2d.parquet", rows[:2])
    write_parquet(folder / "test_3d.parquet", rows[2:])


def blink(folder: Path) -> None:
    rows = [
        {
            "idx": f"val_{task}_{number}",
            "question": "Which point is closer?",
            "sub_task": task,
            **{f"image_{place}": PICTURE if place <= shown else None for place in range(1, 5)},
            "choices": ["A is closer", "B is closer"],
            "answer": answer,
            "prompt": "Which point is closer? (A) A is closer (B) B is closer",
        }
        for number, (task, answer, shown) in enumerate(
            [("Relative_Depth", "(B)", 1), ("Counting", "(A)", 4), ("Counting", "hidden", 1)]
        )
    ]
    write_parquet(folder / "val.parquet", rows)


def emb_spatial(folder: Path) -> None:
    rows = [
        {
            "data_source": "mp3d",
            "scene_id": "s1",
            "question_id": f"mp3d_{number}",
            "question": "Where is the chair?",
            "relation": "left",
            "image": base64.b64encode(PNG).decode(),
            "answer_options": ["right of it", "left of it", "above it", "under it"],
            "answer": 1,
            "objects": [{"name": "chair", "bbox": [0, 0, 4, 4]}],
        }
        for number in range(2)
    ]
    write_json(folder / "embspatial_bench.json", rows)


def vsr(folder: Path) -> None:
    rows = [
        {
            "image": "000000000285.jpg",
            "image_link": "unknown",
            "caption": "The bear is left of the tree.",
            "label": label,
            "relation": "left of",
            "annotator_id": 1,
            "vote_true_validator_id": [1],
            "vote_false_validator_id": [],
        }
        for label in (1, 0)
    ]
    write_lines(folder / "test.jsonl", rows)


def pope(folder: Path) -> None:
    for name in ("popular", "random"):
        rows = [
            {
                "question_id": number,
                "image": "COCO_val2014_000000310196.jpg",
                "text": f"Is there a {thing} in the image?",
                "label": label,
            }
            for number, (thing, label) in enumerate([("mug", "yes"), ("dog", "no")], 1)
        ]
        write_lines(folder / f"coco_pope_{name}.json", rows)


def gqa(folder: Path) -> None:
    records = {
        f"2010{number}": {
            "question": "What is under the mug?",
            "answer": "table",
            "imageId": f"n{number}",
            "types": {"structural": "query", "semantic": "rel", "detailed": "relO"},
            "groups": {"global": None, "local": "1"},
        }
        for number in range(2)
    }
    write_json(folder / "testdev_balanced_questions.json", records)


def _people(*answers: str) -> list[dict[str, Any]]:
    return [
        {"answer": answer, "answer_confidence": "yes", "answer_id": number}
        for number, answer in enumerate(answers, 1)
    ]


def vqa_v2(folder: Path) -> None:
    common = {"data_type": "mscoco", "data_subtype": "val2014"}
    questions = [
        {"image_id": 42, "question_id": 42000, "question": "How many mugs are there?"},
        {"image_id": 42, "question_id": 42001, "question": "Is it red?"},
    ]
    said = (["2"] * 7 + ["3"] * 3, ["yes"] * 10)
    annotations = [
        {
            "question_id": question["question_id"],
            "image_id": 42,
            "question_type": "how many",
            "answer_type": kind,
            "multiple_choice_answer": answers[0],
            "answers": _people(*answers),
        }
        for question, answers, kind in zip(questions, said, ("number", "yes/no"), strict=True)
    ]
    name = "v2_OpenEnded_mscoco_val2014_questions.json"
    write_json(folder / name, {**common, "questions": questions})
    name = "v2_mscoco_val2014_annotations.json"
    write_json(folder / name, {**common, "annotations": annotations})


def text_vqa(folder: Path) -> None:
    rows = [
        {
            "question_id": 34602 + number,
            "image_id": "003a8ae2ef43b901",
            "question": "What brand is it?",
            "image_classes": ["Camera"],
            "answers": ["dakota"] * 8 + ["dakota digital"] * 2,
        }
        for number in range(2)
    ]
    write_json(folder / "TextVQA_0.5.1_val.json", {"dataset_type": "val", "data": rows})


def robospatial_home(folder: Path) -> None:
    point = "Point at free space. Your answer should be formatted as a list of tuples."
    asked = [
        ("context", point, "[(0.2, 0.2), (0.6, 0.2), (0.6, 0.6), (0.2, 0.6)]"),
        ("configuration", "Is the mug left of the bowl? Answer yes or no.", "Yes"),
    ]
    for category, question, answer in asked:
        row = {"category": category, "question": question, "answer": answer}
        row |= dict.fromkeys(("img", "depth_image", "mask"), PICTURE)
        write_parquet(folder / f"{category}-00000-of-00001.parquet", [row])


def omni_spatial(folder: Path) -> None:
    rows = [
        {
            "id": f"{number}_0",
            "question": "Where is the mug?",
            "options": ["right", "left", "above", "below"],
            "answer": 1,
            "task_type": "Perspective_Taking",
            "sub_task_type": "Egocentric",
        }
        for number in range(2)
    ]
    write_json(folder / "data.json", rows)


def vsi_bench(folder: Path) -> None:
    common = {"dataset": "scannet", "scene_name": "scene0011_00", "pruned": False}
    asked: list[tuple[str, list[str] | None, str]] = [
        ("object_abs_distance", None, "3.0"),
        ("object_counting", None, "4"),
        ("object_rel_direction_easy", ["A. left", "B. right"], "B"),
        ("object_rel_direction_hard", ["A. left", "B. right"], "B"),
    ]
    rows = [
        common
        | {"id": number, "question_type": kind, "question": f"What is asked in {number}?"}
        | {"options": options, "ground_truth": truth}
        for number, (kind, options, truth) in enumerate(asked)
    ]
    write_lines(folder / "test.jsonl", rows)


def mmsi_bench(folder: Path) -> None:
    rows = [
        {
            "id": number,
            "images": [b"png", b"png"],
            "question_type": "Positional Relationship (Cam.-Obj.)",
            "question": "Where is it?\nOptions: A: left, B: right, C: above, D: below",
            "answer": "B",
            "thought": "It is right.",
        }
        for number in range(2)
    ]
    write_parquet(folder / "MMSI_Bench.parquet", rows)


def spar_bench(folder: Path) -> None:
    asked = [
        ("distance_infer_center_oo", "Which is closer? A. mug B. bowl", "B", "select"),
        ("depth_prediction_oc", "How deep is the mug?", "2.0", "fill"),
        ("view_change_infer", "How does the camera move?", "move_right:0.5,rotate_left:20", "fill"),
    ]
    rows = [
        {
            "id": f"scene_{number}",
            "image": [PICTURE],
            "question": question,
            "answer": answer,
            "task": task,
            "img_type": "single",
            "format_type": form,
        }
        for number, (task, question, answer, form) in enumerate(asked)
    ]
    write_parquet(folder / "test.parquet", rows)


def three_dsr_bench(folder: Path) -> None:
    rows = ["index\tqid\tquestion\tA\tB\tC\tD\tanswer\tcategory\timage"]
    for number, name in enumerate(("ABCDEFGH", "ABCDEFGH-1", "ABCDEFGH-flip", "ABCDEFGH-flip-1")):
        row = [str(number), name, "Which is higher?", "the mug", "the bowl", "", "", "B", "height"]
        rows.append("\t".join([*row, base64.b64encode(PNG + bytes(120_000)).decode()]))
    (folder / "3DSRBench.tsv").write_text("\n".join(rows) + "\n")


def whats_up(folder: Path) -> None:
    words = {"left": "to the left of", "right": "to the right of", "on": "on", "under": "under"}
    rows = []
    for right, name in (
        ("left", "left_of"),
        ("right", "right_of"),
        ("on", "on"),
        ("under", "under"),
    ):
        others = [words[other] for other in words if other != right]
        captions = [f"A mug {phrase} a table" for phrase in (words[right], *others)]
        image = f"data/controlled_images/mug_{name}_table.jpeg"
        rows.append({"image_path": image, "caption_options": captions})
    write_json(folder / "controlled_images_dataset.json", rows)


@dataclasses.dataclass(frozen=True)
class Sample:
    """How a benchmark's files are written, its ids, and a reply that only the robust rule reads.

    right: a reply to the first question that is right by both rules. prose: one that the robust
    rule takes for right. official: what the official rule gives for that.
    """

    write: Callable[[Path], None]
    ids: tuple[str, ...]
    right: str
    prose: str
    official: float


SAMPLES = {
    "q_spatial": Sample(
        q_spatial, ("0", "1"), r"\scalar{90} \distance_unit{cm}", "about 0.9 m", 0.0
    ),
    "spatial_rgpt": Sample(
        spatial_rgpt, ("q0", "q1", "q2", "q3"), "1.4 m", "It is 5 feet wide.", 1.0
    ),
    "cv_bench": Sample(cv_bench, ("0", "1", "2", "3"), "B", "It is B, not A.", 0.0),
    "blink": Sample(blink, ("val_Relative_Depth_0", "val_Counting_1"), "(B)", "So it is B.", 1.0),
    "emb_spatial": Sample(emb_spatial, ("mp3d_0", "mp3d_1"), "B", "The answer is B.", 0.0),
    "msmu": Sample(msmu, tuple(map(str, range(10))), "1.3 m", "It is about 4 feet tall.", 1.0),
    "vsr": Sample(vsr, ("0", "1"), "yes", "The bear is there, so yes.", 1.0),
    "pope": Sample(
        pope, ("popular/1", "popular/2", "random/1", "random/2"), "yes", "It is not hidden, so yes",
        0.0,
    ),
    "gqa": Sample(gqa, ("20100", "20101"), "table", "The table.", 0.0),
    "vqa_v2": Sample(vqa_v2, ("42000", "42001"), "2", "There are two of them.", 0.0),
    "ok_vqa": Sample(vqa_v2, ("42000", "42001"), "2", "There are two of them.", 0.0),
    "robospatial_home": Sample(
        robospatial_home, ("0", "1"), "Yes.", "It is left of it, so yes.", 0.0
    ),
    "omni_spatial": Sample(
        omni_spatial,
        ("Perspective_Taking/0_0", "Perspective_Taking/1_0"),
        *("Answer: B", "So it is left.", 0.0),
    ),
    "spatial_457": Sample(
        spatial_457, ("L1_single/0", "L3_2d_spatial/1", "L2_objects/2"),
        "{'Reasoning': 'It is low.', 'Answer': 'Sedan'}", "Answer: a sedan", 0.0,
    ),
    "vsi_bench": Sample(vsi_bench, ("0", "1", "2", "3"), "3.0", "3.0m", 0.0),
    "whats_up": Sample(
        whats_up,
        tuple(f"controlled_images_dataset/{number}" for number in range(4)),
        *("A mug to the left of a table", "So a mug to the left of a table.", 1.0),
    ),
    "3dsr_bench": Sample(
        three_dsr_bench, ("0", "1", "2", "3"), "B", "It is B, not A.", 0.0
    ),
    "spar_bench": Sample(spar_bench, ("0", "1", "2"), "B", "The answer is B.", 0.0),
    "mmsi_bench": Sample(mmsi_bench, ("0", "1"), "``B``", "A? No. The answer is B.", 0.0),
    "viz_wiz": Sample(
        viz_wiz, ("VizWiz_val_00000000", "VizWiz_val_00000001"), "Blue.", r"\boxed{blue}", 0.0
    ),
    "text_vqa": Sample(text_vqa, ("34602", "34603"), "Dakota.", r"\boxed{dakota}", 0.0),
}  # fmt: skip

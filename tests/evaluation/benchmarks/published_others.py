"""As `published`: VizWiz-VQA and Spatial457."""

import base64
from pathlib import Path

from tests.evaluation.benchmarks.published_files import PNG, write_json


def viz_wiz(folder: Path) -> None:
    rows = [
        {
            "image": f"VizWiz_val_0000000{number}.jpg",
            "question": question,
            "answers": [
                {"answer_confidence": "yes", "answer": answer}
                for answer in [most] * 8 + ["unsuitable"] * 2
            ],
            "answer_type": kind,
            "answerable": int(kind != "unanswerable"),
        }
        for number, (question, most, kind) in enumerate(
            [("What color is this?", "blue", "other"), ("Ok?", "unanswerable", "unanswerable")]
        )
    ]
    write_json(folder / "val.json", rows)


def spatial_457(folder: Path) -> None:
    rows = ["index\timage\tquestion\tanswer\tcategory\tquestion_index"]
    asked = (
        ("What is the shape of the red object?", "sedan", "L1_single"),
        ("Is there a bus behind the jet?", "Yes", "L3_2d_spatial"),
        ("How many jets are there?", "2", "L2_objects"),
    )
    for number, (question, answer, level) in enumerate(asked):
        cell = base64.b64encode(PNG).decode()
        rows.append("\t".join([str(number), cell, question, answer, level, str(number)]))
    (folder / "Spatial457.tsv").write_text("\n".join(rows) + "\n")

"""Tiny sets in the forms in which the public ones are published."""

import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
from PIL import Image

SIZES = ((64, 48), (48, 64), (40, 40), (80, 30))


def photo(seed: int, mode: str = "RGB", form: str = "jpeg") -> bytes:
    """A picture of plain stripes, of one of several sizes."""
    width, height = SIZES[seed % len(SIZES)]
    colours = np.random.default_rng(seed).integers(0, 256, (1, width, 3), np.uint8)
    image = Image.fromarray(np.repeat(colours, height, axis=0)).convert(mode)
    buffer = io.BytesIO()
    image.save(buffer, format=form)
    return buffer.getvalue()


def coco_name(number: int) -> str:
    return f"COCO_train2014_{number:012d}.jpg"


def write_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def write_folder(path: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(data)
    return path


def write_json(path: Path, document: Any) -> Path:
    path.write_text(json.dumps(document))
    return path


def ten(*answers: str) -> list[dict[str, Any]]:
    return [
        {"answer": answer, "answer_confidence": "yes", "answer_id": i + 1}
        for i, answer in enumerate(answers)
    ]


def vqa(folder: Path, images: int = 6, questions_each: int = 3) -> dict[str, str]:
    """VQA v2 and OK-VQA: questions and annotations apart, pictures in a zip file."""
    questions, annotations = [], []
    for number in range(images * questions_each):
        # The questions of an image are apart from each other, as nothing says that they are not.
        image_id, question_id = 100 + number % images, 1000 + number
        questions.append(
            {
                "image_id": image_id,
                "question_id": question_id,
                "question": f"What is stripe number {number}? ",
            }
        )
        annotations.append(
            {
                "question_id": question_id,
                "image_id": image_id,
                "question_type": "what is",
                "answer_type": "other",
                "multiple_choice_answer": "red mug",
                "answers": ten(*["red mug"] * 6, *["blue mug"] * 3, "mug"),
            }
        )
    files = {f"train2014/{coco_name(100 + i)}": photo(i) for i in range(images)}
    common = {"data_type": "mscoco", "data_subtype": "train2014"}
    return {
        "questions": str(write_json(folder / "q.json", {**common, "questions": questions})),
        "annotations": str(write_json(folder / "a.json", {**common, "annotations": annotations})),
        "images": str(write_zip(folder / "train2014.zip", files)),
    }


def gqa(folder: Path, images: int = 6, questions_each: int = 3) -> dict[str, str]:
    questions = {
        f"0{number}": {
            "imageId": str(2000 + number % images),
            "question": f"Is stripe {number} green?",
            "answer": "yes",
            "fullAnswer": "Yes, the stripe is green.",
        }
        for number in range(images * questions_each)
    }
    files = {f"{2000 + i}.jpg": photo(i + 10) for i in range(images)}
    return {
        "questions": str(write_json(folder / "q.json", questions)),
        "images": str(write_folder(folder / "images", files)),
    }


def llava(folder: Path, images: int = 6) -> dict[str, str]:
    records = [
        {
            "id": f"{i:06d}",
            "image": f"coco/train2017/{i:012d}.jpg",
            "conversations": [
                {"from": "human", "value": "<image>\nWhat is the picture of?"},
                {"from": "gpt", "value": "It shows stripes of many colors."},
                {"from": "human", "value": "How many are there?"},
                {"from": "gpt", "value": "There are many of them."},
            ],
        }
        for i in range(images)
    ]
    files = {f"coco/train2017/{i:012d}.jpg": photo(i + 20) for i in range(images)}
    return {
        "questions": str(write_json(folder / "chat.json", records)),
        "images": str(write_folder(folder / "images", files)),
    }


def parquet(folder: Path, images: int = 6) -> dict[str, str]:
    """Two tables with the pictures inside."""
    for part in range(2):
        rows = range(part, images, 2)
        columns: dict[str, list[Any]] = {
            "image": [{"bytes": photo(i), "path": f"{i}.jpg"} for i in rows],
            "image_id": [str(i) for i in rows],
            "question": [f"What is picture {i} of?" for i in rows],
            "answer": ["stripes" for _ in rows],
        }
        pyarrow.parquet.write_table(pyarrow.table(columns), folder / f"{part}.parquet")
    return {"data": str(folder)}


def webdataset(folder: Path, images: int = 6) -> dict[str, str]:
    """Two tars whose samples are numbered from zero in each."""
    for part in range(2):
        files = {}
        for number, i in enumerate(range(part, images, 2)):
            record = {"question": f"What is picture {i} of?", "answer": "stripes"}
            files[f"{number:04d}.jpg"] = photo(i)
            files[f"{number:04d}.json"] = json.dumps(record).encode()
        write_tar(folder / f"{part}.tar", files)
    return {"data": str(folder)}


def write_tar(path: Path, files: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path

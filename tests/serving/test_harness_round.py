"""Questions of a benchmark, asked of the served model as a harness does, and its dump scored."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from spatialvlm_jax import cli
from spatialvlm_jax.asking.pictures import show_pictures
from spatialvlm_jax.evaluation.benchmarks.item import Item
from spatialvlm_jax.evaluation.benchmarks.loading import load_questions
from spatialvlm_jax.evaluation.benchmarks.pictures import PictureFolder
from spatialvlm_jax.evaluation.benchmarks.registry import find_benchmark
from tests.docs.commands import ROOT
from tests.evaluation.benchmarks.published import write_json, write_parquet
from tests.serving.asking import send, serve_in_a_process
from tests.serving.harnesses import (
    lmms_body,
    lmms_reply,
    vlmeval_body,
    vlmeval_reply,
    write_lmms_samples,
    write_vlmeval_sheet,
)

pytestmark = pytest.mark.slow
WORLD = ROOT / "docs" / "images" / "world_11.png"
MODEL = {"model": "small128"}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serve_in_a_process("--scored-values=0") as (port, _):
        yield port


def write_gqa(folder: Path) -> None:
    asked = [("box", "yellow"), ("ball", "blue"), ("chair", "white")]
    records = {
        f"20{number}": {
            "question": f"What color is the {thing}?",
            "answer": answer,
            "imageId": "n1",
            "types": {"structural": "query"},
        }
        for number, (thing, answer) in enumerate(asked)
    }
    write_json(folder / "testdev_balanced_questions.json", records)
    (folder / "n1.jpg").write_bytes(WORLD.read_bytes())


def write_q_spatial(folder: Path) -> None:
    asked = [
        ("How wide is the blue ball?", 0.37, "m"),
        ("How tall is the white chair?", 9.0, "m"),
        ("How wide is the yellow box?", 30.0, "cm"),
    ]
    rows = [
        {
            "question": question,
            "answer_value": value,
            "answer_unit": unit,
            "image_path": "a.png",
            "image": {"bytes": WORLD.read_bytes(), "path": "a.png"},
        }
        for question, value, unit in asked
    ]
    write_parquet(folder / "QSpatial_plus.parquet", rows)


def questions(name: str, folder: Path, images: bool) -> list[tuple[Item, Image.Image]]:
    benchmark = find_benchmark(name)
    items = load_questions(benchmark, folder).items
    places = PictureFolder(folder) if images else None
    found = []
    for item, picture in show_pictures(benchmark, folder, items, places, "pixels"):
        assert not isinstance(picture, str)
        found.append((item, Image.fromarray(picture.image)))
    return found


def scored(tmp_path: Path, *words: str) -> dict:
    file = tmp_path / "scores.json"
    assert cli.main(["score", *words, f"--data={tmp_path}", f"--json={file}"]) == 0
    return json.loads(file.read_text())


def test_by_way_of_lmms_eval(port: int, tmp_path: Path) -> None:
    write_gqa(tmp_path)
    rows = []
    for number, (item, picture) in enumerate(questions("gqa", tmp_path, images=True)):
        shown = [picture] * (2 if number == 1 else 1)  # the second one is about two pictures
        body = lmms_body([*shown, item.prompt], max_tokens=16) | MODEL
        status, _, found = send(port, body)
        rows.append((item.prompt, item.answer, lmms_reply(status, found)))
    write_lmms_samples(tmp_path / "20261129_samples_gqa.jsonl", rows)
    found = scored(
        tmp_path, f"{tmp_path}/20261129_samples_gqa.jsonl", "--as=lmms", "--benchmark=gqa"
    )
    replies = [reply for _, _, reply in rows]
    assert all((replies[0], replies[2]))
    assert "one picture can be asked about at a time" in replies[1]
    assert (found["counts"]["replies"], found["counts"]["failed_requests"]) == (3, 1)
    right = (replies[0] == "yellow") + (replies[2] == "white")
    assert found["figures"]["official"]["accuracy"] == pytest.approx(right / 3)
    assert found["states"]["not answered"] == 1


def test_by_way_of_vlmevalkit(port: int, tmp_path: Path) -> None:
    write_q_spatial(tmp_path)
    rows: list[dict[str, str | float]] = []
    for number, (item, picture) in enumerate(questions("q_spatial", tmp_path, images=False)):
        shown = [picture] * (2 if number == 2 else 1)
        status, _, found = send(port, vlmeval_body([item.question, *shown]) | MODEL)
        value, unit = item.answer.split()
        rows.append(
            {
                "index": number,
                "question": item.question,
                "answer": f"({float(value)}, '{unit}')",
                "prediction": vlmeval_reply(status, found),
            }
        )
    write_vlmeval_sheet(tmp_path / "small128_QSpatial_plus.xlsx", rows)
    found = scored(
        tmp_path,
        f"{tmp_path}/small128_QSpatial_plus.xlsx",
        "--as=vlmeval",
        "--benchmark=q_spatial",
    )
    assert str(rows[0]["prediction"]).endswith(" m")
    assert str(rows[2]["prediction"]).startswith("Failed to obtain answer via API")
    assert (found["counts"]["replies"], found["counts"]["failed_requests"]) == (3, 1)
    # It says lengths, but not in the form that the official rule asks for.
    assert found["figures"]["official"]["accuracy"] == 0
    assert found["figures"]["robust"]["accuracy"] == pytest.approx(1 / 3)
    assert {name: count for name, count in found["states"].items() if count} == {
        "right": 1,
        "wrong": 1,
        "not answered": 1,
    }

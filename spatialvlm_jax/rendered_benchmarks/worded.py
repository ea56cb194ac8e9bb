"""Twins of benchmarks whose answers are words, most of them yes or no."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from spatialvlm_jax.atomic_write import write_json, write_json_lines
from spatialvlm_jax.generation.wording.phrasing import indefinite
from spatialvlm_jax.questions import QuestionTypeName
from spatialvlm_jax.rendered_benchmarks.asked_scene import AskedScene, capital, write_table
from spatialvlm_jax.scene.records import QA

_PEOPLE = 10
_RELATIONS: Mapping[QuestionTypeName, str] = {"left_of": "left of", "in_front_of": "in front of"}
_LEVELS: Mapping[QuestionTypeName, str] = {
    "color": "L1_single",
    "count": "L2_objects",
    "existence": "L2_objects",
    "left_of": "L3_2d_spatial",
}
_ONE_WORD: tuple[QuestionTypeName, ...] = ("color", "shape", "category", "left_of", "existence")


def vsr(scenes: Sequence[AskedScene], folder: Path) -> None:
    """Sentences about relations, true and false ones."""
    rows: list[dict[str, Any]] = []
    for scene in scenes:
        for type_name, relation in _RELATIONS.items():
            for pair in scene.of(type_name):
                one, other = scene.names(pair)
                caption = f"The {one} is {relation} the {other}."
                row: dict[str, Any] = {"image": scene.save_jpeg(folder / "images")}
                row |= {"image_link": "rendered", "caption": caption}
                row |= {"label": int(pair.verdict == "yes"), "relation": relation}
                row |= {"annotator_id": 0, "vote_true_validator_id": []}
                rows.append(row | {"vote_false_validator_id": []})
    write_json_lines(folder / "test.jsonl", rows)


def pope(scenes: Sequence[AskedScene], folder: Path) -> None:
    """Whether things are there: of a colour that others have, and of kinds there are none of."""
    rows: dict[str, list[dict[str, Any]]] = {"popular": [], "random": []}

    def add(name: str, scene: AskedScene, thing: str, label: str) -> None:
        rows[name].append(
            {
                "question_id": len(rows[name]) + 1,
                "image": scene.save_jpeg(folder / "images"),
                "text": f"Is there {indefinite(thing)} in the image?",
                "label": label,
            }
        )

    kinds = sorted({thing.category for scene in scenes for thing in scene.scene.objects})
    for scene in scenes:
        for pair in scene.of("existence", most=4):
            thing = pair.question.removeprefix("is there ").removesuffix("?").split(" ", 1)[1]
            add("popular", scene, thing, pair.verdict)
        there = sorted({thing.category for thing in scene.scene.objects})
        absent = [kind for kind in kinds if kind not in there]
        draws = scene.draws("pope")
        for kind, missing in zip(there, draws.shuffle(absent), strict=False):
            add("random", scene, kind, "yes")
            add("random", scene, missing, "no")
    for name, records in rows.items():
        write_json_lines(folder / f"coco_pope_{name}.json", records)


def gqa(scenes: Sequence[AskedScene], folder: Path) -> None:
    """Colors, kinds and relations, one word each."""
    records: dict[str, Any] = {}
    for scene, pair in _asked(scenes):
        picture = Path(scene.save_jpeg(folder / "images")).stem
        structure = "verify" if pair.verdict in ("yes", "no") else "query"
        types = {"structural": structure, "semantic": pair.kind, "detailed": pair.type}
        records[f"rendered{len(records)}"] = {
            "question": capital(pair.question),
            "answer": pair.verdict,
            "imageId": picture,
            "types": types,
            "groups": {"global": None, "local": pair.type},
        }
    write_json(folder / "testdev_balanced_questions.json", records)


def vqa_v2(scenes: Sequence[AskedScene], folder: Path) -> None:
    """Colors, kinds, counts and relations; ten people say the same."""
    questions: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for scene, pair in _asked(scenes, counts=True):
        # The name of the file is made of this number, as COCO's are.
        number, image = 1000 * scene.number + len(questions) % 1000, scene.number + 1
        _save_numbered(scene, folder / "images", image)
        question = capital(pair.question)
        questions.append({"image_id": image, "question_id": number, "question": question})
        said = [
            {"answer": pair.verdict, "answer_confidence": "yes", "answer_id": person}
            for person in range(1, _PEOPLE + 1)
        ]
        kind = "yes/no" if pair.verdict in ("yes", "no") else "other"
        annotations.append(
            {
                "question_id": number,
                "image_id": image,
                "question_type": " ".join(question.lower().split()[:2]),
                "answer_type": "number" if pair.type == "count" else kind,
                "multiple_choice_answer": pair.verdict,
                "answers": said,
            }
        )
    common = {"data_type": "mscoco", "data_subtype": "val2014"}
    name = "v2_OpenEnded_mscoco_val2014_questions.json"
    write_json(folder / name, {**common, "questions": questions})
    name = "v2_mscoco_val2014_annotations.json"
    write_json(folder / name, {**common, "annotations": annotations})


def viz_wiz(scenes: Sequence[AskedScene], folder: Path) -> None:
    """One question of each picture; ten people say the same."""
    rows: list[dict[str, Any]] = []
    asked = {scene.number: (scene, pair) for scene, pair in _asked(scenes, counts=True)}
    for scene, pair in asked.values():
        row: dict[str, Any] = {"image": scene.save_jpeg(folder / "images")}
        kind = "yes/no" if pair.verdict in ("yes", "no") else "other"
        row |= {"answer_type": "number" if pair.type == "count" else kind, "answerable": 1}
        said = [{"answer_confidence": "yes", "answer": pair.verdict}] * _PEOPLE
        rows.append(row | {"question": capital(pair.question), "answers": said})
    write_json(folder / "val.json", rows)


def spatial_457(scenes: Sequence[AskedScene], folder: Path) -> None:
    """Colors, counts and what is there; the levels on occlusion, poses and collision are not."""
    rows: list[dict[str, Any]] = []
    for scene in scenes:
        for name, level in _LEVELS.items():
            for pair in scene.of(name):
                row: dict[str, Any] = {"image": scene.stored(), "question_index": str(len(rows))}
                row |= {"image_filename": f"{scene.name}.png", "category": level}
                answer = pair.verdict.capitalize() if name == "existence" else pair.verdict
                rows.append(row | {"question": capital(pair.question), "answer": answer})
    write_table(folder / "test-00000-of-00001.parquet", rows)


def _save_numbered(scene: AskedScene, folder: Path, image: int) -> None:
    place = folder / f"COCO_val2014_{image:012d}.jpg"
    if not place.exists():
        (folder / scene.save_jpeg(folder)).rename(place)


def robospatial_home(scenes: Sequence[AskedScene], folder: Path) -> None:
    """Relations, answered by yes or no; free space is not asked."""
    rows: list[dict[str, Any]] = []
    for scene in scenes:
        for pair in (*scene.of("left_of"), *scene.of("in_front_of"), *scene.of("above")):
            question = f"{capital(pair.question)} Answer yes or no."
            row: dict[str, Any] = {"category": "configuration", "question": question}
            row |= {"answer": "Yes" if pair.verdict == "yes" else "No", "img": scene.stored()}
            rows.append(row | {"depth_image": scene.stored(), "mask": scene.stored()})
    write_table(folder / "configuration-00000-of-00001.parquet", rows)


def _asked(scenes: Sequence[AskedScene], counts: bool = False) -> list[tuple[AskedScene, QA]]:
    """Scenes with pairs whose answers are one word."""
    names: tuple[QuestionTypeName, ...] = (*_ONE_WORD, "count") if counts else _ONE_WORD
    return [(scene, pair) for scene in scenes for name in names for pair in scene.of(name)]

"""Readers type what their pages say, on small things: all of it works."""

import contextlib
import csv
import dataclasses
import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

import eval as evaluation_script
from data_loaders import model_evaluation
from spatialvlm_jax import cli
from spatialvlm_jax.config import load_experiment
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax.sweeps import running
from spatialvlm_jax.sweeps.record import load_sweep
from spatialvlm_jax.training.checkpoints.load_model import restore_model
from spatialvlm_jax.weights.run_record import SHIPPED_TOKENIZERS
from tests.docs.walk import RUN_HERE, make_checkout, walk
from tests.generation.coco_room import write_rooms
from tests.weights.random_paligemma import ANSWER_TOKENS, CONFIG, cut, our_answer
from tests.weights.test_parity import theirs

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("leave_no_trace")]
FEW_STEPS = ("--config.train.steps=2", "--config.optim.warmup_steps=1")
SMALL_RUN = (*FEW_STEPS, "--config.data.batch_size=2", "--config.eval.batch_size=4")
SMALL_EVALUATION = ("--config.eval.max_answer_tokens=4",)
# Less to compile than the checkpoint that ships, which has four layers each.
SHALLOW = ("--config.model.encoder.depth=1", "--config.model.decoder.depth=1")
# The sizes of tests/weights/random_paligemma.py in the place of PaliGemma's.
TINY_PALIGEMMA = tuple(
    f"--config.model.{part}.{field.name}={getattr(getattr(CONFIG, part), field.name)}"
    for part, names in (
        ("encoder", ("image_size", "width", "depth", "heads", "mlp_width")),
        (
            "decoder",
            ("vocab_size", "width", "depth", "heads", "kv_heads", "head_size", "mlp_width"),
        ),
    )
    for field in dataclasses.fields(getattr(CONFIG, part))
    if field.name in names
)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    make_checkout(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def photos_with_files(folder: Path, number: int) -> None:
    """Photos as other models see them: pictures, boxes.json, depth and captions.jsonl."""
    write_rooms(folder, 21, number)
    first = folder / "pictures" / "0.png"
    Image.open(first).save(folder / "pictures" / "desk.jpg", quality=95)
    first.unlink()
    for suffix in (".npy", ".json"):
        (folder / "depth" / f"0{suffix}").rename(folder / "depth" / f"desk{suffix}")
    boxes = json.loads((folder / "boxes.json").read_text())
    boxes["images"][0]["file_name"] = "desk.jpg"
    captions = []
    for annotation_id, annotation in enumerate(boxes["annotations"]):
        annotation["id"] = annotation_id
        if "caption" in annotation:
            captions.append({"annotation_id": annotation_id, "caption": annotation.pop("caption")})
    (folder / "captions.jsonl").write_text("\n".join(map(json.dumps, captions)))
    (folder / "boxes.json").write_text(json.dumps(boxes))


def test_photos_on_a_laptop(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos_with_files(checkout, 8)
    small = {
        "spatialvlm generate --source=rendered_photos": ("--images=3",),
        "spatialvlm generate --source=photos": ("--validation-images=2",),
        "python train.py": (
            *(*SMALL_RUN, *SMALL_EVALUATION, *SHALLOW),
            *("--config.train.init_from=", "--config.data.length=64"),
        ),
        "python eval.py --config": (*SMALL_EVALUATION, *SHALLOW),
    }
    walk("your_photos.md", checkout, small, capsys)
    (asked,) = map(json.loads, (checkout / "runs/asked/predictions.jsonl").read_text().splitlines())
    assert asked["question"] == "How far away is the mug?"
    assert asked["image_id"] == "desk.jpg"
    summary = json.loads((checkout / "runs/photos/summary.json").read_text())
    assert summary["within_25"]["count"] > 0
    page = (checkout / "data/photos/card.html").read_text(encoding="utf-8")
    assert "chair" in page


def own_questions(folder: Path) -> Mapping[str, str]:
    """Photos and questions.json of the reader, 50 about 20 pictures; the answer to each."""
    (folder / "photos").mkdir()
    draw, rows = np.random.default_rng(0), []
    for number in range(20):
        name, width = f"{number}.jpg", 0.5 + 0.07 * number
        Image.fromarray(draw.integers(0, 256, (40, 30, 3), np.uint8)).save(folder / "photos" / name)
        asked = [(f"How wide is crate {number}?", f"{width:.2f} m")]
        asked.append((f"What is on crate {number}?", "a lamp" if number % 2 else "nothing"))
        if number % 2:
            asked.append((f"Is crate {number} wider than 1 m?", "yes" if width > 1 else "no"))
        rows += [{"image": name, "question": text, "answer": answer} for text, answer in asked]
    (folder / "questions.json").write_text(json.dumps(rows))
    assert len(rows) == 50
    return {row["question"]: row["answer"] for row in rows}


def published_paligemma(folder: Path) -> None:
    """What a reader downloads: here random weights, and the vocabulary that ships."""
    theirs(CONFIG.encoder, CONFIG.decoder).save_pretrained(folder)
    shutil.copy(SHIPPED_TOKENIZERS["small"], folder / "tokenizer.model")


@pytest.mark.experts
def test_questions_on_one_gpu(checkout: Path, capsys, monkeypatch) -> None:
    truth = own_questions(checkout)
    published_paligemma(checkout / "models" / "paligemma")
    precise = (*TINY_PALIGEMMA, "--config.model.compute_dtype=float32", "--config.data.workers=0")
    small = {
        "spatialvlm generate": ("--images=6", "--image-size=32", "--workers=1"),
        "spatialvlm plan": precise,
        "python train.py": (
            *(*SMALL_RUN, *precise),
            f"--config.eval.max_answer_tokens={ANSWER_TOKENS}",
        ),
        "spatialvlm export": ("--dtype=float32",),
    }
    names = walk("your_questions.md", checkout, small, capsys)

    run = checkout / "runs" / "own"
    model, _ = restore_model(load_experiment(str(run / "config.json")), run)
    tokenizer = Tokenizer.from_config("small")
    said = list(map(json.loads, (run / "predictions.jsonl").read_text().splitlines()))
    assert len({row["image_id"] for row in said}) == 4
    for row in said:
        number = re.search(r"crate (\d+)", row["question"])
        assert number
        picture = checkout / "photos" / f"{number[1]}.jpg"
        wanted = our_answer(model, np.asarray(Image.open(picture)), row["question"])
        assert cut(names["ask"](picture, row["question"]).tolist()) == wanted
        assert model_evaluation.decode_answer(tokenizer, np.array(wanted)) == row["prediction"]
    assert len({row["prediction"] for row in said}) > 2

    # The figures are those of what is said: the truth, and then lengths that are a fifth too long.
    assert figures_of(run, truth, monkeypatch) == {
        "number_given": 1.0, "within_25": 1.0, "within_90_110": 1.0, "general_accuracy": 1.0,
    }  # fmt: skip
    longer = {text: _longer(answer) for text, answer in truth.items()}
    assert figures_of(run, longer, monkeypatch) == {
        "number_given": 1.0, "within_25": 1.0, "within_90_110": 0.0, "general_accuracy": 1.0,
    }  # fmt: skip


def _longer(answer: str) -> str:
    return f"{1.2 * float(answer[:-2]):.2f} m" if answer.endswith(" m") else answer


def figures_of(run: Path, answers: Mapping[str, str], monkeypatch) -> dict[str, float]:
    """Figures of an evaluation in which the model says these answers to the questions."""
    tokenizer = Tokenizer.from_config("small")

    def say(model, images, prefix_tokens, prefix_lengths, *, max_tokens, **options):
        said = np.zeros((*prefix_lengths.shape, 32), np.int32)
        for place in np.argwhere(np.asarray(prefix_lengths) > 0):
            ids = np.asarray(prefix_tokens)[tuple(place)][: prefix_lengths[tuple(place)]]
            question = tokenizer.decode(ids.tolist()).strip().removeprefix("answer en ")
            answer = tokenizer.encode_suffix(answers[question])
            said[tuple(place)][: len(answer)] = answer
        return jnp.asarray(said)

    with monkeypatch.context() as patch:
        patch.setattr(model_evaluation, "generate", say)
        assert evaluation_script.main([f"--workdir={run}"]) == 0
    summary = json.loads((run / "summary.json").read_text())
    shown = ("number_given", "within_25", "within_90_110", "general_accuracy")
    return {name: summary[name]["value"] for name in shown}


@pytest.fixture
def trials_in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trials of a sweep share what is compiled; tests/sweeps/test_real_sweep.py runs real ones."""

    def run(words: Sequence[str], log: Path, should_stop: Callable[[], bool]) -> int:
        main = RUN_HERE["python", words[0]]
        with log.open("a") as output, contextlib.redirect_stdout(output):
            return main(words[1:])

    monkeypatch.setattr(running, "run_python", run)


@pytest.mark.usefixtures("trials_in_this_process")
def test_an_ablation(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    worlds = ["--preset=clear", "--image-size=64", "--images=6", "--validation-images=3"]
    assert cli.main(["generate", *worlds, "--quiet", "--out=runs/data/quick"]) == 0
    model = (*SHALLOW, "--config.train.init_from=", "--config.optim.optimizer=adamw")
    steps = (*SMALL_RUN, "--config.optim.decay_steps=0", "--config.data.length=64")
    run = (*model, *steps, *SMALL_EVALUATION, "--config.eval.images=2")
    not_at_start = "--config.eval.at_start=false"
    small: dict[str, tuple[str, ...]] = {
        "python train.py": run,
        "spatialvlm sweep --config": (*run, not_at_start, "--seeds=2"),
    }
    for config in ("ablations/", "configs/frozen_encoder.py"):
        small[f"python train.py --config={config}"] = (not_at_start,)
    walk("your_ablation.md", checkout, small, capsys)
    kept = [
        json.loads((trial.workdir / "config.json").read_text())
        for trial in load_sweep(checkout / "runs" / "noise").list_trials(
            checkout / "runs" / "noise"
        )
    ]
    assert [config["data"]["seed"] for config in kept] == [1, 1, 2, 2]
    noise = [config["data"]["datasets"][0]["noise_std_metres"] for config in kept]
    assert noise == [0, 0.3] * 2
    assert "Within 25 % of truth" in (checkout / "runs/noise/index.html").read_text()
    (few,) = (checkout / "runs").glob("few_pairs_2/0/config.json")
    assert json.loads(few.read_text())["data"]["pairs_per_image"] == 2


@pytest.mark.usefixtures("trials_in_this_process")
def test_a_sweep(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = (*FEW_STEPS, *SMALL_EVALUATION, "--seeds=1", "--config.eval.images=4")
    typed: dict[str, tuple[str, ...]] = {
        "spatialvlm sweep --config=configs/debug.py": small,
        "python train.py": (*SHALLOW, "--config.data.batch_size=2"),
    }
    walk("sweeps.md", checkout, typed, capsys)
    rows = list(csv.DictReader((checkout / "runs/rates/table.csv").open(encoding="utf-8")))
    assert {(row["arm"], row["seeds"]) for row in rows} == {
        ("optim.peak_lr=1e-3", "1"), ("optim.peak_lr=3e-3", "1"),
    }  # fmt: skip
    text = (checkout / "runs/rates/table.md").read_text(encoding="utf-8")
    for alike in ("first weights: decoder", "pictures of step 1", "held-out questions"):
        assert f"| {alike} | same |" in text
    assert not (checkout / "runs" / "pairs").exists()

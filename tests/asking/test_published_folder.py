"""A Hugging Face PaliGemma's folder asked a benchmark, from its files to one report."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from spatialvlm_jax import cli
from spatialvlm_jax.evaluation.benchmarks.loading import load_questions
from spatialvlm_jax.evaluation.benchmarks.registry import find_benchmark
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from tests.asking.saying import write_benchmarks
from tests.evaluation.benchmarks.published import PNG
from tests.weights.random_paligemma import ANSWER_TOKENS, exported, our_answer, random_model

pytestmark = pytest.mark.slow
NAMES = ("cv_bench", "vsr")


def lines(out: Path, name: str) -> list[dict]:
    path = out / "replies" / "hf" / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_published_folder_is_asked_scored_and_reported(
    compile_quickly_rather_than_well, tmp_path: Path, capsys
) -> None:
    model = random_model()
    folder = exported(model, tmp_path)
    write_benchmarks(tmp_path / "data", NAMES)
    words = ["evaluate", f"--model=hf:{folder}", f"--data={tmp_path}/data"]
    asked = [*words, *(f"--benchmark={name}" for name in NAMES), f"--max-tokens={ANSWER_TOKENS}"]
    assert cli.main([*asked, f"--out={tmp_path}/out"]) == 0, capsys.readouterr().err
    report = json.loads((tmp_path / "out" / "report.json").read_text())["scores"]
    assert [(each["benchmark"], each["model"]) for each in report] == [(n, "hf") for n in NAMES]
    picture = np.asarray(Image.open(io.BytesIO(PNG)))
    texts = set()
    for name, found in zip(NAMES, report, strict=True):
        items = load_questions(find_benchmark(name), tmp_path / "data" / name).items
        said = {line["id"]: line["text"] for line in lines(tmp_path / "out", name)}
        for item in items:
            wanted = our_answer(model, picture, " ".join(item.prompt.split()))
            assert said[item.id] == Tokenizer.from_config("small").decode(wanted)
        texts |= set(said.values())
        right = [find_benchmark(name).robust(item, said[item.id]).score for item in items]
        assert found["headline"]["robust"]["value"] == pytest.approx(np.mean(right))
        assert (found["questions"], found["failures"]) == (len(items), {})
    assert len(texts) > 1  # questions count
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.count("<h2>") == len(NAMES)
    # By likelihood its replies are letters, whatever it would say.
    out = tmp_path / "likeliest"
    assert cli.main([*words, "--benchmark=cv_bench", "--by=likelihood", f"--out={out}"]) == 0
    letters = [line["text"] for line in lines(out, "cv_bench")]
    assert set(letters) <= {"A", "B"}
    (found,) = json.loads((out / "report.json").read_text())["scores"]
    assert found["figures"]["official"]["combined"] in (0, 0.25, 0.5, 0.75, 1)
    assert found["states"]["right"] == letters.count("B")

"""Options chosen by how likely their texts are, from a benchmark's files to one report."""

import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from spatialvlm_jax import cli
from spatialvlm_jax.asking.question import Manner, put_question
from spatialvlm_jax.evaluation.benchmarks.item import Item
from spatialvlm_jax.evaluation.benchmarks.loading import load_questions
from spatialvlm_jax.evaluation.benchmarks.registry import find_benchmark
from spatialvlm_jax.inference.load import load_to_ask
from spatialvlm_jax.inference.picture import open_picture
from spatialvlm_jax.inputs.pictures import resize_image
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax.models.vlm import VLM
from tests.asking.saying import write_benchmarks
from tests.evaluation.benchmarks.published import PNG
from tests.weights.random_paligemma import CONFIG, PREFIX, random_model, saved

OPTIONS = {"A": "left", "B": "to the right of it", "C": "left"}
ITEM = Item("1", "Where is it?", "Where is it?\nA. left\nSay a letter.", "B", "1", options=OPTIONS)
NAMES = ("whats_up", "emb_spatial", "pope", "gqa")


def token_log_likelihoods(model: VLM, picture: np.ndarray, prompt: str, text: str) -> np.ndarray:
    """float[T]: of each token of a text and of its end, by one run of the whole model."""
    tokenizer = Tokenizer.from_config("small")
    prefix = tokenizer.encode_prefix(PREFIX.replace("{question}", " ".join(prompt.split())))
    said = tokenizer.encode_suffix(text)
    row = jnp.array([[*prefix, *said]])
    place = jnp.arange(row.shape[1])[None]
    square = jnp.asarray(resize_image(picture, CONFIG.encoder.image_size))[None]
    embeddings, _ = model.encode_image(square)
    hidden, _ = model.text_states(embeddings, row, jnp.ones_like(row), place, place >= len(prefix))
    logits = model.logits(hidden[0, len(prefix) - 1 : -1])
    return np.asarray(jax.nn.log_softmax(logits))[range(len(said)), said]


@pytest.fixture(scope="module")
def model() -> VLM:
    return random_model()


@pytest.fixture(scope="module")
def weights(model: VLM, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(model, tmp_path_factory.mktemp("tiny"))


def test_texts_are_asked_for_by_the_question_alone() -> None:
    letters, summed, mean = (
        put_question(ITEM, Manner("pixels", by))
        for by in ("likelihood", "texts", "texts_per_token")
    )
    assert letters.candidates == letters.texts == ("A", "B", "C")
    assert (summed.candidates, summed.texts) == (("A", "B", "C"), tuple(OPTIONS.values()))
    assert letters.prompt == ITEM.prompt
    assert summed.prompt == mean.prompt == "Where is it?"
    assert len({letters.digest, summed.digest, mean.digest}) == 3
    verdict = put_question(Item("1", "?", "Is it?", "no", "1"), Manner("pixels", "texts"))
    assert (verdict.prompt, verdict.texts, verdict.by) == ("Is it?", ("yes", "no"), "texts")
    unlisted = Item("1", "?", "?", "B", "1", options=dict.fromkeys("AB", ""))
    asked = put_question(unlisted, Manner("pixels", "texts"))
    assert (asked.candidates, asked.by) == ((), "words")
    assert put_question(unlisted, Manner("pixels", "likelihood")).texts == ("A", "B")


def test_likelihoods_of_texts_are_those_of_the_whole_model(
    compile_quickly_rather_than_well: None, model: VLM, weights: Path
) -> None:
    picture, texts = open_picture(PNG), tuple(OPTIONS.values())
    each = [token_log_likelihoods(model, picture.image, ITEM.question, text) for text in texts]
    asked = [(picture, [(ITEM.question, texts)])]
    loaded = load_to_ask(str(weights), "")
    ((summed,),) = loaded.score_each(asked)
    ((mean,),) = loaded.score_each(asked, per_token=True)
    assert summed == pytest.approx([row.sum() for row in each], rel=1e-4)
    assert mean == pytest.approx([row.mean() for row in each], rel=1e-4)
    assert summed[0] == summed[2]
    assert mean[0] == mean[2]


@pytest.mark.parametrize(("by", "of"), [("texts", np.sum), ("texts_per_token", np.mean)])
def test_the_option_of_the_likeliest_text_is_the_reply(
    compile_quickly_rather_than_well: None, model, weights, tmp_path, capsys, by, of
) -> None:
    write_benchmarks(tmp_path / "data", NAMES)
    words = ["evaluate", f"--model={weights}", f"--data={tmp_path}/data", f"--out={tmp_path}/out"]
    words += [f"--by={by}", "--max-tokens=4", *(f"--benchmark={name}" for name in NAMES)]
    assert cli.main(words) == 0, capsys.readouterr().err
    told = capsys.readouterr().out
    assert "gqa: 2 of 2 questions have no options with texts of their own, nor yes or no" in told
    report = json.loads((tmp_path / "out" / "report.json").read_text())["scores"]
    picture = open_picture(PNG).image
    for name, found in zip(NAMES[:2], report, strict=False):
        items = load_questions(find_benchmark(name), tmp_path / "data" / name).items
        (path,) = (tmp_path / "out" / "replies").glob(f"*/{name}.jsonl")
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        assert [line["prompt"] for line in lines] == [item.question for item in items]
        assert {line["by"] for line in lines} == {by}
        for item, line in zip(items, lines, strict=True):
            scores = {
                letter: of(token_log_likelihoods(model, picture, item.question, text))
                for letter, text in item.options.items()
            }
            assert line["text"] == max(scores, key=scores.__getitem__)
            assert "tied" not in line
        right = [line["text"] == item.answer for item, line in zip(items, lines, strict=True)]
        assert found["headline"]["robust"]["value"] == pytest.approx(np.mean(right))
        assert found["headline"]["official"]["value"] == pytest.approx(np.mean(right))
        assert "whose text is likeliest" in found["chosen"]
        words = ["score", str(path), f"--benchmark={name}", f"--data={tmp_path}/data"]
        assert cli.main(words) == 0
        assert f"{name}, track pixels, by {by}: replies {len(items)}" in capsys.readouterr().out
    text = (tmp_path / "out" / "report.md").read_text()
    assert f"replies are {report[0]['chosen']}, where there is a choice" in text


def test_what_has_no_texts_to_choose_from_is_told(weights, tmp_path, capsys) -> None:
    write_benchmarks(tmp_path / "data", ["gqa"])
    words = ["evaluate", f"--model={weights}", f"--data={tmp_path}/data", f"--out={tmp_path}/out"]
    assert cli.main([*words, "--benchmark=gqa", "--by=texts"]) == 2
    assert "leave out --by=texts" in capsys.readouterr().err
    assert cli.main([*words, "--benchmark=gqa", "--by=texts", "--temperature=1"]) == 2
    assert "--by=texts takes the likeliest: leave out" in capsys.readouterr().err

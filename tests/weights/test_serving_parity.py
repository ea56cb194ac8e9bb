"""A published folder in transformers answers as our own generation does, token by token."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from spatialvlm_jax.inputs.tokenizer import Tokenizer
from tests.weights.random_paligemma import cut, exported, our_answer, random_model

pytestmark = pytest.mark.experts

PAGE = Path(__file__).parents[2] / "docs" / "serving.md"
QUESTIONS = (
    "How far is the red mug from the lamp?",
    "Which is taller?",
    "Is the white chair, 1.25 m wide, in front of the yellow box or  behind it? (é 漢 🙂)",
    "5",
)
SIZES = ((28, 28), (60, 45), (20, 90))


def test_the_code_of_card_and_page_asks_as_we_do(tmp_path: Path, monkeypatch) -> None:
    from PIL import Image

    model = random_model()
    folder = exported(model, tmp_path)
    monkeypatch.chdir(folder)
    draw = np.random.default_rng(2)
    Image.fromarray(draw.integers(0, 256, (40, 30, 3), np.uint8)).save("picture.jpg")
    picture = np.asarray(Image.open("picture.jpg"))
    wanted = our_answer(model, picture, "How far is the mug from the lamp?")
    for page in (folder / "README.md", PAGE):
        code = re.search(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        assert code
        names: dict[str, Any] = {}
        exec(code[1].replace('"paligemma_spatial"', '"."'), names)
        assert cut(names["answer"].tolist()) == wanted


def chat(processor: Any, question: str) -> str:
    content = [{"type": "image"}, {"type": "text", "text": question}]
    return processor.apply_chat_template([{"role": "user", "content": content}])


def test_answers_are_ours_token_by_token(tmp_path: Path) -> None:
    import torch
    from PIL import Image
    from transformers import AutoProcessor, PaliGemmaForConditionalGeneration

    model = random_model()
    folder = exported(model, tmp_path)
    processor = AutoProcessor.from_pretrained(folder)
    theirs = PaliGemmaForConditionalGeneration.from_pretrained(folder).eval()
    draw = np.random.default_rng(1)
    pictures = [draw.integers(0, 256, (*size, 3), np.uint8) for size in SIZES]
    found = set()
    for picture in pictures:
        asked = [Image.fromarray(picture)] * len(QUESTIONS)
        texts = [chat(processor, question) for question in QUESTIONS]
        assert texts[0] == "<image>answer en How far is the red mug from the lamp?"
        inputs = processor(images=asked, text=texts, padding=True, return_tensors="pt")
        with torch.no_grad():
            answers = theirs.generate(**inputs)
        for question, answer in zip(QUESTIONS, answers, strict=True):
            wanted = our_answer(model, picture, question)
            assert cut(answer[inputs["input_ids"].shape[1] :].tolist()) == wanted
            found.add(tuple(wanted))
    assert len(found) > 4  # pictures and questions count
    tokenizer = Tokenizer.from_config("small")
    for question in QUESTIONS:
        read = processor.decode(tokenizer.encode_suffix(question), skip_special_tokens=True)
        assert read == question

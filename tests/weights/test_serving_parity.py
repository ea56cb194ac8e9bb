"""A published folder in transformers answers as our own generation does, token by token."""

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from safetensors.numpy import save_file

from spatialvlm_jax import cli
from spatialvlm_jax.experiment import DecoderConfig, EncoderConfig, Experiment, ModelConfig
from spatialvlm_jax.inputs.pictures import resize_image
from spatialvlm_jax.inputs.tokenizer import Tokenizer
from spatialvlm_jax.models.checkpoint_file import flat_params
from spatialvlm_jax.models.generate import generate
from spatialvlm_jax.models.vlm import VLM

pytestmark = pytest.mark.experts

CONFIG = ModelConfig(
    encoder=EncoderConfig(image_size=28, patch_size=14, width=32, depth=2, heads=2, mlp_width=64),
    decoder=DecoderConfig(
        vocab_size=1024, width=48, depth=2, heads=4, kv_heads=1, head_size=12, mlp_width=96
    ),
    attention="prefix",
)
PAGE = Path(__file__).parents[2] / "docs" / "serving.md"
PREFIX = "answer en {question}"
QUESTIONS = (
    "How far is the red mug from the lamp?",
    "Which is taller?",
    "Is the white chair, 1.25 m wide, in front of the yellow box or  behind it? (é 漢 🙂)",
    "5",
)
SIZES = ((28, 28), (60, 45), (20, 90))
ANSWER_TOKENS = 8


def random_model() -> VLM:
    """Weights so large that questions and pictures change answers."""
    model = VLM(CONFIG, rngs=nnx.Rngs(0))
    draw = np.random.default_rng(0)
    state = nnx.state(model, nnx.Param)
    for name, x in nnx.to_flat_state(state):
        scale = 0.1 if {"scale", "bias"} & set(map(str, name)) else 0.3
        x.set_value(jnp.asarray(draw.normal(0, scale, x.get_value().shape), jnp.float32))
    nnx.update(model, state)
    return model


def exported(model: VLM, folder: Path) -> Path:
    experiment = Experiment(model=CONFIG)
    data = dataclasses.replace(experiment.data, prefix_template=PREFIX, tokenizer="small")
    evaluation = dataclasses.replace(experiment.eval, max_answer_tokens=ANSWER_TOKENS)
    experiment = dataclasses.replace(experiment, data=data, eval=evaluation)
    header = {"step": "7", "config": json.dumps(dataclasses.asdict(experiment))}
    arrays = {name: np.asarray(x) for name, x in flat_params(model).items()}
    save_file(arrays, folder / "model.safetensors", header)
    command = ["export", "--format=huggingface", "--dtype=float32"]
    assert cli.main([*command, str(folder / "model.safetensors"), str(folder / "hf")]) == 0
    return folder / "hf"


def our_answer(model: VLM, picture: np.ndarray, question: str) -> list[int]:
    prefix = Tokenizer.from_config("small").encode_prefix(PREFIX.replace("{question}", question))
    answer = generate(
        model,
        jnp.asarray(resize_image(picture, CONFIG.encoder.image_size))[None],
        jnp.asarray([[prefix]]),
        jnp.asarray([[len(prefix)]]),
        max_tokens=ANSWER_TOKENS,
        eos_id=Tokenizer.eos_id,
    )
    return cut(answer[0, 0].tolist())


def cut(ids: list[int]) -> list[int]:
    """Up to and with the end."""
    return ids[: ids.index(Tokenizer.eos_id) + 1] if Tokenizer.eos_id in ids else ids


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
